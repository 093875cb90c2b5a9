"""``python -m generator lint``: everything that is wrong with the tree."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from generator.config import load_settings
from generator.lint import lint


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text", "json"), default="text")


def handle(arguments: argparse.Namespace) -> int:
    root: Path = arguments.root
    problems = lint(root, load_settings(root))
    if arguments.format == "json":
        objects = [
            {
                "code": p.code,
                "path": p.file,
                "line": p.line,
                "message": p.message,
                "hint": p.hint,
                "severity": p.severity,
            }
            for p in problems
        ]
        json.dump(objects, sys.stdout, indent=1)
        print()
    else:
        for problem in problems:
            print(f"{problem} [{problem.code}]")
    return 1 if any(problem.severity == "error" for problem in problems) else 0
