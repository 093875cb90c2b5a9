"""``python -m generator matrix``: selected builds, in shards that a workflow matrix can hold."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

from generator.catalog import read_catalog
from generator.changes import affected, branch_base, changed_files
from generator.cli.selecting import add_selection, selection
from generator.config import load_settings
from generator.matrix import rows, shards


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection(parser)
    parser.add_argument("--changed-since", metavar="REF", help="only what differs from the commit REF")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def handle(arguments: argparse.Namespace) -> int:
    root: Path = arguments.root
    settings = load_settings(root)
    found = rows(read_catalog(root, settings), settings, selection(arguments))
    if arguments.changed_since is not None:
        files = changed_files(root, branch_base(root, arguments.changed_since))
        found = affected(found, files, root)
    numbered = shards(found)
    if arguments.format == "json":
        json.dump({"shards": [[row.to_json() for row in shard] for shard in numbered]}, sys.stdout, indent=1)
        print()
    else:
        for number, shard in enumerate(numbered, start=1):
            for row in shard:
                print(number, row.type, row.app, row.version, row.arch, row.context, row.runner, sep="\t")
    return 0
