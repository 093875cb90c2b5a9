"""Compressing a layer while it is written, to the same bytes on every machine; and reading it again.

zstd is the library that the locked package ``zstandard`` brings along: one version, one thread, one level, so no
processor count and no system library decides. DEFLATE has many implementations under one name (zlib, zlib-ng,
those of processors), so before gzip is used, this machine's must write the bytes of a sample that are known here.

What each reader takes is in docs/building.md. RFC 8878 (zstd), RFC 1952 (gzip).
"""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections.abc import Iterable, Iterator
from functools import cache
from typing import IO, Protocol, cast

import zstandard

from action.errors import InputError, Problem
from generator.settings.settings import Compression

# Beyond level 3 a binary becomes 6 % smaller in two and a half times the time; a plain DEFLATE takes ten times.
_ZSTD_LEVEL = 3
_ZLIB_LEVEL = 6
# No name, no time, and 255, "unknown", for the system: zlib would write its own.
_GZIP_HEADER = b"\x1f\x8b\x08\0\0\0\0\0\0\xff"
_GZIP_WBITS = 16 + zlib.MAX_WBITS  # "with a gzip header", in zlib's words
_PIECE = 1 << 20
_SAMPLE_DIGEST = "14c53f3a4100d81521a06bd6d4ddcc79e60316c8a728d9b6379a7bb98571484c"


class Compressor(Protocol):
    """``compress`` takes bytes in pieces of any length; what it and ``flush`` return is the compressed stream."""

    def compress(self, data: bytes | memoryview, /) -> bytes: ...

    def flush(self) -> bytes: ...


def new_compressor(form: Compression) -> Compressor:
    """Raises InputError for gzip where this machine's zlib writes other bytes than others."""
    if form == "zstd":
        return zstandard.ZstdCompressor(level=_ZSTD_LEVEL, threads=0, write_checksum=True).compressobj()
    if not _has_the_usual_zlib():
        message = f"this machine's zlib ({zlib.ZLIB_RUNTIME_VERSION}) compresses to other bytes than zlib 1.2 and 1.3"
        raise InputError(Problem("other-zlib", message, "set compression: zstd, or build with another Python"))
    return _Gzip()


def decompressed(chunks: Iterable[bytes], media_type: str) -> Iterator[bytes]:
    """The tar of a layer, whoever compressed it; raises InputError when it is not what its media type says."""
    if not media_type.endswith(("gzip", "zstd")):
        yield from chunks
        return
    try:
        yield from _unzstd(chunks) if media_type.endswith("zstd") else _gunzip(chunks)
    except (zlib.error, zstandard.ZstdError) as error:
        message = f"a layer is not what its media type {media_type} says: {error}"
        raise InputError(Problem("bad-layer", message, "build the image again")) from error


def _unzstd(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """In pieces too: a few bytes may stand for gigabytes."""
    decompressor = zstandard.ZstdDecompressor()
    source = cast("IO[bytes]", _Chunks(iter(chunks)))  # it is only read
    with decompressor.stream_reader(source, read_across_frames=True) as reader:
        while piece := reader.read(_PIECE):
            yield piece


def _gunzip(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Every member, in pieces: some writers make one for each file or block."""
    reader = zlib.decompressobj(wbits=_GZIP_WBITS)
    for chunk in chunks:
        left = chunk
        while left:
            if reader.eof:
                reader = zlib.decompressobj(wbits=_GZIP_WBITS)
            yield reader.decompress(left, _PIECE)
            left = reader.unconsumed_tail or reader.unused_data


class _Chunks:
    """A file to read from, made of chunks; ``read`` gives what there is, at most ``size`` bytes."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._left = chunks, memoryview(b"")

    def read(self, size: int) -> bytes:
        while not self._left:
            try:
                self._left = memoryview(next(self._chunks))
            except StopIteration:
                return b""
        piece, self._left = self._left[:size], self._left[size:]
        return bytes(piece)


class _Gzip:
    """One gzip member."""

    def __init__(self) -> None:
        self._deflate = zlib.compressobj(_ZLIB_LEVEL, zlib.DEFLATED, -zlib.MAX_WBITS)
        self._header, self._crc, self._size = _GZIP_HEADER, 0, 0

    def compress(self, data: bytes | memoryview, /) -> bytes:
        self._crc, self._size = zlib.crc32(data, self._crc), self._size + len(data)
        header, self._header = self._header, b""
        return header + self._deflate.compress(data)

    def flush(self) -> bytes:
        return self._header + self._deflate.flush() + struct.pack("<LL", self._crc, self._size & 0xFFFFFFFF)


@cache
def _has_the_usual_zlib() -> bool:
    packed = _Gzip()
    return hashlib.sha256(packed.compress(_sample()) + packed.flush()).hexdigest() == _SAMPLE_DIGEST


def _sample() -> bytes:
    """Half a megabyte of which some repeats from near and far, and some does not at all: every kind of block."""
    noise = b"".join(hashlib.sha256(struct.pack("<L", number)).digest() for number in range(4096))
    text = b"".join(b"%d images of %x\n" % (number, number * number) for number in range(8192))
    return noise + text + noise[:70_000] + text[::-1] + bytes(50_000) + noise[::3]
