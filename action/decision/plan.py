"""An event -> what is built, what is answered, and what the later phases need to know about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from action.decision import gate
from action.decision.approval import digest
from action.decision.case import Decision, Facts, Step
from action.decision.status import Status, read_status
from action.decision.waiting import Waiting, read_waiting
from action.errors import InputError, Problem
from action.github.event import ISSUE_EVENTS, Event, read_event, read_issue
from action.github.workflow import NO_RUN, Run
from action.model.address import image_name
from action.request.parse import Parsed, Request, parse
from generator.builds.matrix import Row, batches, version_rows
from generator.settings.settings import Settings
from generator.tree.catalog import Catalog, read_catalog

DECISIONS = {"ignore": "ignored", "answer": "answered", "refuse": "refused", "wait": "waiting", "build": "build"}


class Api(Protocol):
    """What planning asks of GitHub: it only reads."""

    def issue(self, number: int) -> dict[str, Any]: ...
    def level(self, login: str) -> str: ...
    def comments(self, number: int) -> list[dict[str, Any]]: ...


class Plan(NamedTuple):
    """The outcome. ``targets`` are those of ``batches``, each with its future ``image`` name and its ``context``.

    ``tried`` are the targets of dry runs; ``statuses`` our own status comments that the issue has already; ``taken``
    those of them, for comments, whose requests this event lets pass, and ``outdated`` those whose comment asks for
    something else by now.
    """

    decision: Decision
    batches: list[dict[str, Any]]
    targets: list[dict[str, Any]]
    event: Event | None = None
    parsed: Parsed = Parsed()
    digests: tuple[str, ...] = ()
    tried: tuple[dict[str, Any], ...] = ()
    statuses: tuple[Status, ...] = ()
    taken: tuple[Status, ...] = ()
    outdated: tuple[Status, ...] = ()


def plan(
    event_name: str,
    event: Mapping[str, Any],
    root: Path,
    settings: Settings,
    api: Api,
    run: Run = NO_RUN,
) -> Plan:
    """Decide what ``event`` builds from the tree at ``root``."""
    if event_name in ISSUE_EVENTS:
        return plan_request(read_event(event_name, event), root, settings, api, run)
    from action.decision.selection import (  # only here is the tree compared with its history
        base_note,
        reasons,
        select_rows,
    )

    rows = select_rows(event_name, event, root, settings)
    steps = (Step("event", True, f"{event_name}: {len(rows)} builds{base_note(event_name, event, root)}"),)
    planned, targets = _batches(rows, settings, run, *reasons(event_name, event))
    return Plan(Decision("build", event_name, steps=steps), planned, targets)


def plan_request(event: Event, root: Path, settings: Settings, api: Api, run: Run) -> Plan:
    """Parse, gate and resolve what an issue or a comment asks for."""
    parsed = parse(event.issue.title, event.text)
    ignored = gate.first_look(event, settings, parsed)
    if ignored is not None:
        return Plan(ignored, [], [], event, parsed)
    catalog = read_catalog(root, settings)
    issue = read_issue(api.issue(event.issue.number))
    comments = api.comments(issue.number)
    statuses = tuple(status for status in map(read_status, comments) if status is not None)
    waiting = Waiting(parsed)
    if event.action == "labeled":
        waiting = read_waiting(parsed, event, issue.title, statuses, comments, run.id if run.rerun_by else 0)
    parsed = waiting.parsed
    facts = Facts(
        parsed,
        issue,
        {login: api.level(login) for login in sorted(_logins(event, waiting, run))},
        _attempts(statuses),
        frozenset(key for status in statuses if status.state == "published" for key in status.digests),
        _unresolved(parsed, catalog, settings),
        run.rerun_by,
        sum(status.state in ("answered", "waiting") for status in statuses),
        waiting.listings,
    )
    decision = gate.decide(event, settings, facts)
    digests = tuple(digest(issue.title, request) for request in decision.requests)
    taken = [each.source for each in waiting.listings if decision.outcome == "build" and each.asked & set(digests)]
    planned: list[dict[str, Any]] = []
    targets: list[dict[str, Any]] = []
    tried: list[dict[str, Any]] = []
    if decision.outcome == "build":
        for reason, group in _by_reason(decision.requests):
            rows = [row for request in group for row in request_rows(request, catalog, settings)]
            some, their_targets = _batches(rows, settings, run, reason or "")
            if reason is None:
                tried += their_targets
            else:
                planned += some
                targets += their_targets
    return Plan(
        decision,
        planned,
        targets,
        event,
        parsed,
        digests,
        tuple(tried),
        statuses,
        _of(statuses, set(taken) - set(decision.edited), run),
        _of(statuses, set(decision.edited), run),
    )


def request_rows(request: Request, catalog: Catalog, settings: Settings) -> list[Row]:
    """The build jobs of one request; raises InputError when it names nothing that can be built."""
    version = catalog.resolve(request.type, request.app, request.version)
    rows = version_rows(version, request.type, settings, arches=request.arches, build_args=request.build_args)
    if not rows:
        message = f"{request.app} {request.version} is not built for {' or '.join(request.arches)}"
        raise InputError(Problem("arch-not-offered", message, f"it is built for {', '.join(version.arches)}"))
    return rows


def _unresolved(parsed: Parsed, catalog: Catalog, settings: Settings) -> dict[int, Problem]:
    problems: dict[int, Problem] = {}
    for index, request in enumerate(parsed.requests):
        try:
            request_rows(request, catalog, settings)
        except InputError as error:
            problems[index] = error.problems[0]
    return problems


def _logins(event: Event, waiting: Waiting, run: Run) -> set[str]:
    """Whose roles decide: those of people in the event, and of those who wrote ``--force`` elsewhere."""
    forced = any(request.force is not None for request in waiting.parsed.requests)
    askers = {listing.asker for listing in waiting.listings} if forced else set()
    return {event.asker.login, event.sender.login, run.rerun_by, *askers} - {""}


def _attempts(statuses: Iterable[Status]) -> dict[str, int]:
    """In how many runs a request that was let pass has been built; one run may have several status comments."""
    return Counter(key for key, _ in {(key, each.run) for each in statuses if each.approved for key in each.digests})


def _of(statuses: Iterable[Status], sources: set[int], run: Run) -> tuple[Status, ...]:
    """The status comments of these comments that wait, or that this run has written before; never the issue's own."""
    return tuple(
        status
        for status in statuses
        if status.source in sources - {0} and (status.state == "waiting" or (run.id and status.run == run.id))
    )


def _by_reason(requests: tuple[Request, ...]) -> list[tuple[str | None, list[Request]]]:
    """The requests by the reason why they may replace what is published (empty: they may not); None: dry runs."""
    groups: dict[str | None, list[Request]] = {}
    for request in requests:
        reason = "" if request.force is None else request.force or "asked with --force"
        groups.setdefault(None if request.dry_run else reason, []).append(request)
    return list(groups.items())


def _batches(
    rows: list[Row], settings: Settings, run: Run, force: str, replace: str = ""
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    contexts = {row.target: row.context for row in rows}
    names = {row.target: row.name or row.app for row in rows}
    planned = [{**batch, "force": force, "replace": replace} for batch in batches(rows)]
    targets = [
        {
            **target,
            "context": contexts[target["type"], target["app"], target["version"]],
            "image": image_name(
                settings,
                run.repository,
                target["type"],
                names[target["type"], target["app"], target["version"]],
                target["version"],
            ),
        }
        for batch in planned
        for target in batch["targets"]
    ]
    return planned, targets
