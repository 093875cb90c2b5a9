"""simulate: the whole gate, offline: what an event would build, refuse or answer, and why."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from action.decision.approval import LEVELS
from action.decision.plan import DECISIONS, Plan, plan
from action.github.event import ISSUE_EVENTS, guess_name, read_json
from action.github.workflow import Run
from action.report.answer import answer
from generator.console import out
from generator.settings.settings import load_settings


class OfflineApi:
    """GitHub as the event shows it: the issue unedited, no earlier comments, everybody with the same role."""

    def __init__(self, event: dict[str, Any], level: str) -> None:
        self._event = event
        self._level = level

    def issue(self, number: int) -> dict[str, Any]:
        issue: dict[str, Any] = self._event["issue"]
        return issue

    def level(self, login: str) -> str:
        return self._level

    def comments(self, number: int) -> list[dict[str, Any]]:
        return []


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--event", required=True, type=Path, help="an event file of GitHub Actions")
    parser.add_argument("--event-name", help="what kind of event it is; default: what the file looks like")
    parser.add_argument("--root", type=Path, default=Path(), help="the repository that holds the applications")
    parser.add_argument(
        "--permission", choices=LEVELS, default="write", help="the role that everybody in the event has"
    )


def handle(args: argparse.Namespace) -> int:
    """Print every rule that was asked, then what would be built and answered."""
    data = read_json(args.event)
    name = args.event_name or guess_name(data)
    settings = load_settings(args.root)
    repository = data.get("repository")
    full_name = repository.get("full_name") if isinstance(repository, dict) else None
    run = Run(str(full_name or ""), "https://github.com/OWNER/REPO/actions/runs/0")
    planned = plan(name, data, args.root, settings, OfflineApi(data, args.permission), run)
    _print(name, planned)
    if name in ISSUE_EVENTS:
        said = answer(planned, args.root, settings, run)
        out.say("\nanswer: none" if said is None else f"\nanswer:\n\n{said.body}")
    return 0


def _print(name: str, planned: Plan) -> None:
    out.say(f"event: {name}")
    for step in planned.decision.steps:
        out.say(f"  {'passed ' if step.passed else 'stopped'}  {step.rule}: {step.said}")
    out.say(f"decision: {DECISIONS[planned.decision.outcome]} ({planned.decision.code})")
    for batch in planned.batches:
        for row in batch["rows"]:
            image = " ".join(row[name] for name in ("type", "app", "version", "arch"))
            out.say(f"  build {image} on {row['runner']} from {row['context']}")
    for problem in planned.decision.problems:
        out.say(problem)
