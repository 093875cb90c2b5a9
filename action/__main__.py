"""The command line: one verb for each module of action.cli, imported only when it is asked for."""

from __future__ import annotations

import argparse
import importlib
import sys

from action.errors import run

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
    parser = argparse.ArgumentParser(prog="python -m action", description="Build Sealos cluster images.")
    verbs = parser.add_subparsers(dest="verb", metavar="VERB", required=True)
    named = argv[0] if argv else ""
    for verb, help_text in VERBS.items():
        subparser = verbs.add_parser(verb, help=help_text, description=f"{help_text[0].upper()}{help_text[1:]}.")
        if verb == named:
            module = importlib.import_module(f"action.cli.{verb}")
            module.add_arguments(subparser)
            subparser.set_defaults(handler=module.handle)
    arguments = parser.parse_args(argv)
    return int(arguments.handler(arguments))


if __name__ == "__main__":
    sys.exit(run(lambda: main(sys.argv[1:])))
