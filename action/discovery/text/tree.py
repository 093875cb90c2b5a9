"""A YAML document as plain values that know their lines."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias


class Text(str):
    """A scalar, as text, with the line it starts on (counted from 1 in its file). ``number`` when it is one."""

    __slots__ = ("line", "number")
    line: int
    number: bool

    def __new__(cls, text: str, line: int = 0, number: bool = False) -> Text:
        made = super().__new__(cls, text)
        made.line = line
        made.number = number
        return made


class Map(dict[str, "Tree"]):
    """A mapping. ``shadowed`` holds what earlier duplicates of a key said: readers take the last one."""

    __slots__ = ("line", "shadowed")

    def __init__(self, line: int) -> None:
        super().__init__()
        self.line = line
        self.shadowed: list[tuple[str, Tree]] = []


Plain: TypeAlias = "dict[str, Plain] | list[Plain] | str | bool | None"


Tree: TypeAlias = "Map | list[Tree] | Text | bool | None"


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a stream: its number and line in the file, both from 1."""

    number: int
    line: int
    root: Tree


def plain(tree: Tree) -> Plain:
    """The tree as ordinary Python values, numbers as text: for reading a known shape such as Chart.yaml."""
    if isinstance(tree, Map):
        return {key: plain(value) for key, value in tree.items()}
    if isinstance(tree, list):
        return [plain(value) for value in tree]
    return tree


def items(tree: Tree) -> list[Tree]:
    return list(tree) if isinstance(tree, list) else []


def texts(tree: Tree) -> list[Text]:
    return [item for item in items(tree) if isinstance(item, Text)]


def maps(tree: Tree) -> list[Map]:
    return [item for item in items(tree) if isinstance(item, Map)]
