"""Whether a layer is worth compressing: what is compressed already would cost time and save nothing."""

from __future__ import annotations

from collections.abc import Iterable

from action.assembly.files.node_bytes import head
from action.assembly.files.rootfs import Node

# gzip, zstd, xz, bzip2, zip, lz4: the first bytes of each.
_COMPRESSED = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\xfd7zXZ\0", b"BZh", b"PK\x03\x04", b"\x04\x22\x4d\x18")
_LONGEST = max(len(start) for start in _COMPRESSED)
# Smaller files are not looked into: to open one takes longer than to compress it.
_SMALL = 4 << 10


def is_compressible(entries: Iterable[tuple[str, Node]]) -> bool:
    """Whether most bytes of the files do not come from a compressor, going by how each file begins.

    It depends on the files alone, so that a layer that did not change keeps its digest. Raises InputError for a file
    that cannot be read.
    """
    compressed = total = 0
    for path, node in entries:
        if node.kind != "file":
            continue
        total += node.size
        if node.size >= _SMALL and head(path, node, _LONGEST).startswith(_COMPRESSED):
            compressed += node.size
    return 2 * compressed <= total
