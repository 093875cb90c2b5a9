"""What is in the registry already: the index under a tag, its content id, its bills of images, the version before."""

from __future__ import annotations

import re
import urllib.parse
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from action.errors import RegistryError
from action.model import bill, content_id
from action.model.annotations import CONTENT_ID
from action.model.bill import BILL, TITLE_ANNOTATION
from action.model.json_values import mapping, read_json_text, sequence
from action.model.reference import ImageReference
from action.model.results import ImageInside
from action.registry.client import RegistryClient
from action.registry.credentials.authorizer import pull_scope
from action.registry.http.hosts import web_address
from action.store.oci.image import CONFIG_LIMIT
from action.store.oci.manifest import Manifest
from generator.names import ARCHES

if TYPE_CHECKING:
    from action.publication.ready import Ready

_MISSING_CODES = ("NAME_UNKNOWN", "MANIFEST_UNKNOWN", "NAME_INVALID")
_NEXT_PAGE = re.compile(r"<([^>]+)>\s*;\s*rel=\"?next\"?")
_TAG_LENGTH = 128  # distribution specification, "Pulling manifests"
_PAGES = 50  # of tags; a registry that never ends its list is not followed forever
# Tags that are not versions: one architecture of a version, the fallback tags of referrers, and names that move.
_NO_VERSION = re.compile(rf".*-(?:{'|'.join(ARCHES)})|sha256-[0-9a-f]{{64}}.*|[^0-9]*")


def find(client: RegistryClient, reference: ImageReference) -> Manifest | None:
    """What the reference names now, or None. A repository that does not exist yet is no error."""
    try:
        return client.get_manifest(reference)
    except RegistryError as error:
        if error.status == 404 or error.registry_code in _MISSING_CODES:
            return None
        raise


def annotations_of(manifest: Manifest) -> Mapping[str, Any]:
    """What a manifest or an index says of itself, without a content id that it has only inherited."""
    document = _document(manifest)
    said = mapping(document.get("annotations"))
    return {name: said[name] for name in said if name != CONTENT_ID or content_id.borne_by(document)}


def annotation(manifest: Manifest, name: str) -> str:
    """One thing that it says of itself, or the empty string."""
    return str(annotations_of(manifest).get(name, ""))


def identity(manifest: Manifest) -> str:
    """The content id that it bears, or the empty string."""
    return annotation(manifest, CONTENT_ID)


def entries(index: Manifest) -> dict[str, str]:
    """The digests that an index names, by architecture."""
    found = {}
    for entry in sequence(_document(index).get("manifests")):
        arch = mapping(mapping(entry).get("platform")).get("architecture")
        if isinstance(arch, str) and isinstance(mapping(entry).get("digest"), str):
            found[arch] = entry["digest"]
    return found


def has_content(client: RegistryClient, reference: ImageReference, digest: str, image: Ready) -> bool:
    """Whether a published image has the layers of ``image`` and runs as it does, whatever it says of itself."""
    if digest == image.digest:
        return True
    manifest = find(client, at(reference, digest=digest))
    document = _document(manifest) if manifest else {}
    ours = image.manifest()
    if [mapping(layer).get("digest") for layer in sequence(document.get("layers"))] != list(image.layer_digests()):
        return False
    config = mapping(document.get("config"))
    size = config.get("size")
    if not isinstance(size, int) or not 0 <= size <= CONFIG_LIMIT:
        return False
    body = b"".join(client.read_blob(reference, str(config.get("digest")), size=size))
    return _running(read_json_text(body)) == _running(image.layout.read_manifest(ours["config"]["digest"]))


def _running(config: Mapping[str, Any]) -> dict[str, Any]:
    """What of a configuration decides how the image runs: without its history and the labels that only tell."""
    run = dict(mapping(config.get("config")))
    run["Labels"] = content_id.deciding({str(name): value for name, value in mapping(run.get("Labels")).items()})
    kept = {name: config.get(name) for name in ("architecture", "os", "variant", "rootfs")}
    return {**kept, "config": run}


def bills(client: RegistryClient, reference: ImageReference, index: Manifest) -> dict[str, tuple[ImageInside, ...]]:
    """The bills of images of an index by architecture, as far as it has them and they can be read."""
    found = {}
    for entry in sequence(_document(index).get("manifests")):
        arch = mapping(entry.get("platform")).get("architecture")
        try:
            images = _bill(client, reference, str(entry.get("digest", "")))
        except RegistryError:  # telling what changed is a service; publishing does not depend on it
            images = None
        if arch and images is not None:
            found[str(arch)] = images
    return found


def version_before(client: RegistryClient, reference: ImageReference) -> str | None:
    """The highest published version below the reference's tag, in natural order."""
    wanted = _version_order(reference.tag or "")
    tags = (tag for tag in _tags(client, reference) if not _NO_VERSION.fullmatch(tag))
    return max((tag for tag in tags if _version_order(tag) < wanted), key=_version_order, default=None)


def at(reference: ImageReference, *, tag: str | None = None, digest: str | None = None) -> ImageReference:
    """Another manifest of the same repository."""
    return ImageReference(reference.domain, reference.path, tag, digest, f"{reference.name}:{tag or digest}")


def _version_order(tag: str) -> list[tuple[int, str]]:
    """``v1.10.0`` after ``v1.9.0``: runs of digits count as numbers, and come before letters."""
    return [(int(part), "") if part.isdigit() else (-1, part) for part in re.findall(r"[0-9]+|[^0-9]+", tag)]


def _bill(client: RegistryClient, reference: ImageReference, digest: str) -> tuple[ImageInside, ...] | None:
    manifest = find(client, at(reference, digest=digest))
    for layer in reversed(sequence(_document(manifest).get("layers")) if manifest else []):
        if mapping(layer.get("annotations")).get(TITLE_ANNOTATION) == BILL:
            return bill.from_layer(client.read_blob(reference, str(layer["digest"]), size=int(layer["size"])))
    return None


def _tags(client: RegistryClient, reference: ImageReference) -> list[str]:
    tags: list[str] = []
    url = client.url(reference, "tags/list?n=1000")
    for _ in range(_PAGES):
        try:
            response = client.session.request(
                "GET",
                url,
                host=client.endpoint(reference).host,
                scopes=pull_scope(client.repository(reference)),
            )
        except RegistryError:
            break
        tags += [
            tag
            for tag in sequence(read_json_text(response.body).get("tags"))
            if isinstance(tag, str) and len(tag) <= _TAG_LENGTH
        ]
        following = _NEXT_PAGE.match(response.headers.get("Link", ""))
        if following is None:
            break
        try:
            url = web_address(reference.domain, following[1], url)
        except RegistryError:
            break
        if urllib.parse.urlsplit(url)[:2] != urllib.parse.urlsplit(client.url(reference, ""))[:2]:
            break
    return tags


def _document(manifest: Manifest) -> Mapping[str, Any]:
    return read_json_text(manifest.body)
