"""HTML inside Markdown: which elements fold or quote what is in them.

CommonMark 0.31.2, "Raw HTML": https://spec.commonmark.org/0.31.2/#raw-html.
"""

from __future__ import annotations

import re

DETAILS = "a folded section (<details>)"

_ATTRIBUTE = r"\s++[A-Za-z_:][A-Za-z0-9_.:-]*+(?:\s*+=\s*+(?:[^\s\"'=<>`]++|'[^']*+'|\"[^\"]*+\"))?+"
TAG = rf"(?a:<(?P<end>/?)(?P<name>[A-Za-z][A-Za-z0-9-]*+)(?:{_ATTRIBUTE})*+\s*+/?>)"

PIECES = rf"<!--[\s\S]*?(?:-->|$)|{TAG}"

# Elements that fold or quote what is in them across blocks, and those that do so within their paragraph.
_ACROSS = {"details": DETAILS, "blockquote": "a quote", "pre": "a code block"}
_WITHIN = {"code": "a code span", "samp": "a code span", "del": "struck-out text", "s": "struck-out text"}


class Folds:
    """How many elements are open, at one place of the text, that fold or quote what is in them."""

    def __init__(self, across: dict[str, int] | None = None) -> None:
        self._across = across or {}
        self._within: dict[str, int] = {}

    def copy(self) -> Folds:
        """The same, apart."""
        return Folds(dict(self._across))

    def start_paragraph(self) -> None:
        """What is only open within a paragraph ends with it."""
        self._within = {}

    def read(self, tag: re.Match[str] | None) -> None:
        """Count a tag that opens or closes such an element; anything else changes nothing."""
        if tag is None:
            return
        name = (tag["name"] or "").lower()
        depths = self._across if name in _ACROSS else self._within if name in _WITHIN else None
        if depths is not None:
            depths[name] = max(0, depths.get(name, 0) + (-1 if tag["end"] else 1))

    def read_block(self, text: str) -> None:
        """Count the tags of an HTML block."""
        for token in re.finditer(PIECES, text):
            self.read(token)

    def place(self) -> str | None:
        """What shows the text at this place, when it is no plain paragraph."""
        names = {**_ACROSS, **_WITHIN}
        return next((names[name] for name, depth in {**self._across, **self._within}.items() if depth), None)
