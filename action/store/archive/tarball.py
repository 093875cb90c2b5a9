"""Tarball: an archive on disk whose members are read in any order, from any thread, without unpacking it."""

from __future__ import annotations

import gzip
import posixpath
import shutil
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from action.errors import InputError, Problem

_CHUNK = 1 << 20
_SMALL = 16 << 20
_GZIP = b"\x1f\x8b"


class Files(Protocol):
    """Named byte strings: an archive, or a directory."""

    def __contains__(self, name: str) -> bool: ...

    def size(self, name: str) -> int: ...

    def read(self, name: str) -> bytes: ...

    def stream(self, name: str, offset: int = 0) -> Iterator[bytes]: ...


class Tarball:
    """A tar, plain or gzip-compressed; a compressed one is unpacked once to ``scratch``, for random access.

    Raises InputError ``bad-archive`` for what is no tar, a member that is missing, or one that ends early.
    """

    def __init__(self, path: Path, scratch: Path, shown: str) -> None:
        self.shown = shown
        self._path = path
        try:
            with path.open("rb") as file:
                compressed = file.read(2) == _GZIP
            if compressed:
                self._path = scratch
                scratch.parent.mkdir(parents=True, exist_ok=True)
                with gzip.open(path, "rb") as packed, scratch.open("wb") as plain:
                    shutil.copyfileobj(packed, plain, _CHUNK)
            self._members = dict(_members(self._path))
        except (tarfile.TarError, EOFError, gzip.BadGzipFile, zlib.error, FileNotFoundError) as error:
            raise self._bad(f"cannot be read as a tar archive: {error}") from error

    def __contains__(self, name: str) -> bool:
        return name in self._members

    def size(self, name: str) -> int:
        return self._place(name)[1]

    def read(self, name: str) -> bytes:
        """A whole member; for manifests and configurations only."""
        if self.size(name) > _SMALL:
            raise self._bad(f"has {self.size(name)} bytes in {name}; the limit is {_SMALL}")
        return b"".join(self.stream(name))

    def stream(self, name: str, offset: int = 0) -> Iterator[bytes]:
        start, size = self._place(name)
        left = size - offset
        with self._path.open("rb") as file:
            file.seek(start + offset)
            while left > 0:
                chunk = file.read(min(_CHUNK, left))
                if not chunk:
                    raise self._bad(f"ends in the middle of {name}")
                left -= len(chunk)
                yield chunk

    def _place(self, name: str) -> tuple[int, int]:
        try:
            return self._members[name]
        except KeyError:
            raise self._bad(f"has no {name}") from None

    def _bad(self, what: str) -> InputError:
        return InputError(Problem("bad-archive", f"the archive {what}", "write it again", file=self.shown))


class Folder:
    """The files of a directory, as an archive would give them. Links out of it are not followed."""

    def __init__(self, root: Path, shown: str) -> None:
        self.shown = shown
        self._root = root.resolve()

    def __contains__(self, name: str) -> bool:
        path = self._root / name
        return path.is_file() and path.resolve().is_relative_to(self._root)

    def size(self, name: str) -> int:
        return self._file(name).stat().st_size

    def read(self, name: str) -> bytes:
        return self._file(name).read_bytes()

    def stream(self, name: str, offset: int = 0) -> Iterator[bytes]:
        with self._file(name).open("rb") as file:
            file.seek(offset)
            while chunk := file.read(_CHUNK):
                yield chunk

    def _file(self, name: str) -> Path:
        if name not in self:
            raise InputError(Problem("bad-archive", f"the image layout has no {name}", "write it again", self.shown))
        return self._root / name


def _members(path: Path) -> Iterator[tuple[str, tuple[int, int]]]:
    """Name, offset and size of every file; a link has those of the file that it means."""
    with tarfile.open(path, "r:") as tar:
        for member in tar:
            name = posixpath.normpath(member.name).lstrip("/")
            if member.issym() or member.islnk():
                try:
                    target = tar._find_link_target(member)  # type: ignore[attr-defined]
                except KeyError:
                    continue
                yield name, (target.offset_data, target.size)
            elif member.isreg():
                yield name, (member.offset_data, member.size)
