"""The images that a build context brings along: docker-archive and oci-archive files, and unpacked OCI layouts."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Literal

from action.errors import InputError, Problem
from action.model.reference import ImageReference
from action.store.archive.docker import DockerArchiveImage
from action.store.archive.oci import LayoutImage
from action.store.archive.tarball import Folder, Tarball
from action.store.oci.image import ImageSource, Leaf
from action.store.oci.manifest import Manifest, refused
from action.store.oci.platform import find_leaf
from generator.names import Arch


def open_archive(
    kind: Literal["docker-archive", "oci-archive"],
    path: Path,
    reference: ImageReference,
    arch: Arch,
    *,
    scratch: Path,
    shown: str,
) -> tuple[Leaf, ImageSource]:
    """The image for ``arch`` in the archive, and where its blobs are read.

    ``scratch`` is a directory of this image's own, for what must be unpacked or compressed; ``shown`` the path that
    messages use. Raises InputError, as ``find_leaf`` does and ``bad-archive`` for what cannot be read.
    """
    name = f"{reference} in {shown}"
    if not path.exists():
        problem = Problem("bad-archive", f"the archive of {reference} does not exist", "add the file", file=shown)
        raise InputError(problem)
    if path.is_dir():
        return _from_layout(LayoutImage(Folder(path, shown), name), reference, arch, name)
    tarball = Tarball(path, scratch / "archive.tar", shown)
    if kind == "oci-archive" or "manifest.json" not in tarball:
        return _from_layout(LayoutImage(tarball, name), reference, arch, name)
    image = DockerArchiveImage(tarball, reference, scratch, name)
    return _leaf(image.top(), image, reference, arch, name), image


def _from_layout(image: LayoutImage, reference: ImageReference, arch: Arch, name: str) -> tuple[Leaf, ImageSource]:
    return _leaf(image.top(reference), image, reference, arch, name), image


def _leaf(top: Manifest, image: ImageSource, reference: ImageReference, arch: Arch, name: str) -> Leaf:
    leaf = find_leaf(top, image, arch, name)
    if not top.digest:  # an index made to choose from is no part of the image
        leaf = replace(leaf, indexes=leaf.indexes[1:])
    known = {leaf.manifest.digest, *(index.digest for index in leaf.indexes)}
    if reference.digest is not None and reference.digest not in known:
        raise refused(name, f"does not have the digest that is asked for: the archive holds {leaf.manifest.digest}")
    return leaf
