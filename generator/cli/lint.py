"""``python -m generator lint``: everything that is wrong with the tree."""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

from generator.console import Command, out, workflow_command
from generator.errors import InputError, Problem
from generator.maintenance.lint import lint
from generator.settings.settings import load_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text", "json", "github"), default="text", help="github: annotations")


def handle(arguments: argparse.Namespace) -> int:
    root: Path = arguments.root
    problems: Sequence[Problem]
    try:
        problems = lint(root, load_settings(root))
    except InputError as error:  # without settings there is no tree to look at
        problems = error.problems
    if arguments.format == "json":
        out.data(json.dumps([_object(problem) for problem in problems], indent=1) + "\n")
    else:
        for problem in problems:
            if arguments.format == "github":
                out.command(_annotation(problem))
            else:
                out.say(f"{problem} [{problem.code}]")
    return 1 if any(problem.severity == "error" for problem in problems) else 0


def _object(problem: Problem) -> dict[str, str | int | None]:
    return {
        "code": problem.code,
        "path": problem.file,
        "line": problem.line,
        "message": problem.message,
        "hint": problem.hint,
        "severity": problem.severity,
    }


def _annotation(problem: Problem) -> Command:
    """The problem beside its file in a pull request."""
    place = {"file": problem.file, "line": problem.line, "title": problem.code}
    properties = {name: str(value) for name, value in place.items() if value is not None}
    text = f"{problem.message}; {problem.hint}" if problem.hint else problem.message
    return workflow_command(problem.severity, text, **properties)
