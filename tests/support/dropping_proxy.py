"""A proxy in front of a registry that loses connections, and answers, on the way to it."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

_CHUNK = 64 << 10


@dataclass
class DroppingProxy:
    """``drops`` are taken one for each upload request: after so many body bytes the connection is cut.

    ``answers`` replace the upstream's: the first whose pattern matches the request line is given. ``requests`` are
    the request lines that came, ``received`` the body bytes of uploads that came in.
    """

    upstream: str
    drops: list[int] = field(default_factory=list)
    answers: list[tuple[str, bytes]] = field(default_factory=list)
    rewrite: Callable[[bytes], bytes] = lambda head: head
    host: str = ""
    requests: list[str] = field(default_factory=list)
    received: int = 0

    def handle(self, client: socket.socket) -> None:
        head = b""
        while b"\r\n\r\n" not in head:
            part = client.recv(_CHUNK)
            if not part:
                return
            head += part
        head, _, body = head.partition(b"\r\n\r\n")
        line = head.split(b"\r\n")[0].decode()
        self.requests.append(line)
        for number, (pattern, answer) in enumerate(self.answers):
            if re.match(pattern, line):
                del self.answers[number]
                client.sendall(answer)
                return
        length = re.search(rb"(?i)\r\ncontent-length: *(\d+)", head)
        left = int(length[1]) if length else 0
        allowed = self.drops.pop(0) if left and line.startswith(("PATCH", "PUT")) and self.drops else None
        name, _, port = self.upstream.rpartition(":")
        with socket.create_connection((name, int(port))) as server:
            server.sendall(head + b"\r\nConnection: close\r\n\r\n")
            while left:
                data = body or client.recv(_CHUNK)
                body = b""
                if not data:
                    return
                if line.startswith(("PATCH", "PUT")):
                    self.received += len(data)
                if allowed is not None:
                    data, allowed = data[:allowed], allowed - len(data[:allowed])
                server.sendall(data)
                left -= len(data)
                if allowed == 0:
                    return
            self._answer(server, client)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        first = True
        while data := server.recv(_CHUNK):
            client.sendall(self.rewrite(data) if first else data)
            first = False


@contextmanager
def dropping_proxy(upstream: str) -> Iterator[DroppingProxy]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        proxy = DroppingProxy(upstream, host=f"127.0.0.1:{listener.getsockname()[1]}")
        threading.Thread(target=_serve, args=(listener, proxy), daemon=True).start()
        yield proxy
        listener.shutdown(socket.SHUT_RDWR)


def _serve(listener: socket.socket, proxy: DroppingProxy) -> None:
    with contextlib.suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_one, args=(client, proxy), daemon=True).start()


def _one(client: socket.socket, proxy: DroppingProxy) -> None:
    with client, contextlib.suppress(OSError):
        proxy.handle(client)
