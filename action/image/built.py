"""What a builder made -> our layout, with our labels, annotations and bill of images on it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from action import bill
from action.errors import InputError, Problem
from action.image.engines import EngineName, run_engine
from action.image.layers import BILL, LayerPlan, write_layers
from action.image.manifest import timestamp, write_image
from action.image.recipe import Recipe
from action.registry.hosts import is_loopback
from action.store.oci_layout import Descriptor, OciLayout


def build_with_engine(recipe: Recipe, engine: EngineName, identity: str, layout: OciLayout) -> Descriptor:
    """Build beside ``layout`` and move the result in, with its content id; raises InputError and ToolError."""
    _refuse_heredocs(recipe, engine)
    layout.root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".engine-", dir=layout.root.parent) as folder:
        output = OciLayout(Path(folder) / "layout")
        run_engine(
            engine,
            recipe.context,
            recipe.buildfile.path,
            output.root,
            arch=recipe.arch,
            build_args=recipe.build_args,
            epoch=recipe.epoch,
            plain_http=_bases_are_local(recipe),
        )
        manifest = _image_manifest(output, recipe)
        config = output.read_manifest(manifest["config"]["digest"])
        layers = [Descriptor.from_json(layer) for layer in manifest["layers"]]
        for layer in layers:
            layout.take_blob(output.blob_path(layer.digest), layer.digest)
    return write_image(layout, *_with_bill(recipe, config, layers, layout), recipe.labels, identity)


def _bases_are_local(recipe: Recipe) -> bool:
    """Whether every base image is at a loopback registry."""
    stages = {stage.name for stage in recipe.buildfile.stages}
    bases = [recipe.buildfile.base(recipe.build_args, stage) for stage in recipe.buildfile.stages]
    named = [base for base in bases if base != "scratch" and base not in stages]
    return bool(named) and all(is_loopback(base.partition("/")[0]) for base in named)


def _image_manifest(output: OciLayout, recipe: Recipe) -> dict[str, Any]:
    """The manifest of the one image; buildx wraps it in an index."""
    manifest = output.read_manifest(output.resolve().digest)
    while "manifests" in manifest:
        entries = manifest["manifests"]
        fitting = [entry for entry in entries if entry.get("platform", {}).get("architecture") == recipe.arch]
        manifest = output.read_manifest((fitting or entries)[0]["digest"])
    return manifest


def _with_bill(
    recipe: Recipe, config: Mapping[str, Any], layers: list[Descriptor], layout: OciLayout
) -> tuple[dict[str, Any], list[Descriptor]]:
    """The bill of images as one more layer."""
    node = recipe.bill_file()
    if node is None:
        return dict(config), layers
    # Without the directories above it: the image may have them already, with modes of its own.
    (added,) = write_layers([LayerPlan(BILL, ((bill.PATH, node),))], layout, mtime=recipe.epoch)
    rootfs = {**config["rootfs"], "diff_ids": [*config["rootfs"]["diff_ids"], added.digest]}
    step = {"created": timestamp(recipe.epoch), "created_by": f"cluster-image: {BILL}"}
    history = [*config.get("history", []), step]
    return {**config, "rootfs": rootfs, "history": history}, [*layers, added]


def _refuse_heredocs(recipe: Recipe, engine: EngineName) -> None:
    """Buildah before 1.33 takes the lines of a here-document for instructions."""
    for instruction in recipe.buildfile.instructions:
        if instruction.heredocs and engine == "buildah":
            problem = Problem(
                "heredoc",
                f"{instruction.keyword} has a here-document, which is built by docker buildx only",
                "put the text into a file of the build directory and COPY it",
                recipe.buildfile.path.name,
                instruction.line,
            )
            raise InputError(problem)
