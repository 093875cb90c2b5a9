"""The files of an image's layers that are worth reading, as they go by (pure: no network, nothing on the disk)."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Iterable, Iterator
from typing import IO, cast

import zstandard

from action.discovery.inside.elf import MAGIC
from action.discovery.inside.judge import is_of_interest

MAX_UNPACKED = 1 << 30
"""Bytes of an image's layers, unpacked, that are looked through."""
MAX_PROGRAM = 192 << 20
MAX_TEXT = 4 << 20
"""Bytes of the largest program, and of the largest other file, that are read."""
_START = len(MAGIC)
# What the readers raise for bytes that are not what they should be; ValueError is of numbers in tar's long headers.
_DAMAGE = (tarfile.TarError, zlib.error, zstandard.ZstdError, EOFError, ValueError, OverflowError)
_PIECE = 1 << 20


class Budget:
    """How many unpacked bytes may still be read: of all layers of one image."""

    def __init__(self, left: int = MAX_UNPACKED) -> None:
        self.left = left

    @property
    def spent(self) -> bool:
        return self.left <= 0


class DamagedLayer(Exception):
    """A layer that is no archive in the compression that it has."""


def files(chunks: Iterable[bytes], media_type: str, budget: Budget) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of each file of interest in a layer, which arrives in ``chunks``; until the budget is spent.

    Raises DamagedLayer.
    """
    stream = cast(IO[bytes], _Unpacked(chunks, media_type, budget))
    try:
        with tarfile.open(fileobj=stream, mode="r|", bufsize=_PIECE) as archive:
            for member in archive:
                if not member.isreg() or not 0 < member.size <= MAX_PROGRAM:
                    continue
                content = archive.extractfile(member)
                start = content.read(_START) if content is not None else b""
                path = member.name.removeprefix("./").lstrip("/")
                small = start == MAGIC or member.size <= MAX_TEXT
                if content is not None and small and is_of_interest(path, start):
                    yield path, start + content.read()
                archive.members = []  # type: ignore[attr-defined]  # what has gone by is not needed again
    except _DAMAGE as error:
        if not budget.spent:
            raise DamagedLayer(str(error)) from error


class _Unpacked:
    """Reads like a file; the end comes early when the budget is spent."""

    def __init__(self, chunks: Iterable[bytes], media_type: str, budget: Budget) -> None:
        self._pieces = _unpacked(iter(chunks), media_type)
        self._budget = budget
        self._kept = bytearray()

    def read(self, size: int) -> bytes:
        while len(self._kept) < size and not self._budget.spent:
            piece = next(self._pieces, None)
            if piece is None:
                break
            self._budget.left -= len(piece)
            self._kept += piece
        taken = bytes(self._kept[:size])
        del self._kept[:size]
        return taken


class _Chunks:
    """Reads like a file, a chunk at a time."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks = chunks
        self._kept = b""

    def read(self, size: int) -> bytes:
        kept = self._kept or next(self._chunks, b"")
        self._kept = kept[size:]
        return kept[:size]


def _unpacked(chunks: Iterator[bytes], media_type: str) -> Iterator[bytes]:
    if media_type.endswith("zstd"):
        source = cast(IO[bytes], _Chunks(chunks))
        reader = zstandard.ZstdDecompressor().stream_reader(source, read_across_frames=True)
        yield from iter(lambda: reader.read(_PIECE), b"")
    elif media_type.endswith("gzip"):
        yield from _ungzipped(chunks)
    else:
        yield from chunks


def _ungzipped(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Never more than a piece at once, whatever a chunk unpacks to; a layer may be several archives in a row."""
    unzip, begun = zlib.decompressobj(wbits=31), False
    for chunk in chunks:
        rest, begun = chunk, True
        while rest:
            yield unzip.decompress(rest, _PIECE)
            rest = unzip.unconsumed_tail
            if unzip.eof:
                rest = unzip.unused_data
                unzip, begun = zlib.decompressobj(wbits=31), bool(rest)
    if begun:
        raise EOFError("it ends before its end")
