"""Checks a YAML file against its JSON Schema, and says what is wrong in words that help."""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from generator.errors import InputError, Problem
from generator.names import nearest
from generator.settings import yaml_file

if TYPE_CHECKING:
    import jsonschema
    from jsonschema.protocols import Validator

SchemaName = Literal["settings", "image"]


@functools.cache
def schema(name: SchemaName) -> dict[str, Any]:
    """The JSON Schema of a file that maintainers write."""
    path = Path(__file__).parent.parent / "schemas" / f"{name}.schema.json"
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def load_checked(path: Path, shown: str, schema_name: SchemaName) -> dict[str, Any]:
    """The data of a file, empty when there is none; raises InputError with everything that is wrong with it."""
    if not path.exists():
        return {}
    document = yaml_file.load(path, shown)
    errors = _validator(schema_name).iter_errors(document.data)
    problems = [problem for error in errors for problem in _problems(error, shown, document)]
    if problems:
        raise InputError(sorted(problems, key=lambda problem: (problem.line or 0, problem.message)))
    data: dict[str, Any] = document.data
    return data


@functools.cache
def _validator(schema_name: SchemaName) -> Validator:
    import jsonschema  # takes longer to import than everything else, and most trees have no file to check

    def pattern(_: Validator, expression: str, value: object, __: object) -> Iterator[jsonschema.ValidationError]:
        # In a JSON Schema "$" is the end of the text; Python's also matches before a line feed there.
        if isinstance(value, str) and (value.endswith("\n") or not re.search(expression, value)):
            yield jsonschema.ValidationError(f"{value!r} is not as it must be")

    extend: Callable[..., type[Validator]] = jsonschema.validators.extend
    strict = extend(jsonschema.Draft202012Validator, {"pattern": pattern})
    return strict(schema(schema_name))


def _problems(error: jsonschema.ValidationError, shown: str, document: yaml_file.Document) -> list[Problem]:
    """A validation error in our words: unknown keys with their neighbours, anything else with its place."""
    path: yaml_file.KeyPath = tuple(error.path)
    where = ".".join(str(part) for part in path)
    rule: Any = error.schema
    data: Any = error.instance
    if error.validator == "additionalProperties" and "properties" in rule:
        unknown = [key for key in data if key not in rule["properties"]]
        return [
            Problem(
                "unknown-key",
                f"{where}.{key} is no setting" if where else f"{key} is no setting",
                _neighbours(key, rule["properties"]),
                shown,
                document.lines.get((*path, key)),
            )
            for key in unknown
        ]
    reason = error.message if len(error.message) <= 300 else f"{error.message[:300]}..."
    if error.validator == "enum" and isinstance(data, str):
        hint = _neighbours(data, rule["enum"])
    else:
        hint = rule.get("description", "")
    return [Problem("bad-value", f"{where}: {reason}" if where else reason, hint, shown, document.lines.get(path))]


def _neighbours(word: str, known: Collection[str]) -> str:
    close = nearest(word, known, 1)
    return f"did you mean {close[0]!r}?" if close else f"one of: {', '.join(sorted(known))}"
