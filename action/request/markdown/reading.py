"""One reading of a Markdown text by markdown-it-py, as GitHub's renderer has it: where the words of lines turn up.

CommonMark with GitHub's tables, footnotes and strike-through: https://github.github.com/gfm/. What GitHub reads in
another way than CommonMark 0.31.2 is the business of prose.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from markdown_it import MarkdownIt
from markdown_it.rules_block import table
from markdown_it.token import Token
from mdit_py_plugins.footnote import footnote_plugin

from action.request.markdown.html import DETAILS, Folds

PARAGRAPH = "paragraph"
HIDDEN_COMMENT, DEFINITION = "a hidden comment", "a link definition"
# Deeper than this nothing is read; prose.py lets no text come near it.
_MAX_NESTING = 300
_CONTAINERS = {"blockquote": "a quote", "footnote_reference": "a footnote", "list_item": "", "footnote_block": ""}
_LEAVES = {"fence": "a code block", "code_block": "a code block", "html_block": "an HTML block"}
_APART = {"heading": "a heading", "table": "a table"}
_MARKED_UP = {"s": "struck-out text"}


class Reading(NamedTuple):
    """``places`` says what shows a word: PARAGRAPH or what else; ``prose`` has the lines of paragraphs, from 0."""

    places: dict[str, str]
    prose: set[int]


def read(text: str, word: str) -> Reading:
    """Find all that matches the pattern ``word``; a word that is shown nowhere is not among the places."""
    walk = _Walk(re.compile(word))
    for token in _parser().parse(text):
        walk.block(token)
    return Reading(walk.found, walk.prose)


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"maxNesting": _MAX_NESTING}).enable("strikethrough")
    # GitHub looks for a table only where a paragraph could be
    parser.block.ruler.before("lheading", "github_table", table, {"alt": ["paragraph", "reference"]})
    return parser.use(footnote_plugin, inline=False, move_to_end=False)


class _Walk:
    """Goes through the tokens in the order of the text."""

    def __init__(self, word: re.Pattern[str]) -> None:
        self.word = word
        self.found: dict[str, str] = {}
        self.prose: set[int] = set()
        self.outside: list[tuple[str, Folds]] = []  # the containers around, and what was open before each
        self.apart: list[str] = []
        self.folds = Folds()

    def block(self, token: Token) -> None:
        name = token.type.removesuffix("_open").removesuffix("_close")
        if name in _CONTAINERS and token.nesting == 1:
            self.outside.append((_CONTAINERS[name], self.folds.copy()))
        elif name in _CONTAINERS and token.nesting == -1:
            self.folds = self.outside.pop()[1]
        elif name in _APART and token.nesting:
            self.apart = [_APART[name]] if token.nesting == 1 else []
        elif token.type == "html_block":
            self._html_block(token.content)
        elif token.type in _LEAVES:
            self._note(token.content, _LEAVES[token.type])
        elif token.type == "inline":
            self._inline(token)

    def _html_block(self, content: str) -> None:
        """A block may close what it stands in only at its end; a line of it is never read."""
        place = HIDDEN_COMMENT if content.lstrip().startswith("<!--") else self.folds.place() or "an HTML block"
        self._note(content, DETAILS if "<details" in content.lower() else place)
        self.folds.read_block(content)

    def _inline(self, block: Token) -> None:
        outside = next((kind for kind, _ in self.outside if kind), None) or next(iter(self.apart), None)
        if block.map and not outside and not self.folds.place():
            self.prose.update(range(*block.map))
        self.folds.start_paragraph()
        marked: list[str] = []
        for token in block.children or []:
            name = token.type.removesuffix("_open").removesuffix("_close")
            if name in _MARKED_UP and token.nesting:
                marked = [*marked, _MARKED_UP[name]] if token.nesting == 1 else marked[:-1]
            if token.type == "html_inline":
                comment = token.content.startswith("<!--")
                self._note(token.content, outside or (HIDDEN_COMMENT if comment else "an HTML tag"))
                self.folds.read_block(token.content)
            elif token.type == "code_inline":
                self._note(token.content, outside or "a code span")
            elif token.type == "text":
                self._note(token.content, outside or next(iter(marked), None) or self.folds.place() or PARAGRAPH)
            for content in _unseen(token):
                kind = "the text of a picture" if token.type == "image" else "the address of a link"
                self._note(content, outside or kind)

    def _note(self, content: str, place: str) -> None:
        for match in self.word.finditer(content):
            self.found.setdefault(match[0], place)


def _unseen(token: Token) -> Iterator[str]:
    """The texts of a token that are not shown as they are: an address, a title, the alternative to a picture."""
    yield from (str(value) for value in token.attrs.values())
    if token.type == "image":
        yield token.content
