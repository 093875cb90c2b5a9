"""Prints rows as they come, so that the size of a tree is no matter of memory."""

from __future__ import annotations

import json
from collections.abc import Iterable

from generator.builds.matrix import Row
from generator.console import out


def write_json(rows: Iterable[Row]) -> None:
    """A JSON list with one row a line."""
    separator = "["
    for row in rows:
        out.data(f"{separator}\n{json.dumps(row.to_json(), ensure_ascii=False)}")
        separator = ","
    out.data("[]" if separator == "[" else "\n]")


def write_text(rows: Iterable[Row], *first: object) -> None:
    """One row a line, its fields between tabs, after the fields that come ``first``."""
    for row in rows:
        fields = (*first, row.type, row.app, row.version, row.arch, row.context, row.runner)
        out.say("\t".join(str(field) for field in fields))
