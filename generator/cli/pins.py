"""``python -m generator pins``: carry the pins that Dependabot moved in a real workflow over to pins.yaml."""

from __future__ import annotations

import argparse
import re
from pathlib import Path
from typing import TYPE_CHECKING

from generator.console import err, out
from generator.errors import InputError, Problem
from generator.settings.settings import Pin, Settings
from generator.settings.yaml_edit import edit
from generator.workflows.render import PINS, pins

if TYPE_CHECKING:
    from ruamel.yaml.comments import CommentedMap

_USE = re.compile(r"uses:\s*(?P<name>[\w.-]+/[\w.-]+)@(?P<commit>[0-9a-f]{40})\s+#\s*(?P<version>v?[0-9][\w.-]*)")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--from", dest="source", metavar="FILE", default=".github/workflows/ci.yml")


def handle(arguments: argparse.Namespace) -> int:
    path: Path = arguments.root / arguments.source
    try:
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise InputError(Problem("unreadable", f"cannot be read: {error.strerror}", file=str(path))) from error
    moved = {}
    for use in _USE.finditer(text):
        name, pin = use["name"], Pin(use["version"], use["commit"])
        if pins(Settings()).get(name, pin) != pin:
            moved[name] = pin

    def change(data: CommentedMap) -> None:
        for name, pin in moved.items():
            data[name].update(pin._asdict())

    if moved:
        edit(PINS, "generator/pins.yaml", change)
    for name, pin in moved.items():
        out.say(f"{name} {pin.version} {pin.commit}")
    if moved:
        err.say("now run: python -m generator")
    return 0
