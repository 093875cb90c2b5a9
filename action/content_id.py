"""Content id: one sha256 over everything that decides what an image contains and how it runs (pure).

Two builds with one content id hold the same files in the same layers and run the same way; they may differ only in
what tells about the build: the labels listed in TELLING and the history.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

LABEL = "io.cluster-image.content-id"

# Labels and annotations that tell about a build and change nothing in the image.
TELLING = frozenset(
    {
        LABEL,
        "io.cluster-image.force",
        "org.opencontainers.image.created",
        "org.opencontainers.image.revision",
        "org.opencontainers.image.source",
        "org.opencontainers.image.url",
    }
)


def of_image(config: Mapping[str, Any]) -> str:
    """The content id of one architecture, from its image configuration (OCI image specification 1.1, config.md)."""
    run = dict(config.get("config") or {})
    labels = {name: value for name, value in (run.pop("Labels", None) or {}).items() if name not in TELLING}
    return _digest(
        {
            "architecture": config.get("architecture"),
            "os": config.get("os"),
            "layers": (config.get("rootfs") or {}).get("diff_ids"),
            "run": {key: value for key, value in run.items() if value},
            "labels": labels,
        }
    )


def of_index(platforms: Mapping[str, str]) -> str:
    """The content id of an image for several architectures, from the content id of each."""
    return _digest({"platforms": dict(platforms)})


def _digest(document: Mapping[str, Any]) -> str:
    body = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{hashlib.sha256(body.encode()).hexdigest()}"
