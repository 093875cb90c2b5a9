"""The user that one run of init.sh has for itself, where root makes it: of no other process, and of no file.

Two guests of one user could write into each other's files and read each other's environment. Standard library only.
"""

from __future__ import annotations

import os
import pwd
from pathlib import Path

NAME = "builder"
"""What the user is called in the box."""

# Neither people nor services nor containers are given these numbers; the second range, that of systemd's own dynamic
# users, is for containers, which have no more than 65,536 (https://systemd.io/UIDS-GIDS/).
_RANGES = ((2_000_000_000, 100_000_000), (61_184, 4_336))
_TRIES = 100


def own_user() -> int:
    """The number of a user, and of its group, that nobody has; raises OSError when there is none."""
    in_use = _in_use()
    for first, count in _RANGES:
        if not all(_mapped(kind, first, count) for kind in ("uid", "gid")):
            continue
        for _ in range(_TRIES):
            number = first + int.from_bytes(os.urandom(8)) % count
            if number not in in_use and not _has_account(number):
                return number
    raise OSError(0, "there is no user id to spare on this machine")


def accounts(number: int, home: str) -> dict[str, str]:
    """The texts of ``/etc/passwd`` and ``/etc/group`` with the user in them: programs ask for the name."""
    lines = {
        "/etc/passwd": f"{NAME}:x:{number}:{number}::{home}:/bin/bash\n",
        "/etc/group": f"{NAME}:x:{number}:\n",
    }
    return {path: Path(path).read_text(errors="surrogateescape") + line for path, line in lines.items()}


def _mapped(kind: str, first: int, count: int) -> bool:
    """Whether the numbers mean anything in the user namespace that we are in."""
    for line in Path(f"/proc/self/{kind}_map").read_text().splitlines():
        inside, _, length = map(int, line.split())
        if inside <= first and first + count <= inside + length:
            return True
    return False


def _in_use() -> set[int]:
    """The users of all processes that there are."""
    users = set()
    for process in os.scandir("/proc"):
        if process.name.isdecimal():
            try:
                users.add(process.stat().st_uid)
            except OSError:  # it has ended meanwhile
                continue
    return users


def _has_account(number: int) -> bool:
    try:
        pwd.getpwuid(number)
    except KeyError:
        return False
    return True
