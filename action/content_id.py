"""Content id: one sha256 over everything that decides what an image contains and how it runs (pure).

It is known before the image is built, so a build whose content id is published already need not be made at all. What
only tells about a build (the labels listed in TELLING, the history) does not count, nor does the way in which files
are shared out among layers.
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


def of_image(document: Mapping[str, Any]) -> str:
    """The content id of one architecture, from everything that decides it (JSON values)."""
    return _digest({"image": dict(document)})


def of_index(platforms: Mapping[str, str]) -> str:
    """The content id of an image for several architectures, from the content id of each."""
    return _digest({"platforms": dict(platforms)})


def deciding(labels: Mapping[str, str]) -> dict[str, str]:
    """The labels that are part of what an image is."""
    return {name: value for name, value in labels.items() if name not in TELLING}


def _digest(document: Mapping[str, Any]) -> str:
    body = json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return f"sha256:{hashlib.sha256(body.encode()).hexdigest()}"
