"""plan: decide what an event builds, answer it, and write the outputs that the other jobs read."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from action import gate
from action.answer import SEEN, Posted, answer, post, react
from action.cli.options import add_option
from action.command import parse
from action.errors import ClusterImageError, InputError, Problem
from action.event import ISSUE_EVENTS, read_event
from action.github import GitHubApi, add_summary, escape_log, set_output
from action.plan import Plan, Run, plan
from action.report.summary import plan_summary
from generator.config import load_settings

# An output may have 1 MB, counted as UTF-16: github-actions facts, "Job outputs".
OUTPUT_LIMIT = 450_000
DECISIONS = {"ignore": "ignored", "answer": "answered", "refuse": "refused", "wait": "waiting", "build": "build"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_option(parser, "root", "the repository that holds the applications")
    parser.add_argument("--event", default=os.environ.get("GITHUB_EVENT_PATH"), help="the event file")
    parser.add_argument("--event-name", default=os.environ.get("GITHUB_EVENT_NAME"), help="what kind of event it is")


def handle(args: argparse.Namespace) -> int:
    """Exit code 0 whatever was asked: a wrong comment is no broken workflow. 1 when something cannot be looked up."""
    try:
        return _handle(args)
    except ClusterImageError:
        _write_outputs("refused", [], {})
        raise


def _handle(args: argparse.Namespace) -> int:
    if not args.event or not args.event_name:
        raise InputError(Problem("no-event", "there is no event to plan for", "give --event FILE --event-name NAME"))
    root = Path(args.root or ".")
    data = read_json(Path(args.event))
    settings = load_settings(root)
    api = GitHubApi.from_environment()
    run = run_of_environment()
    if args.event_name in ISSUE_EVENTS:
        event = read_event(args.event_name, data)
        parsed = parse(event.issue.title, event.text)
        if any(parsed[:-1]) and gate.first_look(event, settings, parsed) is None:
            _warn([react(api, event.issue.number, event.comment_id, SEEN)])
    planned = plan(args.event_name, data, root, settings, api, run)
    outcome = DECISIONS[planned.decision.outcome]
    report: dict[str, Any] = {"targets": planned.targets, "problems": planned.decision.problems}
    if planned.event is not None:
        number, source = planned.event.issue.number, planned.event.comment_id
        said = answer(planned, root, settings, run)
        posted = post(said, planned, planned.event, api, run) if said else Posted(0)
        if posted.joined:
            outcome, planned = "answered", planned._replace(batches=[])
        report |= {"issue": number, "source": source, "status": posted.comment_id, "digests": planned.digests}
    _explain(planned, outcome)
    _write_outputs(outcome, planned.batches, report if planned.batches else {"targets": []})
    return 0


def run_of_environment() -> Run:
    """The workflow run that this process is a step of."""
    environment = os.environ
    repository = environment.get("GITHUB_REPOSITORY", "")
    run_id = environment.get("GITHUB_RUN_ID", "0")
    url = f"{environment.get('GITHUB_SERVER_URL', 'https://github.com')}/{repository}/actions/runs/{run_id}"
    again = environment.get("GITHUB_RUN_ATTEMPT", "1") not in ("", "1")
    by = environment.get("GITHUB_TRIGGERING_ACTOR", "") or environment.get("GITHUB_ACTOR", "")
    return Run(repository, url, int(run_id) if run_id.isdigit() else 0, by if again else "")


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object from a file."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(Problem("unreadable", f"cannot be read: {error}", file=str(path))) from error
    if not isinstance(data, dict):
        raise InputError(Problem("unreadable", "is no JSON object", file=str(path)))
    return data


def _explain(planned: Plan, outcome: str) -> None:
    lines = [f"{'ok  ' if step.passed else 'stop'} {step.rule}: {step.said}" for step in planned.decision.steps]
    for batch in planned.batches:
        lines += [
            f"build {row['type']} {row['app']} {row['version']} {row['arch']} from {row['context']}"
            for row in batch["rows"]
        ]
    lines += [str(problem) for problem in planned.decision.problems]
    print(escape_log("\n".join([f"decision: {outcome}", *lines])))
    add_summary(plan_summary(outcome, planned.decision.steps))


def _warn(problems: Sequence[Problem | None]) -> None:
    for problem in problems:
        if problem is not None:
            print(escape_log(str(problem)), file=sys.stderr)


def _write_outputs(decision: str, batches: list[dict[str, Any]], report: dict[str, Any]) -> None:
    values = {"decision": decision, "batches": _compact(batches), "plan": _compact(report)}
    length = sum(len(value) for value in values.values())
    if length > OUTPUT_LIMIT:
        message = f"the plan is {length} characters long, more than one job may hand to another"
        raise InputError(Problem("plan-too-long", message, "select fewer applications"))
    for name, value in values.items():
        set_output(name, value)


def _compact(data: object) -> str:
    return json.dumps(data, separators=(",", ":"))
