"""Image names that are whole strings of a Go program for amd64 (pure).

Go stores its strings one behind the other without an end mark, so a search of the bytes runs on into the next string.
Where a string starts and how long it is stand apart from it: in a header (pointer and length, https://pkg.go.dev/
reflect#StringHeader) among the data, or in the code, which loads the address (``LEA reg, [rip+n]``) and the length as
a number, in the next register of Go's calling convention
(https://go.dev/src/cmd/compile/abi-internal.md) or into memory.
"""

from __future__ import annotations

import itertools
import re
import struct
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from typing import NamedTuple

from action.discovery.inside.elf import Section, amd64_sections

_MARKS = (".gopclntab", ".go.buildinfo", ".data.rel.ro.gopclntab")
_HEADERS_IN = (".data", ".data.rel.ro", ".noptrdata", ".rodata")
_ANCHOR = re.compile(rb"/[a-z0-9._-]{1,128}(?::[A-Za-z0-9_]|@sha256:)")
_BEFORE = re.compile(rb"[A-Za-z0-9._:/-]{1,255}")
"""Matched backwards."""
_AFTER = re.compile(rb"[A-Za-z0-9._+:@-]{1,220}")
_LEA = re.compile(rb"[\x48\x4c]\x8d[\x05\x0d\x15\x1d\x25\x2d\x35\x3d]", re.DOTALL)
_LEA_LENGTH = 7
_MOVE = re.compile(rb"(\x41?)([\xb8-\xbf])(.{2}\x00\x00)", re.DOTALL)
# MOV [mem], imm32, with every way to write the place that Go uses.
_STORE = re.compile(
    rb"[\x48-\x4b]\xc7(?:[\x00-\x03\x06\x07]|\x04.|[\x40-\x43\x45-\x47].|\x44..|[\x80-\x83\x85-\x87].{4}|\x84.{5})"
    rb"(.{2}\x00\x00)",
    re.DOTALL,
)
# AX, BX, CX, DI, SI, R8, R9, R10, R11 by their numbers.
_CONVENTION = (0, 3, 1, 7, 6, 8, 9, 10, 11)
_NEXT_REGISTER = dict(itertools.pairwise(_CONVENTION))
_NEAR = 40
"""Bytes of code around the load of an address in which its length may stand."""
_AT_ONCE = 12
"""Bytes behind the load within which a number in the right register is surely the length."""
_MAX_LOOKS = 200_000
"""Places that look like a name, and loads of their addresses, that are looked at; real programs have thousands."""
_MAX_STRING = 512


class _Run(NamedTuple):
    """Text that holds at least one name, and maybe strings before and behind it; addresses in memory."""

    start: int
    end: int


def is_go(program: bytes) -> bool:
    """Whether it is a Go program for amd64."""
    return not amd64_sections(program).keys().isdisjoint(_MARKS)


def whole_strings(program: bytes) -> set[str]:
    """The whole strings of a Go program that look like an image with a tag or digest; none for any other file."""
    sections = amd64_sections(program)
    text, constants = sections.get(".text"), sections.get(".rodata")
    if text is None or constants is None or sections.keys().isdisjoint(_MARKS):
        return set()
    reader = _Reader(constants, _runs(constants))
    reader.read_headers(sections)
    reader.read_code(text)
    return set(reader.strings())


def _runs(constants: Section) -> list[_Run]:
    data = constants.data
    runs: list[_Run] = []
    for match in itertools.islice(_ANCHOR.finditer(data), _MAX_LOOKS):
        here, start = match.start(), max(0, match.start() - 255)
        before = _BEFORE.match(bytes(data[start:here])[::-1])
        after = _AFTER.match(data, match.end())
        run = _Run(
            constants.address + (here - len(before[0]) if before else here),
            constants.address + (after.end() if after else match.end()),
        )
        if runs and run.start < runs[-1].end:
            run = _Run(runs.pop().start, run.end)
        runs.append(run)
    return runs


class _Reader:
    """Collects where strings start in the runs, and how long each may be."""

    def __init__(self, constants: Section, runs: list[_Run]) -> None:
        self._constants = constants
        self._runs = runs
        self._starts = [run.start for run in runs]
        self._lengths: dict[int, set[int]] = {}
        self._sure: dict[int, set[int]] = {}

    def _in_a_run(self, address: int) -> bool:
        """Whether the address is in a run, or just behind one, where the next string starts."""
        index = bisect_right(self._starts, address) - 1
        return index >= 0 and address <= self._runs[index].end

    def read_headers(self, sections: Mapping[str, Section]) -> None:
        """Pointers among the data; the word behind a pointer may be the length."""
        if not self._runs:
            return
        low, high = self._runs[0].start, self._runs[-1].end
        for name in _HEADERS_IN:
            section = sections.get(name)
            if section is None:
                continue
            words = section.data[: len(section.data) // 8 * 8].cast("Q")
            for index in [index for index, word in enumerate(words) if low <= word <= high]:
                if self._in_a_run(words[index]):
                    lengths = self._lengths.setdefault(words[index], set())
                    if index + 1 < len(words):
                        lengths.add(words[index + 1])

    def read_code(self, text: Section) -> None:
        """Addresses that the code loads, with the numbers beside them that may be the length."""
        if not self._runs:
            return
        low, high = self._runs[0].start, self._runs[-1].end
        code, unpack = text.data, struct.Struct("<i").unpack_from
        behind, left = text.address + _LEA_LENGTH, _MAX_LOOKS
        for match in _LEA.finditer(code):
            at = match.start()
            if at + _LEA_LENGTH > len(code) or left == 0:
                break
            address = behind + at + unpack(code, at + 3)[0]
            if low <= address <= high and self._in_a_run(address):
                left -= 1
                self._lengths.setdefault(address, set()).update(_lengths_near(code, at))
                self._sure.setdefault(address, set()).update(_length_behind(code, at))

    def strings(self) -> Iterator[str]:
        """Each string that some length gives, if it ends where a name may end or where another string starts."""
        data, base = self._constants.data, self._constants.address
        for address, lengths in self._lengths.items():
            start = address - base
            for length in lengths:
                end = start + length
                if not (0 < length <= _MAX_STRING and end <= len(data)):
                    continue
                whole = length in self._sure.get(address, ())
                whole = whole or base + end in self._lengths or not _AFTER.match(data, end)
                raw = bytes(data[start:end])
                if whole and _ANCHOR.search(raw) and raw.isascii():
                    yield raw.decode("ascii")


def _lengths_near(code: memoryview, at: int) -> Iterator[int]:
    """Numbers that may be the length of the string whose address the code at ``at`` loads."""
    start = max(0, at - _NEAR)
    around = bytes(code[start : at + _LEA_LENGTH + _NEAR])
    yield from _moved(around, _next_register(code, at))
    for match in _STORE.finditer(around):
        yield int.from_bytes(match[1], "little")


def _length_behind(code: memoryview, at: int) -> Iterator[int]:
    """The length that the next instructions load into the register that belongs to that of the address."""
    behind = bytes(code[at + _LEA_LENGTH : at + _LEA_LENGTH + _AT_ONCE])
    yield from itertools.islice(_moved(behind, _next_register(code, at)), 1)


def _moved(code: bytes, register: int | None) -> Iterator[int]:
    for match in _MOVE.finditer(code):
        if match[2][0] - 0xB8 + (8 if match[1] else 0) == register:
            yield int.from_bytes(match[3], "little")


def _next_register(code: memoryview, at: int) -> int | None:
    return _NEXT_REGISTER.get((code[at + 2] >> 3 & 7) + (8 if code[at] == 0x4C else 0))
