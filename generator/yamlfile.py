"""Reads the small YAML files that maintainers write: every scalar as it is spelled, every value with its line.

Numbers and dates stay text, because ``1.10`` is a version and not a number; ``true``, ``false`` and ``null`` keep
their meaning (YAML 1.2 core schema, chapter 10.3, without its numbers).
"""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from generator.errors import InputError, Problem

if TYPE_CHECKING:
    import yaml

SIZE_LIMIT = 64 * 1024
_CONSTANTS = {"true": True, "false": False, "null": None, "~": None, "": None}

KeyPath = tuple[str | int, ...]


class Document(NamedTuple):
    """A parsed file. ``lines`` maps the path of each value (of a mapping's value: its key) to a line from 1."""

    data: Any
    lines: dict[KeyPath, int]


def load(path: Path, shown: str, *, front_matter: bool = False) -> Document:
    """Parse ``path``; an empty file is an empty mapping. Raises InputError that calls the file ``shown``.

    With ``front_matter``, only what stands between the two ``---`` lines at the start of a Markdown file.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        with path.open("rb") as stream:
            raw = stream.read(SIZE_LIMIT + 1)
        if len(raw) > SIZE_LIMIT:
            raise _fault(shown, f"is larger than {SIZE_LIMIT // 1024} KiB")
        text = raw.decode("utf-8-sig")
        node = yaml.compose(_front_matter(text) if front_matter else text, Loader=loader)
    except UnicodeDecodeError as error:
        raise _fault(shown, f"is not UTF-8: {error.reason} at byte {error.start}") from error
    except OSError as error:
        raise _fault(shown, f"cannot be read: {error.strerror}") from error
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        raise _fault(shown, f"is not YAML: {error.problem or error.context}", line) from error
    except yaml.YAMLError as error:
        raise _fault(shown, f"is not YAML: {error}") from error
    lines: dict[KeyPath, int] = {}
    return Document({} if node is None else _value(node, (), lines, set(), shown), lines)


def _value(node: yaml.Node, path: KeyPath, lines: dict[KeyPath, int], seen: set[int], shown: str) -> Any:  # noqa: ANN401
    import yaml

    line = node.start_mark.line + 1
    lines.setdefault(path, line)
    if id(node) in seen:  # one node in two places is an alias: it could grow without bound, and a diff cannot show it
        raise _fault(shown, "uses a YAML alias ('*name'); write the value out", line)
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        return [_value(item, (*path, i), lines, seen, shown) for i, item in enumerate(node.value)]
    if isinstance(node, yaml.MappingNode):
        mapping: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise _fault(shown, "has a key that is not a word", line)
            if key.value in mapping:
                raise _fault(shown, f"has the key {key.value!r} twice", line)
            lines[(*path, key.value)] = line
            mapping[key.value] = _value(value, (*path, key.value), lines, seen, shown)
        return mapping
    plain = isinstance(node, yaml.ScalarNode) and not node.style
    return _CONSTANTS[node.value] if plain and node.value in _CONSTANTS else node.value


def _front_matter(text: str) -> str:
    first, *lines = text.splitlines(keepends=True) or [""]
    if first.rstrip() != "---":
        return ""
    return "\n" + "".join(itertools.takewhile(lambda line: line.rstrip() != "---", lines))


def _fault(shown: str, message: str, line: int | None = None) -> InputError:
    return InputError(Problem("bad-yaml", message, file=shown, line=line))
