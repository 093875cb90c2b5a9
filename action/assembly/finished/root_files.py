"""The files of a finished image that tell what it carries (``/registry``, the bill), from memory or from its layers.

Layers: OCI image specification 1.1, layer.md, "Applying Changesets" and "Whiteouts".
"""

from __future__ import annotations

import gzip
import hashlib
import posixpath
import tarfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import IO, cast

from action.assembly.files.node_bytes import chunks
from action.assembly.files.rootfs import Node, Rootfs
from action.errors import ClusterImageError, Problem
from action.model import bill

REGISTRY = "registry"

_WHITEOUT = ".wh."
_OPAQUE = ".wh..wh..opq"
_KEPT = 4 << 20  # bytes of a document (a registry takes no longer manifest); anything longer is only hashed
_CHUNK = 1 << 20
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"


@dataclass(frozen=True, slots=True)
class Held:
    """A file: its size in bytes, what gives its bytes, and its digest where it was hashed here.

    ``read`` gives documents and links; of a file that is longer than any document it gives nothing.
    """

    size: int
    read: Callable[[], bytes]
    digest: str | None = None


RootFiles = dict[str, Held]
"""Every file below ``registry/``, and the bill, by its path from the root (``registry/docker/...``)."""


def files_of_rootfs(rootfs: Rootfs) -> RootFiles:
    """Those of an image that is assembled in memory. What a symbolic link at the root leads to does not count."""
    return {
        path: Held(node.size, partial(_bytes_of, path, node))
        for path, node in rootfs.walk()
        if node.kind == "file" and _tells(path)
    }


def files_of_layers(layers: Iterable[Path]) -> RootFiles:
    """Those of an image whose layers (the lowest first) a builder wrote: plain, gzip or zstd.

    Raises ClusterImageError for a layer that cannot be read.
    """
    found: RootFiles = {}
    for layer in layers:
        try:
            with _unpacked(layer) as stream, tarfile.open(fileobj=stream, mode="r|") as tar:
                _apply(found, tar)
        except (tarfile.TarError, OSError, EOFError, ValueError) as error:
            message = f"the builder's layer {layer.name[:12]} cannot be read: {error}"
            raise ClusterImageError(Problem("bad-layer", message, "build it again")) from error
    return found


def _tells(path: str) -> bool:
    return path.startswith(f"{REGISTRY}/") or path == bill.PATH


def _bytes_of(path: str, node: Node) -> bytes:
    return b"".join(bytes(chunk) for chunk in chunks(path, node)) if node.size <= _KEPT else b""


def _apply(found: RootFiles, tar: tarfile.TarFile) -> None:
    """Lay one layer over ``found``: its whiteouts hide what is below it, and nothing of its own."""
    added: RootFiles = {}
    for member in tar:
        path = posixpath.normpath(f"/{member.name}").lstrip("/")
        folder, _, name = path.rpartition("/")
        if name == _OPAQUE:
            _remove(found, folder)
        elif name.startswith(_WHITEOUT):
            _remove(found, posixpath.join(folder, name.removeprefix(_WHITEOUT)), itself=True)
        elif member.isdir():
            found.pop(path, None)
            added.pop(path, None)
        else:
            _take(found, added, tar, member, path)
    found |= added


def _take(found: RootFiles, added: RootFiles, tar: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> None:
    """A file, a link or a device: it takes the place of whatever had its name."""
    if not _tells(path):
        if f"{REGISTRY}/".startswith(f"{path}/") or bill.PATH.startswith(f"{path}/"):
            for files in (found, added):
                _remove(files, path)
        return
    found.pop(path, None)
    if member.isreg():
        added[path] = _held(tar, member)
    elif member.islnk() and (linked := posixpath.normpath(f"/{member.linkname}").lstrip("/")) in (found | added):
        added[path] = (found | added)[linked]
    else:
        added.pop(path, None)


def _remove(files: RootFiles, folder: str, *, itself: bool = False) -> None:
    """Everything below ``folder`` (the root when it is empty), and with ``itself`` the file of that name."""
    prefix = f"{folder}/" if folder else ""
    for path in [path for path in files if path.startswith(prefix) or (itself and path == folder)]:
        del files[path]


def _held(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Held:
    stream = tar.extractfile(member)
    assert stream is not None  # noqa: S101 - an ordinary file has bytes
    running, kept = hashlib.sha256(), bytearray()
    while chunk := stream.read(_CHUNK):
        running.update(chunk)
        if member.size <= _KEPT and (kept or chunk[:1] == b"{" or member.size < 200):
            kept += chunk  # a document or a link, and no layer of an image
    return Held(member.size, partial(bytes, kept), f"sha256:{running.hexdigest()}")


@contextmanager
def _unpacked(layer: Path) -> Iterator[IO[bytes]]:
    with layer.open("rb") as file:
        head = file.read(4)
        file.seek(0)
        if head == _ZSTD:
            import zstandard  # only base images are packed so

            with zstandard.ZstdDecompressor().stream_reader(file, read_across_frames=True) as stream:
                yield stream
        elif head[:2] == _GZIP:
            with gzip.GzipFile(fileobj=file) as unpacked:
                yield cast(IO[bytes], unpacked)
        else:
            yield file
