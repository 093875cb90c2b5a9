"""parse: the requests and the errors in a text, as a person or as JSON reads them."""

from __future__ import annotations

import argparse
from typing import Any

from action.errors import InputError, Problem
from action.request.parse import Parsed, Request, parse
from generator.console import err, out


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--title", default=None, help="the title of the issue")
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--body", help="the text itself")
    source.add_argument("--body-file", help="a file that holds the text")
    source.add_argument("--event", help="an event file of GitHub Actions (issues or issue_comment)")
    parser.add_argument("--format", choices=("text", "json"), default="text")


def handle(args: argparse.Namespace) -> int:
    """Print what the text asks for; exit code 1 when a command in it is wrong."""
    title, body = _read_text(args)
    parsed = parse(title if args.title is None else args.title, body)
    if args.format == "json":
        import json  # text needs none

        out.data(json.dumps(_as_json(parsed), indent=2, ensure_ascii=False) + "\n")
    else:
        _print(parsed)
    return 1 if parsed.errors else 0


def _read_text(args: argparse.Namespace) -> tuple[str, str]:
    if args.body is not None:
        return "", args.body
    path: str = args.event or args.body_file
    try:
        with open(path, "rb") as file:  # noqa: PTH123 (pathlib would take longer to import than the parsing takes)
            text = file.read().decode("utf-8", "surrogateescape")
        if not args.event:
            return "", text
        import json

        event = json.loads(text)
        source = event.get("comment") or event["issue"]
        return event["issue"]["title"], source["body"] or ""
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        message = f"cannot be read: {type(error).__name__}: {error}"
        raise InputError(Problem("unreadable", message, file=path)) from error


def _as_json(parsed: Parsed) -> dict[str, Any]:
    data: dict[str, Any] = {
        "requests": [request_json(request) for request in parsed.requests],
        "errors": [_problem_json(problem) for problem in parsed.errors],
    }
    if parsed.notes:
        data["notes"] = [_problem_json(problem) for problem in parsed.notes]
    if parsed.help:
        data["help"] = True
    return data


def request_json(request: Request) -> dict[str, Any]:
    """The five keys that every request has, and the options that were given."""
    data: dict[str, Any] = {name: getattr(request, name) for name in ("type", "app", "version", "build_args", "line")}
    if request.arches:
        data["arches"] = list(request.arches)
    if request.dry_run:
        data["dry_run"] = True
    if request.force is not None:
        data["force"] = request.force
    return data


def _problem_json(problem: Problem) -> dict[str, Any]:
    return {name: getattr(problem, name) for name in ("code", "line", "column", "message", "hint")}


def _print(parsed: Parsed) -> None:
    for request in parsed.requests:
        options = "".join(f" {key}={value!r}" for key, value in request.build_args.items())
        out.say(f"line {request.line}: build {request.type} {request.app} {request.version}{options}")
    if parsed.help:
        out.say("asks for help")
    for problem in (*parsed.errors, *parsed.notes):
        err.say(problem)
    if not any(parsed):
        out.say("no command")
