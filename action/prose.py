"""Which lines of a Markdown text are shown as plain paragraph text, and what the others are.

The block structure is that of the CommonMark specification 0.31 (https://spec.commonmark.org/0.31.2/).
"""

from __future__ import annotations

import re
from typing import NamedTuple

PARAGRAPH = "paragraph"

_FENCE = re.compile(r" {0,3}(`{3,}(?=[^`]*$)|~{3,})")


class ProseLine(NamedTuple):
    """One line: its number from 1, its text without the line ending, and the kind of block that shows it."""

    number: int
    text: str
    place: str


def read_lines(text: str) -> list[ProseLine]:
    """Split at CR, LF and CRLF, and say of each line what Markdown makes of it."""
    lines: list[ProseLine] = []
    fence = ""
    comment = False
    blank_before = True
    for number, line in enumerate(re.split(r"\r\n|\r|\n", text), 1):
        opening = _FENCE.match(line)
        stripped = line.strip(" \t")
        place = PARAGRAPH
        if fence:
            place = "a code block"
            if opening and opening[1].startswith(fence) and not line[opening.end() :].strip():
                fence = ""
        elif comment or stripped.startswith("<!--"):
            place = "a comment that is not shown"
            comment = "-->" not in line
        elif opening:
            place, fence = "a code block", opening[1]
        elif stripped.startswith(">"):
            place = "a quote"
        elif blank_before and stripped and line.expandtabs(4).startswith("    "):
            place = "a code block"
        lines.append(ProseLine(number, line, place))
        blank_before = not stripped or (place != PARAGRAPH)
    return lines
