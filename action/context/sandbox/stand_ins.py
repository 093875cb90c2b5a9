"""Programs that init.sh finds and that fail: nothing in a box can talk to a container engine, or become root.

A script that goes on after one of them failed would make an image without what it wanted from it, so the build fails
whatever the script says. What to do instead stands in generator/tree/init_lint.py, which names such scripts before.
"""

from __future__ import annotations

import os
import shlex
import stat
from pathlib import Path

from action.errors import Problem
from generator.tree.init_lint import INSTEAD, PAGE

_NOTES = ".called-in-vain"
_NOTED = 64 * 1024


def write_stand_ins(folder: Path, home: Path) -> None:
    """Put a program of each name into ``folder``; each notes that it was called in ``home``."""
    note = shlex.quote(str(home / _NOTES))
    for name, instead in INSTEAD.items():
        message = shlex.quote(f"{name}: not for init.sh: {instead}; see {PAGE}")
        program = folder / name
        program.write_text(f"#!/bin/sh\necho {name} >> {note}\necho {message} >&2\nexit 127\n", encoding="utf-8")
        program.chmod(0o755)


def called(home: Path) -> list[str]:
    """Which of them were called. The notes are the script's own to write, so only names of ours are believed."""
    try:
        descriptor = os.open(home / _NOTES, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return []
    with os.fdopen(descriptor, "rb") as file:
        noted = file.read(_NOTED) if stat.S_ISREG(os.fstat(descriptor).st_mode) else b""
    words = noted.decode("utf-8", "replace").split()
    return [name for name in INSTEAD if name in words]


def problem(names: list[str], label: str) -> Problem:
    """What to say of a script that called them."""
    hint = "; ".join(f"in place of {name}, {INSTEAD[name]}" for name in names)
    return Problem("init-calls", f"calls {', '.join(names)}, which it cannot use", f"{hint}; see {PAGE}", label)
