"""What a tag has already: an image with the content that a build would have is taken over, and not built again.

Only its manifest, its configuration and its bill of images come into the layout: the other layers are in the registry
that they would be sent to.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from action.assembly.files.layers import SMALL_BLOBS
from action.errors import ClusterImageError
from action.model import bill
from action.model.bill import BILL, LAYER_LIMIT, TITLE_ANNOTATION
from action.model.reference import ImageReference
from action.placement.nearby import NOTHING, Earlier
from action.publication import published
from action.registry.client import RegistryClient
from action.store.oci.compression import decompressed
from action.store.oci.digest import digest_of
from action.store.oci.image import CONFIG_LIMIT
from action.store.oci.layout import OciLayout
from action.store.oci.manifest import ImageManifest, Manifest, Part, parse_manifest
from action.store.oci.media import OCI_MANIFEST
from generator.names import Arch

_AT_ONCE = 8
_EARLIER_LIMIT = 64 << 20  # bytes; what is more costs longer to read than to ask for again


@dataclass(frozen=True, slots=True)
class PublishedImage:
    """One architecture of an image, as its tag names it. ``content_id`` is empty when it bears none.

    ``in_index``: the version's index names the same. A tag alone that bears the content id may be anybody's who could
    write it for a moment, so that nothing is taken over by it; its documents are read, since digests check them.
    """

    reference: ImageReference
    manifest: Manifest
    image: ImageManifest
    in_index: bool

    @property
    def content_id(self) -> str:
        return published.identity(self.manifest)


@dataclass(frozen=True, slots=True, kw_only=True)
class Publications:
    """The registry that builds are for.

    Looking is a service. When the registry does not answer, or lets in only who is logged in, nothing is found and the
    image is built; ``told`` takes the reason.
    """

    client: RegistryClient
    registry: str
    namespace: str

    def find(self, app: str, version: str, arch: Arch, told: Callable[[str], None]) -> PublishedImage | None:
        """The image of one architecture that its tag names now."""
        whole = ImageReference.parse(f"{self.registry}/{self.namespace}/{app}:{version}")
        reference = published.at(whole, tag=f"{version}-{arch}")
        try:
            manifest = published.find(self.client, reference)
            index = published.find(self.client, whole) if manifest else None
            named = published.entries(index).get(arch) if index else None
            if manifest and named != manifest.digest:
                told(f"{reference} is {manifest.digest}, and {whole} names {named or 'none'} for {arch}: it is built")
            image = parse_manifest(manifest.body, manifest.media_type, str(reference)) if manifest else None
        except ClusterImageError as error:
            told(_unseen(reference, error))
            return None
        if manifest is None or not isinstance(image, ImageManifest):
            return None
        return PublishedImage(reference, manifest, image, in_index=named == manifest.digest)

    def earlier(self, there: PublishedImage, told: Callable[[str], None]) -> Earlier:
        """What is inside of a published cluster image, as far as it can be read in few and short requests."""
        layers = [layer for layer in there.image.layers if _is_bill(layer) or _holds_documents(layer)]
        if sum(layer.size for layer in layers) > _EARLIER_LIMIT:
            return NOTHING
        try:
            with ThreadPoolExecutor(_AT_ONCE) as pool:
                read = list(pool.map(lambda layer: self._layer(there, layer), layers))
        except ClusterImageError as error:
            told(_unseen(there.reference, error))
            return NOTHING
        bills = [bill.from_layer([body]) or () for layer, body in zip(layers, read, strict=True) if _is_bill(layer)]
        found = [_documents(body) for layer, body in zip(layers, read, strict=True) if not _is_bill(layer)]
        references = frozenset(image.reference for images in bills for image in images)
        return Earlier(references, {digest: body for each in found for digest, body in each})

    def _layer(self, there: PublishedImage, layer: Part) -> bytes:
        """The tar of a layer; nothing when it is longer than what is worth reading."""
        read = self.client.read_blob(there.reference, layer.digest, size=layer.size)
        data = bytearray()
        for chunk in decompressed(read, layer.media_type):
            data += chunk
            if len(data) > _EARLIER_LIMIT:
                return b""
        return bytes(data)

    def take_over(self, there: PublishedImage, layout: OciLayout, told: Callable[[str], None]) -> str | None:
        """Bring an image's documents into ``layout``, checked by their digests; returns the digest of its manifest.

        None when the registry has lost a part of the image: building it again puts it there.
        """
        documents = [(there.image.config, CONFIG_LIMIT)]
        documents += [(layer, LAYER_LIMIT) for layer in there.image.layers if _is_bill(layer)]
        try:
            if not self._has_all(there):
                return None
            for part, limit in documents:
                chunks = self.client.read_blob(there.reference, part.digest, size=min(part.size, limit))
                layout.write_blob(chunks, part.media_type, digest=part.digest)
        except ClusterImageError as error:
            told(_unseen(there.reference, error))
            return None
        return layout.write_blob([there.manifest.body], OCI_MANIFEST, digest=there.manifest.digest).digest

    def _has_all(self, there: PublishedImage) -> bool:
        digests = {part.digest for part in (there.image.config, *there.image.layers)}
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            return all(pool.map(lambda digest: self.client.blob_exists(there.reference, digest), digests))


def _unseen(reference: ImageReference, error: ClusterImageError) -> str:
    return f"cannot see what is published as {reference}, so it is built: {error.problems[0].message}"


def _holds_documents(layer: Part) -> bool:
    return str(layer.annotations.get(TITLE_ANNOTATION, "")).startswith(SMALL_BLOBS)


def _documents(layer: bytes) -> Iterator[tuple[str, bytes]]:
    """The JSON documents of a layer by the digest that they have, whatever the layer calls them."""
    try:
        with tarfile.open(fileobj=io.BytesIO(layer), mode="r:") as tar:
            for member in tar:
                stream = tar.extractfile(member) if member.isreg() else None
                body = stream.read() if stream is not None else b""
                if body.startswith(b"{"):
                    yield digest_of(body), body
    except tarfile.TarError:
        return


def _is_bill(layer: Part) -> bool:
    return layer.annotations.get(TITLE_ANNOTATION) == BILL
