"""Which programs we run: found once, where nobody but root and ourselves can have put them.

PATH of a hosted runner has directories that everybody may write to; what is found there was not put there by whom we
trust, and what runs it later would run whatever stands there then.
"""

from __future__ import annotations

import atexit
import grp
import os
import pwd
import shutil
import stat
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

NAMES = ("buildah", "docker", "helm", "sudo", "unshare")
"""What a build may run after init.sh."""

_MAX_LINKS = 40


def find(name: str, path: str | None = None) -> str | None:
    """The absolute path of a program that only root and we may replace, or None.

    One that others may replace but not write, because it is their directory only, is copied to a place of our own.
    The answer stays what it was when it was first asked for.
    """
    return _find(name, os.environ.get("PATH", os.defpath) if path is None else path)


def remember() -> None:
    """Find every program that may be needed, before anything foreign runs."""
    for name in NAMES:
        find(name)


def trusted_path() -> str:
    """PATH without what others may write to, for the programs that our programs start."""
    return os.pathsep.join(folder for folder in _folders(os.environ.get("PATH", os.defpath)) if _is_ours(Path(folder)))


@cache
def _find(name: str, path: str) -> str | None:
    there = [Path(folder) / name for folder in _folders(path)]
    programs = [program for program in there if os.path.isfile(program) and os.access(program, os.X_OK)]  # noqa: PTH113
    for program in programs:
        if _leads_through_ours(program):
            return str(program)
    for program in programs:
        if _is_ours_itself(program.stat()):
            return _copied(program)
    return None


def _folders(path: str) -> Iterator[str]:
    """The directories of a PATH; a relative one is wherever somebody happens to be."""
    yield from (folder for folder in path.split(os.pathsep) if folder.startswith("/"))


def _leads_through_ours(program: Path) -> bool:
    """Whether each link on the way, and the program that it ends at, stands where only we write."""
    for _ in range(_MAX_LINKS):
        if not _is_ours(program.parent):
            return False
        status = program.lstat()
        if not stat.S_ISLNK(status.st_mode):
            return _is_ours_itself(status)
        program = program.parent / program.readlink()
    return False


def _is_ours(folder: Path) -> bool:
    """Whether nobody else can put something in place of the directory or of what it holds."""
    real = folder.resolve()
    return all(_is_ours_itself(each.stat()) for each in (real, *real.parents) if each.is_dir()) and real.is_dir()


def _is_ours_itself(status: os.stat_result) -> bool:
    if status.st_uid not in (0, os.geteuid()):
        return False
    if stat.S_ISDIR(status.st_mode) and status.st_mode & stat.S_ISVTX:
        return True  # who may write there may not replace what others have put there
    return not status.st_mode & stat.S_IWOTH and not (status.st_mode & stat.S_IWGRP and _has_others(status.st_gid))


def _has_others(group: int) -> bool:
    """Whether somebody beside root and us is in a group."""
    if group == 0:
        return False
    me = {0, os.geteuid()}
    try:
        members = set(grp.getgrgid(group).gr_mem)
    except KeyError:
        return True
    everyone = pwd.getpwall()
    return any((one.pw_name in members or one.pw_gid == group) and one.pw_uid not in me for one in everyone)


def _copied(program: Path) -> str:
    folder = tempfile.mkdtemp(prefix="cluster-image-tool-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return str(shutil.copy2(program, Path(folder) / program.name))
