"""Writes one blob: staged, hashed while it comes, checked, renamed; what was cut short is gone on with."""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from action.errors import InputError, Problem
from action.store.blobs.durability import begin_writing
from action.store.oci.digest import hash_prefix

_WRITE_BACK = 4 << 20  # bytes that the disk is given at once, while the next ones come; less can wait for the barrier
_BESIDE = 128 << 20  # bytes that are worth a thread; smaller ones come together, and keep every processor busy

Reader = Callable[[int], Iterable[bytes]]
"""Gives a blob's bytes from an offset on."""


class WrongBytes(InputError):
    """What came is not what the digest names. Nothing of it was kept."""


def write_blob(
    stage: Path,
    final: Path,
    digest: str,
    size: int,
    read: Reader,
    *,
    received: Callable[[int], None] = lambda count: None,
) -> bool:
    """Make ``final`` hold the blob, by way of ``stage`` on the same filesystem; True when bytes had to be read.

    A ``stage`` left by an earlier run is hashed and gone on with. Another process with the same ``stage`` is waited
    for; when it has made ``final`` meanwhile, nothing is read (and the caller checks that file as any other). Raises
    WrongBytes, OSError, and whatever ``read`` raises; ``stage`` then stays for the next run.
    """
    with _locked(stage, final) as file:
        if file is None:
            return False
        position = os.fstat(file).st_size
        if position > size:
            os.ftruncate(file, 0)
            position = 0
        running = hash_prefix(stage, position) if position else hashlib.sha256()
        received(position)
        if position < size:
            with _hashing(running, size - position) as update:
                position = _append(file, position, digest, size, read, update, received)
        found = f"sha256:{running.hexdigest()}"
        if position != size or found != digest:
            os.ftruncate(file, 0)
            raise _wrong(digest, f"{position} bytes of {size} with the digest {found}")
        os.fchmod(file, 0o644)
        final.parent.mkdir(parents=True, exist_ok=True)
        stage.replace(final)
        return True


def _append(
    file: int,
    position: int,
    digest: str,
    size: int,
    read: Reader,
    update: Callable[[bytes], None],
    received: Callable[[int], None],
) -> int:
    """Write what comes from ``position`` on, and hash it; returns where it ends, which may be too early."""
    os.lseek(file, position, os.SEEK_SET)
    begun = position
    for chunk in read(position):
        if position + len(chunk) > size:
            os.ftruncate(file, 0)
            raise _wrong(digest, f"more than {size} bytes")
        update(chunk)
        write_all(file, chunk)
        position += len(chunk)
        received(len(chunk))
        if position - begun >= _WRITE_BACK or (position == size and size >= _WRITE_BACK):
            begin_writing(file, begun, position - begun)
            begun = position
    return position


@contextmanager
def _hashing(running: hashlib._Hash, count: int) -> Iterator[Callable[[bytes], None]]:
    """What hashes the next piece: beside the caller for a blob of many bytes, which often comes last and alone."""
    if count < _BESIDE:
        yield running.update
        return
    with ThreadPoolExecutor(1) as beside:
        waiting: list[Future[None]] = []

        def update(chunk: bytes) -> None:
            while waiting:  # one piece at most: what is not hashed yet takes memory
                waiting.pop().result()
            waiting.append(beside.submit(running.update, chunk))

        yield update


@contextmanager
def _locked(stage: Path, final: Path) -> Iterator[int | None]:
    """The stage file, open and ours alone; None when another process finished the blob while we waited for it."""
    while True:
        stage.parent.mkdir(parents=True, exist_ok=True)
        file = os.open(stage, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o644)
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
            if still_there(stage, file):
                if final.exists():
                    stage.unlink()
                    yield None
                else:
                    yield file
                return
        finally:
            os.close(file)


def still_there(path: Path, file: int) -> bool:
    """Whether what we locked still has its name: the process before us renames or removes it when it is done."""
    try:
        return os.path.samestat(path.lstat(), os.fstat(file))
    except FileNotFoundError:
        return False


def write_all(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _wrong(digest: str, what: str) -> WrongBytes:
    return WrongBytes(
        Problem(
            "wrong-digest",
            f"the bytes of {digest} are wrong: {what}",
            "its source or a proxy on the way alters or cuts what it serves; try again, or use another mirror",
        )
    )
