"""The end of what a program prints, while all of it passes by: of any length, with or without line ends."""

from __future__ import annotations

import codecs
import os
from collections import deque
from typing import IO, TextIO

LINES = 15
WIDTH = 1000
"""Characters of one line that are kept."""

_CHUNK = 1 << 16


class OutputTail:
    """The last lines, each cut to ``WIDTH``."""

    def __init__(self, lines: int = LINES) -> None:
        self._whole: deque[str] = deque(maxlen=lines)
        self._open = ""

    def follow(self, stream: IO[bytes], log: TextIO | None) -> None:
        """Read to the end, showing everything in ``log`` at once."""
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        while data := os.read(stream.fileno(), _CHUNK):
            text = decoder.decode(data)
            if log is not None:
                log.write(text)
            self.take(text)

    def take(self, text: str) -> None:
        *ended, rest = text.split("\n")
        for line in ended:
            self._whole.append((self._open + line[:WIDTH])[:WIDTH].rstrip())
            self._open = ""
        self._open = (self._open + rest[:WIDTH])[:WIDTH]

    def lines(self) -> list[str]:
        return [*self._whole, *([self._open.rstrip()] if self._open.strip() else [])][-(self._whole.maxlen or 0) :]
