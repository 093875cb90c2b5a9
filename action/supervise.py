"""Runs one command so that nothing of it remains: every process that it leaves behind is killed when it ends.

Started as a program of its own, by init_script, as root where that is possible: it then gives the folders to an
unprivileged user for the time of the command and takes them back afterwards. Standard library only, because it may run
under another user's rights, and none of our package.

    supervise.py SECONDS USER|- FOLDER[:FOLDER...] COMMAND...

The exit code is the command's, 124 when it took longer than SECONDS (as timeout(1) says it).
"""

import contextlib
import ctypes
import os
import pwd
import signal
import subprocess
import sys
import time
from pathlib import Path

TIMED_OUT = 124
_PR_SET_CHILD_SUBREAPER = 36  # linux/prctl.h: orphans below us become our children, however they detached


def main(arguments: list[str]) -> int:
    """Run the command of the arguments under supervision."""
    seconds, user, folders, *command = arguments
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if user == "-":
        return _run(command, float(seconds), None)
    account = pwd.getpwnam(user)
    paths = [Path(folder) for folder in folders.split(":")]
    owners = [path.stat() for path in paths]
    for path in paths:
        _give(path, account.pw_uid, account.pw_gid)
    try:
        return _run(command, float(seconds), account)
    finally:
        for path, owner in zip(paths, owners, strict=True):
            _give(path, owner.st_uid, owner.st_gid)


def _run(command: list[str], seconds: float, account: pwd.struct_passwd | None) -> int:
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        user=None if account is None else account.pw_uid,
        group=None if account is None else account.pw_gid,
        extra_groups=None if account is None else [],
        start_new_session=True,
        umask=0o022,
    )
    try:
        code = process.wait(timeout=seconds)
    except subprocess.TimeoutExpired:
        code = TIMED_OUT
    finally:
        _kill_children()
    return code if code >= 0 else 128 - code


def _kill_children() -> None:
    """Kill until none is left: the children of a killed process come to us, and are killed in the next turn."""
    while True:
        for child in _children():
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                time.sleep(0.01)
        except ChildProcessError:
            return


def _children() -> list[int]:
    children = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            # proc(5): the name of the program stands in brackets and may hold anything; the parent is the second after
            after_name = (process / "stat").read_bytes().rpartition(b")")[2].split()
            if int(after_name[1]) == os.getpid():
                children.append(int(process.name))
    return children


def _give(folder: Path, uid: int, gid: int) -> None:
    os.chown(folder, uid, gid)
    for parent, folders, files in os.walk(folder):
        for name in folders + files:
            os.chown(Path(parent) / name, uid, gid, follow_symlinks=False)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
