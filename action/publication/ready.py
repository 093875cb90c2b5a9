"""What a publication starts from: the built images, checked, and the index that will name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from action.assembly.index import index_document, shared_annotations
from action.assembly.manifest import image_size, layer_digests, with_arch
from action.errors import ClusterImageError, InputError, Problem
from action.model.annotations import FORCE_ANNOTATION, TITLE, TYPE, VERSION
from action.model.origin import Origin
from action.model.results import ImageInside, Target
from action.publication import published
from action.publication.layout_check import bill_of, check_files, check_image, foreign
from action.store.oci.descriptor import Descriptor, canonical_json
from action.store.oci.digest import digest_of
from action.store.oci.layout import OciLayout
from action.store.oci.manifest import Manifest
from action.store.oci.media import OCI_INDEX, OCI_MANIFEST
from generator.names import Arch


@dataclass(frozen=True, slots=True)
class Ready:
    """One architecture, ready to push. ``bill`` is None when the image carries no bill of images.

    ``taken_over``: it was published before and not made in this run; its layers are in the registry only.
    """

    arch: Arch
    layout: OciLayout
    digest: str
    bill: tuple[ImageInside, ...] | None
    taken_over: bool = False

    def manifest(self) -> dict[str, Any]:
        return self.layout.read_manifest(self.digest)

    def body(self) -> bytes:
        return self.layout.blob_path(self.digest).read_bytes()

    def layer_digests(self) -> list[str]:
        return layer_digests(self.layout, self.digest)

    def size(self) -> int:
        """Bytes of the whole image."""
        return image_size(self.layout, self.digest)

    def descriptor(self) -> Descriptor:
        return Descriptor(media_type=OCI_MANIFEST, digest=self.digest, size=len(self.body()))

    def blobs(self) -> dict[str, int]:
        """Digest -> size of every layer and of the configuration."""
        manifest = self.manifest()
        return {part["digest"]: int(part["size"]) for part in (*manifest["layers"], manifest["config"])}


def find_images(target: Target, layouts: Mapping[Arch, Path], run: str) -> list[Ready]:
    """Every architecture of ``target``, as the workflow run ``run`` has built it.

    Raises InputError that names all that are missing or not what they say.

    ``configs`` have one content: an architecture without a layout of its own takes that of another.
    """
    problems: list[Problem] = []
    found: list[Ready] = []
    for arch in sorted(target.arches):
        try:
            found.append(_find_image(target, layouts, arch, run))
        except ClusterImageError as error:
            problems.extend(error.problems)
    if problems:
        raise InputError(problems)
    if target.type == "configs":
        check_one_content({image.arch: layer_digests(image.layout, image.digest) for image in found})
    return found


def check_one_content(layers: Mapping[Arch, Sequence[str]]) -> None:
    """Refuse configs whose layers (digests) differ between architectures: they are one content by definition."""
    first, *others = sorted(layers)
    for arch in others:
        if layers[arch] != layers[first]:
            message = (
                f"configs have one content for every architecture, and here that for {arch} is not that for {first}"
            )
            hint = "let init.sh do the same whatever the architecture, or ask for it as apps"
            raise InputError(Problem("configs-differ", message, hint))


def index_of(
    target: Target, images: Sequence[Ready], siblings: Mapping[Arch, Manifest], reason: str | None
) -> Manifest:
    """The index of what was built and of ``siblings``, which are published already; byte for byte as it is stored.

    ``reason`` is why it may replace another, if it may.
    """
    said = {image.arch: image.manifest().get("annotations") or {} for image in images}
    said |= {arch: published.annotations_of(manifest) for arch, manifest in siblings.items()}
    descriptors = {image.arch: image.descriptor() for image in images}
    descriptors |= {
        arch: Descriptor(media_type=manifest.media_type, digest=manifest.digest, size=len(manifest.body))
        for arch, manifest in siblings.items()
    }
    annotations = shared_annotations(said)
    annotations |= {TITLE: target.app, VERSION: target.version, TYPE: target.type}
    if reason:
        annotations[FORCE_ANNOTATION] = reason
    body = canonical_json(index_document(descriptors, annotations))
    return Manifest(body, OCI_INDEX, digest_of(body))


def _find_image(target: Target, layouts: Mapping[Arch, Path], arch: Arch, run: str) -> Ready:
    source: Arch | None = arch if arch in layouts else None
    if source is None and target.type == "configs":
        source = next(iter(sorted(layouts)), None)
    if source is None:
        message = f"{target.app} {target.version} has no image for {arch}, so nothing was published"
        raise InputError(Problem("missing-architecture", message, "see why its build failed"))
    layout = OciLayout(layouts[source])
    with foreign(layout.root):
        check_files(layout.root)
        entry = layout.resolve(f"{target.version}-{source}")
        _check_origin(Origin.read(entry.annotations), Origin.of(target, source, run), layout.root)
        image = check_image(layout, entry.digest, source)
        inside = bill_of(layout, entry.digest)
    made_here = all(layout.blob_path(layer.digest).exists() for layer in image.layers)
    digest = entry.digest if source == arch else with_arch(layout, entry.digest, arch).digest
    return Ready(arch, layout, digest, inside, taken_over=not made_here)


def _check_origin(said: Origin | None, wanted: Origin, root: Path) -> None:
    """A layout in the place of another's would be published under the other's name."""
    if said != wanted:
        message = f"was built as {said}" if said else "does not say what it was built as"
        hint = "build the image again, in the run that publishes it"
        raise InputError(Problem("wrong-origin", f"{message}, and is to be published as {wanted}", hint, str(root)))
