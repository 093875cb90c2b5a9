"""Options that the composite action gives through the environment and a person gives on the command line.

Text from an event reaches Python only as an environment variable, never as a part of a shell script.
"""

from __future__ import annotations

import argparse
import os

from action.registry.http.limits import JOBS

ENVIRONMENT_PREFIX = "IMAGEBUILD_"


def add_option(parser: argparse.ArgumentParser, name: str, help_text: str, *, required: bool = False) -> None:
    """Add ``--name VALUE`` whose default is the environment variable ``IMAGEBUILD_NAME``; empty means not given."""
    variable, default = _environment(name)
    parser.add_argument(
        f"--{name}", default=default, required=required and default is None, help=f"{help_text} (or ${variable})"
    )


def add_positional(parser: argparse.ArgumentParser, name: str, help_text: str) -> None:
    """Add an argument without a name that the environment may give instead, as ``add_option`` says."""
    variable, default = _environment(name)
    parser.add_argument(name, nargs="?", default=default, help=f"{help_text} (or ${variable})")


def add_jobs(parser: argparse.ArgumentParser) -> None:
    """Add ``--jobs N``, how many requests of a kind may run at once against one host."""
    variable, default = _environment("jobs")
    told = f"requests of a kind at once per host, at most (or ${variable}; default: {JOBS})"
    parser.add_argument("--jobs", type=_positive, default=default or JOBS, metavar="N", help=told)


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _environment(name: str) -> tuple[str, str | None]:
    variable = ENVIRONMENT_PREFIX + name.replace("-", "_").upper()
    return variable, os.environ.get(variable) or None
