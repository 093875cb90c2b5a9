"""The container images that the root of a finished image carries: its bill, read off ``/registry`` alone.

Sealos looks for images nowhere else (labring/sealos, lifecycle/pkg/filesystem/registry/sync.go).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from action.assembly.finished.root_files import REGISTRY, Held, RootFiles
from action.errors import InputError, Problem
from action.model import bill
from action.model.reference import ImageReference, paths
from action.model.results import ImageInside
from action.store.directory.read import Tree, blob_of, note_link
from action.store.oci.digest import digest_of
from action.store.oci.manifest import Manifest, Part, index_entries, manifest_parts
from action.store.oci.platform import find_leaf
from generator.names import Arch

# Where a node finds what nothing here has a fuller name for.
_ON_A_NODE = "sealos.hub:5000"


@dataclass(frozen=True, slots=True)
class Carried:
    """``images`` is the bill. ``missing`` says of each placed image that is not whole in the root what it lacks.

    ``broken`` says the same of images that came with a base image.
    """

    images: tuple[ImageInside, ...] = ()
    missing: tuple[str, ...] = ()
    broken: tuple[Problem, ...] = ()


def read_carried(files: RootFiles, placed: Sequence[ImageInside], arch: Arch, origin: str) -> Carried:
    """Read the root.

    ``placed`` are the images that were put into ``registry/`` of the build context: they lend their names and the
    places that want them. Whatever else is there came by ``origin`` (``FROM <image>``), and the bill says so.
    """
    root = _Root.of(files)
    images, missing = [], []
    told: set[tuple[str, str]] = set()
    for image in placed:
        told |= {(path, image.tag) for path in _paths(image)}
        lacks = next((fault for path in _paths(image) if (fault := root.fault(path, image))), None)
        if lacks is None:
            images.append(image)
        else:
            missing.append(f"{image.path}:{image.tag} {lacks}")
    known = {(image.path, image.tag, image.digest): image for image in _bill_of_base(files)}
    broken: list[Problem] = []
    for path, tag in sorted((path, tag) for path, tags in root.tree.tags.items() for tag in tags):
        if (path, tag) in told:
            continue
        try:
            found = root.image(path, tag, arch)
        except InputError as error:
            broken.append(_broken(error.problems[0].message, origin))
            continue
        fault = root.fault(path, found)
        if fault is not None:
            broken.append(_broken(f"{path}:{tag} {fault}", origin))
            continue
        named = known.get((path, tag, found.digest), found)
        images.append(
            ImageInside(
                reference=named.reference,
                path=path,
                tag=tag,
                index_digest=found.index_digest,
                digest=found.digest,
                size=found.size,
                found=(origin,),
            )
        )
    return Carried(tuple(images), tuple(missing), tuple(broken))


@dataclass(frozen=True, slots=True)
class _Root:
    """``/registry`` as names and links; implements action.store.oci.image.ImageSource for each of its images."""

    tree: Tree
    blobs: Mapping[str, Held] = field(default_factory=dict)

    @classmethod
    def of(cls, files: RootFiles) -> _Root:
        tree, blobs = Tree(REGISTRY), {}
        for path, held in files.items():
            if not path.startswith(f"{REGISTRY}/"):
                continue
            relative = path.removeprefix(f"{REGISTRY}/")
            digest = blob_of(relative)
            if digest is not None:
                blobs[digest] = held
            else:
                note_link(tree, relative, held.read)
        return cls(tree, blobs)

    def fault(self, path: str, image: ImageInside) -> str | None:
        """What a node that asks for the image at ``path`` would not get; None when it gets all of it."""
        try:
            return self._fault(path, image)
        except InputError as error:
            return error.problems[0].message

    def _fault(self, path: str, image: ImageInside) -> str | None:
        meant = self.tree.tags.get(path, {}).get(image.tag)
        if meant is None:
            return "has no tag"
        if meant not in (image.digest, image.index_digest):
            return f"is {meant[:19]} and not {image.digest[:19]}"
        if meant not in self.tree.history.get(path, {}).get(image.tag, set()):
            return "has a tag without its history"
        wanted = {image.digest, *([image.index_digest] if image.index_digest else [])}
        if meant == image.index_digest:  # the whole index, with the images of every platform
            body = self.small_blob(Part("", meant, 0)) if meant in self.blobs else b"{}"
            wanted |= {entry.digest for entry in index_entries(body, path)}
        return next((fault for digest in sorted(wanted) if (fault := self._lacks(path, digest))), None)

    def image(self, path: str, tag: str, arch: Arch) -> ImageInside:
        """What a tag means for ``arch``; raises InputError when that is no whole image."""
        name = f"{path}:{tag}"
        top = self.manifest(Part("", self.tree.tags[path][tag], 0))
        leaf = find_leaf(top, self, arch, name)
        return ImageInside(
            reference=f"{_ON_A_NODE}/{name}",
            path=path,
            tag=tag,
            index_digest=leaf.indexes[0].digest if leaf.indexes else None,
            digest=leaf.manifest.digest,
            size=leaf.size,
            found=(),
        )

    def manifest(self, part: Part) -> Manifest:
        return Manifest(self.small_blob(part), part.media_type, part.digest)

    def small_blob(self, part: Part) -> bytes:
        held = self.blobs.get(part.digest)
        body = held.read() if held else b""
        if digest_of(body) != part.digest:
            raise InputError(
                Problem("no-blob", f"a document of {REGISTRY}/, {part.digest}, is not there, or not whole")
            )
        return body

    def stream(self, part: Part, offset: int) -> Iterable[bytes]:
        return iter([self.small_blob(part)[offset:]])

    def _lacks(self, path: str, digest: str) -> str | None:
        """The first thing that is missing of one manifest."""
        if digest not in self.tree.revisions.get(path, set()):
            return f"has no link for {digest[:19]}"
        try:
            body = self.small_blob(Part("", digest, 0))
            parts = () if "manifests" in json.loads(body) else manifest_parts(body, path)
        except InputError as error:
            return error.problems[0].message
        except ValueError:
            return f"has a manifest {digest[:19]} that is not JSON"
        for part in parts:
            held = self.blobs.get(part.digest)
            if part.digest not in self.tree.layers.get(path, set()):
                return f"has no link for its blob {part.digest[:19]}"
            if held is None or held.size != part.size or held.digest not in (None, part.digest):
                return f"has its blob {part.digest[:19]} not at all, or not whole"
        return None


def _paths(image: ImageInside) -> tuple[str, ...]:
    return paths(ImageReference.parse(image.reference))


def _bill_of_base(files: RootFiles) -> tuple[ImageInside, ...]:
    """The bill that a base image has of itself, if it is one of ours: there the names are as somebody wrote them."""
    if bill.PATH not in files:
        return ()
    try:
        document = json.loads(files[bill.PATH].read())
    except ValueError:
        return ()
    return (isinstance(document, dict) and bill.from_document(document)) or ()


def _broken(message: str, origin: str) -> Problem:
    return Problem(
        "broken-image-inside",
        f"{message}; it comes by {origin}, and is not in the bill of images",
        "use a base image that is whole",
        severity="warning",
    )
