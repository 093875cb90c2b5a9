"""Runs one command in a box of its own, so that it changes nothing else and nothing of it remains.

Started as a program by init_script, as root where that is possible; standard library only, with nothing in its
environment. The order is one line of JSON on standard input, which stays open: when it closes, whoever ordered has
gone, and everything is stopped. The command prints on standard output; the last line on standard error is the ending,
as JSON: ``{"code": N}``, ``{"timed_out": true}``, ``{"interrupted": true}`` or ``{"no_box": REASON}``.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

from action.context.sandbox import box, guest, namespaces, ownership

_FAILED_TO_START = 127


class Order(TypedDict):
    """What to run: ``workspace`` as ``Box`` has it, ``boxed`` whether in a box; without, no process outlives it."""

    command: list[str]
    environment: dict[str, str]
    seconds: float
    workspace: str
    hidden: list[str]
    shown: list[str]
    boxed: bool


class Ending(TypedDict, total=False):
    """How it ended; one key is there."""

    code: int
    timed_out: bool
    interrupted: bool
    no_box: str


def main() -> int:
    """Read the order, carry it out, say how it ended."""
    # Whoever ordered hears the same signals, and closes our input: then everything is put back before we go.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    order: Order = json.loads(_line(sys.stdin.fileno()))
    print(json.dumps(_carry_out(order)), file=sys.stderr)
    return 0


def _line(descriptor: int) -> bytes:
    """The first line, read to its last byte and no further: the input is watched from then on."""
    data = b""
    while not data.endswith(b"\n"):
        piece = os.read(descriptor, 1)
        if not piece:
            raise EOFError("there is no order")
        data += piece
    return data


def _carry_out(order: Order) -> Ending:
    user = guest.own_user() if os.geteuid() == 0 else None
    made = box.Box(
        workspace=order["workspace"],
        hidden=tuple(order["hidden"]),
        shown=tuple(order["shown"]),
        files={} if user is None else _account_files(order["workspace"], user),
    )
    if order["boxed"]:
        try:
            _leave(user)
        except OSError as error:
            return {"no_box": str(error)}
    else:
        namespaces.adopt_orphans()
    with _given((made.context, made.home, made.tmp), user):
        return _watched(order, made, user)


def _account_files(workspace: str, user: int) -> dict[str, str]:
    files = {}
    for path, text in guest.accounts(user, f"{workspace}/home").items():
        files[path] = f"{workspace}/{Path(path).name}"
        descriptor = os.open(files[path], os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o644)
        with os.fdopen(descriptor, "w", errors="surrogateescape") as file:
            file.write(text)
    return files


def _leave(user: int | None) -> None:
    """Have our children's processes for themselves; without root, in a user namespace, where mounts can be made.

    In it we are the same user, and, once a program is started, no more than that user.
    """
    if user is not None:
        namespaces.unshare(namespaces.NEW_PIDS)
        return
    me, group = os.geteuid(), os.getegid()
    namespaces.unshare(namespaces.NEW_PIDS | namespaces.NEW_USERS)
    for name, text in (("setgroups", "deny"), ("uid_map", f"{me} {me} 1"), ("gid_map", f"{group} {group} 1")):
        Path(f"/proc/self/{name}").write_text(text)


@contextmanager
def _given(folders: tuple[str, ...], user: int | None) -> Iterator[None]:
    """The folders belong to the user meanwhile."""
    if user is None:
        yield
        return
    owners = [os.lstat(folder) for folder in folders]
    try:
        for folder in folders:
            ownership.give(folder, user, user)
        yield
    finally:
        for folder, owner in zip(folders, owners, strict=True):
            ownership.give(folder, owner.st_uid, owner.st_gid)


def _watched(order: Order, made: box.Box, user: int | None) -> Ending:
    """Start a process that makes the box and runs the command, and wait for it, for the time, or for our input."""
    news, report = os.pipe()  # the child's end says why there is no box, and closes with it
    alive, ours = os.pipe()  # the other way round: it closes when we end
    process = os.fork()
    if process == 0:
        os.close(ours)
        os.close(news)
        _child(order, made, user, alive, report)
    os.close(report)
    os.close(alive)
    ready, _, _ = select.select([news, sys.stdin], [], [], order["seconds"])
    if news not in ready:
        os.kill(process, signal.SIGKILL)
    _, status = os.waitpid(process, 0)
    if not order["boxed"]:
        _kill_children()
    if reason := os.read(news, 4096).decode("utf-8", "replace"):
        return {"no_box": reason}
    if news in ready:
        return {"code": os.waitstatus_to_exitcode(status)}
    return {"interrupted": True} if ready else {"timed_out": True}


def _child(order: Order, made: box.Box, user: int | None, alive: int, report: int) -> None:
    """The first process of the box; with its end, the kernel kills every other one in it. Never returns."""
    code = _FAILED_TO_START
    try:
        try:
            namespaces.die_with_parent()
            if select.select([alive], [], [], 0)[0]:  # our parent ended before it could be tied to us
                return
            if order["boxed"]:
                box.enter(made)
            namespaces.gain_nothing()
        except OSError as error:
            os.write(report, str(error).encode())
            return
        code = _run(order, made, user)
    finally:
        os._exit(code)


def _run(order: Order, made: box.Box, user: int | None) -> int:
    """The exit code of the command, as a shell says it; orphans are taken care of meanwhile."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    process = subprocess.Popen(
        order["command"],
        cwd=made.context,
        env=order["environment"],
        stdin=subprocess.DEVNULL,
        stderr=subprocess.STDOUT,
        user=user,
        group=user,
        extra_groups=None if user is None else [],
        start_new_session=True,
        umask=0o022,
    )
    while True:
        ended, status = os.wait()
        if ended == process.pid:
            code = os.waitstatus_to_exitcode(status)
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
