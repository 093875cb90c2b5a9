"""A layout that came from the machine which ran init.sh: nothing of it is taken on trust before it is published."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tarfile import TarError
from typing import Any
from zlib import error as ZlibError

from action.assembly.bill_layer import read_bill
from action.assembly.files.layer_blob import diff_id_of
from action.errors import InputError, Problem
from action.model import content_id
from action.model.annotations import CONTENT_ID
from action.model.results import ImageInside
from action.store.oci.digest import SHA256
from action.store.oci.layout import OciLayout
from action.store.oci.manifest import ImageManifest, Part, parse_manifest
from action.store.oci.media import OCI_LAYER, OCI_MANIFEST
from generator.names import Arch

# Bytes of a document: the largest manifest that registries take (OCI distribution specification 1.1, "Push").
_DOCUMENT_LIMIT = 4 * 1024 * 1024
_BAD_SHAPES = (
    AttributeError,
    EOFError,
    IndexError,
    KeyError,
    OSError,
    RecursionError,
    TarError,
    TypeError,
    ValueError,
)


@contextmanager
def foreign(root: Path) -> Iterator[None]:
    """Whatever a malformed document makes our code raise is told as what it is."""
    try:
        yield
    except (*_BAD_SHAPES, ZlibError) as error:
        raise _bad(root, f"holds a document of another shape: {type(error).__name__}: {error}") from error


def check_files(root: Path) -> None:
    """Only ordinary files and directories: a pipe would never end, and a link would send what it leads to.

    Raises InputError.
    """
    for folder, directories, files in os.walk(root, onerror=_raise):
        for name in (*directories, *files):
            path = Path(folder, name)
            found = path.lstat()
            if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
                raise _bad(root, f"holds {path.relative_to(root)}, which is no ordinary file")
            if path.parent == root and stat.S_ISREG(found.st_mode) and found.st_size > _DOCUMENT_LIMIT:
                raise _bad(root, f"holds {name} of {found.st_size} bytes")


def check_image(layout: OciLayout, digest: str, arch: Arch) -> ImageManifest:
    """The image manifest, when it, its configuration and its layers agree; raises InputError."""
    manifest = _document(layout, digest)
    image = parse_manifest(layout.blob_path(digest).read_bytes(), OCI_MANIFEST, f"the image for {arch}")
    if not isinstance(image, ImageManifest):
        raise _bad(layout.root, f"has an index in place of the image for {arch}")
    config = _document(layout, image.config.digest)
    if config.get("architecture") != arch or config.get("os") != "linux":
        found = f"{config.get('os')}/{config.get('architecture')}"
        raise InputError(Problem("wrong-architecture", f"the image for {arch} says that it is for {found}"))
    diff_ids = config.get("rootfs", {}).get("diff_ids", [])
    if len(diff_ids) != len(image.layers) or not all(map(partial(_is_tar_of, layout), image.layers, diff_ids)):
        message = f"the layers of the image for {arch} are not those of its configuration"
        raise InputError(Problem("wrong-layers", message, "build it again"))
    for part in (image.config, *image.layers):
        path = layout.blob_path(part.digest)
        if path.exists() and path.stat().st_size != part.size:
            message = f"says that {part.digest} has {part.size} bytes, and it has {path.stat().st_size}"
            raise _bad(layout.root, message)
    labels = (config.get("config") or {}).get("Labels") or {}
    said = content_id.borne_by(manifest)
    if not said or said != labels.get(CONTENT_ID):
        message = f"the image for {arch} says two things of its content id, or nothing"
        raise InputError(Problem("wrong-content-id", message, "build it again"))
    return image


def _is_tar_of(layout: OciLayout, layer: Part, diff_id: str) -> bool:
    """Readers refuse the image otherwise. Of an image that is taken over, the registry alone has the layers."""
    if layer.media_type == OCI_LAYER:
        return layer.digest == diff_id
    return not layout.blob_path(layer.digest).exists() or diff_id_of(layout, layer) == diff_id


def bill_of(layout: OciLayout, digest: str) -> tuple[ImageInside, ...] | None:
    """The bill of images that the image carries, if it does; raises InputError for one that names no digests."""
    images = read_bill(layout, digest)
    for inside in images or ():
        if not SHA256.fullmatch(inside.digest):
            raise _bad(layout.root, f"has a bill of images that names the digest {inside.digest[:80]!r}")
    return images


def _document(layout: OciLayout, digest: str) -> dict[str, Any]:
    path = layout.blob_path(digest)
    if path.exists() and path.stat().st_size > _DOCUMENT_LIMIT:
        raise _bad(layout.root, f"has a document of {path.stat().st_size} bytes, {digest}")
    return layout.read_manifest(digest)


def _raise(error: OSError) -> None:
    raise error


def _bad(root: Path, message: str) -> InputError:
    return InputError(Problem("bad-layout", message, "build the image again", file=str(root)))
