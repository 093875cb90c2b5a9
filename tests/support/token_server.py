"""A token server for docker-registry (distribution, token authentication), its tokens signed by openssl."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
import urllib.parse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

_LIFE = 300  # seconds
ISSUER, SERVICE = "test issuer", "test registry"


@dataclass
class TokenServer:
    """``scopes`` is what it was asked for, ``public`` what anybody may pull."""

    url: str
    key: Path
    certificate: Path
    login: str | None
    public: frozenset[str]
    scopes: list[str] = field(default_factory=list)
    signed: dict[tuple[tuple[str, ...], bool], tuple[float, str]] = field(default_factory=dict)

    @property
    def registry_settings(self) -> dict[str, str]:
        """The section auth.token of a registry that trusts this server."""
        return {
            "realm": self.url,
            "service": SERVICE,
            "issuer": ISSUER,
            "rootcertbundle": str(self.certificate),
        }

    def token(self, scopes: list[str], *, known: bool) -> str:
        """A token for what the asker may do: everything when known, else pulling what is public.

        Signing costs a process, so the same is given again for a time.
        """
        made_at, signed = self.signed.get((tuple(scopes), known), (0.0, ""))
        if time.time() - made_at > _LIFE / 2:
            made_at, signed = time.time(), self._sign(scopes, known=known)
            self.signed[tuple(scopes), known] = made_at, signed
        return signed

    def _sign(self, scopes: list[str], *, known: bool) -> str:
        access = []
        for scope in scopes:
            kind, name, actions = scope.split(":")
            if known or (name in self.public and actions == "pull"):
                access.append({"type": kind, "name": name, "actions": actions.split(",")})
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "sub": "",
            "aud": SERVICE,
            "exp": now + _LIFE,
            "nbf": now - 10,
            "iat": now,
            "jti": "1",
            "access": access,
        }
        certificate = "".join(self.certificate.read_text().strip().splitlines()[1:-1])
        header = {"typ": "JWT", "alg": "RS256", "x5c": [certificate]}
        signed = ".".join(_encoded(json.dumps(part).encode()) for part in (header, claims))
        signature = subprocess.run(
            ["openssl", "dgst", "-sha256", "-sign", str(self.key)],
            input=signed.encode(),
            capture_output=True,
            check=True,
        ).stdout
        return f"{signed}.{_encoded(signature)}"


def _encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


@contextmanager
def token_server(
    folder: Path, *, login: tuple[str, str] | None = None, public: frozenset[str] = frozenset()
) -> Iterator[TokenServer]:
    """Serve tokens; with ``login`` another user name or password is refused, and nobody gets what is public only."""
    folder.mkdir(parents=True, exist_ok=True)
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subject = ["-nodes", "-days", "2", "-subj", "/CN=test"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", *subject, *files], check=True, capture_output=True
    )
    basic = "Basic " + base64.b64encode(":".join(login).encode()).decode() if login else None
    server = _Server(("127.0.0.1", 0), _Handler)
    running = TokenServer(f"http://127.0.0.1:{server.server_address[1]}/token", key, certificate, basic, public)
    server.tokens = running
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield running
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    tokens: TokenServer


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        tokens = self.server.tokens
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        given = self.headers.get("Authorization")
        if query.get("service") != [SERVICE] or (given is not None and given != tokens.login):
            self.send_response(401)
            self.end_headers()
            return
        tokens.scopes += query.get("scope", [])
        body = json.dumps({"token": tokens.token(query.get("scope", []), known=given is not None)}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(body)
