"""What an image says about itself (OCI image specification 1.1, annotations.md, pre-defined keys)."""

from __future__ import annotations

from collections.abc import Mapping

from generator.config import AppMetadata
from generator.names import ImageType

TYPE = "io.cluster-image.type"
_PREFIX = "org.opencontainers.image."
REVISION = f"{_PREFIX}revision"


def standard_labels(
    image_type: ImageType, app: str, version: str, metadata: AppMetadata, environment: Mapping[str, str]
) -> dict[str, str]:
    """Labels for one image; ``environment`` is that of a workflow run, whose repository and commit it came from.

    What is not known is left out.
    """
    found = {
        TYPE: image_type,
        f"{_PREFIX}title": app,
        f"{_PREFIX}version": version,
        f"{_PREFIX}description": metadata.description or "",
        f"{_PREFIX}url": metadata.home or "",
        f"{_PREFIX}licenses": metadata.licenses or "",
        f"{_PREFIX}source": _source(environment),
        REVISION: environment.get("GITHUB_SHA", ""),
    }
    return {name: value for name, value in found.items() if value}


def _source(environment: Mapping[str, str]) -> str:
    server, repository = environment.get("GITHUB_SERVER_URL", ""), environment.get("GITHUB_REPOSITORY", "")
    return f"{server}/{repository}" if server and repository else ""
