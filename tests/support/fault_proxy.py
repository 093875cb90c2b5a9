"""A registry that misbehaves as told: a proxy before a real one, with a token server and a second host of its own."""

from __future__ import annotations

import http.client
import json
import socket
import struct
import threading
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

Kind = Literal[
    "status", "unauthorized", "reset", "truncate", "stall", "corrupt", "long-length", "short-length", "redirect"
]
_HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length"}


@dataclass(frozen=True)
class Fault:
    """``at`` is the share of the body after which something happens, ``seconds`` how long a stall is."""

    kind: Kind
    status: int = 503
    headers: tuple[tuple[str, str], ...] = ()
    at: float = 0.5
    seconds: float = 0.0


@dataclass
class Request:
    method: str
    path: str
    authorization: str | None
    range: str | None = None
    proxy_authorization: str | None = None


Decide = Callable[[Request], Fault | None]


@dataclass
class FaultProxy:
    """``host`` is the registry to use, ``other`` the host that redirects lead to.

    ``decide`` gives the fault of each request (token requests have the path ``/token``). With ``tokens`` the proxy
    asks for a bearer token; ``login`` is the user and password that its token server wants, if any.
    """

    host: str
    other: str
    upstream: str
    decide: Decide
    tokens: bool = False
    login: str | None = None
    life: int = 300
    requests: list[Request] = field(default_factory=list)
    at_other: list[Request] = field(default_factory=list)
    valid: set[str] = field(default_factory=set)
    issued: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def challenge(self) -> str:
        return f'Bearer realm="http://{self.host}/token",service="test",scope="{{}}"'

    def asked(self, part: str, method: str = "GET") -> int:
        """How many requests had ``part`` in their path."""
        return sum(part in request.path and request.method == method for request in self.requests)


@contextmanager
def fault_proxy(
    upstream: str,
    decide: Decide = lambda request: None,
    *,
    tokens: bool = False,
    login: str | None = None,
    life: int = 300,
) -> Iterator[FaultProxy]:
    first = _Server(("127.0.0.1", 0), _Front)
    second = _Server(("127.0.0.1", 0), _Other)
    hosts = [f"127.0.0.1:{server.server_address[1]}" for server in (first, second)]
    proxy = FaultProxy(hosts[0], hosts[1], upstream, decide, tokens=tokens, login=login, life=life)
    first.proxy = second.proxy = proxy
    for server in (first, second):
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield proxy
    finally:
        for server in (first, second):
            server.shutdown()
            server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    proxy: FaultProxy

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up on us is what these tests are about."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        self.answer()

    def do_HEAD(self) -> None:
        self.answer()

    def do_POST(self) -> None:
        self.answer()

    def answer(self) -> None:
        raise NotImplementedError

    def request_now(self) -> Request:
        names = ("Authorization", "Range", "Proxy-Authorization")
        return Request(self.command, self.path, *(self.headers.get(name) for name in names))

    def send(self, status: int, headers: list[tuple[str, str]], body: bytes, length: int | None = None) -> None:
        self.send_response(status)
        for name, value in headers:
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def forward(self) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(self.server.proxy.upstream, timeout=30)
        try:
            headers = {name: value for name, value in self.headers.items() if name.lower() in ("accept", "range")}
            connection.request(self.command, self.path, headers=headers)
            response = connection.getresponse()
            return response.status, response.getheaders(), response.read()
        finally:
            connection.close()


class _Other(_Handler):
    """The host that redirects lead to; it must never see a login."""

    def answer(self) -> None:
        self.server.proxy.at_other.append(self.request_now())
        self.send(*self.forward())


class _Front(_Handler):
    def answer(self) -> None:
        proxy, request = self.server.proxy, self.request_now()
        with proxy.lock:
            proxy.requests.append(request)
            fault = proxy.decide(request)
        if fault is not None and fault.kind in ("status", "reset"):
            self.refuse(fault)
        elif self.path.startswith("/token"):
            self.give_token()
        elif proxy.tokens and self.bad_token(fault):
            self.ask_for_token()
        elif fault is None:
            self.send(*self.forward())
        elif fault.kind == "redirect":
            self.send(307, [("Location", f"http://{proxy.other}{self.path}")], b"")
        else:
            self.spoil(fault, *self.forward())

    def refuse(self, fault: Fault) -> None:
        if fault.kind == "status":
            body = json.dumps({"errors": [{"code": "TOOMANYREQUESTS", "message": "go away"}]}).encode()
            self.send(fault.status, list(fault.headers), body)
        else:
            self.reset()

    def reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def bad_token(self, fault: Fault | None) -> bool:
        proxy = self.server.proxy
        with proxy.lock:
            if fault is not None and fault.kind == "unauthorized":
                proxy.valid.clear()
            return (self.headers.get("Authorization") or "") not in proxy.valid

    def ask_for_token(self) -> None:
        repository = self.path.split("/manifests/")[0].split("/blobs/")[0].removeprefix("/v2/")
        challenge = self.server.proxy.challenge.format(f"repository:{repository}:pull")
        self.send(401, [("WWW-Authenticate", challenge)], b'{"errors": [{"code": "UNAUTHORIZED"}]}')

    def give_token(self) -> None:
        proxy = self.server.proxy
        length = int(self.headers.get("Content-Length") or 0)
        form = urllib.parse.parse_qs(self.rfile.read(length).decode()) if length else {}
        if proxy.login not in (None, self.headers.get("Authorization"), *form.get("refresh_token", [])):
            self.send(401, [], b"{}")
            return
        with proxy.lock:
            proxy.issued += 1
            token = f"t{proxy.issued}"
            proxy.valid.add(f"Bearer {token}")
        self.send(200, [], json.dumps({"token": token, "expires_in": proxy.life}).encode())

    def spoil(self, fault: Fault, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        cut = int(len(body) * fault.at)
        if fault.kind == "corrupt" and body:
            middle = min(cut, len(body) - 1)
            body = body[:middle] + bytes([body[middle] ^ 0x55]) + body[middle + 1 :]
            self.send(status, headers, body)
        elif fault.kind == "truncate":
            self.send(status, headers, body[:cut], len(body))
            self.close_connection = True
        elif fault.kind == "long-length":
            self.send(status, headers, body, len(body) + 10)
            self.close_connection = True
        elif fault.kind == "short-length":
            self.send(status, headers, body[:cut])
        elif fault.kind == "stall":
            self.send(status, headers, body[:cut], len(body))
            self.wfile.flush()
            time.sleep(fault.seconds)
            self.reset()
        else:
            self.send(status, headers, body)
