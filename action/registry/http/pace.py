"""Watches how fast an answer comes, headers and body alike: a server that trickles is broken off.

A socket's own timeout is for each read, so a server that sends a byte now and then could hold a request for ever.
"""

from __future__ import annotations

import io
import socket
from collections.abc import Callable
from http.client import HTTPResponse

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.connectionpool import HTTPConnectionPool, HTTPSConnectionPool

_BUFFER = 8 << 10  # bytes; of what urllib3 asks for beyond it, each record goes straight to where it is wanted


class Stalled(OSError):
    """Too little came in the time that is allowed."""


class Paced(io.RawIOBase):
    """A socket's bytes. Raises Stalled when ``slow_after`` seconds of waiting have brought less than ``slow_bytes``.

    The wait for the first byte is not counted: a registry may work for minutes before it answers, and the timeout of
    the socket bounds that. Nor is the time that the reader takes for what it got.
    """

    def __init__(self, raw: io.RawIOBase, slow_after: float, slow_bytes: int, clock: Callable[[], float]) -> None:
        self._raw = raw
        self._slow_after = slow_after
        self._slow_bytes = slow_bytes
        self._clock = clock
        self._begun = False
        self._waited = 0.0
        self._fresh = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int | None:  # type: ignore[override]  # as BufferedReader asks
        before = self._clock()
        count = self._raw.readinto(buffer)
        if self._begun:
            self._waited += self._clock() - before
        self._begun = True
        self._fresh += count or 0
        if self._fresh >= self._slow_bytes:
            self._waited, self._fresh = 0.0, 0
        elif count and self._waited > self._slow_after:
            raise Stalled(f"only {self._fresh} bytes came in {self._slow_after:.0f} s")
        return count

    def close(self) -> None:
        self._raw.close()
        super().close()


def paced_pools(slow_after: float, slow_bytes: int, clock: Callable[[], float]) -> dict[str, type[HTTPConnectionPool]]:
    """urllib3's pools by scheme, whose connections read their answers through ``Paced``."""

    class Answer(HTTPResponse):
        def __init__(
            self, sock: socket.socket, debuglevel: int = 0, method: str | None = None, url: str | None = None
        ) -> None:
            super().__init__(sock, debuglevel, method, url)
            raw: io.RawIOBase = self.fp.detach()  # socket.makefile's BufferedReader
            self.fp = io.BufferedReader(Paced(raw, slow_after, slow_bytes, clock), _BUFFER)

    class Plain(HTTPConnection):
        response_class = Answer

    class Encrypted(HTTPSConnection):
        response_class = Answer

    class PlainPool(HTTPConnectionPool):
        ConnectionCls = Plain

    class EncryptedPool(HTTPSConnectionPool):
        ConnectionCls = Encrypted

    return {"http": PlainPool, "https": EncryptedPool}
