"""verify: re-read and re-hash a registry directory; every breach of its rules, or one line that says it is fine."""

from __future__ import annotations

import argparse
from pathlib import Path

from action.errors import InputError
from action.store.directory.verify import verify
from generator.console import out
from generator.names import ARCHES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("registry", type=Path, help="the registry directory of a build context")
    parser.add_argument("--arch", choices=ARCHES, help="every image must be for this architecture")


def handle(args: argparse.Namespace) -> int:
    problems = verify(args.registry, arch=args.arch)
    if problems:
        raise InputError(problems)
    out.say(f"{args.registry}: every rule is kept, every blob has its digest")
    return 0
