"""Descriptors, and the JSON bytes that digests are taken of."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Descriptor:
    """What a manifest says of a blob: media type, digest, size in bytes (OCI image specification, descriptor.md)."""

    media_type: str
    digest: str
    size: int
    annotations: Mapping[str, str] = field(default_factory=dict)
    platform: Mapping[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        document: dict[str, Any] = {"mediaType": self.media_type, "digest": self.digest, "size": self.size}
        if self.annotations:
            document["annotations"] = dict(self.annotations)
        if self.platform:
            document["platform"] = dict(self.platform)
        return document

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Descriptor:
        """Raises KeyError, TypeError or ValueError for what is no descriptor."""
        return cls(
            media_type=str(data.get("mediaType", "")),
            digest=str(data["digest"]),
            size=int(data["size"]),
            annotations=dict(data.get("annotations") or {}),
            platform=dict(data.get("platform") or {}),
        )


def canonical_json(document: Mapping[str, Any]) -> bytes:
    """One spelling for each document: keys sorted, no white space."""
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    # A JSON string may hold half a surrogate pair, which UTF-8 cannot say; Go writes U+FFFD for it, and so do we.
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
