"""Marks for what only a running shell knows: they stand inside texts, and so travel with every value that has them.

A mark is one of two kinds. A *hard* one stands for text that the image will make when it runs (``$(date)``). A *soft*
one is a variable that nothing sets: it is empty, unless whoever runs the image gives it, so it decides no condition.
``PLANNED`` stands for what a step of the plan prints, which that step already accounts for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

PLANNED = "\ue004"

_HARD = re.compile("\ue000([0-9]+)\ue001")
_SOFT = re.compile("\ue002([0-9]+)\ue003")
_RESERVED = re.compile("[\ue000-\ue004]")


def clean(text: str) -> str:
    """Text from outside, which must not look like a mark."""
    return _RESERVED.sub("\ufffd", text)


def is_known(text: str) -> bool:
    """Whether nothing in the text is left to the running shell, and nothing may be given to it."""
    return _RESERVED.search(text) is None


def has_hard(text: str) -> bool:
    """Whether something in the text is known only when it runs."""
    return _HARD.search(text) is not None


def is_only_unknown(text: str) -> bool:
    """Whether the text is one hard mark and nothing else: it may be any number of words."""
    return _HARD.fullmatch(text) is not None


def without_soft(text: str) -> str:
    """The text as it is when nobody gives the variables that nothing sets."""
    return _SOFT.sub("", text)


def filled(text: str, value: str) -> str:
    """The text with ``value`` for everything that is known only when it runs."""
    return _HARD.sub(lambda _: value, without_soft(text)).replace(PLANNED, "")


class Unknowns:
    """The reasons behind the marks of one plan; the same reason is the same mark."""

    def __init__(self) -> None:
        self._reasons: list[str] = []
        self._numbers: dict[str, int] = {}
        self._printed: set[int] = set()
        self.changes: set[str] = set()

    def hard(self, reason: str, *, printed: bool = False, change: bool = False) -> str:
        """A mark for text known only when it runs; ``printed`` when a program prints it, ``change`` when a program
        changes a file: the reason then begins with the place."""
        number = self._number(reason)
        if change:
            self.changes.add(self._reasons[number])
        if printed:
            self._printed.add(number)
        return f"\ue000{number}\ue001"

    def soft(self, name: str) -> str:
        """A mark for a variable that nothing sets."""
        return f"\ue002{self._number(name)}\ue003"

    def reasons(self, texts: Iterable[str]) -> tuple[str, ...]:
        """Why the texts are not known, each reason once."""
        return self._named(_HARD, texts)

    def unset(self, texts: Iterable[str]) -> tuple[str, ...]:
        """The variables in the texts that nothing sets."""
        return self._named(_SOFT, texts)

    def is_printed(self, text: str) -> bool:
        """Whether a part of the text is what a program prints."""
        return any(int(match[1]) in self._printed for match in _HARD.finditer(text))

    def shown(self, text: str) -> str:
        """The text as a message shows it."""
        text = _HARD.sub(lambda match: self._reasons[int(match[1])], text)
        text = _SOFT.sub(lambda match: f"${self._reasons[int(match[1])]}", text)
        return text.replace(PLANNED, "...")

    def _named(self, kind: re.Pattern[str], texts: Iterable[str]) -> tuple[str, ...]:
        found = (self._reasons[int(match[1])] for text in texts for match in kind.finditer(text))
        return tuple(dict.fromkeys(found))

    def _number(self, reason: str) -> int:
        reason = " ".join(self.shown(reason).split())[:100]
        if reason not in self._numbers:
            self._numbers[reason] = len(self._reasons)
            self._reasons.append(reason)
        return self._numbers[reason]
