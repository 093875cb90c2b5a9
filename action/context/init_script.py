"""Runs init.sh in a box: it writes its context and nothing else, sees no process of ours, and leaves none behind."""

from __future__ import annotations

import json
import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from action.context.sandbox import stand_ins
from action.context.sandbox.supervise import Ending, Order
from action.context.trees import remove_tree
from action.environment import tools
from action.environment.output_tail import OutputTail
from action.environment.variables import CERTIFICATES, PROXY_VARIABLES
from action.errors import Problem, ToolError
from generator.console import err, on_runner

SCRIPT = "init.sh"
TIMEOUT_SECONDS = 60 * 60
PAGE = "docs/init-script.md"
_START = (
    "import sys; sys.path.append(sys.argv[1]); from action.context.sandbox.supervise import main; sys.exit(main())"
)
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True, kw_only=True)
class InitRules:
    """What imagebuild.yaml allows: variables that may be asked for, and to run where no box can be made."""

    environment: tuple[str, ...] = ()
    unboxed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run: ``workspace`` holds the context, a home and a place for temporary files."""

    command: list[str]
    environment: Mapping[str, str]
    workspace: Path
    label: str


def run_init(
    context: Path,
    *,
    arch: str,
    app: str,
    version: str,
    passed: Mapping[str, str],
    label: str,
    rules: InitRules | None = None,
) -> None:
    """Run ``init.sh <arch> <app> <version>`` in the context, if there is one; what it prints goes to our stderr.

    ``passed`` are the variables that the application's image.yaml asks for, ``label`` names the script in messages.
    Raises ToolError with the exit code and the last lines when it fails, takes longer than an hour or calls a program
    that no box has, and when a runner of GitHub lets us make no box.
    """
    if not (context / SCRIPT).is_file() or (context / SCRIPT).is_symlink():
        return
    workspace = context.parent
    with _furnished(workspace) as programs:
        environment = {
            **passed,
            "PATH": f"{programs}:{os.environ.get('PATH', os.defpath)}",
            "HOME": str(workspace / "home"),
            "LANG": "C.UTF-8",
            "ARCH": arch,
            "NAME": app,
            "VERSION": version,
            **passed_variables(PROXY_VARIABLES),
            **_certificates(workspace),
        }
        command = ["bash", SCRIPT, arch, app, version]
        run = _Run(command=command, environment=environment, workspace=workspace, label=label)
        tail = OutputTail()
        ending = _boxed(run, tail, rules or InitRules())
        refused = stand_ins.called(workspace / "home")
    _judge(ending, tail, run, refused)


def passed_variables(names: tuple[str, ...]) -> dict[str, str]:
    """Those of the variables that are set."""
    return {name: os.environ[name] for name in names if name in os.environ}


def _judge(ending: Ending, tail: OutputTail, run: _Run, refused: list[str]) -> None:
    if refused:
        raise ToolError(stand_ins.problem(refused, run.label))
    if ending.get("code") == 0:
        return
    how = f"failed with exit code {ending['code']}" if "code" in ending else "was stopped"
    if "timed_out" in ending:
        how = f"was stopped after {TIMEOUT_SECONDS // 60} minutes"
    shown = "\n".join(f"    {line}" for line in tail.lines()) or "    (it printed nothing)"
    hint = f"try it in a copy of the directory: bash {' '.join(run.command[1:])}; what it finds there is in {PAGE}"
    raise ToolError(Problem("init-failed", f"{how}; its last lines:\n{shown}", hint, run.label))


@contextmanager
def _furnished(workspace: Path) -> Iterator[Path]:
    """A home and a place for temporary files beside the context, and the programs that stand in for some; not kept."""
    made = [workspace / name for name in ("home", "tmp", "bin")]
    for folder in made:
        folder.mkdir()
    (workspace / "tmp").chmod(0o1777)
    stand_ins.write_stand_ins(workspace / "bin", workspace / "home")
    try:
        yield workspace / "bin"
    finally:
        for folder in made:
            remove_tree(folder)
        for name in ("passwd", "group", CERTIFICATES):
            (workspace / name).unlink(missing_ok=True)


def _certificates(workspace: Path) -> dict[str, str]:
    """The authorities that this machine trusts, in a file that the user of the script may read."""
    path = os.environ.get(CERTIFICATES)
    if not path or not Path(path).is_file():
        return {}
    copy = workspace / CERTIFICATES
    shutil.copyfile(path, copy)
    copy.chmod(0o644)
    return {CERTIFICATES: str(copy)}


def _boxed(run: _Run, tail: OutputTail, rules: InitRules) -> Ending:
    """Run it in a box; where none can be made, refuse on a runner of GitHub, and say so elsewhere."""
    ending = _supervised(run, tail, boxed=True)
    if "no_box" not in ending:
        return ending
    reason = f"this machine lets us make no box for it ({ending['no_box']})"
    if on_runner() and not rules.unboxed:
        hint = (
            "use a runner with sudo without a password or with user namespaces, or, where every init.sh may do what "
            "the runner's user may, set allow_unboxed_init: true in imagebuild.yaml"
        )
        raise ToolError(Problem("no-box", f"is not run: {reason}", hint, run.label))
    message = f"{reason}, so it may write and read what its user may"
    err.say(Problem("no-box", message, f"see {PAGE}", run.label, severity="warning"))
    return _supervised(run, tail, boxed=False)


def _supervised(run: _Run, tail: OutputTail, *, boxed: bool) -> Ending:
    hidden, sudo = _hidden(), _as_root()
    order = Order(
        command=run.command,
        environment={**run.environment, **({} if boxed else {"TMPDIR": str(run.workspace / "tmp")})},
        seconds=TIMEOUT_SECONDS,
        workspace=str(run.workspace),
        hidden=hidden,
        shown=_shown(hidden, as_another=bool(sudo) or os.geteuid() == 0),
        boxed=boxed,
    )
    command = [*sudo, sys.executable, "-I", "-S", "-B", "-c", _START, str(_ROOT)]
    with (
        err.commands_stopped() as log,
        subprocess.Popen(
            command, cwd="/", env={}, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process,
    ):
        assert process.stdin and process.stdout and process.stderr  # noqa: S101 - they are pipes
        try:
            with suppress(BrokenPipeError):  # it has ended, and has said why
                process.stdin.write(json.dumps(order).encode() + b"\n")
                process.stdin.flush()
            tail.follow(process.stdout, log)
        finally:
            # On an interrupt it hears so by this, and has stopped and put back everything when it ends.
            with suppress(BrokenPipeError):
                process.stdin.close()
            said = _rest(process.stdout, process.stderr)
            process.wait()
    return _ending(said)


def _rest(output: IO[bytes], errors: IO[bytes]) -> str:
    while output.read(1 << 16):
        pass
    return errors.read().decode("utf-8", "replace")


def _ending(said: str) -> Ending:
    try:
        ending: Ending = json.loads(said.rstrip().rpartition("\n")[2])
    except ValueError:
        # The last lines of what it could not do: `sudo: ...`, or a full disk.
        reason = said.strip().rpartition("\n")[2] or "it ended without a word"
        raise ToolError(Problem("init-not-started", f"cannot be run: {reason}")) from None
    return ending


def _hidden() -> list[str]:
    """What no box shows: where the sockets of services are, and the home of whoever runs us."""
    try:
        home = pwd.getpwuid(os.getuid()).pw_dir
    except KeyError:  # a container's user without an account
        home = os.environ.get("HOME", "/")
    return [path for path in ("/run", os.path.realpath(home)) if path != "/" and Path(path).is_dir()]


def _shown(hidden: list[str], *, as_another: bool) -> list[str]:
    """What of it is needed: how names are looked up, and programs that the user of the script could reach anyway."""
    wanted = [os.path.dirname(os.path.realpath("/etc/resolv.conf"))]  # noqa: PTH120
    wanted += [os.path.realpath(path) for path in os.environ.get("PATH", "").split(os.pathsep) if path.startswith("/")]
    return [
        path
        for path in dict.fromkeys(wanted)
        if any(Path(path).is_relative_to(each) and path != each for each in hidden)
        and (_is_open_to_all(path) if as_another else os.path.isdir(path))  # noqa: PTH112
    ]


def _is_open_to_all(path: str) -> bool:
    folders = (Path(path), *Path(path).parents)
    return os.path.isdir(path) and all(each.stat().st_mode & 0o001 for each in folders)  # noqa: PTH112


def _as_root() -> list[str]:
    """sudo, on GitHub's runners only, where it asks for no password and where the script could use it too.

    On somebody's laptop the script runs as that person, as it would by hand.
    """
    if os.geteuid() == 0 or not on_runner():
        return []
    sudo = tools.find("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
        return [sudo, "-n"]
    return []
