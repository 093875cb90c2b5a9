"""The box of init.sh: what it sees of the machine, and the few directories of it that it may write.

Runs as the first process of new namespaces, with the rights to mount there; standard library only. The machine is seen
as it is and cannot be changed, but for: its own context, home and temporary directory; ``/run``, where the sockets of
services are, and the person's home, which are empty; the processes, of which only those of the box are there.
"""

from __future__ import annotations

import os
from dataclasses import dataclass

from action.context.sandbox import namespaces

_TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - these become a directory of the box
_FOLDER = os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """``workspace`` holds ``context``, ``home`` and ``tmp``, which may be written, and files of ours.

    ``hidden`` are directories whose content is not shown, ``shown`` what of it is, to be read. ``files`` maps files of
    the machine to those that are seen in their place.
    """

    workspace: str
    hidden: tuple[str, ...]
    shown: tuple[str, ...]
    files: dict[str, str]

    @property
    def context(self) -> str:
        return f"{self.workspace}/context"

    @property
    def home(self) -> str:
        return f"{self.workspace}/home"

    @property
    def tmp(self) -> str:
        return f"{self.workspace}/tmp"  # noqa: S108 - not that of the machine


def enter(box: Box) -> None:
    """Make the box of this process, whose namespaces are new; raises OSError where the machine does not let us."""
    namespaces.unshare(namespaces.NEW_MOUNTS | namespaces.NEW_IPC | namespaces.NEW_UTS)
    namespaces.keep_mounts_to_ourselves()
    # What is about to be covered is held by descriptors.
    held = {path: os.open(path, _FOLDER) for path in (*box.shown, box.workspace, box.context, box.home, box.tmp)}
    for target, source in box.files.items():
        namespaces.bind(source, target)
    for path in box.hidden:
        namespaces.fresh("tmpfs", path, "mode=755,size=1m")
    temporary = {os.path.realpath(path) for path in _TEMPORARY if os.path.isdir(path)}  # noqa: PTH112
    for path in temporary:
        _show(held[box.tmp], path)
    for path in (*box.shown, box.workspace, box.context, box.home):
        os.makedirs(path, mode=0o755, exist_ok=True)  # noqa: PTH103
        _show(held[path], path)
    namespaces.fresh("proc", "/proc")
    namespaces.make_read_only(but={box.context, box.home, *temporary})
    for descriptor in held.values():
        os.close(descriptor)
    os.chdir(box.context)


def _show(descriptor: int, path: str) -> None:
    namespaces.bind(f"/proc/self/fd/{descriptor}", path)
