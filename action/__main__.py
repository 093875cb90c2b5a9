"""The command line: one verb for each module of action.cli, imported only when it is asked for."""

from __future__ import annotations

import argparse
import gc
import importlib
import sys
from types import ModuleType

from action.errors import run
from generator.arguments import ArgumentParser

VERBS = {
    "parse": "read the commands in the text of an issue or a comment",
    "simulate": "explain, offline, what an event would build, and why or why not",
    "plan": "decide what an event builds",
    "scan": "list every container image that a build context will run",
    "place": "scan, then fill the registry directory of a build context",
    "verify": "re-read and re-hash a registry directory and check every rule of its layout",
    "build": "build one application from its directory to an image",
    "publish": "push built images and, when every architecture is there, their index",
    "report": "answer the request with what was built",
}


def main(argv: list[str]) -> int:
    """Parse the verb, import its module, hand over the rest."""
    verb = argv[0] if argv else ""
    if verb not in VERBS:
        return _overview(argv)
    module = _imported(verb)
    description = f"{VERBS[verb][0].upper()}{VERBS[verb][1:]}."
    parser = ArgumentParser(f"python -m action {verb}", description=description, formatter_class=_Formatter)
    module.add_arguments(parser)
    return int(module.handle(parser.parse_args(argv[1:])))


def _imported(verb: str) -> ModuleType:
    """The module of a verb. What an import makes stays: looking through it for garbage is a tenth of the start."""
    gc.disable()
    module = importlib.import_module(f"action.cli.{verb}")
    gc.freeze()
    gc.enable()
    return module


class _Formatter(argparse.HelpFormatter):
    """Help of one width: asking for the terminal's takes longer to import than most verbs take to start."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=110)


def _overview(argv: list[str]) -> int:
    """What there is, for --help and for a word that is no verb (which argparse then refuses)."""
    parser = ArgumentParser("python -m action", description="Build Sealos cluster images.")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    for verb, help_text in VERBS.items():
        verbs.add_parser(verb, help=help_text)
    parser.parse_args(argv)
    return 0


if __name__ == "__main__":
    sys.exit(run(lambda: main(sys.argv[1:])))
