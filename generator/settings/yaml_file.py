"""Reads the small YAML files that maintainers write: every scalar as it is spelled, every value with its line.

Numbers and dates stay text, because ``1.10`` is a version and not a number; ``true``, ``false`` and ``null`` keep
their meaning (YAML 1.2 core schema, chapter 10.3, without its numbers).
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from generator.errors import InputError, Problem

SIZE_LIMIT = 64 * 1024
DEPTH_LIMIT = 16
_CONSTANTS = {"true": True, "false": False, "null": None, "~": None, "": None}

KeyPath = tuple[str | int, ...]


class Document(NamedTuple):
    """A parsed file. ``lines`` maps the path of each value (of a mapping's value: its key) to a line from 1."""

    data: Any
    lines: dict[KeyPath, int]


def load(path: Path, shown: str, *, front_matter: bool = False) -> Document:
    """Read and parse ``path``. Raises InputError that calls the file ``shown``.

    With ``front_matter``, only what stands between the two ``---`` lines at the start of a Markdown file.
    """
    try:
        with path.open("rb") as stream:
            raw = stream.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise _fault(shown, f"cannot be read: {error.strerror}") from error
    if len(raw) > SIZE_LIMIT:
        raise _fault(shown, f"is larger than {SIZE_LIMIT // 1024} KiB")
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _fault(shown, f"is not UTF-8: {error.reason} at byte {error.start}") from error
    return parse(_front_matter(text) if front_matter else text, shown)


def parse(text: str, shown: str) -> Document:
    """Parse one YAML document; an empty one is an empty mapping. Raises InputError that calls it ``shown``."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        return _Reader(yaml.parse(text, Loader=loader), shown).document()
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise _fault(shown, f"is not YAML: {error.problem or error.context}", line) from error
    except yaml.YAMLError as error:
        raise _fault(shown, f"is not YAML: {error}") from error


class _Reader:
    """Makes values of the parser's events: PyYAML's own composer recurses in C, where depth ends in a crash."""

    def __init__(self, events: Iterator[Any], shown: str) -> None:
        self._events, self._shown = events, shown
        self._lines: dict[KeyPath, int] = {}

    def document(self) -> Document:
        import yaml

        data: Any = {}
        seen = False
        for event in self._events:
            if isinstance(event, (yaml.StreamStartEvent, yaml.StreamEndEvent, yaml.DocumentEndEvent)):
                continue
            if isinstance(event, yaml.DocumentStartEvent):
                if seen:
                    raise _fault(self._shown, "has a second document", _line(event))
                seen = True
                continue
            data = self._value(event, ())
        return Document({} if data is None else data, self._lines)

    def _value(self, event: Any, path: KeyPath) -> Any:  # noqa: ANN401 - YAML
        import yaml

        line = _line(event)
        self._lines.setdefault(path, line)
        if len(path) > DEPTH_LIMIT:
            raise _fault(self._shown, "is nested too deeply", line)
        if isinstance(event, yaml.AliasEvent):  # it could grow without bound, and a diff would not show how
            raise _fault(self._shown, "uses a YAML alias ('*name'); write the value out", line)
        if isinstance(event, yaml.SequenceStartEvent):
            items: list[Any] = []
            while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
                items.append(self._value(item, (*path, len(items))))
            return items
        if isinstance(event, yaml.MappingStartEvent):
            return self._mapping(path)
        return event.value if event.style or event.value not in _CONSTANTS else _CONSTANTS[event.value]

    def _mapping(self, path: KeyPath) -> dict[str, Any]:
        import yaml

        mapping: dict[str, Any] = {}
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            line = _line(key)
            if not isinstance(key, yaml.ScalarEvent):
                raise _fault(self._shown, "has a key that is not a word", line)
            if key.value in mapping:
                raise _fault(self._shown, f"has the key {key.value!r} twice", line)
            self._lines[(*path, key.value)] = line
            mapping[key.value] = self._value(next(self._events), (*path, key.value))
        return mapping


def _line(event: Any) -> int:  # noqa: ANN401 - a parser event
    return int(event.start_mark.line) + 1


def _front_matter(text: str) -> str:
    first, *lines = text.splitlines(keepends=True) or [""]
    if first.rstrip() != "---":
        return ""
    return "\n" + "".join(itertools.takewhile(lambda line: line.rstrip() != "---", lines))


def _fault(shown: str, message: str, line: int | None = None) -> InputError:
    return InputError(Problem("bad-yaml", message, "write plain keys, values and lists", shown, line))
