"""``python -m generator new APP``: a sound directory to start an application from."""

from __future__ import annotations

import argparse
from pathlib import Path

from generator.console import out
from generator.maintenance.scaffold import new_app
from generator.names import IMAGE_TYPES
from generator.settings.settings import load_settings
from generator.tree.model import LATEST


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("app", metavar="APP")
    parser.add_argument("--version", default=LATEST, help="its first version (default: latest/, which builds any)")
    parser.add_argument("--type", choices=IMAGE_TYPES, default="apps", help="default: %(default)s")


def handle(arguments: argparse.Namespace) -> int:
    root: Path = arguments.root
    for path in new_app(root, load_settings(root), arguments.type, arguments.app, arguments.version):
        out.say(f"added {path}")
    return 0
