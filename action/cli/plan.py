"""plan: decide what an event builds, answer it, and write the outputs that the other jobs read."""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import Any

from action.cli.options import add_option
from action.decision import gate
from action.decision.handover import pack
from action.decision.plan import DECISIONS, Plan, plan, plan_request
from action.errors import ClusterImageError, InputError, Problem
from action.github.api import GitHubApi
from action.github.event import ISSUE_EVENTS, Event, read_event, read_json
from action.github.workflow import Run, add_summary, run_of_environment, set_output
from action.report.answer import FAILED, SEEN, Posted, answer, post, react
from action.report.comment.before_build import refused
from action.report.comment.summary import plan_summary
from action.request.parse import parse
from generator.console import err, out
from generator.settings.settings import Settings, load_settings

# An output may have 1 MB, counted as UTF-16: github-actions facts, "Job outputs".
OUTPUT_LIMIT = 450_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_option(parser, "root", "the repository that holds the applications")
    parser.add_argument("--event", default=os.environ.get("GITHUB_EVENT_PATH"), help="the event file")
    parser.add_argument("--event-name", default=os.environ.get("GITHUB_EVENT_NAME"), help="what kind of event it is")


def handle(args: argparse.Namespace) -> int:
    """Exit code 0 whatever was asked: a wrong comment is no broken workflow. 1 when something cannot be looked up."""
    try:
        if not args.event or not args.event_name:
            hint = "give --event FILE --event-name NAME"
            raise InputError(Problem("no-event", "there is no event to plan for", hint))
        root = Path(args.root or ".")
        data = read_json(Path(args.event))
        api = GitHubApi.from_environment()
        run = run_of_environment()
        if args.event_name in ISSUE_EVENTS:
            _handle_request(read_event(args.event_name, data), root, api, run)
        else:
            planned = plan(args.event_name, data, root, load_settings(root), api, run)
            report = {"targets": planned.targets, "publishing": args.event_name not in ("pull_request", "merge_group")}
            _write_outputs(planned, DECISIONS[planned.decision.outcome], report)
    except ClusterImageError:
        _set_outputs("refused", [], {})
        raise
    return 0


def _handle_request(event: Event, root: Path, api: GitHubApi, run: Run) -> None:
    """An issue or a comment: seen at once, then decided, then answered; an answer is tried even when that fails."""
    parsed = parse(event.issue.title, event.text)
    settings, fault = _settings(root)
    looked = gate.first_look(event, settings, parsed)
    seen = any(parsed[:-1]) and (looked is None or looked.outcome != "ignore")
    if seen:
        _warn(react(api, event.issue.number, event.comment_id, SEEN))
    try:
        if fault is not None:
            raise fault
        planned = plan_request(event, root, settings, api, run)
        _check_length(planned)
        said = answer(planned, root, settings, run)
        posted = post(said, planned, event, api, run) if said else Posted()
    except ClusterImageError as error:
        if seen:
            _warn(_tell(event, error, api))
        raise
    if posted.joined:
        planned = planned._replace(batches=[], targets=[])
    report = {
        "targets": planned.targets,
        "problems": planned.decision.problems,
        "issue": event.issue.number,
        "source": posted.source,
        "status": posted.comment_id,
        "digests": planned.digests,
    }
    outcome = "answered" if posted.joined else DECISIONS[planned.decision.outcome]
    _write_outputs(planned, outcome, report)


def _settings(root: Path) -> tuple[Settings, ClusterImageError | None]:
    """The settings; when they are broken, the defaults and the reason, so that whoever asked can be told."""
    try:
        return load_settings(root), None
    except ClusterImageError as error:
        return Settings(), error


def _tell(event: Event, error: ClusterImageError, api: GitHubApi) -> Problem | None:
    """Say that nothing is built because something could not be looked up; what goes wrong here is only a warning."""
    again = Problem(
        "not-decided", "nothing is built, because the request could not be checked", "comment it again later"
    )
    try:
        api.comment(event.issue.number, refused([again, *error.problems]))
    except ClusterImageError as other:
        return other.problems[0]._replace(severity="warning")
    return react(api, event.issue.number, event.comment_id, FAILED)


def _write_outputs(planned: Plan, outcome: str, report: dict[str, Any]) -> None:
    """The outputs, and for people the log and the summary; there is nothing to report where nothing is built."""
    _check_length(planned)
    lines = [f"{'ok  ' if step.passed else 'stop'} {step.rule}: {step.said}" for step in planned.decision.steps]
    for batch in planned.batches:
        lines += [
            f"build {row['type']} {row['app']} {row['version']} {row['arch']} from {row['context']}"
            for row in batch["rows"]
        ]
    lines += [str(problem) for problem in planned.decision.problems]
    out.say("\n".join([f"decision: {outcome}", *lines]))
    add_summary(plan_summary(outcome, planned.decision.steps))
    _set_outputs(outcome, planned.batches, report if planned.batches else {})


def _check_length(planned: Plan) -> None:
    length = len(_compact(planned.batches))
    if length > OUTPUT_LIMIT:
        count = len(planned.targets)
        message = f"the plan of {count} images has {length} characters, more than one job may hand to another"
        raise InputError(Problem("plan-too-long", message, "ask for fewer images at a time"))


def _set_outputs(decision: str, batches: list[dict[str, Any]], report: dict[str, Any]) -> None:
    """The output ``plan`` is empty when there is nothing for the phase report to do."""
    plan_text = pack(report) if report else ""
    for name, value in {"decision": decision, "batches": _compact(batches), "plan": plan_text}.items():
        set_output(name, value)


def _warn(problem: Problem | None) -> None:
    if problem is not None:
        err.say(problem)


def _compact(data: object) -> str:
    return json.dumps(data, separators=(",", ":"))
