"""The command line: no verb writes the workflows, a verb asks about the tree or edits it."""

from __future__ import annotations

import argparse
import importlib
import sys
from pathlib import Path

from generator.arguments import ArgumentParser
from generator.errors import InputError, Problem, run

VERBS = {
    "list": "print every build of the tree, one a line",
    "matrix": "print selected builds as the matrices that a workflow takes",
    "lint": "print everything that is wrong with the tree",
    "settings": "print every setting, its value and where that comes from",
    "new": "write the starting directory of an application",
    "add-version": "add a version to an application",
    "pins": "carry the pins of a real workflow over to pins.yaml",
}


def main(argv: list[str]) -> int:
    """Parse, hand over to the verb's module, return the exit code."""
    parser = ArgumentParser(
        prog="python -m generator", description="Write the workflows that build the applications of this repository."
    )
    _add_root(parser, Path())
    parser.add_argument("--check", action="store_true", help="write nothing; print what would change, and fail")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB")
    for verb, help_text in VERBS.items():
        subparser = verbs.add_parser(verb, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.")
        # SUPPRESS: an option that is not given must not overwrite what stood before the verb
        _add_root(subparser, argparse.SUPPRESS)
        if verb in argv:
            module = importlib.import_module(f"generator.cli.{verb.replace('-', '_')}")
            module.add_arguments(subparser)
            subparser.set_defaults(handler=module.handle)
    arguments = parser.parse_args(argv)
    if not arguments.root.is_dir():
        raise InputError(
            Problem("no-such-root", "is no directory", "give the repository as --root", str(arguments.root))
        )
    if arguments.verb is not None:
        return int(arguments.handler(arguments))
    from generator.cli.write import handle

    return handle(arguments)


def _add_root(parser: argparse.ArgumentParser, default: Path | str) -> None:
    parser.add_argument("--root", type=Path, default=default, metavar="DIR", help="the repository (default: here)")


if __name__ == "__main__":
    sys.exit(run(lambda: main(sys.argv[1:])))
