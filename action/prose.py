"""Which lines of a Markdown text are shown as plain paragraph text, and what the others are.

The block structure of CommonMark 0.31.2 (https://spec.commonmark.org/0.31.2/#appendix-a-parsing-strategy), with the
tables and footnotes that GitHub adds, and with the HTML elements that fold, quote or quote code. Where a text is
ambiguous or absurd, a line is rather not read than read. Time is linear in the length of the text.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from action.html import DETAILS, Folds, block_end, is_block_start
from action.line_starts import (
    cells,
    fence,
    is_delimiter_row,
    is_heading,
    is_thematic_break,
    is_underline,
    list_marker,
)

if TYPE_CHECKING:
    from action.inline import Stretch

PARAGRAPH = "paragraph"
QUOTE, FOOTNOTE, LIST_ITEM = "a quote", "a footnote", "a list item"
MAX_DEPTH = 40
# More openings than this (of tags and of links) are in no text that a person wrote.
MAX_OPENINGS = 2_000

_FOOTNOTE = r"\[\^[^\]\s]+\]: *"


class ProseLine:
    """One line: its number from 1, its text without the line ending, and PARAGRAPH or what shows it instead."""

    __slots__ = ("number", "place", "text")

    def __init__(self, number: int, text: str, place: str) -> None:
        self.number = number
        self.text = text
        self.place = place


def read_lines(text: str) -> list[ProseLine]:
    """Split at CR, LF and CRLF, and say of each line what GitHub makes of it."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if text.count("<") + text.count("](") > MAX_OPENINGS:
        places = ["a text with more markup than a person writes"] * len(lines)
    else:
        places = _Scanner(lines).places()
    return [ProseLine(number, line, place) for number, (line, place) in enumerate(zip(lines, places, strict=True), 1)]


class _Container:
    """A block that holds blocks: a quote, or a list item or footnote whose content starts ``offset`` columns in."""

    def __init__(self, kind: str, offset: int, folds: Folds) -> None:
        self.kind = kind
        self.offset = offset
        self.folds = folds  # what was open around it: what opens inside ends with it
        self.empty = kind == LIST_ITEM


class _Scanner:
    """Goes through the lines once; a paragraph's lines get their places when it ends."""

    def __init__(self, lines: list[str]) -> None:
        self.lines = lines
        self.definitions = any("]:" in line for line in lines)
        self.result = [PARAGRAPH] * len(lines)
        self.containers: list[_Container] = []
        self.paragraph: list[tuple[int, str]] = []
        self.fence = ""
        self.html: list[str] = []
        self.html_end: re.Pattern[str] | None = None
        self.in_table = False
        self.folds = Folds()

    def places(self) -> list[str]:
        for number, line in enumerate(self.lines):
            if not self._line(number, line.expandtabs(4)):
                self._end_leaf()
                return self.result[:number] + ["a list or a quote that is nested too deeply"] * (
                    len(self.lines) - number
                )
        self._end_leaf()
        return self.result

    def _line(self, number: int, line: str) -> bool:
        """Read one line; False when it is nested beyond MAX_DEPTH, where no answer is better than a wrong one."""
        matched, start = self._match_containers(line)
        all_matched = matched == len(self.containers)
        if all_matched and self._continue_leaf(number, line[start:]):
            return True
        opened = False
        while True:
            rest = line[start:]
            content = rest.lstrip(" ")
            indent = len(rest) - len(content)
            in_paragraph = bool(self.paragraph) and all_matched and not opened
            if not content or indent >= 4:
                break
            step = self._container_start(content, indent, interrupts=in_paragraph)
            if step is None:
                break
            if not opened:
                self._close(matched)
            self._end_leaf()
            if len(self.containers) >= MAX_DEPTH:
                return False
            kind, offset, width = step
            self._fill()
            self.containers.append(_Container(kind, offset, self.folds.copy()))
            start, opened = start + width, True
        self._leaf(number, content, indent, matched, opened=opened, in_paragraph=in_paragraph)
        return True

    def _match_containers(self, line: str) -> tuple[int, int]:
        """How many of the open containers the line continues, and where its content starts."""
        start = 0
        text = len(line) - len(line.lstrip(" "))
        blank = text == len(line)
        for index, container in enumerate(self.containers):
            if container.kind == QUOTE:
                if blank or text - start > 3 or line[text] != ">":
                    return index, start
                start = text + 1
                start += line[start : start + 1] == " "
                text = start + len(line[start:]) - len(line[start:].lstrip(" "))
                blank = text == len(line)
            elif blank:
                if container.empty:
                    return index, start
            elif text - start >= container.offset:
                start += container.offset
            else:
                return index, start
        return len(self.containers), start

    def _continue_leaf(self, number: int, rest: str) -> bool:
        """Whether an open code fence or HTML block takes the line."""
        content = rest.strip(" ")
        if self.fence:
            self.result[number] = "a code block"
            indent = len(rest) - len(rest.lstrip(" "))
            if indent < 4 and len(content) >= len(self.fence) and content == self.fence[0] * len(content):
                self.fence = ""
            return True
        if not self.html or (not content and self.html_end is None):
            return False
        self._html_line(number, rest)
        return True

    def _container_start(self, content: str, indent: int, *, interrupts: bool) -> tuple[str, int, int] | None:
        """A container that starts here: its kind, its offset, and how many characters its marker takes."""
        if content[0] == ">":
            return QUOTE, 0, indent + 1 + (content[1:2] == " ")
        if content[0] == "[" and (footnote := re.match(_FOOTNOTE, content)):
            return FOOTNOTE, 4, indent + footnote.end()
        marker = list_marker(content)
        if not marker or (interrupts and is_underline(content)) or is_thematic_break(content):
            return None
        after = content[len(marker) :]
        spaces = len(after) - len(after.lstrip(" "))
        empty = spaces == len(after)
        first = len(marker) == 1 or int(marker[:-1]) == 1
        if not (spaces or empty) or (interrupts and (empty or not first)):
            return None
        width = len(marker) + (1 if empty or spaces > 4 else spaces)
        return LIST_ITEM, indent + width, min(indent + width, indent + len(content))

    def _leaf(self, number: int, content: str, indent: int, matched: int, *, opened: bool, in_paragraph: bool) -> None:
        """What the rest of a line is, once its containers are known."""
        lazy = bool(self.paragraph) and not opened and matched < len(self.containers)
        start = self._leaf_start(content, indent, in_paragraph=in_paragraph, lazy=lazy)
        if start is None and content and (in_paragraph or lazy):
            if self.in_table or (in_paragraph and indent < 4 and self._starts_table(content)):
                self.result[number] = "a table"
            else:
                self.paragraph.append((number, content))
            return
        if start == "a heading" and in_paragraph and is_underline(content):
            self._end_leaf(heading=True)
            self.result[number] = start
            return
        if not opened:
            self._close(matched)
        self._end_leaf()
        if not content:
            return
        self._fill()
        if start is None:
            self.paragraph.append((number, content))
        elif start == "an HTML block":
            self.html_end = block_end(content)
            self._html_line(number, content)
        else:
            self.result[number] = start
            self.fence = fence(content) if indent < 4 else ""

    def _leaf_start(self, content: str, indent: int, *, in_paragraph: bool, lazy: bool) -> str | None:
        """The block, other than a paragraph, that starts with ``content``."""
        if not content:
            return None
        if indent >= 4:
            return None if in_paragraph or lazy else "a code block"
        if in_paragraph and not self.in_table and is_underline(content) and not self._only_definitions():
            return "a heading"
        if is_heading(content):
            return "a heading"
        if fence(content):
            return "a code block"
        if is_thematic_break(content):
            return "a line across"
        return "an HTML block" if is_block_start(content, in_paragraph=in_paragraph) else None

    def _starts_table(self, content: str) -> bool:
        """GitHub's tables: the line before has as many cells as the row of dashes."""
        number, header = self.paragraph[-1]
        if not is_delimiter_row(content) or cells(header) != cells(content):
            return False
        del self.paragraph[-1]
        self._end_leaf()
        self.result[number] = "a table"
        self.paragraph = [(number, header)]
        self.in_table = True
        return True

    def _html_line(self, number: int, content: str) -> None:
        self.html.append(content)
        hidden = self.html_end is not None and "--" in self.html_end.pattern
        self.result[number] = "a hidden comment" if hidden else self.folds.place() or "an HTML block"
        if self.html_end is None:
            if "<details" in content.lower():
                self.result[number] = DETAILS
        elif self.html_end.search(content):
            self._end_leaf()

    def _close(self, depth: int) -> None:
        """Close the containers that a line does not continue."""
        if depth < len(self.containers):
            self._end_leaf()
            self.folds = self.containers[depth].folds
            del self.containers[depth:]

    def _fill(self) -> None:
        if self.containers:
            self.containers[-1].empty = False

    def _only_definitions(self) -> bool:
        from action.inline import after_definitions

        text = "\n".join(line for _, line in self.paragraph)
        return text.startswith("[") and not after_definitions(text)[1]

    def _end_leaf(self, *, heading: bool = False) -> None:
        """End the open block; the lines of a paragraph get their places now."""
        if self.html:
            if self.html_end is None:
                self.folds.read_block("\n".join(self.html))
            self.html, self.html_end = [], None
        self.fence = ""
        if self.in_table:
            self.paragraph, self.in_table = [], False
        if self.paragraph:
            lines, self.paragraph = self.paragraph, []
            self._end_paragraph(lines, heading=heading)

    def _read_inlines(self, text: str) -> tuple[int, list[Stretch]]:
        """How many lines at the start of a paragraph are link definitions, and what is hidden in the others."""
        if not any(mark in text for mark in "`<["):
            return 0, []
        from action.inline import after_definitions, stretches  # most comments need none of it

        definitions, text = after_definitions(text)
        return definitions, stretches(text, definitions=self.definitions)

    def _end_paragraph(self, lines: list[tuple[int, str]], *, heading: bool) -> None:
        text = "\n".join(line for _, line in lines)
        outside = next((container.kind for container in self.containers if container.kind != LIST_ITEM), None)
        definitions, hidden = self._read_inlines(text)
        self.folds.start_paragraph()
        position = index = 0
        for order, (number, line) in enumerate(lines):
            if order < definitions:
                self.result[number] = outside or "a link definition"
                continue
            # everything that ends before this line has had its effect; what goes on into the line hides its start
            while index < len(hidden) and hidden[index].end <= position:
                self.folds.read(hidden[index].tag)
                index += 1
            inside = hidden[index].kind if index < len(hidden) and hidden[index].start < position else None
            place = outside or ("a heading" if heading else None) or inside or self.folds.place()
            self.result[number] = place or PARAGRAPH
            position += len(line) + 1
        for stretch in hidden[index:]:
            self.folds.read(stretch.tag)
