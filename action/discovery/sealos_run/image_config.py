"""``config.yml`` at the image's root: files that ``sealos run`` writes or merges into before it renders templates.

The rules are those of Sealos's lifecycle/pkg/config/config.go: every document of kind ``Config``, one of a name, in
their order; ``spec.strategy`` merges ``spec.data`` into each document of the file at ``spec.path``, or puts it before
or behind, and anything else replaces the file.
"""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator
from pathlib import Path

from action.context.beneath import is_file_beneath
from action.discovery.text.files import read_text
from action.discovery.text.tree import Document, Map, Text, Tree
from action.discovery.text.yaml_reader import documents
from action.errors import InputError, Problem

FILE = "config.yml"


def configured_files(context: Path) -> tuple[dict[str, str], list[Problem]]:
    """The files that ``config.yml`` makes, by their names in the context, and what is wrong with it."""
    made: dict[str, str] = {}
    problems: list[Problem] = []
    if not is_file_beneath(context, FILE):
        return made, problems
    try:
        text = read_text(context, FILE)
        configs = [document for document in documents(text, FILE) if not _is_other(document)]
        for config in _by_name(configs):
            _apply(config, context, made, problems)
    except InputError as error:
        reason = error.problems[0]
        message = f"Sealos passes it over, or ends: {reason.message}"
        problems.append(Problem("config-unreadable", message, reason.hint, FILE, reason.line, severity="warning"))
        return {}, problems
    return made, problems


def _is_other(document: Document | Problem) -> bool:
    """Whether it is no Config; raises InputError for what is no YAML, as Sealos then reads nothing of the file."""
    if isinstance(document, Problem):
        raise InputError(document)
    return not isinstance(document.root, Map) or document.root.get("kind") != "Config"


def _by_name(configs: list[Document | Problem]) -> Iterator[Map]:
    """One of a name: the last one, in the place of the first."""
    found: dict[str, Map] = {}
    for document in configs:
        if isinstance(document, Document) and isinstance(document.root, Map):
            metadata = document.root.get("metadata")
            found[str(metadata.get("name", "")) if isinstance(metadata, Map) else ""] = document.root
    yield from found.values()


def _apply(config: Map, context: Path, made: dict[str, str], problems: list[Problem]) -> None:
    spec = config.get("spec")
    if not isinstance(spec, Map):
        return
    path, data = spec.get("path"), spec.get("data")
    if not isinstance(path, Text) or not isinstance(data, Text):
        return
    if spec.get("match"):
        message = f"writes {path} only when the image is run under the name {spec['match']}: not read"
        problems.append(Problem("config-match", message, "leave match out", FILE, path.line, severity="warning"))
        return
    name = posixpath.normpath(path).lstrip("/")
    before = made[name] if name in made else _present(context, name)
    strategy = spec.get("strategy")
    if strategy == "merge":
        made[name] = _merged(before, data, name)
    elif strategy in ("insert", "append"):
        made[name] = "\n".join((data, before) if strategy == "insert" else (before, data))
    else:
        made[name] = str(data)


def _present(context: Path, name: str) -> str:
    return read_text(context, name) if is_file_beneath(context, name) else ""


def _merged(before: str, data: str, name: str) -> str:
    changes = next((_map(document) for document in documents(data, FILE)), Map(0))
    found = [_overlaid(_map(document), changes) for document in documents(before, name)]
    return "\n---\n".join(_written(each) for each in found or [changes])


def _map(document: Document | Problem) -> Map:
    if isinstance(document, Problem):
        raise InputError(document)
    if not isinstance(document.root, Map):
        raise InputError(Problem("bad-yaml", "is not a mapping", "", FILE, document.line))
    return document.root


def _overlaid(values: Map, changes: Map) -> Map:
    """Mappings are merged; everything else is replaced, empty values too, but not by a mapping (so mergo has it)."""
    merged = Map(values.line)
    merged.update(values)
    for key, value in changes.items():
        old = values.get(key)
        if isinstance(value, Map) and isinstance(old, Map):
            merged[key] = _overlaid(old, value)
        elif not isinstance(value, Map) or old is None:
            merged[key] = value
    return merged


def _written(tree: Tree) -> str:
    """A tree as YAML on one line; a number as it was written."""
    if isinstance(tree, Map):
        return "{" + ", ".join(f"{json.dumps(str(key))}: {_written(value)}" for key, value in tree.items()) + "}"
    if isinstance(tree, list):
        return "[" + ", ".join(map(_written, tree)) + "]"
    if isinstance(tree, Text):
        return str(tree) if tree.number else json.dumps(str(tree))
    return json.dumps(tree)
