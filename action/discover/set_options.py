"""Helm's ``--set`` options, applied to values as helm applies them (pkg/strvals of helm, its documented grammar).

https://helm.sh/docs/intro/using_helm/#the-format-and-limitations-of---set
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from itertools import pairwise
from typing import TypeAlias, TypeVar

from action.discover.rendering import SetOption

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
J = TypeVar("J", bound="Json")

MAX_INDEX = 65536
MAX_LEVELS = 30
"""Both are helm's own limits."""

_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)", re.ASCII)


def apply_sets(values: dict[str, Json], sets: Iterable[SetOption]) -> None:
    """Change ``values`` as the options say, in helm's order: JSON first, then plain, text and literal ones.

    Raises ValueError, naming the option, when one cannot be read. ``--set-file`` is not for here: it reads files.
    """
    options = list(sets)
    for flag in ("--set-json", "--set", "--set-string", "--set-literal"):
        for option in options:
            if option.flag == flag:
                try:
                    _Assignments(values, option).run()
                except ValueError as error:
                    raise ValueError(f"failed parsing {flag} data: {error} in {option.text!r}") from error


class _Assignments:
    """One option's text: ``a.b[0].c=x,d={e,f}``, where a backslash takes the next character as it is."""

    def __init__(self, values: dict[str, Json], option: SetOption) -> None:
        self._values = values
        self._text = option.text
        self._flag = option.flag
        self._at = 0

    def run(self) -> None:
        if self._flag == "--set-json" and self._text.strip().startswith("{"):
            overlay(self._values, json.loads(self._text))
            return
        while self._at < len(self._text):
            path = self._path()
            if path is None:
                return
            _assign(self._values, path, self._value())

    def _path(self) -> list[str | int] | None:
        path: list[str | int] = []
        while True:
            word, stop = self._until(".=[,")
            if word:
                path.append(word)
            if stop == "[":
                index, closed = self._until("]")
                if closed != "]" or not index.isdigit() or int(index) > MAX_INDEX:
                    raise ValueError(f"{index!r} is not a list index up to {MAX_INDEX}")
                path.append(int(index))
                if self._at < len(self._text) and self._text[self._at] in ".=[":
                    if self._text[self._at] == "[":
                        continue
                    stop = self._text[self._at]
                    self._at += 1
            if stop == "=":
                if not path:
                    raise ValueError("a value has no key")
                return path
            if stop in (",", ""):
                if not path and stop == "":
                    return None
                raise ValueError(f"key {''.join(str(step) for step in path)!r} has no value")
            if len(path) > MAX_LEVELS:
                raise ValueError(f"a key has more than {MAX_LEVELS} levels")

    def _value(self) -> Json:
        if self._flag == "--set-literal":
            rest, self._at = self._text[self._at :], len(self._text)
            return rest
        if self._flag == "--set-json":
            value: Json
            value, used = json.JSONDecoder().raw_decode(self._text[self._at :].lstrip())
            self._at = len(self._text) - len(self._text[self._at :].lstrip()) + used
            self._until(",")
            return value
        if self._text[self._at : self._at + 1] == "{":
            self._at += 1
            return self._list()
        word, _ = self._until(",")
        return self._typed(word)

    def _list(self) -> list[Json]:
        items: list[Json] = []
        while True:
            word, stop = self._until(",}")
            if stop == "":
                raise ValueError("list must terminate with '}'")
            if stop == "}":
                if word or items:
                    items.append(self._typed(word))
                self._until(",")
                return items
            items.append(self._typed(word))

    def _typed(self, word: str) -> Json:
        if self._flag != "--set":
            return word
        if word.lower() in ("true", "false"):
            return word.lower() == "true"
        if word.lower() == "null":
            return None
        if _INTEGER.fullmatch(word) and -(2**63) <= int(word) < 2**63:
            return int(word)
        return word

    def _until(self, stops: str) -> tuple[str, str]:
        """The text up to a stop that no backslash precedes, and the stop (empty at the end)."""
        word = []
        while self._at < len(self._text):
            character = self._text[self._at]
            self._at += 1
            if character == "\\" and self._at < len(self._text):
                word.append(self._text[self._at])
                self._at += 1
            elif character in stops:
                return "".join(word), character
            else:
                word.append(character)
        return "".join(word), ""


def _assign(values: dict[str, Json], path: list[str | int], value: Json) -> None:
    here: dict[str, Json] | list[Json] = values
    for step, following in pairwise(path):
        wanted: dict[str, Json] | list[Json] = [] if isinstance(following, int) else {}
        below = _get(here, step)
        here = below if isinstance(below, dict | list) and type(below) is type(wanted) else _put(here, step, wanted)
    _put(here, path[-1], value)


def _get(node: dict[str, Json] | list[Json], step: str | int) -> Json:
    if isinstance(node, list):
        return node[step] if isinstance(step, int) and step < len(node) else None
    return node.get(str(step))


def _put(node: dict[str, Json] | list[Json], step: str | int, value: J) -> J:
    if isinstance(node, list):
        index = int(step)
        node.extend([None] * (index + 1 - len(node)))
        node[index] = value
    else:
        node[str(step)] = value
    return value


def overlay(base: dict[str, Json], over: dict[str, Json]) -> None:
    """Lay ``over`` on ``base`` map by map; what is not a map is replaced."""
    for key, value in over.items():
        below = base.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            overlay(below, value)
        else:
            base[key] = value
