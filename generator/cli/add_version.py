"""``python -m generator add-version APP VERSION``: one version more of an application."""

from __future__ import annotations

import argparse
from pathlib import Path

from generator.console import out
from generator.maintenance.scaffold import add_version
from generator.settings.settings import load_settings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("app", metavar="APP")
    parser.add_argument("version", metavar="VERSION")
    parser.add_argument(
        "--from",
        dest="source",
        metavar="OLD",
        help="copy the directory of this version (default: list it to be built from latest/, else copy the newest)",
    )


def handle(arguments: argparse.Namespace) -> int:
    root: Path = arguments.root
    path = add_version(root, load_settings(root), arguments.app, arguments.version, arguments.source)
    out.say(f"{'added' if (root / path).is_dir() else 'changed'} {path}")
    return 0
