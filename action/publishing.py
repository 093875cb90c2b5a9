"""What a publication starts from: the built images, checked, and the index that will name them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from action import bill, content_id, published
from action.errors import ClusterImageError, InputError, Problem
from action.image.index import index_document, shared_annotations
from action.image.labels import TYPE
from action.image.layer_blob import diff_id_of
from action.image.layers import BILL, TITLE_ANNOTATION
from action.image.manifest import image_size, layer_digests, with_arch
from action.results import ImageInside, Target
from action.store.digest import digest_of
from action.store.manifest import Manifest, parse_manifest
from action.store.media import OCI_INDEX, OCI_LAYER, OCI_MANIFEST
from action.store.oci_layout import Descriptor, OciLayout, canonical_json
from generator.names import Arch

FORCE_ANNOTATION = "io.cluster-image.force"
_TITLE = "org.opencontainers.image.title"
_VERSION = "org.opencontainers.image.version"


@dataclass(frozen=True, slots=True)
class Ready:
    """One architecture, ready to push. ``bill`` is None when the image carries no bill of images."""

    arch: Arch
    layout: OciLayout
    digest: str
    bill: tuple[ImageInside, ...] | None

    def manifest(self) -> dict[str, Any]:
        return self.layout.read_manifest(self.digest)

    def body(self) -> bytes:
        return self.layout.blob_path(self.digest).read_bytes()

    def size(self) -> int:
        """Bytes of the whole image."""
        return image_size(self.layout, self.digest)

    def descriptor(self) -> Descriptor:
        return Descriptor(media_type=OCI_MANIFEST, digest=self.digest, size=len(self.body()))

    def blobs(self) -> dict[str, int]:
        """Digest -> size of every layer and of the configuration."""
        manifest = self.manifest()
        return {part["digest"]: int(part["size"]) for part in (*manifest["layers"], manifest["config"])}


def find_images(target: Target, layouts: Mapping[Arch, Path]) -> list[Ready]:
    """Every architecture of ``target``; raises InputError that names all that are missing or not what they say.

    ``configs`` have one content: an architecture without a layout of its own takes that of another.
    """
    problems: list[Problem] = []
    found: list[Ready] = []
    for arch in sorted(target.arches):
        try:
            found.append(_find_image(target, layouts, arch))
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
    annotations |= {_TITLE: target.app, _VERSION: target.version, TYPE: target.type}
    if reason:
        annotations[FORCE_ANNOTATION] = reason
    body = canonical_json(index_document(descriptors, annotations))
    return Manifest(body, OCI_INDEX, digest_of(body))


def _find_image(target: Target, layouts: Mapping[Arch, Path], arch: Arch) -> Ready:
    source: Arch | None = arch if arch in layouts else None
    if source is None and target.type == "configs":
        source = next(iter(sorted(layouts)), None)
    if source is None:
        message = f"{target.app} {target.version} has no image for {arch}, so nothing was published"
        raise InputError(Problem("missing-architecture", message, "see why its build failed"))
    layout = OciLayout(layouts[source])
    digest = layout.resolve(f"{target.version}-{source}").digest
    _check(layout, digest, source)
    if source != arch:
        digest = with_arch(layout, digest, arch).digest
    return Ready(arch, layout, digest, _bill(layout, digest))


def _check(layout: OciLayout, digest: str, arch: Arch) -> None:
    """The layout comes from the machine that ran init.sh: that it is what it says is not taken on trust."""
    manifest = layout.read_manifest(digest)
    # Strictly, as of an image that others made; raises InputError.
    parse_manifest(layout.blob_path(digest).read_bytes(), OCI_MANIFEST, f"the image for {arch}")
    config = layout.read_manifest(manifest["config"]["digest"])
    if config.get("architecture") != arch or config.get("os") != "linux":
        found = f"{config.get('os')}/{config.get('architecture')}"
        raise InputError(Problem("wrong-architecture", f"the image for {arch} says that it is for {found}"))
    layers = [Descriptor.from_json(layer) for layer in manifest["layers"]]
    diff_ids = config.get("rootfs", {}).get("diff_ids", [])
    if len(diff_ids) != len(layers) or not all(map(partial(_is_tar_of, layout), layers, diff_ids)):
        message = f"the layers of the image for {arch} are not those of its configuration"
        raise InputError(Problem("wrong-layers", message, "build it again"))
    labels = (config.get("config") or {}).get("Labels") or {}
    said = (manifest.get("annotations") or {}).get(content_id.LABEL)
    if not said or said != labels.get(content_id.LABEL):
        message = f"the image for {arch} says two things of its content id, or nothing"
        raise InputError(Problem("wrong-content-id", message, "build it again"))


def _is_tar_of(layout: OciLayout, layer: Descriptor, diff_id: str) -> bool:
    """Readers refuse the image otherwise. Of an image that is taken over, the registry alone has the layers."""
    if layer.media_type == OCI_LAYER:
        return layer.digest == diff_id
    return not layout.blob_path(layer.digest).exists() or diff_id_of(layout, layer) == diff_id


def _bill(layout: OciLayout, digest: str) -> tuple[ImageInside, ...] | None:
    for layer in layout.read_manifest(digest)["layers"]:
        if (layer.get("annotations") or {}).get(TITLE_ANNOTATION) == BILL:
            return bill.from_layer(layout.read_blob(layer["digest"]))
    return None
