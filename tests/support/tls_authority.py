"""A certificate for this machine that is its own authority, made by openssl."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import NamedTuple


class Authority(NamedTuple):
    certificate: Path
    key: Path


def make_authority(folder: Path) -> Authority:
    """For 127.0.0.1; programs trust it by SSL_CERT_FILE."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Authority(folder / "certificate.pem", folder / "key.pem")
    subject = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(made.key), "-out", str(made.certificate)]
    subprocess.run(
        ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *subject, *files],
        check=True,
        capture_output=True,
    )
    return made
