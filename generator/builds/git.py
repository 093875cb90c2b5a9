"""What git knows: which files differ from a commit, and which commit a change is to be compared with."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from generator.errors import InputError, Problem


def changed_files(root: Path, base: str) -> list[str]:
    """Files below ``root``, relative to it, that are not as in the commit ``base``: new and deleted ones too."""
    commit = _commit(root, base)
    tracked = _git(root, "diff", "--name-only", "--no-renames", "--relative", "-z", commit, "--")
    untracked = _git(root, "ls-files", "--others", "--exclude-standard", "-z")
    return sorted({name for name in (tracked + untracked).split("\0") if name})


def branch_base(root: Path, reference: str) -> str:
    """The commit where the present history left ``reference``; ``reference`` itself when they share none."""
    commit = _commit(root, reference)
    try:
        return _git(root, "merge-base", commit, "HEAD").strip()
    except InputError:
        return commit


def event_base(event_name: str, event: Mapping[str, Any], root: Path) -> str | None:
    """The commit that a push or a pull request is to be compared with; None when everything counts as new.

    Everything does in a first push, and where a forced push has dropped what was there before. What is published with
    the same content is not built then either.

    Events: docs.github.com/en/webhooks/webhook-events-and-payloads (``push``, ``pull_request``).
    """
    if event_name == "pull_request":
        # The checkout is a merge of the request into its base as it is now, which the event may no longer name.
        request = event["pull_request"]
        if _parents(root)[1:] == [request["head"]["sha"]]:
            return "HEAD^1"
        return branch_base(root, str(request["base"]["sha"]))
    if event_name == "merge_group":
        return branch_base(root, str(event["merge_group"]["base_sha"]))
    before = str(event.get("before") or "")
    if before.strip("0"):
        with suppress(InputError):  # a forced push may have dropped it, and a fresh clone then does not have it
            return _commit(root, before)
    return None


def file_at(root: Path, commit: str, path: str) -> str:
    """A file below ``root`` as it was in a commit; raises InputError when it was not there."""
    return _git(root, "show", "--end-of-options", f"{commit}:./{path}")


def _parents(root: Path) -> list[str]:
    return _git(root, "rev-list", "--parents", "--max-count=1", "HEAD").split()[1:]


def _commit(root: Path, name: str) -> str:
    try:
        return _git(root, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{name}^{{commit}}").strip()
    except InputError as error:
        hint = "fetch it first: in a workflow, checkout with fetch-depth: 0"
        raise InputError(Problem("unknown-commit", f"there is no commit {name!r} in this repository", hint)) from error


def _git(root: Path, *arguments: str) -> str:
    """What git prints; raises InputError with its last words. File names that are no UTF-8 survive as surrogates."""
    try:
        done = subprocess.run(["git", "-C", str(root), *arguments], capture_output=True, check=False)
    except FileNotFoundError as error:
        raise InputError(Problem("no-git", "git is not installed, and only it knows what has changed")) from error
    if done.returncode != 0:
        reason = done.stderr.decode(errors="replace").strip().rpartition("\n")[2] or f"exit code {done.returncode}"
        raise InputError(Problem("git-failed", f"git {arguments[0]}: {reason}", "run this in a git repository"))
    return os.fsdecode(done.stdout)
