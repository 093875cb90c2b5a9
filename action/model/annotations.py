"""The annotation and label keys that our images carry."""

from __future__ import annotations

TYPE = "io.cluster-image.type"
IMAGE_PREFIX = "org.opencontainers.image."
CREATED = f"{IMAGE_PREFIX}created"
REVISION = f"{IMAGE_PREFIX}revision"
CONTENT_ID = "io.cluster-image.content-id"
CONTENT_SEAL = "io.cluster-image.content-seal"
# Labels and annotations that tell about a build and change nothing in the image.
REPORTED = frozenset(
    {
        CONTENT_ID,
        CONTENT_SEAL,
        "io.cluster-image.force",
        "org.opencontainers.image.created",
        "org.opencontainers.image.revision",
        "org.opencontainers.image.source",
        "org.opencontainers.image.url",
    }
)
FORCE_ANNOTATION = "io.cluster-image.force"
TITLE = "org.opencontainers.image.title"
VERSION = "org.opencontainers.image.version"
