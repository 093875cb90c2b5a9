"""An OCI layout, packed or not, as a source of one image (OCI image specification 1.1, image-layout.md)."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

from action.errors import InputError, Problem
from action.model.json_text import read_json
from action.model.reference import ImageReference
from action.store.archive.tarball import Files
from action.store.oci import media
from action.store.oci.digest import digest_of
from action.store.oci.manifest import Manifest, Part, refused

_NAMES = ("org.opencontainers.image.ref.name", "io.containerd.image.name")


class LayoutImage:
    """Implements action.store.oci.image.ImageSource for the images of one layout."""

    def __init__(self, files: Files, name: str) -> None:
        self._files = files
        self._name = name

    def top(self, reference: ImageReference) -> Manifest:
        """What to choose the platform from: the entry that bears the name, else an index made of all entries."""
        index = self._index()
        entries = [entry for entry in index["manifests"] if isinstance(entry, dict)]
        named = [entry for entry in entries if _is_named(entry, reference)]
        chosen = named or entries
        if len(chosen) == 1:
            part = Part(str(chosen[0].get("mediaType", "")), str(chosen[0].get("digest", "")), 0)
            return self.manifest(part)
        body = json.dumps({"schemaVersion": 2, "mediaType": media.OCI_INDEX, "manifests": chosen}).encode()
        return Manifest(body, media.OCI_INDEX, "")

    def manifest(self, part: Part) -> Manifest:
        return Manifest(self.small_blob(part), part.media_type, part.digest)

    def small_blob(self, part: Part) -> bytes:
        body = self._files.read(_blob(part.digest))
        if digest_of(body) != part.digest:
            raise refused(self._name, f"has wrong bytes for {part.digest} in its archive", "write the archive again")
        return body

    def stream(self, part: Part, offset: int) -> Iterable[bytes]:
        return self._files.stream(_blob(part.digest), offset)

    def _index(self) -> dict[str, Any]:
        try:
            index = read_json(self._files.read("index.json"))
            if isinstance(index, dict) and isinstance(index["manifests"], list) and index["manifests"]:
                return index
        except (ValueError, KeyError):
            pass
        raise InputError(Problem("bad-archive", f"the image layout of {self._name} has no list of manifests"))


def _is_named(entry: dict[str, Any], reference: ImageReference) -> bool:
    annotations = entry.get("annotations")
    written = [annotations.get(key) for key in _NAMES] if isinstance(annotations, dict) else []
    wanted = {reference.written, str(reference), f"{reference.path}:{reference.tag}", reference.tag}
    return any(name in wanted for name in written if name is not None)


def _blob(digest: str) -> str:
    algorithm, _, encoded = digest.partition(":")
    if algorithm != "sha256" or "/" in encoded:
        raise InputError(Problem("bad-archive", f"the image layout names the digest {digest[:100]!r}"))
    return f"blobs/sha256/{encoded}"
