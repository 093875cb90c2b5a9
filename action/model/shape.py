"""JSON from a machine where foreign code may have run, as the values that were written: checked, never trusted."""

from __future__ import annotations

import dataclasses
import functools
import json
import re
import types
import typing
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

_T = TypeVar("_T")
_HALVES = re.compile("[\ud800-\udfff]")


def whole_text(text: str) -> str:
    """Text that UTF-8 can say: halves of surrogate pairs, as in file names that are not UTF-8, become U+FFFD."""
    return _HALVES.sub("\ufffd", text)


def from_json(kind: type[_T], text: str) -> _T:
    """``kind``, a dataclass of JSON values, tuples, named tuples and dataclasses, from its JSON object.

    Raises ValueError, naming the place, for anything that is not of the declared type, or missing, or unknown.
    """
    try:
        data = json.loads(text)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None
    return typing.cast(_T, _checked(kind, data, kind.__name__))


def _checked(kind: object, data: object, place: str) -> object:
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return (
            None if data is None else _checked(next(each for each in arguments if each is not type(None)), data, place)
        )
    if origin is typing.Literal:
        if data in arguments and type(data) is str:
            return data
    elif origin is tuple:
        if isinstance(data, list):
            return tuple(_checked(arguments[0], each, f"{place}[{index}]") for index, each in enumerate(data))
    elif origin is dict:
        if isinstance(data, dict):
            return {whole_text(key): _checked(arguments[1], value, f"{place}.{key}") for key, value in data.items()}
    elif dataclasses.is_dataclass(kind):
        if isinstance(data, dict):
            return _object(typing.cast(type, kind), data, place)
    elif kind in (str, int, bool):
        if type(data) is kind:
            return whole_text(data) if isinstance(data, str) else data
    elif isinstance(data, list):  # a named tuple, which asdict leaves to be written as a list
        return _row(kind, data, place)
    raise ValueError(f"{place} is not {_name(kind)}: {json.dumps(data)[:80]}")


def _object(kind: type, data: Mapping[str, Any], place: str) -> object:
    hints = _hints(kind)
    fields = {field.name: field for field in dataclasses.fields(kind)}
    if unknown := sorted(data.keys() - fields.keys()):
        raise ValueError(f"{place} has the unknown key {unknown[0]!r}")
    for name, field in fields.items():
        if name not in data and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise ValueError(f"{place} lacks the key {name!r}")
    return kind(**{name: _checked(hints[name], value, f"{place}.{name}") for name, value in data.items()})


def _row(kind: object, data: list[object], place: str) -> object:
    hints = _hints(kind)
    if len(data) > len(hints):
        raise ValueError(f"{place} has {len(data)} parts")
    pairs = zip(hints, data, strict=False)
    values = {name: _checked(hints[name], value, f"{place}.{name}") for name, value in pairs}
    return typing.cast(Callable[..., object], kind)(**values)


@functools.cache
def _hints(kind: object) -> Mapping[str, object]:
    return typing.get_type_hints(kind)


def _name(kind: object) -> str:
    return str(getattr(kind, "__name__", None) or kind)
