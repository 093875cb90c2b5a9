"""Words of a shell command, expanded without running anything (pure).

Quotes, ``$NAME``, ``${NAME}`` and the default forms of POSIX parameter expansion are followed; what only a running
shell can know (``$(command)``, ``${NAME#pattern}``, arithmetic) becomes nothing and is noted.
https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_06
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9@*#?$!-]", re.ASCII)
_BRACES = re.compile(r"([A-Za-z_][A-Za-z0-9_]*|[0-9]+|[@*])(?:\[[^\]]*\])?(:?[-=+?])?(.*)", re.DOTALL | re.ASCII)
_ESCAPABLE = '$`"\\\n'


class Expansion:
    """The fields that one word becomes, and what in it only a running shell could know."""

    def __init__(self, word: str, variables: Mapping[str, str]) -> None:
        self.unknown: list[str] = []
        self._variables = variables
        self._fields: list[str] = []
        self._current: list[str] = []
        self._begun = False
        self._scan(word, quoted=False)
        self._end_field()
        self.fields = tuple(self._fields)

    @property
    def text(self) -> str:
        """The word as one text: what an assignment takes."""
        return " ".join(self.fields)

    def _scan(self, word: str, *, quoted: bool) -> None:
        at = 0
        while at < len(word):
            character = word[at]
            if character == "'" and not quoted:
                end = _find(word, "'", at + 1)
                self._literal(word[at + 1 : end])
                at = end + 1
            elif character == '"' and not quoted:
                end = closing_quote(word, at)
                self._begun = True
                self._scan(word[at + 1 : end], quoted=True)
                at = end + 1
            elif character == "\\" and at + 1 < len(word):
                if word[at + 1] != "\n":
                    kept = quoted and word[at + 1] not in _ESCAPABLE
                    self._literal(word[at : at + 2] if kept else word[at + 1])
                at += 2
            elif character in "$`":
                at = self._dollar(word, at, quoted)
            else:
                self._literal(character)
                at += 1

    def _dollar(self, word: str, at: int, quoted: bool) -> int:
        if word[at] == "`":
            end = _find(word, "`", at + 1)
            self.unknown.append(word[at : end + 1])
            return end + 1
        following = word[at + 1 : at + 2]
        if following == "(":
            end = _balanced(word, at + 1, "(", ")")
            self.unknown.append(word[at:end])
            return end
        if following == "{":
            end = _balanced(word, at + 1, "{", "}")
            self._value(self._braces(word[at + 2 : end - 1]), quoted)
            return end
        name = _NAME.match(word, at + 1)
        if name is None:
            self._literal("$")
            return at + 1
        self._value(self._variables.get(name.group(), ""), quoted)
        return name.end()

    def _braces(self, body: str) -> str:
        match = _BRACES.fullmatch(body)
        if match is None or (match[3] and not match[2]):
            self.unknown.append("${" + body + "}")
            return self._variables.get(match[1], "") if match is not None else ""
        name, operator, word = match[1], match[2] or "", match[3]
        value = self._variables.get(name)
        unset = value is None or (operator.startswith(":") and value == "")
        if operator.endswith("+"):
            return "" if unset else self._inner(word)
        if unset and operator.endswith(("-", "=")):
            return self._inner(word)
        return value or ""

    def _inner(self, word: str) -> str:
        """A default inside braces: its quotes go, but it is split as a part of the word around it."""
        inner = Expansion(word if word[:1] in "\"'" else f'"{word}"', self._variables)
        self.unknown += inner.unknown
        return inner.text

    def _literal(self, text: str) -> None:
        self._begun = True
        self._current.append(text)

    def _value(self, value: str, quoted: bool) -> None:
        if quoted:
            self._literal(value)
            return
        parts = re.split(r"([ \t\n]+)", value)
        for part in parts:
            if part and part.isspace():
                self._end_field()
            elif part:
                self._literal(part)

    def _end_field(self) -> None:
        if self._begun:
            self._fields.append("".join(self._current))
        self._current, self._begun = [], False


def closing_quote(text: str, at: int) -> int:
    """Where the double quote that opens at ``at`` is closed (the end of the text when it is not)."""
    index = at + 1
    while index < len(text):
        if text[index] == "\\":
            index += 2
            continue
        if text.startswith("$(", index):
            index = _balanced(text, index + 1, "(", ")")
            continue
        if text.startswith("${", index):
            index = _balanced(text, index + 1, "{", "}")
            continue
        if text[index] == '"':
            return index
        index += 1
    return len(text)


def _find(text: str, character: str, start: int) -> int:
    found = text.find(character, start)
    return len(text) if found < 0 else found


def _balanced(text: str, at: int, opening: str, closing: str) -> int:
    """The position behind the bracket that closes the one at ``at``."""
    depth = 0
    index = at
    while index < len(text):
        character = text[index]
        if character == "\\":
            index += 2
            continue
        if character == "'" and opening == "(":
            index = _find(text, "'", index + 1)
        elif character == opening:
            depth += 1
        elif character == closing:
            depth -= 1
            if depth == 0:
                return index + 1
        index += 1
    return len(text)
