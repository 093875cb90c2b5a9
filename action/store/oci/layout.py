"""OciLayout: an image layout directory (OCI image specification 1.1, image-layout.md), written and read.

Blobs are staged in the layout, hashed while they are written, and renamed into place, so that a name under ``blobs/``
always holds what it says. Nothing is forced to the disk: a layout is the product of one build and is built again if
the machine fails.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from action.errors import InputError, Problem
from action.store.oci.descriptor import Descriptor, canonical_json
from action.store.oci.media import OCI_INDEX, OCI_MANIFEST

REF_NAME = "org.opencontainers.image.ref.name"

_CHUNK = 1 << 20
_DIGEST_LENGTH = len("sha256:") + 64


class BlobWriter:
    """A blob that is being written: ``write`` hashes on the way; the digest is known at the end."""

    def __init__(self, descriptor: int) -> None:
        self._file = descriptor
        self._hash = hashlib.sha256()
        self.size = 0

    def write(self, data: bytes | memoryview) -> None:
        self._hash.update(data)
        self.size += len(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self._file, view) :]

    @property
    def digest(self) -> str:
        return f"sha256:{self._hash.hexdigest()}"


class OciLayout:
    """One image layout directory; it is created by the first thing written."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def blob_path(self, digest: str) -> Path:
        """Where the blob is, or would be. Only sha256 digests are stored; raises InputError for anything else."""
        algorithm, _, encoded = digest.partition(":")
        if algorithm != "sha256" or len(digest) != _DIGEST_LENGTH or encoded.strip("0123456789abcdef"):
            raise self._broken(f"{digest!r} is not a sha256 digest")
        return self.root / "blobs" / "sha256" / encoded

    @contextmanager
    def new_blob(self) -> Iterator[BlobWriter]:
        """A staged blob, in place when the block ends well and gone when it does not."""
        folder = self._prepare()
        descriptor, name = tempfile.mkstemp(prefix=".staged-", dir=folder)
        try:
            writer = BlobWriter(descriptor)
            yield writer
            os.fchmod(descriptor, 0o644)
            os.close(descriptor)
            descriptor = -1
            Path(name).replace(self.blob_path(writer.digest))
        finally:
            if descriptor >= 0:
                os.close(descriptor)
                Path(name).unlink(missing_ok=True)

    def write_blob(self, chunks: Iterable[bytes], media_type: str, *, digest: str | None = None) -> Descriptor:
        """Store a stream; with ``digest`` given, raises InputError (and keeps nothing) when it is another."""
        with self.new_blob() as writer:
            for chunk in chunks:
                writer.write(chunk)
            if digest is not None and writer.digest != digest:
                raise self._broken(f"a blob that should be {digest} is {writer.digest}")
        return Descriptor(media_type=media_type, digest=writer.digest, size=writer.size)

    def take_blob(self, path: Path, digest: str) -> None:
        """Move a blob file of another layout on this file system into place, checked on the way."""
        with path.open("rb") as stream:
            found = hashlib.file_digest(stream, "sha256").hexdigest()
        if f"sha256:{found}" != digest:
            raise self._broken(f"a blob that should be {digest} is sha256:{found}")
        self._prepare()
        path.replace(self.blob_path(digest))

    def write_json(self, document: Mapping[str, Any], media_type: str) -> Descriptor:
        """Store a config, manifest or index in one canonical spelling, so that equal documents have equal digests."""
        return self.write_blob([canonical_json(document)], media_type)

    def write_manifest(self, document: Mapping[str, Any]) -> Descriptor:
        """Store a manifest or an index under the media type that it names itself."""
        return self.write_json(document, document["mediaType"])

    def put_index(
        self,
        ref_name: str,
        digest: str,
        *,
        platform: Mapping[str, str] | None = None,
        annotations: Mapping[str, str] | None = None,
    ) -> None:
        """Name a stored manifest or index: readers find it as ``oci:<layout>:<ref_name>``. An older one gives way.

        Two processes may name images in one layout: each waits for the other.
        """
        document = self.read_manifest(digest)
        entry = Descriptor(
            media_type=document.get("mediaType", OCI_MANIFEST),
            digest=digest,
            size=self.blob_path(digest).stat().st_size,
            annotations={**(annotations or {}), REF_NAME: ref_name},
            platform=platform or {},
        )
        with self._alone():
            others = [item for item in self._named() if item.annotations.get(REF_NAME) != ref_name]
            entries = sorted((*others, entry), key=lambda item: item.annotations.get(REF_NAME, ""))
            index = {"schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": [item.to_json() for item in entries]}
            self._replace("index.json", json.dumps(index, indent=2, sort_keys=True) + "\n")

    def names(self) -> set[str]:
        """What is in the layout, by name; raises InputError for an index that cannot be read."""
        return {item.annotations[REF_NAME] for item in self._named() if REF_NAME in item.annotations}

    def resolve(self, ref_name: str | None = None) -> Descriptor:
        """What ``ref_name`` names, or the only entry there is; raises InputError that lists the names."""
        entries = self._named()
        found = [item for item in entries if ref_name is None or item.annotations.get(REF_NAME) == ref_name]
        if len(found) == 1:
            return found[0]
        names = ", ".join(sorted(item.annotations.get(REF_NAME, item.digest) for item in entries)) or "nothing"
        raise self._broken(f"has no single image called {ref_name}: it has {names}")

    def read_manifest(self, digest: str) -> dict[str, Any]:
        """A stored JSON document; raises InputError when it is missing, is not JSON or has another digest."""
        try:
            body = self.blob_path(digest).read_bytes()
            document = json.loads(body)
        except (OSError, ValueError) as error:
            raise self._broken(f"the document {digest} cannot be read: {error}") from error
        if f"sha256:{hashlib.sha256(body).hexdigest()}" != digest or not isinstance(document, dict):
            raise self._broken(f"the document {digest} does not have that digest")
        return document

    def read_blob(self, digest: str, offset: int = 0) -> Iterator[bytes]:
        """The bytes of a blob from ``offset`` on, in pieces; raises InputError when it is not there."""
        try:
            stream = self.blob_path(digest).open("rb")
        except FileNotFoundError as error:
            raise self._broken(f"does not have the blob {digest}") from error
        with stream:
            stream.seek(offset)
            while chunk := stream.read(_CHUNK):
                yield chunk

    def _named(self) -> list[Descriptor]:
        path = self.root / "index.json"
        if not path.exists():
            return []
        try:
            return [Descriptor.from_json(item) for item in json.loads(path.read_bytes())["manifests"]]
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._broken(f"index.json cannot be read: {error}") from error

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """No other process changes the index meanwhile. The folder itself is locked: no file is left behind."""
        descriptor = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def _prepare(self) -> Path:
        folder = self.root / "blobs" / "sha256"
        if not folder.is_dir():
            folder.mkdir(parents=True, exist_ok=True)
            self._replace("oci-layout", '{"imageLayoutVersion": "1.0.0"}\n')
        return folder

    def _replace(self, name: str, text: str) -> None:
        descriptor, staged = tempfile.mkstemp(prefix=".staged-", dir=self.root)
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
            os.fchmod(descriptor, 0o644)
        Path(staged).replace(self.root / name)

    def _broken(self, message: str) -> InputError:
        return InputError(Problem("bad-layout", message, "build the image again", file=str(self.root)))
