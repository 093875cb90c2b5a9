"""``python -m generator list``: every build of the tree."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from generator.catalog import read_catalog
from generator.config import load_settings
from generator.matrix import rows


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text", "json"), default="text")


def handle(arguments: argparse.Namespace) -> int:
    root: Path = arguments.root
    settings = load_settings(root)
    found = rows(read_catalog(root, settings), settings)
    if arguments.format == "json":
        json.dump([row.to_json() for row in found], sys.stdout, indent=1)
        print()
    else:
        for row in found:
            print(row.type, row.app, row.version, row.arch, row.context, row.runner, sep="\t")
    return 0
