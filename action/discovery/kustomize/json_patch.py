"""JSON patches (RFC 6902): what they put into an object, as trees that the rules can read, and what they take out."""

from __future__ import annotations

from collections.abc import Iterator

from action.discovery.text.tree import Map, Text, Tree

_DEEPEST = 64
_LONGEST = 1000
_SETTING = frozenset({"add", "replace"})
_REMOVING = frozenset({"remove", "replace"})


def is_json_patch(root: Tree) -> bool:
    """Whether a document is a list of operations, each with an ``op`` and a ``path``."""
    return isinstance(root, list) and bool(root) and all(_operation(step) is not None for step in root)


def what_is_set(root: Tree) -> Iterator[Tree]:
    """For each value that the patch sets, an object that has only that value, at its path."""
    for operation, path, step in _operations(root):
        if operation in _SETTING and "value" in step:
            yield _at(path, step["value"], step.line)


def what_is_gone(root: Tree) -> set[str]:
    """The fields whose values the patch takes out, written as in ``spec.containers[0].image``."""
    return {_field(path) for operation, path, _ in _operations(root) if operation in _REMOVING}


def _operations(root: Tree) -> Iterator[tuple[str, list[str], Map]]:
    for step in root if isinstance(root, list) else ():
        found = _operation(step)
        if found is not None and len(found[1]) <= _DEEPEST:
            yield found


def _operation(step: Tree) -> tuple[str, list[str], Map] | None:
    if not isinstance(step, Map):
        return None
    operation, path = step.get("op"), step.get("path")
    if not (isinstance(operation, Text) and isinstance(path, Text)):
        return None
    return str(operation), [_unescaped(part) for part in path.split("/")[1:]], step


def _unescaped(part: str) -> str:
    """RFC 6901, section 4."""
    return part.replace("~1", "/").replace("~0", "~")


def _at(path: list[str], value: Tree, line: int) -> Tree:
    tree = value
    for part in reversed(path):
        if part == "-" or part.isdecimal():
            before = int(part) if part.isdecimal() and len(part) < len(str(_LONGEST)) else 0
            tree = [*[None] * before, tree]
        else:
            above = Map(line)
            above[part] = tree
            tree = above
    return tree


def _field(path: list[str]) -> str:
    steps = (f"[{part}]" if part.isdecimal() else f".{part}" for part in path)
    return "".join(steps).removeprefix(".")
