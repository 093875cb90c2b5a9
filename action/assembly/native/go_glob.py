"""Shell patterns as Go's ``path/filepath`` matches them, which is what every builder uses for sources (pure)."""

from __future__ import annotations

import re
from functools import lru_cache

META = frozenset("*?[\\")


class BadPattern(ValueError):
    """The pattern has an unclosed class, an empty class or a last backslash."""


def has_meta(pattern: str) -> bool:
    """Whether ``pattern`` is more than a plain name."""
    return any(character in META for character in pattern)


@lru_cache(maxsize=512)
def compile_component(pattern: str) -> re.Pattern[str]:
    """One path component as a regular expression. No wildcard matches ``/``; a leading dot is not special."""
    # What stands between two wildcards is taken where it is found first, and never sought again: any later place
    # would leave less for the rest, so without going back nothing is missed, and the time is linear in the stars.
    done: list[str] = []
    parts: list[str] = []
    at = starred = 0
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == "*":
            done.append(f"(?>[^/]*?{''.join(parts)})" if starred else "".join(parts))
            parts, starred = [], starred + 1
        elif character == "?":
            parts.append("[^/]")
        elif character == "[":
            text, at = _character_class(pattern, at)
            parts.append(text)
        elif character == "\\":
            if at == len(pattern):
                raise BadPattern(pattern)
            parts.append(re.escape(pattern[at]))
            at += 1
        else:
            parts.append(re.escape(character))
    return re.compile("".join([*done, "[^/]*" if starred else "", *parts]), re.DOTALL)


def _character_class(pattern: str, at: int) -> tuple[str, int]:
    """The class that starts after ``[`` at ``at``; Go negates with ``^`` only and wants at least one range."""
    negated = pattern[at : at + 1] == "^"
    at += negated
    ranges: list[str] = []
    while not (pattern[at : at + 1] == "]" and ranges):
        low, at = _class_character(pattern, at)
        high = low
        if pattern[at : at + 1] == "-":
            high, at = _class_character(pattern, at + 1)
        if low <= high:
            ranges.append(f"{re.escape(low)}-{re.escape(high)}")
        else:
            ranges.append("")  # Go accepts a range the wrong way round; it matches nothing
    body = "".join(ranges)
    if negated:
        return (f"[^/{body}]" if body else "[^/]"), at + 1
    return (f"(?!/)[{body}]" if body else r"(?!)"), at + 1


def _class_character(pattern: str, at: int) -> tuple[str, int]:
    character = pattern[at : at + 1]
    if character in ("", "-", "]"):
        raise BadPattern(pattern)
    if character == "\\":
        at += 1
        character = pattern[at : at + 1]
    if not character or at + 1 >= len(pattern):
        raise BadPattern(pattern)
    return character, at + 1
