"""Runs init.sh: in a clean environment, as nobody where that is possible, and leaving no process behind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import uuid
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from action import supervise
from action.errors import Problem, ToolError
from action.proxies import PROXY_VARIABLES

SCRIPT = "init.sh"
TIMEOUT_SECONDS = 60 * 60
LAST_LINES = 15


def run_init(context: Path, *, arch: str, app: str, version: str, passed: Mapping[str, str], label: str) -> None:
    """Run ``init.sh <arch> <app> <version>`` in the context, if there is one; what it prints goes to our stderr.

    ``passed`` are the variables that the application's image.yaml asks for, ``label`` names the script in messages.
    Raises ToolError with the exit code and the last lines when it fails or takes longer than an hour

    """
    if not (context / SCRIPT).is_file():
        return
    home = context.parent / "home"
    home.mkdir()
    environment = _environment(arch, app, version, home, passed)
    code, last_lines = _run(["bash", SCRIPT, arch, app, version], context, home, environment)
    shutil.rmtree(home, ignore_errors=True)
    if code == 0:
        return
    ending = (
        f"was stopped after {TIMEOUT_SECONDS // 60} minutes"
        if code == supervise.TIMED_OUT
        else f"failed with exit code {code}"
    )
    shown = "\n".join(f"    {line}" for line in last_lines) or "    (it printed nothing)"
    raise ToolError(
        Problem(
            "init-failed",
            f"{ending}; its last lines:\n{shown}",
            f"try it in a copy of the directory: bash {SCRIPT} {arch} {app} {version}",
            file=label,
        )
    )


def passed_variables(names: tuple[str, ...]) -> dict[str, str]:
    """The variables that image.yaml lets init.sh see, as far as they are set."""
    return {name: os.environ[name] for name in names if name in os.environ}


def _environment(arch: str, app: str, version: str, home: Path, passed: Mapping[str, str]) -> dict[str, str]:
    # Everything beside these must be asked for in image.yaml.
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        "HOME": str(home),
        "LANG": "C.UTF-8",
        "ARCH": arch,
        "NAME": app,
        "VERSION": version,
        **passed_variables(PROXY_VARIABLES),
        **passed,
    }


def _run(command: list[str], context: Path, home: Path, environment: Mapping[str, str]) -> tuple[int, list[str]]:
    prefix, user = _privileges()
    arguments = [str(TIMEOUT_SECONDS), user, f"{context}:{home}", *command]
    supervisor = [sys.executable, "-I", "-S", supervise.__file__, *arguments]
    # sudo starts with an environment of its own, so ours is handed over by env(1): nothing in it is secret.
    handed_over = ["env", "-i", *(f"{name}={value}" for name, value in environment.items())] if prefix else []
    last_lines: deque[str] = deque(maxlen=LAST_LINES)
    with (
        _log_commands_stopped(),
        subprocess.Popen(
            [*prefix, *handed_over, *supervisor],
            cwd=context,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        for line in process.stdout or ():
            sys.stderr.write(line)
            last_lines.append(line.rstrip())
    return process.returncode, list(last_lines)


def _privileges() -> tuple[list[str], str]:
    """How to start the supervisor, and as which user the script runs (``-``: as we are).

    sudo is used on GitHub's runners only, where it asks for no password and where the script could use it too; on
    somebody's laptop the script runs as that person, as it would by hand.
    """
    if os.geteuid() == 0:
        return [], "nobody"
    if os.environ.get("GITHUB_ACTIONS") == "true":
        sudo = shutil.which("sudo")
        if sudo and subprocess.run([sudo, "-n", "true"], capture_output=True, check=False).returncode == 0:
            return [sudo, "-n"], "nobody"
    return [], "-"


@contextmanager
def _log_commands_stopped() -> Iterator[None]:
    """Between the two lines the runner reads no ``::command::`` out of the log."""
    if os.environ.get("GITHUB_ACTIONS") != "true":
        yield
        return
    token = uuid.uuid4().hex
    print(f"::stop-commands::{token}", file=sys.stderr, flush=True)
    try:
        yield
    finally:
        print(f"\n::{token}::", file=sys.stderr, flush=True)
