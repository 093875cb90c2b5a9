"""Which builds a change of the tree touches."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from generator.builds.git import changed_files, event_base, file_at
from generator.builds.matrix import Row, rows
from generator.errors import InputError
from generator.settings import yaml_file
from generator.settings.settings import METADATA_FILE, Settings
from generator.tree.build_files import ARCH_FILE
from generator.tree.catalog import read_catalog
from generator.tree.model import LATEST


def event_rows(event_name: str, event: Mapping[str, Any], root: Path, settings: Settings) -> list[Row]:
    """The rows that a push or a pull request touches; nothing is no fault."""
    everything = rows(read_catalog(root, settings), settings)
    base = event_base(event_name, event, root)
    return list(everything if base is None else affected(everything, root, base))


def affected(candidates: Iterable[Row], root: Path, base: str) -> Iterator[Row]:
    """The rows that are not what they were in the commit ``base``, in their order.

    A row is touched by a file of its build directory, by a build_arch of its application, and by image.yaml when
    that says something new about it. imagebuild.yaml touches none: who wants all of them anew asks for all of them.
    """
    files = changed_files(root, base)
    touched = _directories(files)
    versions = _changed_metadata(root, base, files)
    versions |= {file.rpartition("/")[0]: None for file in files if file.endswith(f"/{ARCH_FILE}")}
    places: dict[str, list[str]] = {}
    for row in candidates:
        if row.context not in places:
            places[row.context] = _names(row.context, root)
        if any(_touches(place, row.version, touched, versions) for place in places[row.context]):
            yield row


def _touches(context: str, version: str, touched: set[str], versions: Mapping[str, frozenset[str] | None]) -> bool:
    named = versions.get(context.rpartition("/")[0], frozenset())
    return context in touched or named is None or version in named


def _changed_metadata(root: Path, base: str, files: Sequence[str]) -> dict[str, frozenset[str] | None]:
    """For each application whose image.yaml has changed, the versions that are new in it; None when all may differ."""
    found: dict[str, frozenset[str] | None] = {}
    for file in files:
        app, _, name = file.rpartition("/")
        if name == METADATA_FILE:
            found[app] = _new_versions(root, base, file)
    return found


def _new_versions(root: Path, base: str, file: str) -> frozenset[str] | None:
    try:
        new = dict(yaml_file.load(root / file, file).data)
        old = dict(yaml_file.parse(file_at(root, base, file), file).data)
    except (InputError, TypeError, ValueError):  # there was none, there is none, or it was no mapping
        return None
    before, after = (set(data.pop("versions", None) or [LATEST]) for data in (old, new))
    return frozenset(after - before) if old == new else None


def _directories(files: Iterable[str]) -> set[str]:
    """Every directory that holds one of the files, at any depth."""
    found: set[str] = set()
    for file in files:
        directory = file.rpartition("/")[0]
        while directory and directory not in found:
            found.add(directory)
            directory = directory.rpartition("/")[0]
    return found


def _names(context: str, root: Path) -> list[str]:
    """The build directory under its own name and, where a link leads to another one, under that name too."""
    path = root / context
    if not path.is_symlink() and not path.parent.is_symlink():
        return [context]
    return [context, os.path.relpath(path.resolve(), root.resolve()).replace(os.sep, "/")]
