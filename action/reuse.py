"""What a tag has already: an image with the content that a build would have is taken over, and not built again.

Only its manifest, its configuration and its bill of images come into the layout: the other layers are in the registry
that they would be sent to.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from action import published
from action.bill import LAYER_LIMIT
from action.errors import ClusterImageError
from action.image.layers import BILL, TITLE_ANNOTATION
from action.reference import ImageReference
from action.registry.client import RegistryClient
from action.store.manifest import ImageManifest, Manifest, Part, parse_manifest
from action.store.media import OCI_MANIFEST
from action.store.oci_layout import OciLayout
from action.store.platform import CONFIG_LIMIT
from generator.names import Arch

_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class PublishedImage:
    """One architecture of an image, as it is published. ``content_id`` is empty when it bears none."""

    reference: ImageReference
    manifest: Manifest
    image: ImageManifest

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
        """The image of one architecture that its tag names now, when the version's index names the same.

        A tag alone that bears the content id may be anybody's who could write it for a moment.
        """
        whole = ImageReference.parse(f"{self.registry}/{self.namespace}/{app}:{version}")
        reference = published.at(whole, tag=f"{version}-{arch}")
        try:
            manifest = published.find(self.client, reference)
            index = published.find(self.client, whole) if manifest else None
            named = published.entries(index).get(arch) if index else None
            if manifest and named != manifest.digest:
                told(f"{reference} is {manifest.digest}, and {whole} names {named or 'none'} for {arch}: it is built")
                return None
            image = parse_manifest(manifest.body, manifest.media_type, str(reference)) if manifest else None
        except ClusterImageError as error:
            told(_unseen(reference, error))
            return None
        return PublishedImage(reference, manifest, image) if manifest and isinstance(image, ImageManifest) else None

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


def _is_bill(layer: Part) -> bool:
    return layer.annotations.get(TITLE_ANNOTATION) == BILL
