"""What native assembly made -> layers, configuration and manifest in an OCI layout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from action.assembly.files.layers import plan_layers, write_layers
from action.assembly.files.rootfs import NotADirectory, Rootfs
from action.assembly.manifest import timestamp, write_image
from action.assembly.native.assemble import Assembled
from action.assembly.recipe import Recipe, bill_file
from action.errors import InputError, Problem
from action.model import bill
from action.model.results import ImageInside
from action.store.oci.descriptor import Descriptor
from action.store.oci.layout import OciLayout


def write_native(recipe: Recipe, assembled: Assembled, identity: str, layout: OciLayout) -> Descriptor:
    """Write everything; the manifest, which makes it an image, comes last. ``identity`` is the content id."""
    plans = plan_layers(assembled.rootfs)
    layers = write_layers(plans, layout, mtime=recipe.epoch, compression=recipe.compression)
    created = timestamp(recipe.created)
    history = [{"created": created, "created_by": step, "empty_layer": True} for step in assembled.history]
    history += [{"created": created, "created_by": f"cluster-image: {plan.title}"} for plan in plans]
    config: dict[str, Any] = {
        "created": created,
        "architecture": recipe.arch,
        "os": "linux",
        "config": assembled.config,
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        "history": history,
    }
    if assembled.author:
        config["author"] = assembled.author
    # What the build file says of itself counts more than what is said of every image.
    labels = {**recipe.labels, **assembled.config.get("Labels", {})}
    return write_image(layout, config, [layer.descriptor for layer in layers], labels, identity)


def add_bill(rootfs: Rootfs, images: Sequence[ImageInside]) -> None:
    """Put the bill of images into the files of a cluster image; raises InputError where there is no place for it."""
    folder, _, name = bill.PATH.rpartition("/")
    try:
        rootfs.make_directory(f"/{folder}").children[name] = bill_file(images)
    except NotADirectory as error:
        problem = Problem(
            "no-place-for-bill",
            f"the image has a file where the folder {folder} must be, for the list of its container images",
            "give that file another name",
        )
        raise InputError(problem) from error
