"""The lines to copy after a build: how what was made is loaded, run, or taken to a registry.

What each program makes of an archive or a layout: docs/building.md, "Archives and layouts".
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from generator.names import ImageType

Kind = Literal["oci", "oci-archive", "registry"]


def next_steps(kind: Kind, path: Path, reference: str, image_type: ImageType) -> str:
    """``path`` is the archive or the layout, ``reference`` the name of the image in it, or where it was published."""
    return "\n".join(["next:", *(f"  {line}" for line in _lines(kind, path, reference, image_type))])


def _lines(kind: Kind, path: Path, reference: str, image_type: ImageType) -> Iterator[str]:
    program = "podman" if image_type == "dockerimages" else "sealos"
    if kind == "oci":
        # Not pull: it names the image after the folder.
        source = shlex.quote(f"oci:{path}:{reference}")
        yield f"skopeo copy {source} containers-storage:{reference}"
    elif kind == "oci-archive":
        source = shlex.quote(f"oci-archive:{path}:{reference}")
        yield f"{program} load -i {shlex.quote(str(path))}"
    yield f"{program} run {reference}"
    if kind != "registry" and not reference.startswith("localhost/"):
        # By itself skopeo compresses plain layers on the way, and another image arrives than the one that was built.
        yield f"skopeo copy --all --preserve-digests {source} docker://{reference}"
