"""The items of a list in a document, by what they are; anything that is no list has none."""

from __future__ import annotations

from action.discover.yaml_tree import Map, Text, Tree


def items(tree: Tree) -> list[Tree]:
    return list(tree) if isinstance(tree, list) else []


def texts(tree: Tree) -> list[Text]:
    return [item for item in items(tree) if isinstance(item, Text)]


def maps(tree: Tree) -> list[Map]:
    return [item for item in items(tree) if isinstance(item, Map)]
