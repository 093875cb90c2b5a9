"""Layer blobs: a tar on its way into a layout, compressed or plain, with both of its digests.

The manifest names the bytes that travel, the configuration those of the tar (``diff_ids``): OCI image specification
1.1, config.md.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import NamedTuple

from action.errors import InputError, Problem
from action.store.oci.compression import Compressor, decompressed, new_compressor
from action.store.oci.descriptor import Descriptor
from action.store.oci.layout import BlobWriter, OciLayout
from action.store.oci.manifest import Part
from action.store.oci.media import OCI_LAYER
from generator.settings.settings import Compression


class Layer(NamedTuple):
    """``descriptor`` is of the blob, ``diff_id`` the digest of the tar in it."""

    descriptor: Descriptor
    diff_id: str


class LayerWriter:
    """Takes the tar; ``layer`` says what became of it, once the block of ``new_layer`` has ended."""

    def __init__(self, blob: BlobWriter, form: Compression | None, annotations: Mapping[str, str]) -> None:
        self._blob = blob
        self._compressor: Compressor | None = new_compressor(form) if form else None
        self._hash = hashlib.sha256()
        self._media_type = f"{OCI_LAYER}+{form}" if form else OCI_LAYER
        self._annotations = annotations

    def write(self, data: bytes | memoryview, /) -> None:
        if self._compressor is None:
            self._blob.write(data)
            return
        self._hash.update(data)
        self._put(self._compressor.compress(data))

    def finish(self) -> None:
        if self._compressor is not None:
            self._put(self._compressor.flush())

    @property
    def diff_id(self) -> str:
        return self._blob.digest if self._compressor is None else f"sha256:{self._hash.hexdigest()}"

    def layer(self) -> Layer:
        blob = self._blob
        descriptor = Descriptor(
            media_type=self._media_type, digest=blob.digest, size=blob.size, annotations=self._annotations
        )
        return Layer(descriptor, self.diff_id)

    def _put(self, data: bytes) -> None:
        if data:
            self._blob.write(data)


@contextmanager
def new_layer(
    layout: OciLayout, form: Compression | None, annotations: Mapping[str, str] | None = None
) -> Iterator[LayerWriter]:
    """A staged layer, in place when the block ends well and gone when it does not; None leaves it plain."""
    with layout.new_blob() as blob:
        writer = LayerWriter(blob, form, annotations or {})
        yield writer
        writer.finish()


def take_layer(source: OciLayout, given: Descriptor, layout: OciLayout, form: Compression) -> Descriptor:
    """Bring a layer of another layout on this file system into ``layout``, compressed if it was not.

    Its ``diff_id`` stays. Raises InputError when its bytes are not those of its digest.
    """
    if given.media_type != OCI_LAYER:
        layout.take_blob(source.blob_path(given.digest), given.digest)
        return given
    with new_layer(layout, form, given.annotations) as writer:
        for chunk in source.read_blob(given.digest):
            writer.write(chunk)
        if writer.diff_id != given.digest:
            message = f"a layer that should be {given.digest} is {writer.diff_id}"
            raise InputError(Problem("bad-layout", message, "build the image again", file=str(source.root)))
    return writer.layer().descriptor


def diff_id_of(layout: OciLayout, layer: Descriptor | Part) -> str:
    """The digest of the tar in a layer of ``layout``; raises InputError when it is not what its media type says."""
    running = hashlib.sha256()
    for chunk in decompressed(layout.read_blob(layer.digest), layer.media_type):
        running.update(chunk)
    return f"sha256:{running.hexdigest()}"
