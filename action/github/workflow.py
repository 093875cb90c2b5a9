"""What a step tells its workflow: outputs, the job summary, and which run this is."""

from __future__ import annotations

import os
import re
import secrets
from pathlib import Path
from typing import NamedTuple

from action.model.shape import whole_text


def run_of_environment() -> Run:
    """The workflow run that this process is a step of."""
    environment = os.environ
    repository = environment.get("GITHUB_REPOSITORY", "")
    run_id = environment.get("GITHUB_RUN_ID", "0")
    url = f"{environment.get('GITHUB_SERVER_URL', 'https://github.com')}/{repository}/actions/runs/{run_id}"
    again = environment.get("GITHUB_RUN_ATTEMPT", "1") not in ("", "1")
    by = environment.get("GITHUB_TRIGGERING_ACTOR", "") or environment.get("GITHUB_ACTOR", "")
    return Run(repository, url, int(run_id) if run_id.isdigit() else 0, by if again else "")


def set_output(name: str, value: str) -> None:
    """Write an output of the step (nothing happens outside a workflow).

    https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions: the delimiter is random, so that
    no value can end its own block and start another output.
    """
    _append("GITHUB_OUTPUT", _block(name, value))


def add_summary(markdown: str) -> None:
    """Append to the summary of the job (nothing happens outside a workflow)."""
    _append("GITHUB_STEP_SUMMARY", markdown + "\n")


def _block(name: str, value: str) -> str:
    delimiter = f"imagebuild_{secrets.token_hex(16)}"
    if delimiter in value or not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
        raise ValueError(f"cannot write the output {name!r}")
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"


def _append(variable: str, text: str) -> None:
    path = os.environ.get(variable)
    if path:
        with Path(path).open("a", encoding="utf-8", newline="\n") as file:
            file.write(whole_text(text))


class Run(NamedTuple):
    """The workflow run that plans: ``rerun_by`` is empty on a first attempt."""

    repository: str = ""
    url: str = ""
    id: int = 0
    rerun_by: str = ""


NO_RUN = Run()
