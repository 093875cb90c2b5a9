"""``scan CONTEXT``: list every container image that a build context will run."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from action.discovery.evidence.literals import literal
from action.discovery.lists.application import as_chosen, settings_of
from action.discovery.scan import scan_context
from action.errors import InputError, Problem, UsageError
from action.model.findings import Scan
from action.placement.look_inside import look_inside
from action.registry.client import RegistryClient
from action.registry.credentials.auth import default_keychain
from action.report.terminal.annotations import annotation
from action.report.terminal.scan import strict_problems, to_json, to_table, why
from generator.console import err, on_runner, out
from generator.names import ARCHES


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("context", type=Path, help="the build context: the directory of the Kubefile")
    parser.add_argument("--arch", choices=ARCHES, default="amd64", help="the architecture to scan for")
    parser.add_argument("--format", choices=("table", "json"), default="table")
    parser.add_argument("--why", metavar="REF", help="print every place that names this image")
    parser.add_argument(
        "--look-inside", action="store_true", help="fetch the images of operators and list the images they name inside"
    )
    parser.add_argument("--strict", action="store_true", help="fail on any uncertain image that is not accepted")


def handle(args: argparse.Namespace) -> int:
    """Print the scan; 1 when something is wrong, or partial or uncertain with ``--strict``.

    In a GitHub workflow every problem is also an annotation on its file; these go to stderr, which the runner reads.
    """
    scan = scan_context(args.context, arch=args.arch)
    if args.look_inside:
        settings = settings_of(args.context)
        client = RegistryClient(default_keychain(), mirrors=settings.mirrors, insecure=settings.insecure)
        scan = look_inside(scan, client)
    scan = as_chosen(scan, args.context)
    if args.why is not None:
        out.say(_why(scan, args.why))
        return 0
    if args.format == "json":
        out.data(json.dumps(to_json(scan), indent=2) + "\n")
    else:
        out.say(to_table(scan))
    refused = [problem for problem in scan.problems if problem.severity == "error"]
    if args.strict:
        partial = [problem for problem in scan.problems if problem.code == "chart-partial"]
        refused += [*partial, *strict_problems(scan)]
    if refused and (args.format == "json" or args.strict):
        err.say(InputError(refused))
    if on_runner():
        for problem in dict.fromkeys([*refused, *scan.problems]):
            err.command(annotation(problem, _from_root(args.context)))
    return 1 if refused else 0


def _from_root(context: Path) -> str:
    """The context as the repository names it, where the command runs in the repository."""
    here = Path.cwd()
    return context.resolve().relative_to(here).as_posix() if context.resolve().is_relative_to(here) else str(context)


def _why(scan: Scan, text: str) -> str:
    known = literal(text)
    if known is None:
        raise UsageError(Problem("bad-reference", f"--why: {text!r} is not an image name"))
    images = (*scan.images, *scan.ignored)
    exact = [image for image in images if image.reference == known.reference]
    same_name = [image for image in images if image.reference.name == known.reference.name]
    found = exact or same_name
    if not found:
        raise InputError(Problem("not-found", f"nothing in the context names {known.reference}"))
    return "\n".join(why(scan, image) for image in found)
