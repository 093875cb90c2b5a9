"""The bill of images: which container images a cluster image carries, as our own file and as CycloneDX (pure).

CycloneDX 1.5 JSON: https://cyclonedx.org/docs/1.5/json/; package URLs of type ``oci``: purl-spec, types/oci.
"""

from __future__ import annotations

import io
import json
import tarfile
import urllib.parse
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from action.model.reference import ImageReference
from action.model.results import ImageChange, ImageInside

BILL = "bill of images"
TITLE_ANNOTATION = "io.cluster-image.layer"

PATH = "etc/cluster-image/images.json"
CYCLONEDX = "application/vnd.cyclonedx+json"

_SCHEMA_VERSION = 1
LAYER_LIMIT = 16 << 20


def to_document(images: Iterable[ImageInside]) -> dict[str, Any]:
    """The file in the image: every container image with its digests, its size in bytes and where it was found."""
    return {"schemaVersion": _SCHEMA_VERSION, "images": [asdict(image) for image in _sorted(images)]}


def from_document(document: Mapping[str, Any]) -> tuple[ImageInside, ...] | None:
    """The images of such a file, or None for anything else: it may come from an image that others built."""
    try:
        if document["schemaVersion"] != _SCHEMA_VERSION:
            return None
        images = tuple(ImageInside(**{**image, "found": tuple(image["found"])}) for image in document["images"])
    except (KeyError, TypeError):
        return None
    return images if all(_is_sound(image) for image in images) else None


def _is_sound(image: ImageInside) -> bool:
    texts = (image.reference, image.path, image.tag, image.digest, image.index_digest or "", *image.found)
    return isinstance(image.size, int) and all(isinstance(text, str) for text in texts)


def from_layer(chunks: Iterable[bytes]) -> tuple[ImageInside, ...] | None:
    """The images of the layer that holds the file; None when it does not, or is longer than any such layer."""
    data = bytearray()
    for chunk in chunks:
        data += chunk
        if len(data) > LAYER_LIMIT:
            return None
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as tar:
            stream = tar.extractfile(PATH)
            return from_document(json.load(stream)) if stream is not None else None
    except (tarfile.TarError, KeyError, ValueError):
        return None


def to_cyclonedx(name: str, version: str, digest: str, images: Iterable[ImageInside]) -> dict[str, Any]:
    """The same as a CycloneDX document about the image ``digest``; it has no clock and no random serial number."""
    parts = [_component(image) for image in _sorted(images)]
    subject = {"type": "container", "name": name, "version": version, "bom-ref": digest, "hashes": _hashes(digest)}
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.5.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"component": subject},
        "components": parts,
        "dependencies": [{"ref": digest, "dependsOn": sorted({part["bom-ref"] for part in parts})}],
    }


def compare(
    before: Mapping[str, Sequence[ImageInside]], now: Mapping[str, Sequence[ImageInside]]
) -> list[ImageChange]:
    """What changed between two bills, each by architecture: an image is known by its reference."""
    changes: list[ImageChange] = []
    for arch in sorted(now.keys() & before.keys()):
        old = {image.reference: image.digest for image in before[arch]}
        new = {image.reference: image.digest for image in now[arch]}
        for reference in sorted(old.keys() | new.keys()):
            if old.get(reference) != new.get(reference):
                changes.append(
                    ImageChange(arch=arch, reference=reference, before=old.get(reference), after=new.get(reference))
                )
    return changes


def _component(image: ImageInside) -> dict[str, Any]:
    reference = ImageReference.parse(image.reference)
    component: dict[str, Any] = {
        "type": "container",
        "bom-ref": f"{image.path}:{image.tag}@{image.digest}",
        "name": reference.name,
        "version": reference.tag or image.tag,
        "purl": _package_url(reference, image),
        "hashes": _hashes(image.digest),
        "properties": [
            {"name": "cluster-image:path", "value": f"{image.path}:{image.tag}"},
            {"name": "cluster-image:size", "value": str(image.size)},
            *({"name": "cluster-image:found", "value": place} for place in image.found),
        ],
    }
    if image.index_digest:
        component["properties"].append({"name": "cluster-image:index", "value": image.index_digest})
    return component


def _package_url(reference: ImageReference, image: ImageInside) -> str:
    name = reference.path.rpartition("/")[2]
    query = urllib.parse.urlencode({"repository_url": reference.name, "tag": reference.tag or image.tag}, safe="/")
    return f"pkg:oci/{name}@{urllib.parse.quote(image.digest, safe='')}?{query}"


def _hashes(digest: str) -> list[dict[str, str]]:
    algorithm, _, content = digest.partition(":")
    return [{"alg": algorithm.upper().replace("SHA", "SHA-"), "content": content}]


def _sorted(images: Iterable[ImageInside]) -> list[ImageInside]:
    return sorted(images, key=lambda image: (image.path, image.tag, image.reference))
