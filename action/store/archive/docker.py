"""What ``docker save`` writes, as a source of one image (moby, image/spec: manifest.json, configs, layer tars).

Such an archive has no manifest of the kind a registry keeps, so one is made, always the same for the same archive:
layers that are not compressed are compressed here, because a registry that copies them would do so, and change them.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from action.errors import InputError
from action.model.json_text import read_json
from action.model.reference import ImageReference
from action.store.archive.tarball import Tarball
from action.store.oci import media
from action.store.oci.digest import digest_of
from action.store.oci.manifest import Manifest, Part, refused

_GZIP = b"\x1f\x8b"
_ZSTD = b"\x28\xb5\x2f\xfd"
_CHUNK = 1 << 20
_LEVEL = 6


class DockerArchiveImage:
    """Implements action.store.oci.image.ImageSource for one image; layers compressed here are in ``scratch``."""

    def __init__(self, tarball: Tarball, reference: ImageReference, scratch: Path, name: str) -> None:
        self._tarball = tarball
        self._name = name
        self._scratch = scratch
        self._members: dict[str, str] = {}
        entry = _choose(_entries(tarball, name), reference, name)
        self._config = tarball.read(entry["Config"])
        layers = [self._layer(member) for member in entry["Layers"]]
        self._check_layers(layers)
        document = {
            "schemaVersion": 2,
            "mediaType": media.DOCKER_MANIFEST,
            "config": _descriptor(media.DOCKER_CONFIG, digest_of(self._config), len(self._config)),
            "layers": [_descriptor(kind, digest, size) for kind, digest, size, _ in layers],
        }
        body = json.dumps(document, indent=2).encode()
        self._manifest = Manifest(body, media.DOCKER_MANIFEST, digest_of(body))

    def top(self) -> Manifest:
        return self._manifest

    def manifest(self, part: Part) -> Manifest:
        raise refused(self._name, f"has no manifest {part.digest}")

    def small_blob(self, part: Part) -> bytes:
        return self._config

    def stream(self, part: Part, offset: int) -> Iterable[bytes]:
        if part.digest == digest_of(self._config):
            return iter([self._config[offset:]])
        if part.digest in self._members:
            return self._tarball.stream(self._members[part.digest], offset)
        return _file(self._scratch / part.digest[7:], offset)

    def _layer(self, member: str) -> tuple[str, str, int, str]:
        """Media type, digest, size, and the digest of the tar inside (empty where it cannot be told)."""
        head = next(iter(self._tarball.stream(member)), b"")[:4]
        if head == _ZSTD:
            digest, diff_id = _hash(self._tarball.stream(member)), ""
            kind = f"{media.DOCKER_LAYER}.zstd"
        elif head[:2] == _GZIP:
            digest, diff_id = _hash(self._tarball.stream(member)), self._unpacked_hash(member)
            kind = f"{media.DOCKER_LAYER}.gzip"
        else:
            digest, size, diff_id = _compress(self._tarball.stream(member), self._scratch)
            return f"{media.DOCKER_LAYER}.gzip", digest, size, diff_id
        self._members[digest] = member
        return kind, digest, self._tarball.size(member), diff_id

    def _unpacked_hash(self, member: str) -> str:
        try:
            return _hash(_unpacked(self._tarball.stream(member)))
        except zlib.error as error:
            raise refused(self._name, f"has a layer in its archive that is no whole gzip: {error}") from error

    def _check_layers(self, layers: list[tuple[str, str, int, str]]) -> None:
        """The configuration's list of tar digests is the only check that such an archive offers."""
        try:
            wanted = read_json(self._config)["rootfs"]["diff_ids"]  # type: ignore[index]  # what it is not, is caught
        except (ValueError, KeyError, TypeError):
            wanted = None
        if not isinstance(wanted, list):
            raise refused(self._name, "has a configuration without rootfs.diff_ids in its archive")
        found = [diff_id for *_, diff_id in layers]
        same = len(wanted) == len(found) and all(
            not got or got == want for got, want in zip(found, wanted, strict=True)
        )
        if not same:
            raise refused(self._name, "has layers in its archive that are not those of its configuration")


def _entries(tarball: Tarball, name: str) -> list[dict[str, Any]]:
    try:
        entries = read_json(tarball.read("manifest.json"))
    except ValueError as error:
        raise refused(name, f"has an archive whose manifest.json is not JSON: {error}") from error
    if not isinstance(entries, list) or not entries or not all(_is_entry(entry) for entry in entries):
        raise refused(name, "has an archive whose manifest.json lists no image")
    return list(entries)


def _is_entry(entry: object) -> bool:
    if not isinstance(entry, dict) or not isinstance(entry.get("Config"), str):
        return False
    return all(
        isinstance(found, list) and all(isinstance(text, str) for text in found)
        for found in (entry.get("Layers"), entry.get("RepoTags") or [])
    )


def _choose(entries: list[dict[str, Any]], reference: ImageReference, name: str) -> dict[str, Any]:
    """The only image, or the one whose name it is."""
    if len(entries) == 1:
        return entries[0]
    for entry in entries:
        if any(_same(written, reference) for written in entry.get("RepoTags") or ()):
            return entry
    known = ", ".join(tag for entry in entries for tag in entry.get("RepoTags") or ()) or "no names"
    raise refused(name, f"is not in its archive, which has {len(entries)} images ({known})", "name one of those")


def _same(written: str, reference: ImageReference) -> bool:
    try:
        return ImageReference.parse(written) == reference
    except InputError:
        return False


def _descriptor(media_type: str, digest: str, size: int) -> dict[str, Any]:
    return {"mediaType": media_type, "size": size, "digest": digest}


def _compress(chunks: Iterable[bytes], scratch: Path) -> tuple[str, int, str]:
    """Digest, size and tar digest of a layer that is compressed into ``scratch/<hex>``; no name, no time inside."""
    scratch.mkdir(parents=True, exist_ok=True)
    stage = scratch / "layer"
    plain, packed, size = hashlib.sha256(), hashlib.sha256(), 0
    compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    with stage.open("wb") as file:
        for chunk in chunks:
            plain.update(chunk)
            data = compressor.compress(chunk)
            packed.update(data)
            size += file.write(data)
        data = compressor.flush()
        packed.update(data)
        size += file.write(data)
    stage.replace(scratch / packed.hexdigest())
    return f"sha256:{packed.hexdigest()}", size, f"sha256:{plain.hexdigest()}"


def _unpacked(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """What is in a gzip of one or more members (RFC 1952, 2.2), in pieces of at most ``_CHUNK``; raises zlib.error.

    pigz and eStargz write many members; padding behind the last is passed over, as gzip does.
    """
    unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
    for chunk in chunks:
        rest = chunk
        while rest:
            if unpacker.eof:
                rest = rest.lstrip(b"\0")
                if not rest:
                    break
                unpacker = zlib.decompressobj(zlib.MAX_WBITS | 16)
            yield unpacker.decompress(rest, _CHUNK)
            rest = unpacker.unused_data if unpacker.eof else unpacker.unconsumed_tail
    while not unpacker.eof:
        piece = unpacker.decompress(b"", _CHUNK)  # what it holds back of the last chunk
        if not piece:
            raise zlib.error("it ends early")
        yield piece


def _hash(chunks: Iterable[bytes]) -> str:
    running = hashlib.sha256()
    for chunk in chunks:
        running.update(chunk)
    return f"sha256:{running.hexdigest()}"


def _file(path: Path, offset: int) -> Iterator[bytes]:
    with path.open("rb") as file:
        file.seek(offset)
        while chunk := file.read(_CHUNK):
            yield chunk
