"""``python -m generator lint``: everything that is wrong with the tree."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

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
        json.dump([_object(problem) for problem in problems], sys.stdout, indent=1)
        print()
    else:
        for problem in problems:
            print(_annotation(problem) if arguments.format == "github" else f"{problem} [{problem.code}]")
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


def _annotation(problem: Problem) -> str:
    """The problem beside its file in a pull request: docs.github.com/actions, "Workflow commands"."""
    place = {"file": problem.file, "line": problem.line, "title": problem.code}
    properties = ",".join(f"{name}={_property(str(value))}" for name, value in place.items() if value is not None)
    text = f"{problem.message}; {problem.hint}" if problem.hint else problem.message
    return f"::{problem.severity} {properties}::{_data(text)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
