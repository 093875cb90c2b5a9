"""Files of a context, and of nothing else: every link is followed as if the context were the root of the machine.

init.sh may leave a link to anywhere; what it leads to on this machine is nobody's business, and on a node it is
something else. Pipes, sockets and devices are no files: to read one could take for ever.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from action.context.links import follow


def beneath(context: Path, name: str) -> Path | None:
    """Where ``name`` (relative to the context, which it may not leave by ``..``) really is; None when nowhere."""
    if os.path.normpath(name).split("/")[0] == "..":
        return None
    names = follow(name, lambda names: _target(context.joinpath(*names)))
    if names is None:
        return None
    path = context.joinpath(*names)
    return path if os.path.lexists(path) else None


def is_file_beneath(context: Path, name: str) -> bool:
    """Whether it is a regular file of the context."""
    path = beneath(context, name)
    return path is not None and os.path.isfile(path)  # noqa: PTH113 - says no where it may not look


def read_beneath(context: Path, name: str, limit: int) -> bytes:
    """Up to ``limit`` bytes and one more of a file of the context; raises OSError, also for what is no file."""
    path = beneath(context, name)
    if path is None:
        raise FileNotFoundError(0, "the context has no such file", name)
    return read_regular(path, limit)


def read_regular(path: Path, limit: int) -> bytes:
    """The same for a path that is no link."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(0, "it is not a regular file", str(path))
        return file.read(limit + 1)


def files_below(context: Path, folder: str) -> Iterator[str]:
    """The names of the regular files below a folder, links to files of the context included, in no order.

    A link to a folder is followed where it is ``folder`` itself, and nowhere below.
    """
    base = beneath(context, folder)
    if base is None:
        return
    for parent, _, names in os.walk(base):
        below = os.path.relpath(parent, base)
        for entry in names:
            name = os.path.normpath(os.path.join(folder, below, entry))  # noqa: PTH118 - charts have many
            if is_file_beneath(context, name):
                yield name


def _target(path: Path) -> str | None:
    """What a link says, to the letter: ``Path.readlink`` would tidy it."""
    try:
        return os.readlink(path)  # noqa: PTH115
    except OSError:  # it is no link, or not there, or its name is longer than any can be
        return None
