"""Edits YAML files that people keep: their comments, their order and their way of writing stay."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator.errors import InputError, Problem
from generator.settings import yaml_file

if TYPE_CHECKING:
    from ruamel.yaml.comments import CommentedMap

_PARENT = r"^(?P<parent> *)[^\s#-][^\n]*:[ \t]*(?:#[^\n]*)?\n(?P<item> *)"
_BLOCK_ITEM = re.compile(rf"{_PARENT}- ", re.MULTILINE)
_BLOCK_KEY = re.compile(rf"{_PARENT}(?<= )[^\s#-][^\n]*:", re.MULTILINE)


def edit(path: Path, shown: str, change: Callable[[CommentedMap], None]) -> None:
    """Let ``change`` alter the mapping in ``path``, and write it back; nothing is written when that fails."""
    from ruamel.yaml import YAML
    from ruamel.yaml.comments import CommentedMap

    if path.exists():
        yaml_file.load(path, shown)  # refuses what is no YAML, or too large, with a message of ours
    written = path.read_bytes().decode() if path.exists() else ""
    old = written.replace("\r\n", "\n")
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 4096
    yaml.explicit_start = old.startswith("---")
    indent = _list_indent(old)
    yaml.indent(mapping=_mapping_indent(old), sequence=indent + 2, offset=indent)
    data: Any = yaml.load(old)
    head = ""
    if data is None:  # a file of comments only: the parser keeps none of them
        head, data = old, CommentedMap()
    if not isinstance(data, CommentedMap):
        raise InputError(Problem("bad-value", "is no mapping of keys to values", "see the schema", shown))
    change(data)
    stream = io.StringIO()
    yaml.dump(data, stream)
    new = head + stream.getvalue()
    _replace(path, (new.replace("\n", "\r\n") if "\r\n" in written else new).encode())


def _list_indent(text: str) -> int:
    """How far the file indents the items of a list below their key; two blanks where it has none."""
    match = _BLOCK_ITEM.search(text)
    return max(len(match["item"]) - len(match["parent"]), 0) if match else 2


def _mapping_indent(text: str) -> int:
    """How far the file indents the keys of an inner mapping; two blanks where it has none."""
    match = _BLOCK_KEY.search(text)
    return max(len(match["item"]) - len(match["parent"]), 2) if match else 2


def _replace(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.new")
    try:
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
