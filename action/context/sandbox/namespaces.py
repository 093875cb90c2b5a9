"""Namespaces and mounts of Linux, by the C library's functions: ``os`` has the first from Python 3.12 on only.

Standard library only, because it may run as root. Every function raises OSError. https://man7.org/linux/man-pages/
man7/namespaces.7.html, man2/mount.2.html, man2/prctl.2.html; the numbers are those of linux/sched.h, sys/mount.h and
linux/prctl.h, which never change.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
from collections.abc import Iterator

NEW_MOUNTS = 0x00020000
NEW_UTS = 0x04000000
NEW_IPC = 0x08000000
NEW_USERS = 0x10000000
NEW_PIDS = 0x20000000

_READ_ONLY, _NOSUID, _NODEV, _NOEXEC = 1, 2, 4, 8
_REMOUNT, _BIND, _RECURSIVE, _PRIVATE = 32, 4096, 16384, 1 << 18
# What a mount of the machine already has must be asked for again, or a user namespace may not change it.
_KEPT = {
    "nosuid": _NOSUID,
    "nodev": _NODEV,
    "noexec": _NOEXEC,
    "noatime": 1024,
    "nodiratime": 2048,
    "relatime": 1 << 21,
}

_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER, _PR_SET_NO_NEW_PRIVS = 1, 36, 38
_OCTAL = re.compile(r"\\([0-7]{3})")

_libc = ctypes.CDLL(None, use_errno=True)


def unshare(flags: int) -> None:
    """New namespaces for this process, or for its children where it is one of processes."""
    _checked(_libc.unshare(flags), "unshare")


def die_with_parent() -> None:
    """Have the kernel kill this process when the one that started it has gone, however that went."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def adopt_orphans() -> None:
    """Processes below this one become its children when their parents end, however they detached."""
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)


def gain_nothing() -> None:
    """No program that is started from here on gets more rights by being setuid, as sudo is."""
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)


def keep_mounts_to_ourselves() -> None:
    """What is mounted from here on shows in this namespace only."""
    _mount(None, "/", None, _RECURSIVE | _PRIVATE)


def bind(source: str, target: str) -> None:
    """Show ``source``, a directory or a file, at ``target`` too."""
    _mount(source, target, None, _BIND)


def fresh(kind: str, target: str, options: str = "") -> None:
    """Mount a new file system: ``proc`` or ``tmpfs``."""
    _mount(kind, target, kind, _NOSUID | _NODEV | (_NOEXEC if kind == "proc" else 0), options)


def make_read_only(*, but: set[str]) -> None:
    """Every mount of this namespace, but those at the paths of ``but`` and those that cannot be reached at all."""
    for path, options in _mounts():
        if "ro" in options or path in but:
            continue
        kept = sum(flag for name, flag in _KEPT.items() if name in options)
        try:
            _mount(None, path, None, _REMOUNT | _BIND | _READ_ONLY | kept)
        except OSError:
            if _can_be_written(path):
                raise


def _mounts() -> Iterator[tuple[str, set[str]]]:
    with open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123
        for line in file.read().splitlines():
            fields = line.split(" ")
            path = _OCTAL.sub(lambda match: chr(int(match[1], 8)), fields[4])
            yield path, set(fields[5].split(","))


def _can_be_written(path: str) -> bool:
    """Whether what is seen at ``path`` is writable: a mount below another one is not seen there at all."""
    try:
        return not os.statvfs(path).f_flag & os.ST_RDONLY
    except OSError:
        return False


def _mount(source: str | None, target: str, kind: str | None, flags: int, options: str = "") -> None:
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind)]
    _checked(_libc.mount(*texts, ctypes.c_ulong(flags), os.fsencode(options) or None), f"mount {target}")


def _prctl(option: int, value: int) -> None:
    _checked(_libc.prctl(option, value, 0, 0, 0), "prctl")


def _checked(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
