"""``python -m generator settings``: every setting with its present value, as a file that could be imagebuild.yaml."""

from __future__ import annotations

import argparse
import json
import textwrap
from dataclasses import asdict
from pathlib import Path
from typing import Any

from generator.console import out
from generator.settings import yaml_file
from generator.settings.settings import SETTINGS_FILE, load_settings
from generator.settings.validation import schema

_EDITOR_LINE = "# yaml-language-server: $schema=generator/schemas/settings.schema.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--format", choices=("text", "json"), default="text")


def handle(arguments: argparse.Namespace) -> int:
    root: Path = arguments.root
    values = _plain(asdict(load_settings(root)))
    file = root / SETTINGS_FILE
    lines = yaml_file.load(file, SETTINGS_FILE).lines if file.exists() else {}
    origin = {key: f"{SETTINGS_FILE}:{lines[(key,)]}" if (key,) in lines else "default" for key in values}
    descriptions = {key: rule["description"] for key, rule in schema("settings")["properties"].items()}
    if arguments.format == "json":
        settings = {
            key: {"value": value, "from": origin[key], "description": descriptions[key]}
            for key, value in values.items()
        }
        out.data(json.dumps(settings, indent=1) + "\n")
        return 0
    out.say(_EDITOR_LINE)
    for key, value in values.items():
        out.say()
        out.say(textwrap.fill(descriptions[key], 100, initial_indent="# ", subsequent_indent="# "))
        # None means that there is no value to write: the line is shown, and stays a comment.
        text = f"# {key}:" if value is None else f"{key}: {json.dumps(value, ensure_ascii=False)}"
        out.say(f"{text} # {origin[key]}")
    return 0


def _plain(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Tuples as lists, named tuples as mappings: what a YAML file would hold."""
    if isinstance(value, dict):
        return {key: _plain(each) for key, each in value.items()}
    if hasattr(value, "_asdict"):
        return value._asdict()
    return [_plain(each) for each in value] if isinstance(value, tuple) else value
