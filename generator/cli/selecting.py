"""The options that select builds, for the verbs that list them."""

from __future__ import annotations

import argparse

from generator.builds.matrix import Selection
from generator.names import ARCHES, IMAGE_TYPES


def add_selection(parser: argparse.ArgumentParser) -> None:
    """Options that may be given several times; each that is given narrows the selection."""
    parser.add_argument("--type", action="append", choices=IMAGE_TYPES, default=[], dest="types")
    parser.add_argument("--app", action="append", metavar="APP", default=[], dest="apps")
    parser.add_argument("--version", action="append", metavar="VERSION", default=[], dest="versions")
    parser.add_argument("--arch", action="append", choices=ARCHES, default=[], dest="arches")


def selection(arguments: argparse.Namespace) -> Selection:
    return Selection(tuple(arguments.types), tuple(arguments.apps), tuple(arguments.versions), tuple(arguments.arches))
