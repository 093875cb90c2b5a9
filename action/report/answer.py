"""Tells the asker what was decided, at once: reactions and the status comment that the later phases edit."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from action.decision.plan import Plan
from action.decision.status import Status, read_status, write_marker
from action.errors import ClusterImageError, Problem
from action.github.event import Event
from action.github.workflow import Run
from action.report.comment import before_build
from action.report.comment.outcome import planned
from generator.settings.settings import Settings
from generator.tree.catalog import read_catalog

DONE, FAILED, SEEN = "rocket", "-1", "eyes"


class Api(Protocol):
    """What answering asks of GitHub."""

    def comments(self, number: int) -> list[dict[str, Any]]: ...
    def comment(self, number: int, body: str) -> int: ...
    def edit_comment(self, comment_id: int, body: str) -> None: ...
    def react(self, number: int, comment_id: int, content: str) -> None: ...
    def is_running(self, run_id: int) -> bool: ...


class Answer(NamedTuple):
    """A status comment to write, without its marker, and the reaction that goes with it (empty: none yet)."""

    state: str
    body: str
    reaction: str = ""


class Posted(NamedTuple):
    """The status comment, the comment that it answers, and whether another run has the same request and answers it."""

    comment_id: int = 0
    source: int = 0
    joined: bool = False


def answer(plan: Plan, root: Path, settings: Settings, run: Run) -> Answer | None:
    """What to say now; None when the event is not to be answered."""
    decision = plan.decision
    if decision.outcome == "ignore":
        return None
    if decision.code == "help":
        return Answer("answered", _help(root, settings))
    if decision.outcome == "wait":
        text = before_build.waiting(decision.requests, decision.problems, settings.label, decision.code)
        return Answer("waiting", text)
    if decision.outcome != "build":
        return Answer("answered", before_build.refused((*decision.problems, *plan.parsed.notes)), FAILED)
    tried = planned(plan.tried, "building")
    if not plan.batches:
        return Answer("answered", before_build.dry_run(tried, decision.problems))
    return Answer(
        "building", before_build.building(planned(plan.targets, "building"), tried, decision.problems, run.url)
    )


def post(said: Answer, plan: Plan, event: Event, api: Api, run: Run) -> Posted:
    """Write the answer as the one status comment of its request, and join a run that has the same request already."""
    builds = said.state == "building"
    twin = _twin(plan, plan.statuses, api, run) if builds else None
    if twin is None:
        status = _write(said, plan, event, api, run)
        if builds:  # two runs may have looked at the same time: the older comment has it
            statuses = [s for s in map(read_status, api.comments(event.issue.number)) if s]
            twin = _twin(plan, [s for s in statuses if s.comment_id < status.comment_id], api, run)
            if twin is not None:
                _edit(status._replace(state="joined", approved=False), _joined(twin, run), api)
    else:
        status = _write(_joined(twin, run), plan, event, api, run)
    for outdated in plan.outdated:
        _edit(outdated._replace(state="answered", approved=False), Answer("answered", before_build.outdated()), api)
    if said.reaction:
        react(api, event.issue.number, event.comment_id, said.reaction)
    return Posted(status.comment_id, status.source, twin is not None)


def _twin(plan: Plan, statuses: Sequence[Status], api: Api, run: Run) -> Status | None:
    """The status comment of another run that is building exactly what this one is about to build."""
    if any(request.force is not None for request in plan.decision.requests):
        return None
    same = (s for s in statuses if s.state == "building" and s.run != run.id and set(s.digests) == set(plan.digests))
    return next((status for status in same if api.is_running(status.run)), None)


def _joined(twin: Status, run: Run) -> Answer:
    url = run.url.removesuffix(str(run.id)) + str(twin.run)
    return Answer("joined", before_build.joined(url, twin.comment_id))


def _write(said: Answer, plan: Plan, event: Event, api: Api, run: Run) -> Status:
    """Over the comment that this request has from before (it waited, or its run is run again), else as a new one."""
    mine = [
        status
        for status in plan.statuses
        if status.source == event.comment_id and (status.state == "waiting" or (run.id and status.run == run.id))
    ]
    builds = said.state == "building"
    status = Status(said.state, event.comment_id, plan.digests, builds, run.id)
    if plan.decision.code == "label-not-trusted":  # the list stays for someone who may set the label
        mine = []
    before = [*mine[-1:], *plan.taken]
    if not before:
        return status._replace(comment_id=api.comment(event.issue.number, _body(status, said)))
    first, *others = before
    status = status._replace(source=first.source, comment_id=first.comment_id)
    _edit(status, said, api)
    for other in others if builds else []:
        passed = other._replace(state="joined", approved=True, run=run.id)
        _edit(passed, Answer("joined", before_build.let_pass(first.comment_id)), api)
    return status


def _edit(status: Status, said: Answer, api: Api) -> None:
    api.edit_comment(status.comment_id, _body(status, said))


def _body(status: Status, said: Answer) -> str:
    return f"{write_marker(status)}\n{said.body}"


def react(api: Api, number: int, comment_id: int, content: str) -> Problem | None:
    """React; a reaction that cannot be made is only worth a warning, because the comment says it all."""
    try:
        api.react(number, comment_id, content)
    except ClusterImageError as error:
        return error.problems[0]._replace(severity="warning")
    return None


def _help(root: Path, settings: Settings) -> str:
    catalog = read_catalog(root, settings)
    rows = []
    for app in catalog.apps:
        types = sorted({image_type for version in app.versions.values() for image_type in version.types})
        rows.append((app.name, ", ".join(types), tuple(app.versions)))
    return before_build.help_text(rows, settings.label, title_guard=settings.title_guard)
