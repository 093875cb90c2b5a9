"""The docker-credential-* programs (github.com/docker/docker-credential-helpers, protocol ``get``)."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from typing import TypedDict

from action.environment import tools
from action.errors import Problem, ToolError

_NAME = re.compile(r"[A-Za-z0-9._-]+", re.ASCII)
_SECONDS = 60
# A helper that has nothing says so on its output and fails; the sentence is part of the protocol.
_NOTHING = ("credentials not found", "no credentials")


class HelperLogin(TypedDict):
    username: str
    password: str
    identity_token: str


def ask_helper(name: str, server: str, environment: Mapping[str, str], *, must_exist: bool) -> HelperLogin | None:
    """What the helper knows about ``server``, or None.

    A helper that is not installed is an error when the file names it for this very host; a general store that is not
    there (a laptop's file copied to a runner) only means that there is no login. Raises ToolError.
    """
    program = tools.find(f"docker-credential-{name}", environment.get("PATH"))
    if program is None or not _NAME.fullmatch(name):
        if must_exist:
            raise _failed(name, server, f"docker-credential-{name} is not on PATH")
        return None
    try:
        done = subprocess.run(
            [program, "get"],
            input=server,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            env=dict(environment),
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _failed(name, server, str(error)) from error
    if done.returncode != 0:
        said = (done.stdout or done.stderr).strip()
        if any(words in said.lower() for words in _NOTHING):
            return None
        raise _failed(name, server, f"exit code {done.returncode}: {said[:200]}")
    try:
        answer = json.loads(done.stdout)
        username, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError) as error:
        raise _failed(name, server, "its answer is not a login") from error
    if username == "<token>":  # the protocol's word for an identity token
        return HelperLogin(username="", password="", identity_token=secret)
    return HelperLogin(username=username, password=secret, identity_token="")


def _failed(name: str, server: str, why: str) -> ToolError:
    return ToolError(
        Problem(
            "credential-helper",
            f"the credential helper {name!r} cannot say who we are at {server}: {why}",
            "install or repair the helper, or remove it from the Docker configuration",
        )
    )
