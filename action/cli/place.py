"""place: scan a build context, then fill its registry directory; with --image, just with those images."""

from __future__ import annotations

import argparse
import os
from pathlib import Path

from action.cli.options import add_jobs
from action.errors import InputError, Problem, UsageError
from action.model.findings import Finding, Source
from action.model.reference import ImageReference
from action.placement.place import place
from action.registry.client import RegistryClient
from action.registry.credentials.auth import default_keychain
from action.report.terminal.placement import placement_table
from action.report.terminal.progress import progress_for
from generator.console import err, out
from generator.names import ARCHES, Arch


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("context", type=Path, help="the build context, whose registry/ is filled")
    parser.add_argument("--arch", required=True, choices=ARCHES, help="the architecture of the images")
    parser.add_argument("--image", action="append", default=[], metavar="REF", help="repeatable; instead of a scan")
    parser.add_argument(
        "--mirror", action="append", default=[], metavar="HOST=URL", help="ask URL for the images of HOST; repeatable"
    )
    parser.add_argument(
        "--insecure", action="append", default=[], metavar="HOST", help="speaks plain HTTP; repeatable"
    )
    add_jobs(parser)
    parser.add_argument("--all", action="store_true", help="keep every index whole: the images of all its platforms")
    parser.add_argument("--cache", type=Path, metavar="DIR", help="keep blobs there, for every build to share")


def handle(args: argparse.Namespace) -> int:
    mirrors = dict(_mirror(text) for text in args.mirror)
    client = RegistryClient(default_keychain(), mirrors=mirrors, insecure=args.insecure, jobs=args.jobs)
    if not args.context.is_dir():
        raise InputError(Problem("no-context", "is not a directory", "name a build context", file=str(args.context)))
    findings = _named(args.image) if args.image else _scanned(args.context, args.arch)
    with progress_for(err, os.environ) as progress:
        placement = place(
            args.context,
            findings,
            arch=args.arch,
            client=client,
            cache=args.cache,
            watcher=progress,
            whole=args.all,
        )
    for problem in placement.problems:
        err.say(problem)
    out.say(placement_table(placement))
    return 0


def _scanned(context: Path, arch: Arch) -> tuple[Finding, ...]:
    from action.discovery.lists.application import as_chosen
    from action.discovery.scan import scan_context  # needs the parsers of charts and scripts; named images do not

    scan = as_chosen(scan_context(context, arch=arch), context)
    errors = [problem for problem in scan.problems if problem.severity == "error"]
    if errors:
        raise InputError(errors)
    for problem in scan.problems:
        err.say(problem)
    return scan.wanted


def _named(texts: list[str]) -> tuple[Finding, ...]:
    sources = (Source(file="--image", rule="command line"),)
    references = dict.fromkeys(ImageReference.parse(text) for text in texts)
    return tuple(Finding(reference=reference, verdict="certain", sources=sources) for reference in references)


def _mirror(text: str) -> tuple[str, str]:
    host, equals, url = text.partition("=")
    if not (host and equals and url):
        raise UsageError(Problem("bad-mirror", f"{text!r} is not HOST=URL", "--mirror docker.io=https://mirror.local"))
    return host, url
