"""What is known of images before their registries are asked: documents on this machine, and what names meant before.

A registry counts each manifest that it sends (Docker Hub as a pull), and a HEAD it does not. So a name that an earlier
run has looked up is asked for its digest alone, and only what is new is sent.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from action.model.reference import ImageReference
from action.store.blobs.cache import BlobCache
from action.store.directory.write import RegistryDirectory
from action.store.oci.digest import SHA256, read_right
from action.store.oci.image import CONFIG_LIMIT, Leaf


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a published image had inside: its references, and manifests and configurations by their digest."""

    references: frozenset[str] = frozenset()
    documents: Mapping[str, bytes] = field(default_factory=lambda: MappingProxyType({}))


NOTHING = Earlier()


@dataclass(frozen=True, slots=True, kw_only=True)
class Nearby:
    """Implements action.registry.pull.Nearby; whatever it gives has the digest that was asked for."""

    directory: RegistryDirectory
    cache: BlobCache | None
    earlier: Earlier

    def body(self, digest: str) -> bytes | None:
        """A manifest or a configuration; ``digest`` may be a stranger's text."""
        if not SHA256.fullmatch(digest):
            return None
        body = self.earlier.documents.get(digest)
        if body is None:
            body = read_right(self.directory.blob_path(digest), digest, CONFIG_LIMIT)
        if body is None and self.cache is not None:
            body = read_right(self.cache.blob_path(digest), digest, CONFIG_LIMIT)
        return body

    def expects(self, reference: ImageReference) -> bool:
        """Whether an earlier run knew what the reference names, so that its documents are likely here."""
        return (
            str(reference) in self.earlier.references
            or (self.cache is not None and self.cache.knows(str(reference)))
            or (reference.digest is not None and self.body(reference.digest) is not None)
            or self.directory.has_tag(reference.path, reference.tag or "")
        )

    def remember(self, reference: ImageReference, leaf: Leaf) -> None:
        """Keep the image's manifests for later runs; its configuration comes with its blobs. Raises OSError."""
        if self.cache is None:
            return
        for manifest in (*leaf.indexes, leaf.manifest):
            self.cache.keep(manifest.digest, manifest.body)
        self.cache.know(str(reference))
