"""Shell patterns: ``* ? [a-z]``, with a backslash before each character that a quote took the meaning from (pure).

https://pubs.opengroup.org/onlinepubs/9699919799/utilities/V3_chap02.html#tag_18_13
"""

from __future__ import annotations

import re
from functools import lru_cache

SPECIAL = frozenset("*?[")
MAX_PATTERN = 1000
"""Characters; a longer pattern decides nothing."""


def quoted(text: str) -> str:
    """``text`` as a pattern that matches only itself."""
    return re.sub(r"([*?\[\]\\!^-])", r"\\\1", text)


def unquoted(pattern: str) -> str:
    """A pattern without special characters, as the text that it matches."""
    return re.sub(r"\\(.)", r"\1", pattern, flags=re.DOTALL)


def is_pattern(text: str) -> bool:
    """Whether an unquoted special character is in it."""
    return any(character in SPECIAL for character in re.sub(r"\\.", "", text, flags=re.DOTALL))


@lru_cache(maxsize=4096)
def expression(pattern: str, *, in_path: bool = False, shortest: bool = False) -> str | None:
    """The regular expression of a pattern, None when it is too long or an extended one. ``in_path``: no slash."""
    if len(pattern) > MAX_PATTERN or re.search(r"[@?*+!]\(", pattern):
        return None
    made, at = [], 0
    one = "[^/]" if in_path else "(?s:.)"
    while at < len(pattern):
        character = pattern[at]
        at += 1
        if character == "\\" and at < len(pattern):
            made.append(re.escape(pattern[at]))
            at += 1
        elif character == "*":
            if not made or not made[-1].endswith("*"):
                made.append(f"{one}*" + ("?" if shortest else ""))
        elif character == "?":
            made.append(one)
        elif character == "[" and (end := pattern.find("]", at + 1 + pattern.startswith(("!", "^"), at))) > 0:
            body = pattern[at:end]
            if "[:" in body or "\\" in body:
                return None
            negated = body[:1] in "!^"
            made.append("[" + ("^" if negated else "") + re.sub(r"([\[\]^&|~])", r"\\\1", body[negated:]) + "]")
            at = end + 1
        else:
            made.append(re.escape(character))
    return "".join(made)


def matches(text: str, pattern: str) -> bool | None:
    """Whether the whole text matches; None when that cannot be said."""
    made = _bounded(text, pattern)
    return None if made is None else re.fullmatch(made, text) is not None


def without_prefix(text: str, pattern: str, *, longest: bool) -> str | None:
    """``${text#pattern}``, with ``longest`` ``##``."""
    made = _bounded(text, pattern)
    if made is None:
        return None
    ends = range(len(text), -1, -1) if longest else range(len(text) + 1)
    compiled = re.compile(made)
    return next((text[end:] for end in ends if compiled.fullmatch(text, 0, end)), text)


def without_suffix(text: str, pattern: str, *, longest: bool) -> str | None:
    """``${text%pattern}``, with ``longest`` ``%%``."""
    made = _bounded(text, pattern)
    if made is None:
        return None
    starts = range(len(text) + 1) if longest else range(len(text), -1, -1)
    compiled = re.compile(made)
    return next((text[:start] for start in starts if compiled.fullmatch(text, start)), text)


def replaced(text: str, pattern: str, replacement: str, where: str) -> str | None:
    """``${text/pattern/replacement}``; ``where`` is empty for the first, ``/`` for all, ``#`` or ``%`` for an end."""
    made = _bounded(text, pattern)
    if made is None:
        return None
    if not made:
        return text
    if where == "%":
        made = f"(?:{made})\\Z"
    if where == "#":
        made = f"\\A(?:{made})"
    return re.sub(made, lambda _: replacement, text, count=0 if where == "/" else 1)


def _bounded(text: str, pattern: str) -> str | None:
    """The expression, when trying it everywhere is cheap: many stars in a long text are not."""
    made = expression(pattern)
    return made if made is not None and (len(text) * (1 + made.count("*")) <= 20_000 or made.count("*") == 0) else None
