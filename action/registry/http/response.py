"""Response: an answer that is being read, and what it costs to read it slowly or not to the end."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import urllib3
from urllib3.exceptions import HTTPError

from action.registry.http.limits import Permit
from action.registry.http.pace import Stalled

_ADDRESS = re.compile(r"^\w+\(host=.*?\): ")  # how urllib3 begins what it says of a connection
CHUNK = 1 << 20  # bytes asked of the socket at once
# Over TLS a read gives one record, 16 KiB at most, and every piece costs its reader a write and a hash: these are read
# in full, and handed on when enough are there. What is lost when a connection breaks is less than one such read.
_PIECE = 64 << 10
_GATHERED = 256 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds. An answer that brings less than ``slow_bytes`` in ``slow_after`` counts as broken, and is resumed.

    ``read`` bounds every single wait, that for the first byte of an answer too (see action.registry.pace).
    """

    connect: float = 15.0
    read: float = 60.0
    slow_after: float = 60.0
    slow_bytes: int = 64 << 10


class Broken(Exception):
    """A body ended, stalled or was cut: what came before is good, the rest can be asked for again."""


class Response:
    """An answer whose headers have come. Holds its place in the host's limit until closed."""

    def __init__(self, raw: urllib3.BaseHTTPResponse, url: str, permit: Permit | None) -> None:
        self.status = raw.status
        self.headers: Mapping[str, str] = raw.headers
        self.url = url
        self.body = b""
        self._raw = raw
        self._permit = permit
        self._whole = False
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connection back when its body was read to the end, drop it otherwise."""
        self._closed = True
        if not self._whole:
            self._raw.close()
        self._raw.release_conn()
        if self._permit is not None:
            self._permit.release()

    def cut(self) -> None:
        """End a read that is waiting in another thread: it raises Broken. Without effect on a closed response."""
        if not self._closed:
            with suppress(ValueError, RuntimeError, OSError):  # what urllib3 says of a body that has ended just now
                self._raw.shutdown()

    def chunks(self) -> Iterator[bytes]:
        """The body as it comes, in pieces of at most CHUNK; raises Broken, after all that came before."""
        if self.url.startswith("https:"):
            yield from self._gathered()
        else:
            while chunk := self._read(self._raw.read1, CHUNK):
                yield chunk
        self._whole = True

    def buffer(self, limit: int) -> None:
        """Read the whole body into ``body``; raises Broken, also when it is longer than ``limit`` bytes."""
        self.body = b"".join(self._up_to(limit))
        if len(self.body) > limit:
            raise Broken(f"the body is longer than {limit} bytes")

    def buffer_start(self, limit: int) -> None:
        """Read at most ``limit`` bytes of the body into ``body``: what is longer, or broken, is not asked for."""
        parts: list[bytes] = []
        with suppress(Broken):
            parts.extend(self._up_to(limit))
        self.body = b"".join(parts)[:limit]

    def _up_to(self, limit: int) -> Iterator[bytes]:
        """Pieces of the body, until they are more than ``limit`` bytes."""
        total = 0
        for chunk in self.chunks():
            yield chunk
            total += len(chunk)
            if total > limit:
                break

    def _gathered(self) -> Iterator[bytes]:
        pieces, count = [], 0
        try:
            while piece := self._read(self._raw.read, _PIECE):
                pieces.append(piece)
                count += len(piece)
                if count >= _GATHERED:
                    yield b"".join(pieces)
                    pieces, count = [], 0
        except Broken:
            if pieces:
                yield b"".join(pieces)
            raise
        if pieces:
            yield b"".join(pieces)

    def _read(self, read: Callable[[int, bool], bytes], count: int) -> bytes:
        try:
            return read(count, False)
        except (HTTPError, OSError) as error:
            raise Broken(reason_of(error)) from error


def count_of(text: str) -> int | None:
    """A count in a header, or None for anything else; no file has as many bytes as twenty digits can say."""
    return int(text) if len(text) < 20 and text.isascii() and text.isdigit() else None


def reason_of(error: BaseException) -> str:
    """Why a connection failed, in a few words and without the address that the message names already."""
    stalled = [one for one in (error.__cause__, *error.args) if isinstance(one, Stalled)]
    if stalled:
        return str(stalled[0])
    reason = getattr(error, "reason", None)
    if isinstance(reason, BaseException):
        return reason_of(reason)
    return (_ADDRESS.sub("", str(error)) or type(error).__name__)[:200]
