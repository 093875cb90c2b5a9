"""Helm's ``--set`` options, applied to values as helm applies them (pkg/strvals of helm, its documented grammar).

https://helm.sh/docs/intro/using_helm/#the-format-and-limitations-of---set
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from pathlib import Path
from typing import TypeAlias

from action.discovery.helm.engine import SetOption

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"

MAX_INDEX = 65536
MAX_LEVELS = 30
"""Both are helm's own limits."""

_INTEGER = re.compile(r"[-+]?[0-9]+", re.ASCII)
_NUMBER = re.compile(r"[-+][0-9]+|[1-9][0-9]*", re.ASCII)


def apply_sets(values: dict[str, Json], sets: Iterable[SetOption]) -> None:
    """Change ``values`` as the options say, in helm's order: JSON first, then plain, text and literal ones.

    Raises ValueError, naming the option, when one cannot be read. The files of ``--set-file`` are read.
    """
    options = list(sets)
    for flag in ("--set-json", "--set", "--set-string", "--set-file", "--set-literal"):
        for option in options:
            if option.flag == flag:
                try:
                    _Assignments(values, option).run()
                except ValueError as error:
                    raise ValueError(f"failed parsing {flag} data: {error} in {option.text!r}") from error


class _RefusedError(ValueError):
    """Helm would refuse the option."""


class _Assignments:
    """One option's text: ``a.b[0].c=x,d={e,f}``, where a backslash takes the next character as it is.

    The methods follow helm's parser state by state, so that odd texts end as they end there; those that read a key
    return whether the text is over.
    """

    def __init__(self, values: dict[str, Json], option: SetOption) -> None:
        self._values = values
        self._text = option.text
        self._flag = option.flag
        self._at = 0

    def run(self) -> None:
        if self._flag == "--set-json" and self._text.strip().startswith("{"):
            overlay(self._values, json.loads(self._text))
            return
        while not self._key(self._values, 0):
            pass

    def _key(self, data: dict[str, Json], level: int) -> bool:
        key, stop = self._until("=[,.")
        if stop == "":
            if key:
                raise _RefusedError(f"key {key!r} has no value")
            return True
        if stop == ",":
            raise _RefusedError(f"key {key!r} has no value (cannot end with ,)")
        if stop == "=":
            value, over = self._value()
            _set(data, key, value)
            return over
        if stop == "[":
            items = data.get(key, [])
            if not isinstance(items, list):
                return self._not_a_list(repr(key))
            ended = self._indexed(items, level)
            if ended is not None:
                _set(data, key, items)
            return ended is not False
        if level >= MAX_LEVELS:
            raise _RefusedError(f"a key has more than {MAX_LEVELS} levels")
        inner = data.get(key, {})
        if not isinstance(inner, dict):
            raise _RefusedError(f"{key!r} is not a map")
        over = self._key(inner, level + 1)
        if not over and not inner:
            raise _RefusedError(f"key map {key!r} has no value")
        if inner:
            _set(data, key, inner)
        return over

    def _indexed(self, items: list[Json], level: int) -> bool | None:
        """None when the text ends inside the brackets, which helm takes for nothing at all."""
        text, stop = self._until("]")
        if stop == "":
            return None
        if len(text) > 20 or not _INTEGER.fullmatch(text) or not 0 <= int(text) <= MAX_INDEX:
            raise _RefusedError(f"{text!r} is not a list index from 0 to {MAX_INDEX}")
        return self._item(items, int(text), level)

    def _item(self, items: list[Json], index: int, level: int) -> bool:
        rest, stop = self._until("[.=")
        if rest:
            raise _RefusedError(f"unexpected data at end of array index: {rest!r}")
        if stop == "":
            return True
        if stop == "=":
            value, over = self._value()
            _put(items, index, value)
            return over
        below = items[index] if index < len(items) else None
        if stop == "[":
            nested = below if below is not None else []
            if not isinstance(nested, list):
                return self._not_a_list(f"[{index}]")
            ended = self._indexed(nested, level)
            if ended is not None:
                _put(items, index, nested)
            return ended is not False
        inner = below if isinstance(below, dict) else {}
        over = self._key(inner, level)
        _put(items, index, inner)
        return over

    def _not_a_list(self, what: str) -> bool:
        """Helm reads the brackets first, and takes a text that ends inside of them for nothing at all."""
        if self._until("]")[1] == "":
            return True
        raise _RefusedError(f"{what} is not a list")

    def _value(self) -> tuple[Json, bool]:
        """The value behind an equals sign, and whether the text is over."""
        if self._flag == "--set-literal":
            rest, self._at = self._text[self._at :], len(self._text)
            return rest, True
        if self._flag == "--set-json":
            value: Json
            start = len(self._text) - len(self._text[self._at :].lstrip())
            value, self._at = json.JSONDecoder().raw_decode(self._text, start)
            return value, self._until(",")[1] == ""
        if self._text.startswith("{", self._at):
            self._at += 1
            return self._list(), False
        word, stop = self._until(",")
        return self._typed(word), stop == ""

    def _list(self) -> list[Json]:
        items: list[Json] = []
        while True:
            word, stop = self._until(",}")
            if stop == "":
                raise _RefusedError("list must terminate with '}'")
            items.append(self._typed(word))
            if stop == "}":
                self._at += self._text.startswith(",", self._at)
                return items

    def _typed(self, word: str) -> Json:
        if self._flag == "--set-file":
            return _file(word)
        if self._flag != "--set":
            return word
        if word.lower() in ("true", "false"):
            return word.lower() == "true"
        if word.lower() == "null":
            return None
        if word == "0" or (len(word) <= 20 and _NUMBER.fullmatch(word) and -(2**63) <= int(word) < 2**63):
            return int(word)
        return word

    def _until(self, stops: str) -> tuple[str, str]:
        """The text up to a stop that no backslash precedes, and the stop (empty at the end)."""
        word = []
        while self._at < len(self._text):
            character = self._text[self._at]
            self._at += 1
            if character == "\\":
                word.append(self._text[self._at : self._at + 1])
                self._at += 1
            elif character in stops:
                return "".join(word), character
            else:
                word.append(character)
        return "".join(word), ""


def _set(data: dict[str, Json], key: str, value: Json) -> None:
    if key:  # helm drops what has no key
        data[key] = value


def _put(items: list[Json], index: int, value: Json) -> None:
    items.extend([None] * (index + 1 - len(items)))
    items[index] = value


def _file(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8")
    except OSError as error:
        raise _RefusedError(f"{path}: {error.strerror}") from error


def overlay(base: dict[str, Json], over: dict[str, Json]) -> None:
    """Lay ``over`` on ``base`` map by map; what is not a map is replaced."""
    for key, value in over.items():
        below = base.get(key)
        if isinstance(value, dict) and isinstance(below, dict):
            overlay(below, value)
        else:
            base[key] = value
