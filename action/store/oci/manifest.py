"""Manifests and indexes as data, strictly read: what a container runtime on Linux could not run is refused here.

OCI image specification 1.1 (manifest.md, image-index.md, descriptor.md) and Docker image manifest version 2, schema 2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from action.errors import InputError, Problem
from action.model.json_text import read_json
from action.model.wording import printable
from action.store.oci import media
from action.store.oci.digest import SHA256

_ATTESTATION = "vnd.docker.reference.type"
_MAX_LAYERS = 500  # linux, fs/overlayfs/params.h: OVL_MAX_STACK


class Manifest(NamedTuple):
    """A manifest or an index, byte for byte; ``digest`` is of the bytes, ``media_type`` what its source calls it."""

    body: bytes
    media_type: str
    digest: str


class Platform(NamedTuple):
    """In the spelling of Go (``linux/arm64/v8``), whatever the image wrote."""

    os: str
    architecture: str
    variant: str = ""

    def __str__(self) -> str:
        return "/".join(part or "unknown" for part in self[:2]) + (f"/{self.variant}" if self.variant else "")


class Part(NamedTuple):
    """A descriptor: one blob or manifest that a manifest names. ``size`` in bytes."""

    media_type: str
    digest: str
    size: int
    platform: Platform | None = None
    annotations: Mapping[str, str] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageManifest:
    """One platform's image."""

    config: Part
    layers: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageIndex:
    """A list of images (or of further lists), attestations left out."""

    entries: tuple[Part, ...]


def parse_manifest(body: bytes, media_type: str, name: str) -> ImageManifest | ImageIndex:
    """Read a manifest; ``name`` is what to call it in messages. Raises InputError with the reason.

    The document's own ``mediaType`` decides, then the one its source gave, then its shape.
    """
    document = _object(body, name, "manifest")
    own = document.get("mediaType")
    kind = own if isinstance(own, str) and own else media_type
    if kind in media.SCHEMA_1_TYPES or document.get("schemaVersion") == 1:
        raise refused(name, "is in the old schema 1 format, which current container runtimes do not read")
    if "manifests" in document and ("layers" in document or "config" in document):
        raise refused(name, "is an index and an image in one document")
    if kind in media.INDEX_TYPES or (kind not in media.IMAGE_TYPES and "manifests" in document):
        entries = tuple(_part(entry, name) for entry in _list(document, "manifests", name))
        return ImageIndex(entries=tuple(entry for entry in entries if not _describes_another(entry)))
    if kind not in media.IMAGE_TYPES and "layers" not in document:
        raise refused(name, f"is a {kind or 'document of no known type'}, not a container image")
    return _image(document, name)


def index_entries(body: bytes, name: str) -> tuple[Part, ...]:
    """All that an index names, attestations too; raises InputError."""
    return tuple(_part(entry, name) for entry in _list(_object(body, name, "manifest"), "manifests", name))


def manifest_parts(body: bytes, name: str) -> tuple[Part, ...]:
    """The blobs of a manifest of any kind, its configuration first; raises InputError.

    An attestation is no image, and an image for another system may be one that Linux could not run: only layers that
    no registry has are refused.
    """
    document = _object(body, name, "manifest")
    layers = _list(document, "layers", name)
    for layer in layers:
        if isinstance(layer, dict) and layer.get("urls"):
            raise refused(name, f"has the layer {layer.get('digest')}, which its registry does not hold")
    return (_part(document.get("config"), name), *(_part(layer, name) for layer in layers))


def parse_config(body: bytes, name: str) -> Platform:
    """The platform that an image's configuration says it is for; raises InputError."""
    return _platform(_object(body, name, "configuration"))


def refused(name: str, why: str, hint: str = "", code: str = "unsupported-image") -> InputError:
    """The error for ``name``; ``why`` may quote what the image says of itself."""
    return InputError(
        Problem(code, f"{name} {printable(why, 400)}", hint or "use another image, or another tag of it")
    )


def _image(document: Mapping[str, Any], name: str) -> ImageManifest:
    config = _part(document.get("config"), name)
    if config.media_type not in media.CONFIG_TYPES:
        what = document.get("artifactType") or config.media_type
        raise refused(name, f"is not a container image: it holds {what}")
    raw = _list(document, "layers", name)
    layers = tuple(_part(layer, name) for layer in raw)
    for layer, source in zip(layers, raw, strict=True):
        if "foreign" in layer.media_type or "nondistributable" in layer.media_type or source.get("urls"):
            raise refused(name, f"has the layer {layer.digest}, which its registry does not hold (a foreign layer)")
        if layer.media_type not in media.LAYER_TYPES:
            raise refused(name, f"has a layer of the unknown type {layer.media_type}")
    _check_stack(config, layers, name)
    return ImageManifest(config=config, layers=layers)


def _check_stack(config: Part, layers: tuple[Part, ...], name: str) -> None:
    if len(layers) > _MAX_LAYERS:
        raise refused(name, f"has {len(layers)} layers; the kernel stacks {_MAX_LAYERS} at most")
    sizes: dict[str, int] = {}
    for part in (config, *layers):
        if sizes.setdefault(part.digest, part.size) != part.size:
            raise refused(name, f"gives two sizes for {part.digest}: {sizes[part.digest]} and {part.size} bytes")


def _describes_another(entry: Part) -> bool:
    """Whether buildkit put the entry there to describe a sibling (provenance, SBOM)."""
    unknown = entry.platform is not None and entry.platform[:2] == ("unknown", "unknown")
    return unknown or _ATTESTATION in entry.annotations


def _part(value: object, name: str) -> Part:
    if not isinstance(value, dict):
        raise refused(name, "has a manifest without proper descriptors")
    digest, size, kind = value.get("digest"), value.get("size"), value.get("mediaType")
    if not isinstance(digest, str) or not SHA256.fullmatch(digest):
        raise refused(name, f"names the digest {str(digest)[:100]!r}, which is not sha256:<64 hex digits>")
    if not isinstance(size, int) or isinstance(size, bool) or size < 0:
        raise refused(name, f"gives no size for {digest}")
    if not isinstance(kind, str):
        raise refused(name, f"gives no media type for {digest}")
    platform, annotations = value.get("platform"), value.get("annotations")
    return Part(
        kind,
        digest,
        size,
        _platform(platform) if isinstance(platform, dict) else None,
        annotations if isinstance(annotations, dict) else {},
    )


# How containerd normalises what builders have written (containerd/platforms, database.go).
_ARCHITECTURES = {"x86_64": "amd64", "x86-64": "amd64", "aarch64": "arm64"}


def _platform(value: Mapping[str, Any]) -> Platform:
    os, architecture, variant = (str(value.get(key) or "").lower() for key in ("os", "architecture", "variant"))
    architecture = _ARCHITECTURES.get(architecture, architecture)
    if (architecture, variant) in {("arm64", "v8"), ("arm64", "8"), ("amd64", "v1")}:
        variant = ""
    return Platform(os, architecture, variant)


def _list(document: Mapping[str, Any], key: str, name: str) -> list[dict[str, Any]]:
    value = document.get(key)
    if not isinstance(value, list):
        raise refused(name, f"has a manifest without a list of {key}")
    return value


def _object(body: bytes, name: str, what: str) -> Mapping[str, Any]:
    try:
        document = read_json(body)
    except ValueError as error:
        raise refused(name, f"has a {what} that is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise refused(name, f"has a {what} that is not a JSON object")
    return document
