"""A whole index: every image that it names, for whatever platform, and what describes them, as Sealos can copy it.

Under a tag, Sealos copies an index with all that it names, and then one platform's image once more: after that the
index can be asked for by its digest, if nothing of it was lacking and no layer had to be compressed on the way.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from action.store.oci import media
from action.store.oci.image import ImageSource
from action.store.oci.manifest import Manifest, Part, index_entries, manifest_parts, refused

_PLAIN = frozenset({media.OCI_LAYER, media.DOCKER_LAYER})


@dataclass(frozen=True, slots=True)
class WholeIndex:
    """``manifests`` begins with the index itself; ``parts`` are the blobs of all the others."""

    manifests: tuple[Manifest, ...]
    parts: tuple[Part, ...]

    @property
    def digest(self) -> str:
        return self.manifests[0].digest


def whole_index(index: Manifest, source: ImageSource, name: str) -> WholeIndex:
    """Read all that ``index`` names; raises InputError where it could not be copied as it is, or is not a plain index.

    A nested index is lost when it is copied, and foreign layers are on no registry.
    """
    manifests = [index]
    parts: list[Part] = []
    for entry in index_entries(index.body, name):
        if entry.media_type in media.INDEX_TYPES:
            raise refused(name, f"is an index that names another index, {entry.digest}, which Sealos does not copy")
        manifest = source.manifest(entry)
        manifests.append(manifest)
        parts += manifest_parts(manifest.body, name)
    return WholeIndex(tuple(manifests), tuple({part.digest: part for part in parts}.values()))


def changed_by_copying(parts: Iterable[Part]) -> bool:
    """Whether a registry that copies an image would compress a layer, and so change every digest above it."""
    return any(part.media_type in _PLAIN for part in parts)
