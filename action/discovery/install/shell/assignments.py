"""Assignments and declarations: variables, arrays, ``export`` and ``local``."""

from __future__ import annotations

import re

from tree_sitter import Node

from action.discovery.install.shell.state import State
from action.discovery.install.shell.tree import raw
from action.discovery.install.words.expansion import Expansion
from action.discovery.install.words.quoting import split_raw
from action.discovery.install.words.unknowns import Unknowns, is_known

_FORM = re.compile(r"([A-Za-z_]\w*)(?:\[(.*?)\])?(\+?)=(.*)", re.DOTALL | re.ASCII)
_KEYED = re.compile(r"\[([^\]]*)\]=(.*)", re.DOTALL)
_COMMENT = re.compile(r"(?:^|\n)[ \t]*#[^\n]*")
MAX_ITEMS = 2000


def assign(text: str, state: State, expansion: Expansion, unknowns: Unknowns) -> str | None:
    """Do one assignment, raw as it is written; the name of the variable, None when the form is not read."""
    match = _FORM.fullmatch(text.strip())
    if match is None:
        return None
    name, index, more, value = match.groups()
    if value.startswith("(") and value.endswith(")") and index is None:
        items = dict(state.arrays.get(name, {})) if more else {}
        if more and name in state.variables and not items:
            items["0"] = state.variables[name]
        _array(value[1:-1], items, expansion, unknowns)
        state.arrays[name] = items
        state.variables.pop(name, None)
    elif index is not None:
        _element(name, expansion.text(index), expansion.text(value), bool(more), state, unknowns)
    elif more and name in state.arrays:
        state.arrays[name]["0"] = state.arrays[name].get("0", "") + expansion.text(value)
    else:
        before = state.variables.get(name, "") if more else ""
        state.set(name, before + expansion.text(value), unknowns)
        if "*" in state.exported:
            state.exported.add(name)
    return name


def _array(body: str, items: dict[str, str], expansion: Expansion, unknowns: Unknowns) -> None:
    for word in split_raw(_COMMENT.sub("\n", body)):
        keyed = _KEYED.fullmatch(word)
        if keyed is not None:
            items[expansion.text(keyed[1])] = expansion.text(keyed[2])
            continue
        for value in expansion.fields(word):
            items[str(len(items))] = value
    if len(items) > MAX_ITEMS:
        items.clear()
        items["0"] = unknowns.hard("an array that grows too long")


def _element(name: str, index: str, value: str, more: bool, state: State, unknowns: Unknowns) -> None:
    items = state.arrays.setdefault(name, {})
    if not items and name in state.variables:
        items["0"] = state.variables.pop(name)
    if not index.isdecimal() and index in state.variables:
        index = state.variables[index]
    if not is_known(index):
        items.update({key: unknowns.hard(f"${{{name}[@]}}") for key in items})
    items[index] = (items.get(index, "") if more else "") + value


def declare(node: Node, state: State, expansion: Expansion, unknowns: Unknowns) -> None:
    """``export``, ``readonly``, ``local``, ``declare`` and ``typeset``."""
    keyword = node.children[0].type
    options = "".join(raw(child) for child in node.children[1:] if raw(child).startswith("-"))
    inside = bool(state.locals) and (keyword == "local" or (keyword != "export" and keyword != "readonly"))
    for child in node.children[1:]:
        text = raw(child)
        if child.type == "comment" or text.startswith(("-", "+")):
            continue
        plain = child.type in ("variable_assignment", "variable_name")
        names = [text] if plain else expansion.fields(text)
        for part in names:
            name = re.split(r"[\[+=]", part, maxsplit=1)[0]
            if inside and "g" not in options and name not in state.locals[-1]:
                state.locals[-1][name] = state.variables.get(name)
            if "=" in part:
                quoted = part if child.type == "variable_assignment" else part.replace("$", "\\$")
                assign(quoted, state, expansion, unknowns)
            elif keyword in ("local", "declare", "typeset") and inside:
                state.variables[name] = ""
            elif "A" in options or "a" in options:
                state.arrays.setdefault(name, {})
            if keyword == "export" or "x" in options:
                state.exported.add(name)
    state.status = True
