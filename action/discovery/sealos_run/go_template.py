"""The words of a Go template: text, actions, and the tokens of each action (pure; a lexer, no parser)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import zip_longest
from typing import Literal

Kind = Literal["text", "open", "close", "space", "string", "number", "field", "variable", "word", "mark", "comment"]

_COMMENT = re.compile(r"\{\{(?:- )?/\*.*?\*/(?: -)?\}\}", re.DOTALL)
_TRIMMED = re.compile(r"\{\{-\s")
_TOKEN = re.compile(
    r"""(?P<close>\s-\}\}|\}\})
    |(?P<space>\s+)
    |(?P<string>"(?:\\.|[^"\\\n])*"|`[^`]*`|'(?:\\.|[^'\\\n])*')
    |(?P<number>[+-]?\d[\w.]*)
    |(?P<variable>\$\w*(?:\.\w+)*)
    |(?P<field>(?:\.[^\W\d]\w*)+|\.)
    |(?P<word>[^\W\d]\w*)
    |(?P<mark>:=|.)""",
    re.VERBOSE | re.DOTALL,
)

_KINDS: dict[str, Kind] = {
    "close": "close",
    "space": "space",
    "string": "string",
    "number": "number",
    "variable": "variable",
    "field": "field",
    "word": "word",
    "mark": "mark",
}
"""The groups of ``_TOKEN``, one of which always matches."""


@dataclass(frozen=True, slots=True)
class Token:
    """One word of the template, exactly as it is written; the words of a template joined are the template."""

    kind: Kind
    text: str


def tokens(template: str) -> Iterator[Token]:
    """Every word, in order. What is no template at all still comes out whole: the engine is the one to refuse it."""
    at = 0
    while at < len(template):
        opening = template.find("{{", at)
        if opening < 0:
            yield Token("text", template[at:])
            return
        if opening > at:
            yield Token("text", template[at:opening])
        comment = _COMMENT.match(template, opening)
        if comment is not None:
            yield Token("comment", comment.group())
            at = comment.end()
            continue
        start = "{{-" if _TRIMMED.match(template, opening) else "{{"
        yield Token("open", start)
        at = opening + len(start)
        for match in _TOKEN.finditer(template, at):
            at = match.end()
            kind = _KINDS[match.lastgroup or ""]
            yield Token(kind, match.group())
            if kind == "close":
                break


def is_blank(template: str) -> bool:
    """Whether Go takes the body for empty: white space, comments and definitions only.

    Parsing such a body leaves the one in force that was parsed before under the same name (text/template, Parse).
    """
    inside = 0  # blocks that are open, the outermost of them a definition
    words = [word for word in tokens(template) if word.kind != "space"]
    for word, following in zip_longest(words, words[1:]):
        if word.kind == "text" and not inside and word.text.strip():
            return False
        if word.kind == "open" and following is not None:
            if not inside and following.text != "define":
                return False
            inside += following.text in ("define", "if", "range", "with", "block")
            inside -= following.text == "end"
    return True
