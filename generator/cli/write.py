"""``python -m generator`` and ``python -m generator --check``: write the workflows, or say how they differ."""

from __future__ import annotations

import argparse
import shlex
from pathlib import Path

from generator.console import err, out
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
        if changes:
            with out.commands_stopped():
                out.data("".join(change.diff() for change in changes))
            err.say(f"not as the generator writes it: {', '.join(change.path for change in changes)}")
            err.say("to mend that, run:")
            err.say(f"  {_command(root)}")
        return 1 if changes else 0
    write.write(root, changes)
    for change in changes:
        verb = "removed" if change.new is None else "added" if change.old is None else "changed"
        out.say(f"{verb} {change.path}")
    if not changes:
        out.say("every generated file is as it should be")
    return 0


def _mention_problems(root: Path, settings: Settings) -> None:
    problems = read_catalog(root, settings).problems
    if problems:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        err.say(f"warning: the tree has {count}; see: {_command(root, 'lint')}")


def _command(root: Path, verb: str = "") -> str:
    """The command line that a person at the same place would type."""
    words = ["python", "-m", "generator", *([verb] if verb else [])]
    return shlex.join(words if root == Path() else [*words, "--root", str(root)])
