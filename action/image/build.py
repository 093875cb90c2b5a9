"""build_image: a build context and its build file -> an image in an OCI layout, by the simplest way that is exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from action.errors import Problem
from action.image.built import build_with_engine
from action.image.design import Design, design_image
from action.image.engines import EngineName
from action.image.manifest import image_size
from action.image.native_image import write_native
from action.registry.client import RegistryClient
from action.results import ImageInside
from action.store.oci_layout import OciLayout
from generator.names import Arch


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltImage:
    """``digest`` is of the image manifest, ``size`` counts manifest, configuration and layers.

    ``engine``, ``reason`` and ``problems`` are those of its design.
    """

    digest: str
    size: int
    engine: Literal["native"] | EngineName
    content_id: str
    reason: str = ""
    problems: tuple[Problem, ...] = ()


def build_image(
    context: Path,
    buildfile: Path,
    *,
    arch: Arch,
    labels: Mapping[str, str],
    build_args: Mapping[str, str],
    layout: OciLayout,
    engine: str = "auto",
    images: Sequence[ImageInside] | None = None,
    client: RegistryClient | None = None,
) -> BuiltImage:
    """Build for one architecture into ``layout``, as ``design_image`` says; the caller names the result there.

    Raises InputError for what is wrong in the build file or the context, ToolError when a builder fails.
    """
    design = design_image(
        context,
        buildfile,
        arch=arch,
        labels=labels,
        build_args=build_args,
        engine=engine,
        images=images,
        client=client,
    )
    return write_design(design, layout)


def write_design(design: Design, layout: OciLayout) -> BuiltImage:
    """Carry out a design; raises InputError and ToolError."""
    if design.engine == "native":
        assert design.assembled is not None  # noqa: S101 - what is native was assembled
        written = write_native(design.recipe, design.assembled, design.content_id, layout)
    else:
        written = build_with_engine(design.recipe, design.engine, design.bases, design.content_id, layout)
    return BuiltImage(
        digest=written.digest,
        size=image_size(layout, written.digest),
        engine=design.engine,
        content_id=design.content_id,
        reason=design.reason,
        problems=design.problems,
    )
