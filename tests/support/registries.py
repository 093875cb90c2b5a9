"""Debian's docker-registry on a free loopback port: open, behind a password, or behind a token server."""

from __future__ import annotations

import http.client
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

USER, PASSWORD = "builder", "s3cret"
# `htpasswd -nbB builder s3cret`: the registry reads bcrypt only, and the standard library cannot make it.
_HTPASSWD = "builder:$2b$05$abcdefghijklmnopqrstuuLK7U1u6pVRmL7L1BBM2aS35PSZnDXlK\n"
_START_SECONDS = 20.0


@dataclass(frozen=True)
class RunningRegistry:
    """A registry that answers; ``host`` is ``127.0.0.1:<port>``, ``storage`` its root directory."""

    host: str
    storage: Path
    log: Path

    @property
    def url(self) -> str:
        return f"http://{self.host}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def docker_registry(
    folder: Path,
    *,
    storage: Path | None = None,
    password: bool = False,
    token: dict[str, str] | None = None,
    certificate: tuple[Path, Path] | None = None,
    blobs_at: str = "",
    port: int = 0,
) -> Iterator[RunningRegistry]:
    """Serve ``storage`` (a new directory in ``folder`` by default); ``token`` is the registry's auth.token section.

    With ``certificate`` (its file and that of its key) it speaks HTTPS; ``blobs_at`` is the address of a host that has
    its storage, and that it sends clients to for blobs.
    """
    folder.mkdir(parents=True, exist_ok=True)
    storage = storage or folder / "storage"
    storage.mkdir(parents=True, exist_ok=True)
    port = port or free_port()
    listen: dict[str, object] = {"addr": f"127.0.0.1:{port}"}
    if certificate:
        listen["tls"] = {"certificate": str(certificate[0]), "key": str(certificate[1])}
    config: dict[str, object] = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        "storage": {"filesystem": {"rootdirectory": str(storage)}, "delete": {"enabled": True}},
        "http": listen,
    }
    if blobs_at:
        config["middleware"] = {"storage": [{"name": "redirect", "options": {"baseurl": blobs_at}}]}
    if password:
        (folder / "htpasswd").write_text(_HTPASSWD)
        config["auth"] = {"htpasswd": {"realm": "test", "path": str(folder / "htpasswd")}}
    if token:
        config["auth"] = {"token": token}
    (folder / "config.yml").write_text(yaml.safe_dump(config))
    log = folder / "registry.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["docker-registry", "serve", str(folder / "config.yml")], stdout=output, stderr=subprocess.STDOUT
        )
    try:
        _wait_until_answers(process, port, log)
        yield RunningRegistry(f"127.0.0.1:{port}", storage, log)
    finally:
        process.terminate()
        process.wait(10)


def _wait_until_answers(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline:
        if process.poll() is not None:
            break
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
        try:
            connection.request("GET", "/v2/")
            connection.getresponse().read()
        except OSError:
            time.sleep(0.02)
        else:
            return
        finally:
            connection.close()
    raise RuntimeError(f"docker-registry did not start: {log.read_text()[-2000:]}")
