"""Gives a whole tree to a user, and takes it back: by descriptors, following no link, however deep it is.

A path could be made to lead elsewhere between two looks at it; a descriptor stays what it was opened as. Standard
library only, because it may run as root.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(slots=True)
class _Level:
    """One directory on the way down: which one it is, and the directories of it that are still to be entered."""

    identity: tuple[int, int]
    pending: list[str]


def give(top: str, uid: int, gid: int) -> None:
    """Let everything from ``top`` down belong to ``uid`` and ``gid``.

    Two descriptors are open at a time: on the way up a directory is opened as ``..`` and must be the one that was
    left. Raises OSError when it is not.
    """
    here = os.open(top, _FOLDER)
    try:
        levels = [_entered(here, uid, gid)]
        while levels:
            if levels[-1].pending:
                above, here = here, os.open(levels[-1].pending.pop(), _FOLDER, dir_fd=here)
                os.close(above)
                levels.append(_entered(here, uid, gid))
                continue
            levels.pop()
            if levels:
                below, here = here, os.open("..", _FOLDER, dir_fd=here)
                os.close(below)
                if _identity(os.fstat(here)) != levels[-1].identity:
                    raise OSError(0, "a directory was moved while it changed its owner", top)
    finally:
        os.close(here)


def _entered(folder: int, uid: int, gid: int) -> _Level:
    """Change the owner of one directory and of what is in it; of its directories only the names are kept."""
    os.fchown(folder, uid, gid)
    # Its owner may have locked itself out, and the descriptor must be able to list it and to go back up.
    status = os.fstat(folder)
    if status.st_mode & 0o700 != 0o700:
        os.fchmod(folder, stat.S_IMODE(status.st_mode) | 0o700)
    pending = []
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                pending.append(entry.name)
            else:
                os.chown(entry.name, uid, gid, dir_fd=folder, follow_symlinks=False)
    return _Level(_identity(status), pending)


def _identity(status: os.stat_result) -> tuple[int, int]:
    return status.st_dev, status.st_ino
