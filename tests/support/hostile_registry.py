"""A registry that answers with whatever bytes it is told to, right down to the status line."""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import NamedTuple

Reply = Callable[["Asked"], Iterable[bytes]]
_ENDLESS = (
    64 << 20
)  # bytes after which an endless body ends, so that a client without bounds fails and not the machine


class Asked(NamedTuple):
    method: str
    path: str
    headers: Mapping[str, str]
    host: str


@dataclass
class HostileRegistry:
    """``replies`` by a part of the path, the first that fits; ``sent`` counts the bytes that a client has taken."""

    host: str
    replies: Mapping[str, Reply]
    asked: list[Asked] = field(default_factory=list)
    sent: int = 0


@contextmanager
def hostile_registry(replies: Mapping[str, Reply]) -> Iterator[HostileRegistry]:
    listener = socket.create_server(("127.0.0.1", 0))
    running = HostileRegistry(f"127.0.0.1:{listener.getsockname()[1]}", replies)
    threading.Thread(target=_accept, args=(listener, running), daemon=True).start()
    try:
        yield running
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()


def answer(status: int = 200, body: bytes = b"", *headers: tuple[str, str], length: int | None = None) -> Reply:
    """A whole answer; ``length`` is what it says of its body's length, if not the truth."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers)
    told = len(body) if length is None else length
    return lambda asked: [
        f"HTTP/1.1 {status} X\r\n{head}Content-Length: {told}\r\nConnection: close\r\n\r\n".encode("latin-1"),
        b"" if asked.method == "HEAD" else body,
    ]


def document(value: object, media_type: str, *headers: tuple[str, str]) -> Reply:
    return answer(200, json.dumps(value).encode(), ("Content-Type", media_type), *headers)


def endless(start: bytes) -> Reply:
    """``start``, then a body that never ends."""

    def reply(asked: Asked) -> Iterator[bytes]:
        yield start
        for _ in range(_ENDLESS >> 16):
            yield b" " * (1 << 16)

    return reply


def trickling(start: bytes, byte: bytes = b"x") -> Reply:
    """``start``, then a byte now and then."""

    def reply(asked: Asked) -> Iterator[bytes]:
        yield start
        while True:
            time.sleep(0.02)
            yield byte

    return reply


def _accept(listener: socket.socket, running: HostileRegistry) -> None:
    with suppress(OSError):
        while True:
            connection, _ = listener.accept()
            threading.Thread(target=_serve, args=(connection, running), daemon=True).start()


def _serve(connection: socket.socket, running: HostileRegistry) -> None:
    with suppress(OSError, ValueError), connection, connection.makefile("rb") as stream:
        method, path, _ = stream.readline().decode("latin-1").split(" ", 2)
        lines = iter(lambda: stream.readline().decode("latin-1").strip(), "")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        asked = Asked(method, path, headers, running.host)
        running.asked.append(asked)
        stream.read(int(headers.get("content-length", 0)))
        reply = next((reply for part, reply in running.replies.items() if part in path), answer(404))
        for data in reply(asked):
            connection.sendall(data)
            running.sent += len(data)
