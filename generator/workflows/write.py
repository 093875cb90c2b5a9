"""Rendered files to the disk: what differs, what is ours and no longer needed, and what is not ours to touch."""

from __future__ import annotations

import difflib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from generator.errors import InputError, Problem
from generator.workflows.render import MARKER

# Where files of ours may be; nothing else is looked at, and nothing without the marker is changed or removed.
DIRECTORIES = (".github/workflows", ".github/ISSUE_TEMPLATE")


class Change(NamedTuple):
    """One file that is not as rendered. ``old`` is None when it is missing, ``new`` when it is to be removed."""

    path: str
    old: str | None
    new: str | None

    def diff(self) -> str:
        """The change as a unified diff, as ``patch -p1`` takes it."""
        return "".join(
            line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"
            for line in difflib.unified_diff(
                (self.old or "").splitlines(keepends=True),
                (self.new or "").splitlines(keepends=True),
                "/dev/null" if self.old is None else f"a/{self.path}",
                "/dev/null" if self.new is None else f"b/{self.path}",
            )
        )


def changes(root: Path, rendered: Mapping[str, str]) -> list[Change]:
    """What has to change below ``root``; raises InputError when a file that we would write is not ours."""
    found: list[Change] = []
    problems: list[Problem] = []
    for path, new in rendered.items():
        old = _read(root / path)
        if not (root / path).parent.resolve().is_relative_to(root.resolve()):
            problems.append(_not_ours(path, "lies outside of the repository, where a link leads"))
        elif old is None and os.path.lexists(root / path):
            problems.append(_not_ours(path, "is no ordinary file"))
        elif old is not None and not _ours(old):
            problems.append(_not_ours(path, "was not written by the generator"))
        elif old != new:
            found.append(Change(path, old, new))
    if problems:
        raise InputError(problems)
    for directory in DIRECTORIES:
        for file in sorted((root / directory).glob("*.yml")):
            path = f"{directory}/{file.name}"
            if path not in rendered and (old := _read(file)) is not None and _ours(old):
                found.append(Change(path, old, None))
    return sorted(found)


def write(root: Path, changes: list[Change]) -> None:
    """Apply the changes; each file is complete or untouched whatever happens."""
    for change in changes:
        path = root / change.path
        if change.new is None:
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            temporary.write_bytes(change.new.encode())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


def _read(path: Path) -> str | None:
    """The text of an ordinary file; None when there is none. Line ends are kept, so that a CRLF counts as drift."""
    if path.is_symlink() or not path.is_file():
        return None
    return path.read_bytes().decode("utf-8", "replace")


def _ours(text: str) -> bool:
    return text.startswith(MARKER)


def _not_ours(path: str, reason: str) -> Problem:
    return Problem("not-ours", reason, "move it away, or rename it, and run: python -m generator", path)
