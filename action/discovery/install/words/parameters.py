"""The parameter expansions that change a known value: ``# ## % %% / // ^ ^^ , ,, :offset:length`` (pure)."""

from __future__ import annotations

from collections.abc import Callable

from action.discovery.install.words import patterns
from action.discovery.install.words.arithmetic import calculated
from action.discovery.install.words.quoting import step
from action.discovery.install.words.unknowns import is_known, without_soft


def changed(
    value: str,
    operation: str,
    pattern: Callable[[str], str],
    text: Callable[[str], str],
    number: Callable[[str], str],
) -> str | None:
    """What ``operation`` (all behind the name) makes of a value; None when that is not known.

    ``pattern`` and ``text`` expand the raw words of the operation, ``number`` looks names up.
    """
    value = without_soft(value)
    if operation[0] in "#%":
        longest = operation[:2] in ("##", "%%")
        wanted = pattern(operation[2 if longest else 1 :])
        if not is_known(wanted):
            return None
        cut = patterns.without_prefix if operation[0] == "#" else patterns.without_suffix
        return cut(value, wanted, longest=longest)
    if operation[0] == "/":
        return _replaced(value, operation[1:], pattern, text)
    if operation in ("^^", ",,"):
        return value.upper() if operation == "^^" else value.lower()
    if operation in ("^", ","):
        first = value[:1].upper() if operation == "^" else value[:1].lower()
        return first + value[1:]
    if operation[0] == ":":
        return _part(value, operation[1:], number)
    return None


def _replaced(value: str, rest: str, pattern: Callable[[str], str], text: Callable[[str], str]) -> str | None:
    where = rest[:1] if rest[:1] in ("/", "#", "%") else ""
    rest = rest[len(where) :]
    at = 0
    while at < len(rest) and rest[at] != "/":
        at = step(rest, at)
    wanted, replacement = pattern(rest[:at]), text(rest[at + 1 :])
    if not is_known(wanted) or "&" in replacement:  # bash 5.2 puts the match where `&` stands
        return None
    return patterns.replaced(value, wanted, replacement, where)


def _part(value: str, rest: str, number: Callable[[str], str]) -> str | None:
    first, colon, second = rest.partition(":")
    start = calculated(first, number)
    size = calculated(second, number) if colon else len(value)
    if start is None or size is None:
        return None
    if start < 0:
        start = max(len(value) + start, 0) if len(value) + start >= 0 else len(value)
    return value[start : start + size] if size >= 0 else value[start:size]
