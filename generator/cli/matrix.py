"""``python -m generator matrix``: selected builds, in shards that a workflow matrix can hold."""

from __future__ import annotations

import argparse
from pathlib import Path

from generator.builds.affected import affected
from generator.builds.git import branch_base
from generator.builds.matrix import rows, shards
from generator.cli.output import write_json, write_text
from generator.cli.selecting import add_selection, selection
from generator.console import out
from generator.settings.settings import load_settings
from generator.tree.catalog import read_catalog


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_selection(parser)
    parser.add_argument("--changed-since", metavar="REF", help="only what differs from the commit REF")
    parser.add_argument("--format", choices=("json", "text"), default="json")


def handle(arguments: argparse.Namespace) -> int:
    root: Path = arguments.root
    settings = load_settings(root)
    found = rows(read_catalog(root, settings), settings, selection(arguments))
    if arguments.changed_since is not None:
        found = affected(found, root, branch_base(root, arguments.changed_since))
    numbered = shards(found)
    if arguments.format == "json":
        out.data('{"shards": [')
        for number, shard in enumerate(numbered):
            out.data(",\n" if number else "\n")
            write_json(shard)
        out.data("]}\n")
    else:
        for number, shard in enumerate(numbered, start=1):
            write_text(shard, number)
    return 0
