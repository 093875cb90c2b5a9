"""Image configuration and manifest: the two documents that make layers an image (OCI image specification 1.1)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from action.model import content_id
from action.model.annotations import CONTENT_ID
from action.store.oci.descriptor import Descriptor
from action.store.oci.layout import OciLayout
from action.store.oci.media import OCI_CONFIG, OCI_MANIFEST
from generator.names import Arch

_OCI_PREFIX = "org.opencontainers.image."


def timestamp(epoch: int) -> str:
    """Seconds since 1970 as RFC 3339, in UTC."""
    return datetime.fromtimestamp(epoch, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def write_image(
    layout: OciLayout,
    config: Mapping[str, Any],
    layers: Sequence[Descriptor],
    labels: Mapping[str, str],
    identity: str,
) -> Descriptor:
    """Write the configuration, with just these ``labels``, and the manifest of ``layers``.

    Both bear the content id ``identity``, which the manifest binds to both. Labels of the OCI namespace are repeated
    as annotations, where readers that do not fetch the configuration look.
    """
    run = {**(config.get("config") or {}), "Labels": {**labels, CONTENT_ID: identity}}
    written = layout.write_json({**config, "config": run}, OCI_CONFIG)
    document = {
        "schemaVersion": 2,
        "mediaType": OCI_MANIFEST,
        "config": written.to_json(),
        "layers": [layer.to_json() for layer in layers],
        "annotations": {name: value for name, value in labels.items() if name.startswith(_OCI_PREFIX)},
    }
    return layout.write_manifest(content_id.sealed(document, identity))


def with_arch(layout: OciLayout, digest: str, arch: Arch) -> Descriptor:
    """The same image for another architecture: what makes one content serve every platform of an index."""
    manifest = layout.read_manifest(digest)
    config = layout.read_manifest(manifest["config"]["digest"])
    layers = [Descriptor.from_json(layer) for layer in manifest["layers"]]
    identity = manifest["annotations"][CONTENT_ID]
    labels = config["config"]["Labels"]
    return write_image(layout, {**config, "architecture": arch}, layers, labels, identity)


def layer_digests(layout: OciLayout, digest: str) -> list[str]:
    """The digests of an image's layers, the lowest first."""
    return [layer["digest"] for layer in layout.read_manifest(digest)["layers"]]


def image_size(layout: OciLayout, digest: str) -> int:
    """Bytes of the whole image: its manifest, its configuration and its layers as they travel."""
    manifest = layout.read_manifest(digest)
    parts = [manifest["config"], *manifest["layers"]]
    return layout.blob_path(digest).stat().st_size + sum(int(part["size"]) for part in parts)
