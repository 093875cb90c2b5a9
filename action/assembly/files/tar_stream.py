"""Tar entries of a layer: ustar headers, with pax records for what ustar cannot say.

Written here, and not by ``tarfile``, so that the bytes, and with them every digest, are the same under every Python.
POSIX.1-2017 pax, "ustar Interchange Format" and "pax Extended Header"; OCI image specification 1.1, layer.md.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Protocol

from action.assembly.files.node_bytes import chunks
from action.assembly.files.rootfs import Node

BLOCK = 512
END = bytes(2 * BLOCK)

_SIZE_LIMIT = 0o77777777777
_ID_LIMIT = 0o7777777
_TYPES = {"file": b"0", "symlink": b"2", "directory": b"5", "fifo": b"6"}
_HARD_LINK = b"1"
_PAX = b"x"


class Sink(Protocol):
    """What takes the bytes of a tar."""

    def write(self, data: bytes | memoryview, /) -> None: ...


def write_entry(writer: Sink, path: str, node: Node, *, mtime: int, link_to: str | None = None) -> None:
    """Write one entry with its bytes; with ``link_to``, a hard link to that earlier entry of the same layer."""
    kind = _TYPES[node.kind] if link_to is None else _HARD_LINK
    size = node.size if kind == b"0" else 0
    target = node.target if link_to is None else link_to
    attributes = node.attributes if link_to is None else {}
    name = os.fsencode(path) + (b"/" if node.kind == "directory" else b"")
    writer.write(header(name, kind, node.mode, node.owner, size, mtime, os.fsencode(target), attributes))
    if size:
        for chunk in chunks(path, node):
            writer.write(chunk)
        writer.write(bytes(-size % BLOCK))


def header(
    name: bytes,
    kind: bytes,
    mode: int,
    owner: tuple[int, int],
    size: int,
    mtime: int,
    target: bytes = b"",
    attributes: Mapping[str, bytes] | None = None,
) -> bytes:
    """The header blocks of one entry: a pax block before it when a value does not fit, or is not ASCII."""
    records: dict[bytes, bytes] = {}
    prefix, base = _split_name(name)
    if len(base) > 100 or not name.isascii():
        records[b"path"], prefix, base = name, b"", base[:100]
    if len(target) > 100 or not target.isascii():
        records[b"linkpath"] = target
    for key, value, limit in (
        (b"uid", owner[0], _ID_LIMIT),
        (b"gid", owner[1], _ID_LIMIT),
        (b"size", size, _SIZE_LIMIT),
    ):
        if value > limit:
            records[key] = b"%d" % value
    for attribute, content in (attributes or {}).items():
        records[b"SCHILY.xattr." + attribute.encode()] = content
    uid, gid = (value if value <= _ID_LIMIT else 0 for value in owner)
    block = _block(base, kind, mode, (uid, gid), size if size <= _SIZE_LIMIT else 0, mtime, target[:100], prefix)
    return _pax(records) + block if records else block


def _pax(records: Mapping[bytes, bytes]) -> bytes:
    body = b"".join(_record(key, records[key]) for key in sorted(records))
    block = _block(b"././@PaxHeader", _PAX, 0o644, (0, 0), len(body), 0)
    return block + body + bytes(-len(body) % BLOCK)


def _record(key: bytes, value: bytes) -> bytes:
    """``<length> <key>=<value>\\n``; the length counts its own digits."""
    rest = len(key) + len(value) + 3
    length = rest + len(str(rest))
    length = rest + len(str(length))
    return b"%d %s=%s\n" % (length, key, value)


def _split_name(name: bytes) -> tuple[bytes, bytes]:
    """Prefix and name fields: at most 155 and 100 bytes, cut at a slash; an uncut name when that cannot be."""
    if len(name) <= 100:
        return b"", name
    cut = name.rfind(b"/", 0, min(156, len(name) - 1))
    if cut > 0 and len(name) - cut - 1 <= 100:
        return name[:cut], name[cut + 1 :]
    return b"", name


def _block(
    name: bytes,
    kind: bytes,
    mode: int,
    owner: tuple[int, int],
    size: int,
    mtime: int,
    target: bytes = b"",
    prefix: bytes = b"",
) -> bytes:
    block = bytearray(BLOCK)
    block[0 : len(name)] = name
    block[100:108] = b"%07o\0" % mode
    block[108:116] = b"%07o\0" % owner[0]
    block[116:124] = b"%07o\0" % owner[1]
    block[124:136] = b"%011o\0" % size
    block[136:148] = b"%011o\0" % mtime
    block[148:156] = b" " * 8  # the checksum counts its own field as spaces
    block[156:157] = kind
    block[157 : 157 + len(target)] = target
    block[257:265] = b"ustar\00000"
    block[329:345] = b"0000000\0" * 2
    block[345 : 345 + len(prefix)] = prefix
    block[148:156] = b"%06o\0 " % sum(block)
    return bytes(block)
