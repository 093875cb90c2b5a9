"""Text from a registry or a foreign directory, made fit for a message: one line, no control character."""

from __future__ import annotations


def printable(text: str, limit: int = 200) -> str:
    """Every character that is not printable as its escape, so that it can neither break a line nor hide."""
    shown = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text[: limit + 1])
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"
