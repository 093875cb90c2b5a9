"""Which lines of a Markdown text are shown as plain paragraph text, and what the others are.

markdown-it-py reads the text, twice where it matters; what GitHub's renderer (cmark-gfm, CommonMark 0.29) reads in
another way is found here, by hand: a line that two readings place differently is not read. A text that is nested or
marked up beyond what a person writes is not read at all, so that the work is bounded before it begins.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import count
from typing import NamedTuple

PARAGRAPH = "paragraph"
_LENGTH = 10  # of the letters by which a word is found again: as many as "imagebuild" has
MAX_DEPTH = 40
# More openings than this (of tags, links and the like) are in no text that a person wrote.
MAX_OPENINGS = 400
# Lines, by the depth to which any of them is nested: a nested block goes through the lines of those around it.
MAX_WORK = 100_000
TOO_DEEP, TOO_MUCH = "a list or a quote that is nested too deeply", "a text with more markup than a person writes"
UNSURE = "markup that can be read in two ways"

_ITEM = r"[ \t]*+(?:>|[-+*](?=[ \t]|$)|[0-9]{1,9}[.)](?=[ \t]|$))"
_MARKER = rf"(?:{_ITEM}|[ \t]*+\[\^[^\]\s]++\]:)"
_MARKERS = rf"(?:{_MARKER})*+[ \t]*+"
# Tags and the like that the versions of CommonMark read differently; from there on nothing is sure.
_ODD_HTML = r"(?ia)</?(?:textarea|search|source)\b|(?-i:<![a-z])"
# A row of a table that a renderer may see, the start of a link's definition, and a tag alone on its line.
_DELIMITERS = rf"{_MARKERS}[|: \t-]*-[|: \t-]*$"
_DEFINITION = rf"(?:{_ITEM})*+[ \t]*+\["
_PLAIN = r"[ \t]*[\[/A-Za-z\"'(]"
_TAG_ALONE = rf"{_MARKERS}</?[A-Za-z][^>]*>[ \t]*$"


class Span(NamedTuple):
    """Where a word stands in its line: letters, from ``start`` up to ``end``."""

    start: int
    end: int


class Places(NamedTuple):
    """PARAGRAPH, or what else shows it, by the index of a line with a word; ``prose`` are all lines of paragraphs."""

    by_line: dict[int, str]
    prose: frozenset[int]


def read_places(lines: Sequence[str], words: Mapping[int, Span]) -> Places:
    """What shows each word: ``words`` are by the index of the line, one a line; the lines have no line endings."""
    fault = _excess(lines)
    if fault is not None:
        return Places(dict.fromkeys(words, fault), frozenset())
    names = _names("\n".join(lines), words)
    marked = list(lines)
    for index, (start, end) in words.items():
        marked[index] = lines[index][:start] + names[index] + lines[index][end:]
    readings = [_read(text, names) for text in _readings("\n".join(marked))]
    unsure = _unsure(marked)
    placed: dict[int, str] = {}
    for index in words:
        other = next((places[index] for places, _ in readings if places[index] != PARAGRAPH), None)
        placed[index] = other or (UNSURE if index in unsure else PARAGRAPH)
    return Places(placed, readings[0].prose)


def _excess(lines: Sequence[str]) -> str | None:
    """What makes a text too much to be read."""
    text = "\n".join(lines)
    if sum(text.count(mark) for mark in "<[") > MAX_OPENINGS:
        return TOO_MUCH
    deepest = max(map(_depth, lines), default=0)
    if deepest > MAX_DEPTH:
        return TOO_DEEP
    return TOO_MUCH if len(lines) * (1 + deepest) > MAX_WORK else None


def _depth(line: str) -> int:
    """How deep a line may be nested: by its own markers, and by its indentation of two columns a level at least."""
    markers, end = 0, 0
    pattern = re.compile(_MARKER)
    while match := pattern.match(line, end):
        markers, end = markers + 1, match.end()
    blank = line.expandtabs(4)
    return max(markers, (len(blank) - len(blank.lstrip(" "))) // 2 if blank.strip(" ") else 0)


def _names(text: str, words: Iterable[int]) -> dict[int, str]:
    """Letters for each word that are nowhere in the text, as many as the word's."""
    start = next(name for name in map(_letters, count()) if name not in text.lower())
    return {index: start + _letters(number) for number, index in enumerate(words)}


def _letters(number: int) -> str:
    """A number as _LENGTH / 2 small letters."""
    letters = ""
    for _ in range(_LENGTH // 2):
        number, digit = divmod(number, 26)
        letters = chr(ord("a") + digit) + letters
    return letters


def _readings(text: str) -> list[str]:
    """The text as GitHub takes its characters: only blanks, tabs and line feeds divide; a few are taken both ways."""
    plain = "".join("x" if c.isspace() and c not in " \t\n\v\f" else c for c in text.replace("\0", "\ufffd"))
    if "\v" not in plain and "\f" not in plain:
        return [plain]
    return [plain.translate({11: letter, 12: letter}) for letter in "x "]


def _read(text: str, names: Mapping[int, str]) -> Places:
    from action.request.markdown.reading import DEFINITION, read  # talk is free of packages

    pattern = next(iter(names.values()))[: _LENGTH // 2] + f"[a-z]{{{_LENGTH - _LENGTH // 2}}}"
    found, prose = read(text, pattern)
    return Places({index: found.get(name, DEFINITION) for index, name in names.items()}, frozenset(prose))


def _unsure(lines: Sequence[str]) -> set[int]:
    """The lines whose place GitHub's renderer may see differently, by what stands between the same two blank lines."""
    rest = min(_odd_html(lines), _interrupting_tag(lines))
    found: set[int] = set()
    inside = next((index for index, line in enumerate(lines) if re.match(_MARKER, line)), len(lines))
    for first, end in _stretches(lines):
        definition, table = _definition(lines, first, end), _table(lines, first, end)
        found.update(range(min(definition, table), end))
        plain = all(re.match(_PLAIN, line) for line in lines[definition + 1 : end])
        # a list or a quote may end at another line for GitHub than for us, which is felt in all that follows
        if (definition < end and not plain) or (table < end and inside < end):
            rest = min(rest, definition, table)
            break
    return found | set(range(rest, len(lines)))


def _stretches(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """First line, and the one behind the last, of what stands between blank lines."""
    first = 0
    for index, line in enumerate([*lines, ""]):
        if not line.strip(" \t"):
            if first < index:
                yield first, index
            first = index + 1


def _table(lines: Sequence[str], first: int, end: int) -> int:
    """GitHub counts the cells of a table in its own way, and a table of it ends otherwise; ``end``: none."""
    start = end
    for index in range(first, end):
        if not re.match(_DELIMITERS, lines[index]):
            continue
        if "|" in lines[index] or ":" in lines[index]:
            start = min(start, max(first, index - 1))
        elif index > first and "|" in lines[index - 1]:  # or it makes a heading of the whole
            return first
    return start


def _definition(lines: Sequence[str], first: int, end: int) -> int:
    """GitHub takes other addresses in a link's definition, and goes on with its paragraph behind it."""
    start = next((index for index in range(first, end) if re.match(_DEFINITION, lines[index])), end)
    return start if any("]:" in lines[index] for index in range(start, end)) else end


def _odd_html(lines: Sequence[str]) -> int:
    return next((index for index, line in enumerate(lines) if re.search(_ODD_HTML, line)), len(lines))


def _interrupting_tag(lines: Sequence[str]) -> int:
    """GitHub lets a tag alone on its line interrupt the paragraph of a list or a quote that the line has left."""
    container = False
    for index, line in enumerate(lines):
        if container and lines[index - 1].strip(" \t") and re.match(_TAG_ALONE, line):
            return index
        container = container or re.match(_MARKER, line) is not None
    return len(lines)
