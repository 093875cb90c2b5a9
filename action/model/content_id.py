"""Content id: one sha256 over everything that decides what an image contains and how it runs (pure).

It is known before the image is built, so a build whose content id is published already need not be made at all. What
only tells about a build (the labels listed in REPORTED, the history) does not count, nor does the way in which files
are shared out among layers.

Builders hand labels and annotations of a base image down, so a content id alone could be an inherited one. A manifest
and an index therefore also bear a seal: a hash over the id and over the digest of everything that the document names.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from action.model.annotations import CONTENT_ID, CONTENT_SEAL, REPORTED


def of_image(document: Mapping[str, Any]) -> str:
    """The content id of one architecture, from everything that decides it (JSON values)."""
    return _digest({"image": dict(document)})


def of_index(platforms: Mapping[str, str]) -> str:
    """The content id of an image for several architectures, from the content id of each."""
    return _digest({"platforms": dict(platforms)})


def deciding(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels that are part of what an image is."""
    return {name: value for name, value in labels.items() if name not in REPORTED}


def sealed(document: Mapping[str, Any], content_id: str) -> dict[str, Any]:
    """A manifest or index that bears ``content_id``, bound to the configuration, layers or images that it names."""
    annotations = {
        **document.get("annotations", {}),
        CONTENT_ID: content_id,
        CONTENT_SEAL: _seal(document, content_id),
    }
    return {**document, "annotations": annotations}


def borne_by(document: Mapping[str, Any]) -> str:
    """The content id of a manifest or index; empty where it bears none, or one that was made for another document."""
    annotations = document.get("annotations")
    if not isinstance(annotations, Mapping):
        return ""
    said = annotations.get(CONTENT_ID)
    return said if isinstance(said, str) and annotations.get(CONTENT_SEAL) == _seal(document, said) else ""


def _seal(document: Mapping[str, Any], content_id: str) -> str:
    parts = [document.get("config"), document.get("layers"), document.get("manifests")]
    return _digest({"content_id": content_id, "named": [_digests(part) for part in parts]})


def _digests(part: object) -> object:
    """The digests of a descriptor, or of a list of them; with them go size and bytes."""
    if isinstance(part, list):
        return [_digests(each) for each in part]
    return part.get("digest") if isinstance(part, Mapping) else None


def _digest(document: Mapping[str, Any]) -> str:
    body = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{hashlib.sha256(body.encode()).hexdigest()}"
