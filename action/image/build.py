"""build_image: a build context and its build file -> an image in an OCI layout, by the simplest way that is exact."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from action import content_id
from action.errors import InputError, Problem
from action.image.context_files import ContextFiles
from action.image.engines import choose_engine, run_engine
from action.image.ignore import read_ignore_file
from action.image.layers import plan_layers, write_layers
from action.image.manifest import image_size, timestamp, write_image
from action.image.native import Assembled, NotNative, assemble
from action.kubefile import Buildfile, parse_buildfile
from action.store.oci_layout import Descriptor, OciLayout
from generator.names import Arch

EPOCH_VARIABLE = "SOURCE_DATE_EPOCH"


@dataclass(frozen=True, slots=True, kw_only=True)
class BuiltImage:
    """``digest`` is of the image manifest, ``size`` counts manifest, configuration and layers.

    ``engine`` is what built it, and ``reason`` why that was not the native way (empty when it was).
    """

    digest: str
    size: int
    engine: Literal["native", "buildah", "buildx"]
    content_id: str
    reason: str = ""


def build_image(
    context: Path,
    buildfile: Path,
    *,
    arch: Arch,
    labels: Mapping[str, str],
    build_args: Mapping[str, str],
    layout: OciLayout,
    engine: str = "auto",
) -> BuiltImage:
    """Build for one architecture into ``layout``; the caller names the result there.

    ``engine`` is ``auto`` (native where that is exact, else a builder that is installed), ``native``, ``buildah`` or
    ``buildx``. Raises InputError for what is wrong in the build file or the context, ToolError when a builder fails.
    The time that the image and its files bear is SOURCE_DATE_EPOCH, or 0.
    """
    parsed = parse_buildfile(buildfile)
    epoch = _epoch()
    reason = f"the settings ask for {engine}"
    if engine in ("auto", "native"):
        try:
            files = ContextFiles(context, read_ignore_file(context, buildfile))
            assembled = assemble(parsed, files, arch=arch, build_args=build_args)
        except NotNative as error:
            reason = str(error)
        else:
            return _finish(layout, _write_native(layout, assembled, arch, epoch, labels), "native", "")
    if engine == "native":
        problem = Problem("not-native", f"cannot be assembled natively: {reason}", file=buildfile.name)
        raise InputError(problem)
    return _build_with_engine(context, parsed, arch, labels, build_args, layout, engine, epoch, reason)


def _write_native(
    layout: OciLayout, assembled: Assembled, arch: Arch, epoch: int, labels: Mapping[str, str]
) -> Descriptor:
    plans = plan_layers(assembled.rootfs)
    layers = write_layers(plans, layout, mtime=epoch)
    created = timestamp(epoch)
    history = [{"created": created, "created_by": step, "empty_layer": True} for step in assembled.history]
    history += [{"created": created, "created_by": f"cluster-image: {plan.title}"} for plan in plans]
    config: dict[str, Any] = {
        "created": created,
        "architecture": arch,
        "os": "linux",
        "config": assembled.config,
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
        "history": history,
    }
    if assembled.author:
        config["author"] = assembled.author
    return write_image(layout, config, layers, labels)


def _build_with_engine(
    context: Path,
    buildfile: Buildfile,
    arch: Arch,
    labels: Mapping[str, str],
    build_args: Mapping[str, str],
    layout: OciLayout,
    engine: str,
    epoch: int,
    reason: str,
) -> BuiltImage:
    chosen = choose_engine(engine)
    if chosen == "buildah":
        for instruction in buildfile.instructions:
            if instruction.heredocs:
                raise buildfile.problem(
                    "heredoc",
                    f"{instruction.keyword} has a here-document, which buildah does not know",
                    instruction.line,
                    "put the text into a file of the build directory and COPY it",
                )
    with tempfile.TemporaryDirectory(prefix="engine-", dir=_beside(layout)) as folder:
        output = Path(folder) / "layout"
        run_engine(chosen, context, buildfile.path, output, arch=arch, build_args=build_args, epoch=epoch)
        descriptor = _take_over(OciLayout(output), layout, arch, labels)
    return _finish(layout, descriptor, chosen, reason)


def _take_over(built: OciLayout, layout: OciLayout, arch: Arch, labels: Mapping[str, str]) -> Descriptor:
    """Move what an engine built into ``layout``, with our labels and annotations on it."""
    manifest = built.read_manifest(built.resolve().digest)
    while "manifests" in manifest:  # buildx wraps the one image in an index
        of_platform = [item for item in manifest["manifests"] if item.get("platform", {}).get("architecture") == arch]
        manifest = built.read_manifest((of_platform or manifest["manifests"])[0]["digest"])
    config = built.read_manifest(manifest["config"]["digest"])
    layers = [Descriptor.from_json(layer) for layer in manifest["layers"]]
    for layer in layers:
        layout.take_blob(built.blob_path(layer.digest), layer.digest)
    return write_image(layout, config, layers, labels)


def _finish(
    layout: OciLayout, written: Descriptor, engine: Literal["native", "buildah", "buildx"], reason: str
) -> BuiltImage:
    identity = layout.read_manifest(written.digest)["annotations"][content_id.LABEL]
    size = image_size(layout, written.digest)
    return BuiltImage(digest=written.digest, size=size, engine=engine, content_id=identity, reason=reason)


def _beside(layout: OciLayout) -> Path:
    layout.root.parent.mkdir(parents=True, exist_ok=True)
    return layout.root.parent


def _epoch() -> int:
    """https://reproducible-builds.org/specs/source-date-epoch/; 0 when it is not set, so that no clock is read."""
    text = os.environ.get(EPOCH_VARIABLE, "")
    if not text:
        return 0
    if not text.isascii() or not text.isdigit() or int(text) > 0o77777777777:
        raise InputError(Problem("bad-epoch", f"{EPOCH_VARIABLE} is {text!r}, not seconds since 1970"))
    return int(text)
