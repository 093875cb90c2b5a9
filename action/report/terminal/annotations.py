"""Problems as annotations on the files of a pull request: GitHub's workflow commands (pure).

https://docs.github.com/en/actions/reference/workflows-and-actions/workflow-commands#setting-an-error-message
"""

from __future__ import annotations

import posixpath

from action.errors import Problem


def annotation(problem: Problem, folder: str = "") -> str:
    """One workflow command. ``folder`` leads from the repository's root to where the problem's file names start."""
    properties = {"title": problem.code}
    if problem.file is not None:
        file = problem.file.partition("!")[0]
        properties["file"] = posixpath.normpath(f"{folder}/{file}").lstrip("/") if folder else problem.file
    if problem.line is not None and "!" not in (problem.file or ""):
        properties["line"] = str(problem.line)
    text = ",".join(f"{name}={_property(value)}" for name, value in sorted(properties.items()))
    message = f"{problem.message}\n{problem.hint}" if problem.hint else problem.message
    return f"::{problem.severity} {text}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
