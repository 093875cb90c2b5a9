"""Documents about an image, attached to it: OCI image specification 1.1 (``subject``), with the fallback tag for
registries that have no referrers API (OCI distribution specification 1.1, "Unavailable Referrers API").
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from action.registry.push import Pusher
from action.store.oci.descriptor import canonical_json
from action.store.oci.digest import digest_of
from action.store.oci.media import OCI_INDEX, OCI_MANIFEST

_EMPTY = b"{}"
_EMPTY_TYPE = "application/vnd.oci.empty.v1+json"


def attach(
    pusher: Pusher,
    subject: Mapping[str, Any],
    document: Mapping[str, Any],
    media_type: str,
) -> int:
    """Push ``document`` as a referrer of ``subject`` (a descriptor); returns the bytes of blobs that travelled."""
    body = canonical_json(document)
    sent = pusher.push_bytes(body).size + pusher.push_bytes(_EMPTY).size
    manifest = canonical_json(
        {
            "schemaVersion": 2,
            "mediaType": OCI_MANIFEST,
            "artifactType": media_type,
            "config": _descriptor(_EMPTY_TYPE, _EMPTY),
            "layers": [_descriptor(media_type, body)],
            "subject": subject,
        }
    )
    pushed = pusher.push_manifest(manifest, OCI_MANIFEST, digest_of(manifest))
    if not pushed.lists_referrers:
        entry = {**_descriptor(OCI_MANIFEST, manifest), "artifactType": media_type}
        _add_to_fallback(pusher, str(subject["digest"]), entry)
    return sent


def fallback_tag(digest: str) -> str:
    """``sha256-<hex>``, the tag under which a registry without the API keeps the list of referrers."""
    return digest.replace(":", "-", 1)


def _add_to_fallback(pusher: Pusher, subject: str, entry: Mapping[str, Any]) -> None:
    """One newest document of each kind: a list that only grows would be read by nobody."""
    tag = fallback_tag(subject)
    there = pusher.manifest(tag)
    listed = json.loads(there.body).get("manifests", []) if there else []
    kept = [item for item in listed if item.get("artifactType") != entry["artifactType"]]
    index = canonical_json({"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [*kept, entry]})
    if there is None or there.body != index:
        pusher.push_manifest(index, OCI_INDEX, digest_of(index), tag)


def _descriptor(media_type: str, data: bytes) -> dict[str, Any]:
    return {"mediaType": media_type, "digest": digest_of(data), "size": len(data)}
