"""What publishing tells: why it refuses, and what it found, left or replaced."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import NamedTuple

from action.errors import Problem
from action.model.annotations import REVISION, TYPE
from action.model.reference import ImageReference
from action.model.results import Target
from action.publication import published
from action.store.oci.manifest import Manifest
from action.store.oci.media import OCI_INDEX
from generator.names import Arch


class Last(NamedTuple):
    """What is written last, when everything behind it is there: the index, or the only manifest there can be.

    ``siblings`` are the digests of what the index names and this publication does not bring.
    """

    reference: ImageReference
    manifest: Manifest
    siblings: Mapping[Arch, str]

    @property
    def tag(self) -> str:
        return self.reference.tag or ""

    @property
    def is_index(self) -> bool:
        return self.manifest.media_type == OCI_INDEX


def refusal(last: Last, there: Manifest, earlier: bool) -> Problem:
    now = f"this build is {last.manifest.digest} and has other content"
    message = f"{last.reference} is published as {there.digest}; {now}"
    hint = "publish under another version, or force it and give the reason"
    if earlier:
        message += f"; what is published is of an earlier commit, {published.annotation(there, REVISION)[:12]}"
        hint = f"the run of the merge publishes the change by itself; else {hint}"
    return Problem("already-published", message, hint)


def other_type(target: Target, last: Last, there: Manifest) -> Problem:
    """Two types of one name would replace each other by turns: no reason is good enough."""
    kind = published.annotation(there, TYPE)
    message = f"{last.reference} is published as {there.digest}, as {kind}; this build is one of {target.type}"
    hint = "give one of them another name: names in image.yaml, or types in imagebuild.yaml"
    return Problem("other-type", message, hint)


def no_index(whole: ImageReference, target: Target, offered: Collection[Arch]) -> Problem:
    missing = ", ".join(sorted(set(offered) - set(target.arches)))
    message = f"{whole} itself is not made: there is no image for {missing} yet"
    return Problem("no-index", message, f"build it for {missing} too", severity="warning")


def later(last: Last, there: Manifest) -> Problem:
    commit = published.annotation(there, REVISION)[:12]
    message = f"{last.reference} is of a later commit, {commit}, and stays; this build was overtaken by a merge"
    return Problem("later-published", message, severity="warning")


def unchanged(reference: ImageReference) -> Problem:
    message = f"{reference} was published before with the same content; nothing was sent"
    return Problem("unchanged", message, severity="warning")


def replaced(last: Last, before: str, reason: str | None) -> Problem:
    message = f"{last.reference} was {before} and is now {last.manifest.digest}: {reason}"
    return Problem("replaced", message, severity="warning")
