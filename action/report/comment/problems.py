"""Problems as Markdown. They quote what people, registries and scripts wrote, so they stand in a code block."""

from __future__ import annotations

from collections.abc import Sequence

from action.errors import Problem
from action.report.comment.markdown import fenced


def problem_list(problems: Sequence[Problem]) -> str:
    """Every problem with its place and what to do about it."""
    return fenced("\n".join(_plain(problem) for problem in problems))


def also_wrong(problems: Sequence[Problem]) -> list[str]:
    """A paragraph about the part of a request that is not built; none when there is no such part."""
    return [f"Not built:\n\n{problem_list(problems)}"] if problems else []


def _plain(problem: Problem) -> str:
    if problem.file is None and problem.line is not None:
        place = f"line {problem.line}" + (f", column {problem.column}" if problem.column else "")
        text = f"{place}: {problem.message}"
    else:
        text = str(problem._replace(hint="")).removeprefix("error: ")
    return f"{text}\n  -> {problem.hint}" if problem.hint else text
