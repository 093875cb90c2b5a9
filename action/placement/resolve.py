"""Findings -> the images that they mean for one architecture: manifests and configurations only, all at once."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NamedTuple

from action.discovery.evidence.registries import is_public_registry
from action.errors import ClusterImageError, Problem, RegistryError
from action.model.findings import Finding, first_place, found_at
from action.placement.local_stores import exported
from action.placement.nearby import Nearby
from action.placement.resolved import Resolved
from action.registry.client import RegistryClient
from action.registry.http.lanes import failures, in_lanes
from action.registry.pull import RegistryImage, pull_leaf
from action.store.oci.manifest import refused
from action.store.oci.whole_index import whole_index
from generator.names import Arch

# A registry's final word about an image that was only likely to be one: it has no such image for us to run.
_NO_SUCH_IMAGE = frozenset({"image-not-found", "access-denied", "no-platform", "wrong-platform", "unsupported-image"})
# A host that is no registry, as far as can be told: it has no such name, refuses, or speaks something else.
_NO_REGISTRY = frozenset({"registry-unreachable", "registry-refused", "bad-redirect", "bad-token-answer"})
# Problems of a host, not of an image: told once, however many images ask that host.
_OF_THE_HOST = frozenset({"login-refused", "login-needed", "plain-token-server", "bad-mirror", "bad-login-file"})


class Resolution(NamedTuple):
    """``demoted`` are likely images that are none, now uncertain with the reason."""

    images: tuple[Resolved, ...]
    demoted: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolver:
    """``context`` is what messages leave out of paths, ``nearby`` knows what earlier runs have read.

    ``scratch`` is a directory for what must be unpacked to be read; the caller removes it. ``whole`` keeps every index
    with all that it names, and not only where a node asks for the index itself.
    """

    context: Path
    client: RegistryClient
    arch: Arch
    nearby: Nearby
    scratch: Path
    jobs: int
    whole: bool = False

    def resolve(self, findings: Sequence[Finding]) -> Resolution:
        """Ask for every image, then raise ClusterImageError for all that failed, or return those that are there."""
        numbered = list(enumerate(findings))
        futures = in_lanes(self._one, numbered, _lane, jobs=self.jobs, stop=self.client.session.interrupt)
        for defect in failures(futures):
            raise defect
        outcomes = [future.result() for future in futures]
        problems: dict[tuple[str, str], Problem] = {}
        for finding, outcome in zip(findings, outcomes, strict=True):
            if isinstance(outcome, ClusterImageError):
                for problem in outcome.problems:
                    told = _wanted_by(problem, finding)
                    problems.setdefault((told.code, told.message), told)
        if problems:
            raise ClusterImageError(problems.values())
        return Resolution(
            tuple(outcome for outcome in outcomes if isinstance(outcome, Resolved)),
            tuple(outcome for outcome in outcomes if isinstance(outcome, Finding)),
        )

    def _one(self, numbered: tuple[int, Finding]) -> Resolved | Finding | ClusterImageError:
        number, finding = numbered
        try:
            return self._with_index(self._found(finding, self.scratch / f"archive-{number}"))
        except ClusterImageError as error:
            if finding.verdict == "likely" and _is_none(error.problems[0].code, finding.reference.domain):
                return replace(finding, verdict="uncertain", reason=error.problems[0].message)
            return error

    def _found(self, finding: Finding, scratch: Path) -> Resolved:
        archive = finding.archive
        if archive is None and finding.store is None:
            image = RegistryImage(self.client, finding.reference, self.nearby)
            leaf = pull_leaf(image, self.arch)
            self.nearby.remember(finding.reference, leaf)
            return Resolved(finding, leaf, image)
        from action.store.archive.open import open_archive  # most contexts bring no archive, and need no reader of one

        if archive is None:
            assert finding.store is not None  # noqa: S101 - what has neither is in a registry
            archive = exported(finding.store, finding.reference, scratch)
            shown = str(finding.store)
        else:
            shown = os.path.relpath(archive.path, self.context)
        leaf, source = open_archive(
            archive.kind, archive.path, finding.reference, self.arch, scratch=scratch, shown=shown
        )
        return Resolved(finding, leaf, source)

    def _with_index(self, found: Resolved) -> Resolved:
        """The same with its whole index: a node that has no tag to ask for asks for just that."""
        reference, indexes = found.finding.reference, found.leaf.indexes
        if not indexes or not (self.whole or reference.tag is None):
            return found
        try:
            if len(indexes) > 1:
                raise refused(str(reference), "is an index that names another index, which Sealos does not copy")
            return found._replace(whole=whole_index(indexes[0], found.source, str(reference)))
        except ClusterImageError as error:
            if isinstance(error, RegistryError) and error.status != 404:
                raise
            return found._replace(lossy=error.problems[0].message)


def _is_none(code: str, domain: str) -> bool:
    """Whether the failure says that a likely image is none. A public registry that does not answer is only unwell."""
    return code in _NO_SUCH_IMAGE or (code in _NO_REGISTRY and not is_public_registry(domain))


def _lane(numbered: tuple[int, Finding]) -> str:
    finding = numbered[1]
    return finding.reference.domain if finding.archive is None and finding.store is None else ""


def _wanted_by(problem: Problem, finding: Finding) -> Problem:
    """The same problem, at the first place that names the image and with the others in its message."""
    if problem.code in _OF_THE_HOST or problem.file is not None:
        return problem
    file, line = first_place(finding)
    others = found_at(finding)[1:]
    also = f" (also wanted by {', '.join(others[:5])}{' and more' if len(others) > 5 else ''})" if others else ""
    return problem._replace(message=problem.message + also, file=file, line=line)
