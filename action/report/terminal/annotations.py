"""Problems as annotations on the files of a pull request: GitHub's workflow commands (pure).

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-error-message
"""

from __future__ import annotations

import posixpath

from action.errors import Problem
from generator.console import Command, workflow_command


def annotation(problem: Problem, folder: str = "") -> Command:
    """One workflow command. ``folder`` leads from the repository's root to where the problem's file names start."""
    properties = {"title": problem.code}
    if problem.file is not None:
        file = problem.file.partition("!")[0]
        properties["file"] = posixpath.normpath(f"{folder}/{file}").lstrip("/") if folder else problem.file
    if problem.line is not None and "!" not in (problem.file or ""):
        properties["line"] = str(problem.line)
    message = f"{problem.message}\n{problem.hint}" if problem.hint else problem.message
    return workflow_command(problem.severity, message, **dict(sorted(properties.items())))
