"""What a builder makes of a pinned build file -> our layout, with our labels, annotations and bill of images on it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from action.assembly.builder.bases import Base, resolve_bases
from action.assembly.builder.image_names import Source, sources
from action.assembly.builder.pinned import pinned_text
from action.assembly.builder.run import EngineName, base_name, run_engine
from action.assembly.files.layer_blob import take_layer
from action.assembly.files.layers import LayerPlan, write_layers
from action.assembly.finished.carried import Carried, read_carried
from action.assembly.finished.hidden import not_in_image
from action.assembly.finished.root_files import files_of_layers
from action.assembly.labels import own_labels
from action.assembly.manifest import timestamp, write_image
from action.assembly.native.ignore_file import find_ignore_file
from action.assembly.recipe import Recipe, bill_file
from action.errors import Problem
from action.model import bill
from action.model.bill import BILL
from action.model.results import ImageInside
from action.registry.client import RegistryClient
from action.store.oci.descriptor import Descriptor
from action.store.oci.layout import OciLayout
from generator.buildfile.instructions import Scope, target_args


def find_bases(recipe: Recipe, engine: EngineName, client: RegistryClient) -> tuple[Base, ...]:
    """Every image of a registry that this builder will need, as it is now; raises ClusterImageError."""
    return resolve_bases(client, _named(recipe, engine))


def build_with_engine(
    recipe: Recipe, engine: EngineName, bases: Sequence[Base], identity: str, layout: OciLayout
) -> tuple[str, tuple[Problem, ...]]:
    """Build beside ``layout`` from just these ``bases``, and move the result in; ``identity`` is its content id.

    Returns the digest of its manifest, and warnings. Raises ToolError, and InputError when a cluster image does not
    hold the images that were placed.
    """
    layout.root.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".engine-", dir=layout.root.parent) as folder:
        output = OciLayout(Path(folder) / "layout")
        run_engine(
            engine,
            recipe.context,
            _pinned_buildfile(recipe, engine, bases, Path(folder)),
            output.root,
            arch=recipe.arch,
            build_args=recipe.build_args,
            epoch=recipe.epoch,
            bases=bases,
        )
        manifest = _image_manifest(output, recipe)
        config = {**output.read_manifest(manifest["config"]["digest"]), "created": timestamp(recipe.created)}
        layers = [Descriptor.from_json(layer) for layer in manifest["layers"]]
        carried = _carried(recipe, [output.blob_path(layer.digest) for layer in layers])
        with ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
            layers = list(pool.map(lambda layer: take_layer(output, layer, layout, recipe.compression), layers))
    if carried is not None:
        config, layers = _with_bill(recipe, carried.images, config, layers, layout)
    written = write_image(layout, config, layers, _labels(recipe, config), identity)
    return written.digest, carried.broken if carried else ()


def _carried(recipe: Recipe, layers: Sequence[Path]) -> Carried | None:
    """The images in the finished root, or None when it is no cluster image; raises InputError when one is lacking."""
    if recipe.images is None:
        return None
    files = files_of_layers(layers)
    base = Scope(recipe.buildfile, recipe.build_args, target_args(recipe.arch)).base()
    origin = recipe.buildfile.path.name if base == "scratch" else f"FROM {base}"
    carried = read_carried(files, recipe.images, recipe.arch, origin)
    if carried.missing:
        raise not_in_image(recipe, files, carried.missing)
    return carried


def _labels(recipe: Recipe, config: Mapping[str, Any]) -> dict[str, str]:
    """What the build file says of itself counts most, and what its base image says of itself least."""
    written = (config.get("config") or {}).get("Labels") or {}
    own = own_labels(recipe.buildfile, recipe.build_args, recipe.arch, written)
    return {**written, **recipe.labels, **{name: written[name] for name in own}}


def _named(recipe: Recipe, engine: EngineName) -> tuple[Source, ...]:
    return sources(recipe.buildfile, recipe.build_args, recipe.arch, with_frontend=engine == "buildx")


def _pinned_buildfile(recipe: Recipe, engine: EngineName, bases: Sequence[Base], folder: Path) -> Path:
    """The build file as the builder gets it, outside of the context, and the ignore file as one of its own beside it.

    So both builders read the same ignore file, whichever of its names it has.
    """
    written = recipe.buildfile.path
    text = written.read_bytes().decode("utf-8-sig")
    pinned = folder / written.name  # which messages of the builder then name
    pinned.write_bytes(pinned_text(text, _named(recipe, engine), bases, partial(base_name, engine)).encode())
    ignored = find_ignore_file(recipe.context, written)
    if ignored is not None:
        shutil.copyfile(ignored, folder / f"{written.name}.dockerignore")
    return pinned


def _image_manifest(output: OciLayout, recipe: Recipe) -> dict[str, Any]:
    """The manifest of the one image; buildx wraps it in an index."""
    manifest = output.read_manifest(output.resolve().digest)
    while "manifests" in manifest:
        entries = manifest["manifests"]
        fitting = [entry for entry in entries if entry.get("platform", {}).get("architecture") == recipe.arch]
        manifest = output.read_manifest((fitting or entries)[0]["digest"])
    return manifest


def _with_bill(
    recipe: Recipe,
    images: Sequence[ImageInside],
    config: Mapping[str, Any],
    layers: list[Descriptor],
    layout: OciLayout,
) -> tuple[dict[str, Any], list[Descriptor]]:
    """The bill of images as one more layer."""
    # Without the directories above it: the image may have them already, with modes of its own.
    plan = LayerPlan(BILL, ((bill.PATH, bill_file(images)),))
    (added,) = write_layers([plan], layout, mtime=recipe.epoch, compression=recipe.compression)
    rootfs = {**config["rootfs"], "diff_ids": [*config["rootfs"]["diff_ids"], added.diff_id]}
    step = {"created": timestamp(recipe.created), "created_by": f"cluster-image: {BILL}"}
    history = [*config.get("history", []), step]
    return {**config, "rootfs": rootfs, "history": history}, [*layers, added.descriptor]
