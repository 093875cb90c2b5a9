"""Prints rows as they come, so that the size of a tree is no matter of memory."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TextIO

from generator.builds.matrix import Row


def write_json(rows: Iterable[Row], stream: TextIO) -> None:
    """A JSON list with one row a line."""
    separator = "["
    for row in rows:
        stream.write(f"{separator}\n{json.dumps(row.to_json(), ensure_ascii=False)}")
        separator = ","
    stream.write("[]" if separator == "[" else "\n]")


def write_text(rows: Iterable[Row], stream: TextIO, *first: object) -> None:
    """One row a line, its fields between tabs, after the fields that come ``first``."""
    for row in rows:
        print(*first, row.type, row.app, row.version, row.arch, row.context, row.runner, sep="\t", file=stream)
