"""The stretches of a paragraph that are not shown as plain text: code spans, tags, hidden comments, link addresses.

CommonMark 0.31.2, "Inlines": https://spec.commonmark.org/0.31.2/#inlines. One pass from left to right; every pattern
is possessive, and the number of attempts is bounded, so the time is linear in the length of the text.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from action.html import TAG

_HIDDEN = {"<!--": "-->", "<?": "?>", "<![CDATA[": "]]>"}
_OTHER_ANGLE = r"(?a:<![A-Za-z][^>]*+>|<(?:[A-Za-z][A-Za-z0-9+.-]{1,31}:[^\x00-\x20<>]*+|[^\s<>@]++@[^\s<>]++)>)"
# The address of a link, with parentheses one deep, and its title.
ADDRESS = r"(?:<[^<>\n]*+>|(?!<)(?:[^\s()\\]|\\.|\([^\s()]*+\))++)"
TITLE = r"(?:\"(?:[^\"\\]|\\[\s\S])*+\"|'(?:[^'\\]|\\[\s\S])*+'|\((?:[^()\\]|\\[\s\S])*+\))"
_LINK_TAIL = rf"\]\(\s*+{ADDRESS}?+(?:\s++{TITLE})?+\s*+\)"
_DEFINITION = (
    r"\[(?=[^\]]*[^\s\]])(?:[^\[\]\\]|\\[\s\S]){1,999}+\]: *+\n? *+"
    rf"{ADDRESS}(?: *+\n? *+(?<=[ \n]){TITLE} *+(?=\n|$)| *+(?=\n|$))(?:\n|$)"
)
_MARKS = r"\\.|`++|!?\[|\]\(?|<"


class Stretch(NamedTuple):
    """From ``start`` up to ``end``, in characters, is ``kind``: what a reader would call it."""

    start: int
    end: int
    kind: str
    tag: re.Match[str] | None = None


def stretches(text: str, *, definitions: bool = False) -> list[Stretch]:
    """The stretches of a paragraph, in order; with ``definitions``, ``[text]`` alone may be a link too."""
    found: list[Stretch] = []
    runs = _backtick_runs(text)
    brackets: list[int] = []
    position = 0
    while token := re.compile(_MARKS).search(text, position):
        position = token.end()
        stretch = None
        if token[0][0] == "`":
            stretch = _code_span(token, runs)
        elif token[0] == "<":
            stretch = _angle(text, token.start())
        elif token[0].endswith("["):
            brackets.append(token.start())
        elif token[0][0] == "]":
            stretch = _link_end(text, token.start(), brackets, definitions=definitions)
            position = token.start() + 1
        if stretch is not None:
            while found and found[-1].start > stretch.start:  # inside a picture's text
                found.pop()
            found.append(stretch)
            position = stretch.end
    return found


def after_definitions(text: str) -> tuple[int, str]:
    """How many lines at the start of a paragraph are link definitions, which show nothing, and what follows."""
    position = 0
    while text.startswith("[", position) and (match := re.compile(_DEFINITION).match(text, position)):
        position = match.end()
    return text.count("\n", 0, position) + (0 < position == len(text)), text[position:]


def _backtick_runs(text: str) -> dict[int, list[int]]:
    """Where runs of backticks start, by their length, last first."""
    runs: dict[int, list[int]] = {}
    for match in re.finditer("`+", text):
        runs.setdefault(len(match[0]), []).append(match.start())
    for starts in runs.values():
        starts.reverse()
    return runs


def _code_span(token: re.Match[str], runs: dict[int, list[int]]) -> Stretch | None:
    """A run of backticks closes with the next run of the same length; without one it is plain text."""
    length = len(token[0])
    starts = runs.get(length, [])
    while starts and starts[-1] <= token.start():
        starts.pop()
    return Stretch(token.start(), starts[-1] + length, "a code span") if starts else None


def _angle(text: str, start: int) -> Stretch | None:
    """What starts with ``<``: a tag, something hidden, or a plain less-than sign."""
    for opening, closing in _HIDDEN.items():
        if text.startswith(opening, start):
            end = text.find(closing, start + len(opening))
            if opening == "<!--":
                return _comment(text, start, end)
            return Stretch(start, end + len(closing), "a hidden comment") if end >= 0 else None
    tag = re.compile(TAG).match(text, start)
    if tag:
        return Stretch(start, tag.end(), "an HTML tag", tag)
    other = re.compile(_OTHER_ANGLE).match(text, start)
    return Stretch(start, other.end(), "an HTML tag") if other else None


def _comment(text: str, start: int, end: int) -> Stretch | None:
    """A comment. Where the specification's versions disagree on one with odd dashes, all that follows is hidden."""
    if end < 0:
        return None
    inside = text[start + 4 : end]
    if "--" in inside or inside.endswith("-") or text.startswith((">", "->"), start + 4):
        return Stretch(start, len(text), "a hidden comment")
    return Stretch(start, end + 3, "a hidden comment")


def _link_end(text: str, start: int, brackets: list[int], *, definitions: bool) -> Stretch | None:
    """The address and title of a link; of an image the whole, whose text is only an alternative to the picture."""
    if not brackets:
        return None
    opening = brackets.pop()
    tail = re.compile(_LINK_TAIL).match(text, start)
    end = tail.end() if tail else start + 1
    if text[opening] == "!" and (tail or definitions):
        return Stretch(opening, end, "the text of a picture")
    return Stretch(start, end, "the address of a link") if tail else None
