"""The sections of a 64-bit little-endian ELF program, as views of its bytes (pure).

Format: https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html and ch4.sheader.html
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass

MAGIC = b"\x7fELF\x02\x01"
_X86_64 = 62
_NO_BITS = 8
_HEADER = struct.Struct("<16xHHIQQQIHHHHHH")
_SECTION = struct.Struct("<IIQQQQ24x")


@dataclass(frozen=True, slots=True)
class Section:
    """``address`` is where the bytes stand in the memory of the program."""

    address: int
    data: memoryview


def amd64_sections(program: bytes) -> Mapping[str, Section]:
    """The sections of a program for amd64 by name; none when it is no such program, or a damaged one."""
    if not program.startswith(MAGIC):
        return {}
    try:
        (_, machine, _, _, _, table, _, _, _, _, size, count, names) = _HEADER.unpack_from(program)
        if machine != _X86_64 or size != _SECTION.size:
            return {}
        entries = [_SECTION.unpack_from(program, table + index * size) for index in range(count)]
        strings = _bytes(program, entries[names][4], entries[names][5])
    except (struct.error, IndexError):
        return {}
    found = {}
    for name, kind, _, address, offset, length in entries:
        if kind != _NO_BITS:
            title = bytes(strings[name : name + 64]).partition(b"\0")[0].decode("ascii", "replace")
            found[title] = Section(address, _bytes(program, offset, length))
    return found


def _bytes(program: bytes, offset: int, length: int) -> memoryview:
    return memoryview(program)[offset : offset + length]
