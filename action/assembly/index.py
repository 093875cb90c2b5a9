"""Index: one name for an image on every architecture (OCI image specification 1.1, image-index.md)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from action.model import content_id
from action.model.annotations import CONTENT_ID
from action.store.oci.descriptor import Descriptor
from action.store.oci.layout import OciLayout
from action.store.oci.media import OCI_INDEX, OCI_MANIFEST
from generator.names import Arch

_OCI_PREFIX = "org.opencontainers.image."


def index_document(manifests: Mapping[Arch, Descriptor], annotations: Mapping[str, str]) -> dict[str, Any]:
    """The index of ``manifests``, in the order of their names; one architecture gives an index of one.

    A content id among ``annotations`` is bound to just these manifests.
    """
    entries = [
        Descriptor(
            media_type=OCI_MANIFEST,
            digest=manifests[arch].digest,
            size=manifests[arch].size,
            platform={"architecture": arch, "os": "linux"},
        ).to_json()
        for arch in sorted(manifests)
    ]
    document: dict[str, Any] = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": entries}
    if annotations:
        document["annotations"] = dict(annotations)
    identity = annotations.get(CONTENT_ID)
    return content_id.sealed(document, identity) if identity else document


def shared_annotations(said: Mapping[Arch, Mapping[str, Any]]) -> dict[str, str]:
    """What the annotations of every architecture's manifest say alike, and the index's content id."""
    first = next(iter(said.values()), {})
    found = {
        name: value
        for name, value in first.items()
        if name.startswith(_OCI_PREFIX)
        and isinstance(value, str)
        and all(other.get(name) == value for other in said.values())
    }
    ids: dict[str, str] = {arch: annotations.get(CONTENT_ID, "") for arch, annotations in said.items()}
    if all(ids.values()):
        found[CONTENT_ID] = content_id.of_index(ids)
    return found


def write_index(layout: OciLayout, manifests: Mapping[Arch, str]) -> str:
    """Write the index of manifests (digests) that are in ``layout``, return its digest; the caller names it."""
    shared = shared_annotations(
        {arch: layout.read_manifest(digest).get("annotations") or {} for arch, digest in manifests.items()}
    )
    descriptors = {
        arch: Descriptor(media_type=OCI_MANIFEST, digest=digest, size=layout.blob_path(digest).stat().st_size)
        for arch, digest in manifests.items()
    }
    return layout.write_manifest(index_document(descriptors, shared)).digest
