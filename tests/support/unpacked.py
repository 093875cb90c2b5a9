"""What a container runtime sees of an image in an OCI layout: every path with its bytes, mode, owner and links."""

from __future__ import annotations

import gzip
import hashlib
import io
import os
import stat
import tarfile
from pathlib import Path
from typing import Any, NamedTuple

import zstandard

from action.store.oci.layout import OciLayout


class Item(NamedTuple):
    """One path. ``links`` are all the paths of the same file, itself included."""

    kind: str
    mode: int
    uid: int
    gid: int
    content: str = ""
    links: tuple[str, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()


def config_of(layout: OciLayout, digest: str) -> dict[str, Any]:
    manifest = layout.read_manifest(digest)
    return layout.read_manifest(manifest["config"]["digest"])


def tar_of(layout: OciLayout, layer: dict[str, Any]) -> bytes:
    """The tar of a layer that a manifest describes; not read by the code that is tested."""
    return plain(layout.blob_path(layer["digest"]).read_bytes(), layer["mediaType"])


def plain(data: bytes, media_type: str) -> bytes:
    """The bytes of a layer, unpacked as its media type says."""
    if media_type.endswith("gzip"):
        return gzip.decompress(data)
    if media_type.endswith("zstd"):
        return zstandard.ZstdDecompressor().decompressobj().decompress(data)
    return data


def unpack(layout: OciLayout, digest: str, *, strict: bool = True) -> dict[str, Item]:
    """Apply the layers in order; when ``strict``, a parent must come before what is in it, in its own layer."""
    found: dict[str, tarfile.TarInfo] = {}
    contents: dict[str, str] = {}
    links: dict[str, str] = {}
    for layer in layout.read_manifest(digest)["layers"]:
        data = tar_of(layout, layer)
        seen: set[str] = set()
        # Names are bytes: what is not UTF-8 must come back as it was.
        with tarfile.open(fileobj=io.BytesIO(data), encoding="utf-8", errors="surrogateescape") as tar:
            for member in tar:
                parent, _, name = member.name.rpartition("/")
                assert not strict or not parent or parent in seen, f"{member.name} comes before its directory"
                seen.add(member.name)
                assert not name.startswith(".wh."), "a whiteout"
                found[member.name] = member
                if member.isreg():
                    stream = tar.extractfile(member)
                    assert stream is not None
                    contents[member.name] = hashlib.sha256(stream.read()).hexdigest()
                elif member.islnk():
                    links[member.name] = member.linkname
    return {path: _item(path, found, contents, links) for path in found}


def _item(path: str, found: dict[str, tarfile.TarInfo], contents: dict[str, str], links: dict[str, str]) -> Item:
    first = links.get(path, path)
    info = found[first]
    kinds = {tarfile.REGTYPE: "file", tarfile.DIRTYPE: "directory", tarfile.SYMTYPE: "link", tarfile.FIFOTYPE: "fifo"}
    together = tuple(sorted([first, *(name for name, target in links.items() if target == first)]))
    attributes = tuple(sorted((k, v) for k, v in info.pax_headers.items() if k.startswith("SCHILY.xattr.")))
    return Item(
        kinds[info.type],
        stat.S_IMODE(info.mode),  # some writers put the type of the file there too
        info.uid,
        info.gid,
        contents.get(first, info.linkname),
        together if len(together) > 1 else (),
        attributes,
    )


def run_config(layout: OciLayout, digest: str) -> dict[str, Any]:
    """The part of the configuration that decides how a container runs, without the builders' own labels."""
    config = config_of(layout, digest)
    run = {key: value for key, value in (config.get("config") or {}).items() if value}
    labels = {k: v for k, v in run.pop("Labels", {}).items() if not k.startswith(("io.buildah.", "io.cluster-image."))}
    return {**run, "Labels": labels, "author": config.get("author", ""), "architecture": config["architecture"]}


def make_files(root: Path, files: dict[str, Any]) -> None:
    """A tree from a table: text or bytes for a file, None for a directory, ``link:x``/``hard:x`` prefixed tuples.

    A tuple is ``("link", target)``, ``("hard", path)``, ``("fifo",)``, or ``(content, mode)`` with mode as an int.
    """
    later: list[tuple[Path, int]] = []
    for name, spec in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        content, mode = spec if isinstance(spec, tuple) and isinstance(spec[-1], int) else (spec, None)
        if content is None:
            path.mkdir(exist_ok=True)
        elif isinstance(content, tuple) and content[0] == "link":
            path.symlink_to(content[1])
        elif isinstance(content, tuple) and content[0] == "hard":
            path.hardlink_to(root / content[1])
        elif isinstance(content, tuple):
            os.mkfifo(path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        if mode is not None:
            later.append((path, mode))
    for path, mode in later:
        path.chmod(mode)
