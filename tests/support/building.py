"""An image from a context, in one call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from action.assembly.manifest import image_size
from action.build.design import design_image
from action.errors import Problem
from action.model.results import ImageInside
from action.registry.client import RegistryClient
from action.store.oci.layout import OciLayout
from generator.names import Arch
from generator.settings.settings import DEFAULT_COMPRESSION, Compression


@dataclass(frozen=True, kw_only=True)
class BuiltImage:
    """``digest`` is of the image manifest, ``size`` counts all bytes of the image; the rest is of its design."""

    digest: str
    size: int
    engine: str
    content_id: str
    reason: str
    problems: tuple[Problem, ...]


def build_image(
    context: Path,
    buildfile: Path,
    *,
    layout: OciLayout,
    arch: Arch = "amd64",
    labels: Mapping[str, str] | None = None,
    build_args: Mapping[str, str] | None = None,
    engine: str = "auto",
    compression: Compression = DEFAULT_COMPRESSION,
    images: Sequence[ImageInside] | None = None,
    client: RegistryClient | None = None,
    changed: int | None = None,
) -> BuiltImage:
    """Design and write it; the caller names the result."""
    design = design_image(
        context,
        buildfile,
        arch=arch,
        labels=labels or {},
        build_args=build_args or {},
        engine=engine,
        compression=compression,
        images=images,
        client=client,
        changed=changed,
    )
    digest, problems = design.write(layout)
    return BuiltImage(
        digest=digest,
        size=image_size(layout, digest),
        engine=design.engine,
        content_id=design.content_id,
        reason=design.reason,
        problems=(*design.problems, *problems),
    )
