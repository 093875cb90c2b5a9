"""The upload part of a registry, in memory, that keeps what it has got of a broken upload and lets it go on.

docker-registry forgets such uploads; the distribution specification ("Pushing a blob in chunks") wants them kept.
"""

from __future__ import annotations

import hashlib
import re
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread


class UploadServer(ThreadingHTTPServer):
    """``drops`` are taken one for each PATCH: the connection is cut after so many bytes of its body."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.uploads: dict[str, bytearray] = {}
        self.blobs: dict[str, bytes] = {}
        self.drops: list[int] = []
        self.received = 0

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: UploadServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_HEAD(self) -> None:
        self._reply(200 if self.path.rpartition("/")[2] in self.server.blobs else 404)

    def do_POST(self) -> None:
        name = str(len(self.server.uploads))
        self.server.uploads[name] = bytearray()
        self._reply(202, {"Location": f"/v2/it/blobs/uploads/{name}?turn=1"})

    def do_GET(self) -> None:
        name = self._upload()
        self._reply(204, {"Location": f"/v2/it/blobs/uploads/{name}?turn=2", "Range": self._range(name)})

    def do_PATCH(self) -> None:
        name = self._upload()
        start = re.match(r"(\d+)-", self.headers.get("Content-Range", "0-"))
        if start is None or int(start[1]) != len(self.server.uploads[name]):
            self._reply(416)
            return
        left = int(self.headers["Content-Length"])
        limit = self.server.drops.pop(0) if self.server.drops else left
        while left and limit:
            data = self.rfile.read(min(left, limit, 1 << 16))
            self.server.uploads[name] += data
            self.server.received += len(data)
            left, limit = left - len(data), limit - len(data)
        if left:
            self.close_connection = True
            self.connection.close()
            return
        self._reply(202, {"Location": f"/v2/it/blobs/uploads/{name}?turn=3", "Range": self._range(name)})

    def do_PUT(self) -> None:
        name = self._upload()
        self.server.uploads[name] += self.rfile.read(int(self.headers["Content-Length"]))
        wanted = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)["digest"][0]
        data = bytes(self.server.uploads.pop(name))
        if f"sha256:{hashlib.sha256(data).hexdigest()}" != wanted:
            self._reply(400)
            return
        self.server.blobs[wanted] = data
        self._reply(201, {"Docker-Content-Digest": wanted})

    def _upload(self) -> str:
        return urllib.parse.urlsplit(self.path).path.rpartition("/")[2]

    def _range(self, name: str) -> str:
        return f"0-{max(0, len(self.server.uploads[name]) - 1)}"

    def _reply(self, status: int, headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Length": "0", **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()


@contextmanager
def upload_server() -> Iterator[UploadServer]:
    with UploadServer() as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        yield server
        server.shutdown()
