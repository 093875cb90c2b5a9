"""A download site on loopback with a release of helm for both architectures, as get.helm.sh lays it out."""

from __future__ import annotations

import hashlib
import io
import tarfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing: what is asked for is not what is tested."""


def helm_program(arch: str, version: str) -> bytes:
    """What stands for the helm binary of one architecture."""
    return f"#!/bin/sh\necho helm {version} for {arch}\n".encode()


@contextmanager
def helm_releases(folder: Path, version: str) -> Iterator[str]:
    """Serve the release; yields the base URL."""
    folder.mkdir()
    for arch in ("amd64", "arm64"):
        buffer = io.BytesIO()
        with tarfile.open(fileobj=buffer, mode="w:gz") as tar:
            program = helm_program(arch, version)
            entry = tarfile.TarInfo(f"linux-{arch}/helm")
            entry.size, entry.mode = len(program), 0o755
            tar.addfile(entry, io.BytesIO(program))
        name = f"helm-{version}-linux-{arch}.tar.gz"
        (folder / name).write_bytes(buffer.getvalue())
        (folder / f"{name}.sha256sum").write_text(f"{hashlib.sha256(buffer.getvalue()).hexdigest()}  {name}\n")
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder)))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
