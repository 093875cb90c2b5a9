"""NotNative: why a build file is left to a real builder."""

from __future__ import annotations


class NotNative(Exception):
    """This build file needs a real builder; the argument says why, for the log."""

    def __init__(self, reason: str, line: int) -> None:
        super().__init__(f"line {line}: {reason}")
