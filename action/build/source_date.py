"""When a directory was last changed: the time of the commit that did it, as far as the history here can tell."""

from __future__ import annotations

import subprocess
from pathlib import Path


def last_changed(directory: Path) -> int | None:
    """Seconds since 1970; None where git knows of no such commit.

    A shallow clone shows every file as new in the oldest commit that it has, so that one says nothing.
    """
    found = _git(directory, "log", "-1", "--format=%H %ct", "--", ".").split()
    if len(found) != 2 or found[0] in _cut_off(directory):
        return None
    return int(found[1])


def _cut_off(directory: Path) -> set[str]:
    """The commits whose parents are not here (gitrepository-layout(5), ``shallow``)."""
    named = _git(directory, "rev-parse", "--git-path", "shallow").rstrip("\n")
    file = directory / named
    return set(file.read_text(encoding="ascii").split()) if named and file.is_file() else set()


def _git(directory: Path, *arguments: str) -> str:
    """What git prints; nothing where it is not there, or ``directory`` is in no repository."""
    try:
        done = subprocess.run(["git", "-C", str(directory), *arguments], capture_output=True, check=False)
    except OSError:
        return ""
    return done.stdout.decode(errors="replace") if done.returncode == 0 else ""
