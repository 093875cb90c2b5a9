"""``[ ... ]``, ``[[ ... ]]`` and ``test``: decided when every operand is known, None otherwise."""

from __future__ import annotations

import re
from collections.abc import Callable

from action.discovery.install.words import patterns
from action.discovery.install.words.quoting import split_raw
from action.discovery.install.words.unknowns import is_known

_NUMBERS: dict[str, Callable[[int, int], bool]] = {
    "-eq": int.__eq__,
    "-ne": int.__ne__,
    "-lt": int.__lt__,
    "-le": int.__le__,
    "-gt": int.__gt__,
    "-ge": int.__ge__,
}
_FILES = frozenset({"-e", "-f", "-d", "-s", "-r", "-w", "-x", "-L", "-h", "-a", "-v", "-t", "-p", "-S", "-b", "-c"})
_TEXTS = frozenset({"=", "==", "!=", "<", ">", "=~"})


class Condition:
    """Reads the words of a test from left to right: raw ones as one text, or a list of expanded ones.

    ``text`` expands an operand, ``pattern`` the right side of ``[[ a == b* ]]``; ``exists`` says whether a path is
    there (kind ``-d``, ``-f`` or ``-e``), None when only the cluster's node knows.
    """

    def __init__(
        self,
        raw: str | list[str],
        text: Callable[[str], str],
        pattern: Callable[[str], str] | None,
        exists: Callable[[str, str], bool | None],
    ) -> None:
        if isinstance(raw, str):
            raw = _separated(raw) if pattern is not None else split_raw(raw)
        self._words = raw
        self._text = text
        self._pattern = pattern
        self._exists = exists
        self._at = 0

    def holds(self) -> bool | None:
        """Whether it is true; None when that is not known or the form is not read."""
        if not self._words:
            return False
        result = self._either()
        return result if self._at == len(self._words) else None

    def _either(self) -> bool | None:
        result = self._both()
        while self._peek() in ("||", "-o"):
            self._at += 1
            other = self._both()
            result = True if result or other else None if result is None or other is None else False
        return result

    def _both(self) -> bool | None:
        result = self._one()
        while self._peek() in ("&&", "-a"):
            self._at += 1
            other = self._one()
            result = False if result is False or other is False else None if None in (result, other) else True
        return result

    def _one(self) -> bool | None:
        word = self._take()
        if word == "!" and self._peek():
            inner = self._one()
            return None if inner is None else not inner
        if word in ("(", "\\("):
            inner = self._either()
            self._at += 1
            return inner
        if self._peek() in _TEXTS or self._peek() in _NUMBERS or self._peek() in ("-nt", "-ot", "-ef"):
            return self._compared(word, self._take(), self._take())
        if word in ("-z", "-n") and self._peek():
            value = self._text(self._take())
            return (value == "") == (word == "-z") if is_known(value) else _filled(value, word)
        if word in _FILES and self._peek():
            value = self._text(self._take())
            return self._exists(word, value) if is_known(value) else None
        value = self._text(word)
        return value != "" if is_known(value) else _filled(value, "-n")

    def _compared(self, left: str, sign: str, right: str) -> bool | None:
        value = self._text(left)
        if sign in _NUMBERS:
            other = self._text(right)
            if not all(re.fullmatch(r"-?[0-9]{1,18}", text, re.ASCII) for text in (value, other)):
                return None
            return _NUMBERS[sign](int(value), int(other))
        if sign not in ("=", "==", "!="):
            return None
        wanted = self._pattern(right) if self._pattern is not None else patterns.quoted(self._text(right))
        if not is_known(value) or not is_known(wanted):
            return None
        equal = patterns.matches(value, wanted)
        return None if equal is None else equal == (sign != "!=")

    def _peek(self) -> str:
        return self._words[self._at] if self._at < len(self._words) else ""

    def _take(self) -> str:
        self._at += 1
        return self._words[self._at - 1] if self._at <= len(self._words) else ""


def _filled(value: str, sign: str) -> bool | None:
    """A text of which a part is known is not empty, whatever the rest is."""
    known = re.sub("\ue000[0-9]+\ue001|\ue002[0-9]+\ue003|\ue004", "", value)
    return sign == "-n" if known else None


def _separated(raw: str) -> list[str]:
    """The words of ``[[``, where ``&&``, ``||`` and brackets need no blanks around them."""
    found = []
    for word in split_raw(raw):
        if word.startswith("(") and len(word) > 1:
            found.append("(")
            word = word[1:]
        if word.endswith(")") and len(word) > 1 and "(" not in word:
            found += [word[:-1], ")"]
        else:
            found.append(word)
    return found
