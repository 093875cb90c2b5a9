"""An image as the store reads it: where its manifest and blobs come from."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

from action.store.oci.manifest import ImageManifest, Manifest, Part

CONFIG_LIMIT = 8 << 20


class ImageSource(Protocol):
    """Where one image's manifests and blobs come from: a registry or an archive.

    ``manifest`` and ``small_blob`` give what has the digest asked for; what ``stream`` gives is checked by who reads.
    """

    def manifest(self, part: Part) -> Manifest: ...

    def small_blob(self, part: Part) -> bytes: ...

    def stream(self, part: Part, offset: int) -> Iterable[bytes]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaf:
    """One platform's image with what leads to it: ``indexes`` from the outermost in, ``config`` its bytes."""

    manifest: Manifest
    indexes: tuple[Manifest, ...]
    image: ImageManifest
    config: bytes

    @property
    def size(self) -> int:
        """Bytes of the manifest, the configuration and the layers."""
        return len(self.manifest.body) + self.image.config.size + sum(layer.size for layer in self.image.layers)
