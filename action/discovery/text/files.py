"""Text of a file in a context: decoded whatever its encoding, bounded in size, with the path as the user knows it."""

from __future__ import annotations

import codecs
from pathlib import Path

from action.context.beneath import read_beneath
from action.errors import InputError, Problem

MAX_TEXT = 64 * 1024 * 1024
"""Bytes. The largest rendered charts in public repositories are below 10 MB."""

_BOMS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


def read_text(context: Path, name: str) -> str:
    """The text of a file of the context, and of no other; raises InputError when it is too large or not text."""
    try:
        data = read_beneath(context, name, MAX_TEXT)
        if len(data) > MAX_TEXT:
            raise InputError(too_large(name))
        return decode(data, name)
    except OSError as error:
        raise InputError(Problem("unreadable-file", f"cannot be read: {error.strerror}", file=name)) from error


def decode(data: bytes, name: str) -> str:
    """Unicode text with ``\\n`` line ends from UTF-8, UTF-16 or UTF-32 bytes (YAML 1.2 §5.2 tells how to know)."""
    encoding, start = "utf-8", 0
    for mark, marked in _BOMS:
        if data.startswith(mark):
            encoding, start = marked, len(mark)
            break
    else:
        if data[:4].count(0) == 2 and len(data) >= 4:
            encoding = "utf-16-be" if data[0] == 0 else "utf-16-le"
    try:
        text = data[start:].decode(encoding)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise InputError(
            Problem(
                "not-text",
                f"is not {encoding} text: {error.reason} at byte {error.start + start}",
                "save it as UTF-8",
                name,
                line,
            )
        ) from error
    return text.replace("\r\n", "\n").replace("\r", "\n")


def too_large(name: str) -> Problem:
    """What to say of a text above the limit."""
    return Problem("file-too-large", f"is larger than {MAX_TEXT // 1024 // 1024} MB, too large to scan", file=name)


def relative(path: Path, context: Path) -> str:
    """``path`` as the user knows it: relative to the context, with forward slashes."""
    return path.relative_to(context).as_posix()
