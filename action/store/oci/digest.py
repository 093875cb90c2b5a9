"""Digests of bytes and files; the registry directory knows sha256 only, as every registry does in practice."""

from __future__ import annotations

import hashlib
import re
import stat
from pathlib import Path

SHA256 = re.compile(r"sha256:[a-f0-9]{64}", re.ASCII)
_CHUNK = 1 << 20


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


def digest_of_file(path: Path) -> str:
    """Read the file once, in pieces; raises OSError."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def hash_prefix(path: Path, length: int) -> hashlib._Hash:
    """The running hash of the first ``length`` bytes, to go on from; raises OSError, also when there are fewer."""
    running = hashlib.sha256()
    with path.open("rb") as file:
        while length > 0:
            chunk = file.read(min(_CHUNK, length))
            if not chunk:
                raise OSError(f"{path} became shorter while it was read")
            running.update(chunk)
            length -= len(chunk)
    return running


def read_right(path: Path, digest: str, limit: int) -> bytes | None:
    """The bytes of a small file, when it is there, is no link or pipe, and they have the digest."""
    try:
        status = path.lstat()
        body = path.read_bytes() if stat.S_ISREG(status.st_mode) and status.st_size <= limit else b""
    except OSError:
        return None
    return body if digest_of(body) == digest else None
