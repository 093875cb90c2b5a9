"""Markdown that stays valid and inert whatever text goes into it, and within a limit whatever its length.

Text that somebody else wrote stands only in code: there GitHub makes no mention, no link and no markup of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

COMMENT_LIMIT = 60_000  # GitHub refuses 65,536 characters; the rest is room for its own count
FENCE_LIMIT = 8_000
CUT = "_This answer was shortened; the summary of the workflow run has all of it._"


class Block(NamedTuple):
    """A paragraph, table or list that is valid on its own, and what stands there when there is no room for it."""

    text: str
    short: str = ""


def compose(blocks: Iterable[Block | str], limit: int = COMMENT_LIMIT) -> str:
    """Join blocks by blank lines. Blocks that would pass the limit are left out, and a line at the end says so."""
    room = limit - len(CUT) - 2
    parts: list[str] = []
    cut = False
    for block in blocks:
        full, short = (block, "") if isinstance(block, str) else block
        for text in (full, short):
            if text and len(text) + 2 <= room:
                parts.append(text)
                room -= len(text) + 2
                break
        cut = cut or parts[-1:] != [full]
    return "\n\n".join([*parts, CUT] if cut else parts)


def fenced(text: str, language: str = "text", limit: int = FENCE_LIMIT) -> str:
    """A code block that nothing inside can end; beyond the limit its last lines are left out."""
    text = _visible(text)
    if len(text) > limit:
        kept = text[:limit].rpartition("\n")[0] or text[:limit]
        text = f"{kept}\n[{text.count(chr(10), len(kept)) or 1} more lines]"
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def code(text: str) -> str:
    """Text in one line of code, safe in a table cell too."""
    text = _visible(text).replace("\n", " ").replace("|", "\\|")
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    ticks = "`" * (longest + 1)
    pad = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{pad}{text}{pad}{ticks}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; the cells are Markdown without line breaks."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def counted(number: int, what: str) -> str:
    """``1 image``, ``2 images``."""
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def details(summary: str, block: str) -> str:
    """A block that is folded up; ``summary`` is HTML-free text of ours."""
    return f"<details><summary>{summary}</summary>\n\n{block}\n\n</details>"


def _visible(text: str) -> str:
    """Control characters as their replacement character, and line ends as one."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f]", "\ufffd", re.sub(r"\r\n?", "\n", text))
