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

from action.registry.limits import Permit

_ADDRESS = re.compile(r"^\w+\(host=.*?\): ")  # how urllib3 begins what it says of a connection
CHUNK = 1 << 20  # bytes asked of the socket at once


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """Seconds. A body that brings less than ``slow_bytes`` in ``slow_after`` counts as broken, and is resumed."""

    connect: float = 15.0
    read: float = 60.0
    slow_after: float = 60.0
    slow_bytes: int = 64 << 10


class Broken(Exception):
    """A body ended, stalled or was cut: what came before is good, the rest can be asked for again."""


class Response:
    """An answer whose headers have come. Holds its place in the host's limit until closed."""

    def __init__(
        self, raw: urllib3.BaseHTTPResponse, url: str, permit: Permit, timeouts: Timeouts, clock: Callable[[], float]
    ) -> None:
        self.status = raw.status
        self.headers: Mapping[str, str] = raw.headers
        self.url = url
        self.body = b""
        self._raw = raw
        self._permit = permit
        self._timeouts = timeouts
        self._clock = clock
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
        self._permit.release()

    def cut(self) -> None:
        """End a read that is waiting in another thread: it raises Broken. Without effect on a closed response."""
        if not self._closed:
            with suppress(ValueError, RuntimeError, OSError):  # what urllib3 says of a body that has ended just now
                self._raw.shutdown()

    def chunks(self) -> Iterator[bytes]:
        """The body as it comes, in pieces of at most CHUNK; raises Broken."""
        since, fresh = self._clock(), 0
        while chunk := self._next():
            yield chunk
            fresh += len(chunk)
            if fresh >= self._timeouts.slow_bytes:
                since, fresh = self._clock(), 0
            elif self._clock() - since > self._timeouts.slow_after:
                raise Broken(f"only {fresh} bytes came in {self._timeouts.slow_after:.0f} s")
        self._whole = True

    def buffer(self, limit: int) -> None:
        """Read the whole body into ``body``; raises Broken, also when it is longer than ``limit`` bytes."""
        parts, total = [], 0
        for chunk in self.chunks():
            parts.append(chunk)
            total += len(chunk)
            if total > limit:
                raise Broken(f"the body is longer than {limit} bytes")
        self.body = b"".join(parts)

    def _next(self) -> bytes:
        try:
            return self._raw.read1(CHUNK, decode_content=False)
        except (HTTPError, OSError) as error:
            raise Broken(reason_of(error)) from error


def reason_of(error: BaseException) -> str:
    """Why a connection failed, in a few words and without the address that the message names already."""
    reason = getattr(error, "reason", None)
    if isinstance(reason, BaseException):
        return reason_of(reason)
    return (_ADDRESS.sub("", str(error)) or type(error).__name__)[:200]
