"""Text from a registry or a foreign directory, made fit for a message: one line, no control character."""

from __future__ import annotations


def printable(text: str, limit: int = 200) -> str:
    """Every character that is not printable as its escape, so that it can neither break a line nor hide."""
    shown = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in text[: limit + 1])
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def size(count: int) -> str:
    """A number of bytes with a decimal unit, as registries show it: ``999 B``, ``1.5 kB``, ``300 MB``."""
    if count < 1000:
        return f"{count} B"
    value = float(count)
    for unit in ("kB", "MB", "GB", "TB"):
        value /= 1000
        if round(value, 1) < 1000 or unit == "TB":
            return f"{value:.1f} {unit}" if value < 100 else f"{value:.0f} {unit}"
    raise AssertionError("unreachable")


def short_digest(digest: str) -> str:
    """``sha256:`` and the first twelve digits: enough to tell two images apart by eye."""
    algorithm, _, encoded = digest.partition(":")
    return f"{algorithm}:{encoded[:12]}"
