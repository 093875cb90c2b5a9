"""What the first characters of a line make of it in Markdown; the line comes without its indentation, and not empty.

CommonMark 0.31.2, "Leaf blocks": https://spec.commonmark.org/0.31.2/#leaf-blocks.
"""

from __future__ import annotations

import re


def fence(content: str) -> str:
    """The characters that open a code fence; empty when the line opens none."""
    length = len(content) - len(content.lstrip(content[0]))
    if length < 3 or content[0] not in "`~" or (content[0] == "`" and "`" in content[length:]):
        return ""
    return content[:length]


def is_heading(content: str) -> bool:
    """One to six number signs, and nothing or a blank behind them."""
    after = content.lstrip("#")
    return 1 <= len(content) - len(after) <= 6 and after[:1] in ("", " ")


def is_underline(content: str) -> bool:
    """A line that makes a heading of the paragraph above it."""
    return content[0] in "=-" and not content.rstrip(" ").strip(content[0])


def is_thematic_break(content: str) -> bool:
    """Three or more of the same sign, with or without blanks between them."""
    marks = content.replace(" ", "")
    return content[0] in "*-_" and len(marks) >= 3 and not marks.strip(content[0])


def list_marker(content: str) -> str:
    """``-``, ``+``, ``*``, ``1.`` or ``1)`` at the start of a line; empty when there is none."""
    if content[0] in "-+*":
        return content[0]
    digits = len(content) - len(content.lstrip("0123456789"))
    return content[: digits + 1] if 1 <= digits <= 9 and content[digits : digits + 1] in (".", ")") else ""


def is_delimiter_row(content: str) -> bool:
    """The second row of a table of GitHub's; dashes alone are none."""
    dashes = r"\|? *:?-+:? *(?:\| *:?-+:? *)*+\|? *$"
    return any(mark in content for mark in "|:") and re.match(dashes, content) is not None


def cells(row: str) -> int:
    """How many cells a row of a table has."""
    row = row.strip(" ")
    inner = row.removeprefix("|")
    inner = inner[:-1] if inner.endswith("|") and not inner.endswith("\\|") else inner
    return inner.count("|") - inner.count("\\|") + 1
