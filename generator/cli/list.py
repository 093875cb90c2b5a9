"""``python -m generator list``: every build of the tree."""

from __future__ import annotations

import argparse
from pathlib import Path

from generator.builds.matrix import rows
from generator.cli.output import write_json, write_text
from generator.console import out
from generator.settings.settings import load_settings
from generator.tree.catalog import read_catalog


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text", "json"), default="text")


def handle(arguments: argparse.Namespace) -> int:
    root: Path = arguments.root
    settings = load_settings(root)
    found = rows(read_catalog(root, settings), settings)
    if arguments.format == "json":
        write_json(found)
        out.data("\n")
    else:
        write_text(found)
    return 0
