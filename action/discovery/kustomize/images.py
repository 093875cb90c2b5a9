"""The ``images:`` of a kustomization: what they make of an image, and which images they reach."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from action.discovery.evidence.hits import Hit
from action.discovery.evidence.literals import literal
from action.discovery.text.tree import Map, Text, Tree

_PERHAPS = "images of a kustomization may replace it"
_TRANSFORMED = re.compile(r"(?:^|\.)(?:(?:containers|initContainers)\[\d+\]\.image|volumes\[\d+\]\.image\.reference)$")


def transformed(hit: Hit, images: Sequence[Tree], told: bool) -> list[Hit]:
    """What ``images:`` makes of a hit: the new one, or both where it may or may not be reached.

    kustomize, api/filters/imagetag and api/internal/konfig/builtinpluginconsts/images.go: containers and volumes only,
    and nothing inside of strings, where a hit is never certain.
    """
    made = _replaced(hit, images)
    reached = _TRANSFORMED.search(hit.source.field) is not None
    if made is hit or (reached and hit.verdict == "certain"):
        return [made]
    return [hit, made.at_most("likely", _PERHAPS)] if reached or told else [hit]


def _replaced(hit: Hit, images: Sequence[Tree]) -> Hit:
    """What all entries make of a reference, one after the other: each is compared by its name, without the tag."""
    before = now = hit.reference.written.strip()
    for item in images:
        if isinstance(item, Map) and item.get("name") == _name(now):
            now = _renamed(now, item)
    known = literal(now) if now != before else None
    return hit if known is None else replace(hit, reference=known.reference)


def _renamed(written: str, item: Map) -> str:
    name = _name(written)
    new, tag, digest = str(item.get("newName") or name), item.get("newTag"), item.get("digest")
    if not (isinstance(tag, Text) or isinstance(digest, Text)):
        return new + written[len(name) :]
    return new + (f":{tag}" if isinstance(tag, Text) else "") + (f"@{digest}" if isinstance(digest, Text) else "")


def _name(written: str) -> str:
    """The reference without its tag and its digest."""
    name = written.partition("@")[0]
    head, colon, tail = name.rpartition(":")
    return head if colon and "/" not in tail else name
