"""A registry as users meet it: TLS, a token for each repository, blobs at a second host, and a line between.

Debian's docker-registry behind ``token_server``, with its redirect middleware; ``line_proxy`` before all three hosts.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import images
from tests.support.images import Image
from tests.support.registries import docker_registry, free_port
from tests.support.tls_authority import Authority
from tests.support.token_server import token_server


@dataclass(frozen=True, kw_only=True)
class Line:
    """``delay`` is seconds one way, ``rate`` bytes a second towards the client (0: no limit)."""

    delay: float
    rate: float


@dataclass(frozen=True)
class Hub:
    """``host`` is the registry, ``blobs`` the URL of the directory that has its storage; both speak TLS."""

    host: str
    blobs: str

    def blob_url(self, digest: str) -> str:
        return f"{self.blobs}/docker/registry/v2/blobs/sha256/{digest[7:9]}/{digest[7:]}/data"


@contextmanager
def hub(folder: Path, pushed: Mapping[str, Image], authority: Authority, line: Line | None) -> Iterator[Hub]:
    """Serve images by name; without a line the registry gives out everything itself and wants no token."""
    with docker_registry(folder / "plain") as plain:
        for name, image in pushed.items():
            images.push(image, plain.host, *name.split(":"))
    with ExitStack() as stack:
        files = _program(stack, "tls_files", str(plain.storage), str(authority.certificate), str(authority.key))
        if line is None:
            running = stack.enter_context(
                docker_registry(folder / "open", storage=plain.storage, certificate=authority)
            )
            yield Hub(running.host, f"https://127.0.0.1:{files}")
            return
        public = frozenset(name.split(":")[0] for name in pushed)
        tokens = stack.enter_context(token_server(folder / "tokens", public=public))
        registry_port = free_port()
        token_port = tokens.url.rpartition(":")[2].split("/")[0]
        proxied = _program(
            stack, "line_proxy", str(line.delay), str(line.rate), str(registry_port), token_port, files
        ).split()
        settings = {**tokens.registry_settings, "realm": f"http://127.0.0.1:{proxied[1]}/token"}
        blobs = f"https://127.0.0.1:{proxied[2]}"
        stack.enter_context(
            docker_registry(
                folder / "registry",
                storage=plain.storage,
                certificate=authority,
                token=settings,
                blobs_at=blobs,
                port=registry_port,
            )
        )
        yield Hub(f"127.0.0.1:{proxied[0]}", blobs)


def _program(stack: ExitStack, module: str, *words: str) -> str:
    """Start a program of ours; returns the line that it prints when it serves."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"tests.support.{module}", *words], stdout=subprocess.PIPE, text=True
    )
    stack.callback(process.wait)
    stack.callback(process.terminate)
    assert process.stdout is not None
    return process.stdout.readline().strip()
