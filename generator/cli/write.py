"""``python -m generator`` and ``python -m generator --check``: write the workflows, or say how they differ."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

from generator.settings.settings import Settings, load_settings
from generator.tree.catalog import read_catalog
from generator.workflows import write
from generator.workflows.render import render


def handle(arguments: argparse.Namespace) -> int:
    """Exit code 1 means that --check found a difference; the tree's own problems are warnings here."""
    root: Path = arguments.root
    settings = load_settings(root)
    changes = write.changes(root, render(settings))
    _mention_problems(root, settings)
    if arguments.check:
        for change in changes:
            sys.stdout.write(change.diff())
        if changes:
            print(f"not as the generator writes it: {', '.join(change.path for change in changes)}", file=sys.stderr)
            print("to mend that, run:", file=sys.stderr)
            print(f"  {_command(root)}", file=sys.stderr)
        return 1 if changes else 0
    write.write(root, changes)
    for change in changes:
        verb = "removed" if change.new is None else "added" if change.old is None else "changed"
        print(f"{verb} {change.path}")
    if not changes:
        print("every generated file is as it should be")
    return 0


def _mention_problems(root: Path, settings: Settings) -> None:
    problems = read_catalog(root, settings).problems
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        print(f"warning: the tree has {count}; see: {_command(root, 'lint')}", file=sys.stderr)


def _command(root: Path, verb: str = "") -> str:
    """The command line that a person at the same place would type."""
    words = ["python", "-m", "generator", *([verb] if verb else [])]
    return shlex.join(words if root == Path() else [*words, "--root", str(root)])
