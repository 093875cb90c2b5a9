"""Tells the asker what was decided, at once: reactions and the status comment that the later phases edit."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple, Protocol

from action.errors import ClusterImageError, Problem
from action.event import Event
from action.plan import Plan, Run
from action.report import comment
from action.report.marker import Status, read_status, write_marker
from action.report.outcome import planned
from generator.catalog import read_catalog
from generator.config import Settings

DONE, FAILED, SEEN = "rocket", "-1", "eyes"


class Api(Protocol):
    """What answering asks of GitHub."""

    def comments(self, number: int) -> list[dict[str, Any]]: ...
    def comment(self, number: int, body: str) -> int: ...
    def edit_comment(self, comment_id: int, body: str) -> None: ...
    def react(self, number: int, comment_id: int, content: str) -> None: ...


class Answer(NamedTuple):
    """A status comment to write, without its marker, and the reaction that goes with it (empty: none yet)."""

    state: str
    body: str
    reaction: str = ""


def answer(plan: Plan, root: Path, settings: Settings, run: Run) -> Answer | None:
    """What to say now; None when the event is not to be answered."""
    decision = plan.decision
    images = planned(plan.targets, "building")
    if decision.outcome == "ignore":
        return None
    if decision.code == "help":
        return Answer("answered", _help(root, settings))
    if decision.outcome == "wait":
        return Answer("waiting", comment.waiting(decision.requests, decision.problems, settings.label))
    if decision.outcome != "build":
        return Answer("answered", comment.refused((*decision.problems, *plan.parsed.notes)), FAILED)
    if not plan.batches:
        return Answer("answered", comment.dry_run(images, decision.problems))
    return Answer("building", comment.building(images, decision.problems, run.url))


def post(said: Answer, plan: Plan, event: Event, api: Api, run: Run) -> int:
    """Write the answer, over the one that this request has already if it waited; returns the id of the comment."""
    approved = said.state == "building"
    status = Status(said.state, event.comment_id, plan.digests, approved, run.id)
    body = f"{write_marker(status)}\n{said.body}"
    earlier = [s for s in map(read_status, api.comments(event.issue.number)) if s and s.source == event.comment_id]
    waiting = next((s for s in reversed(earlier) if s.state == "waiting"), None)
    if waiting is not None:
        api.edit_comment(waiting.comment_id, body)
        comment_id = waiting.comment_id
    else:
        comment_id = api.comment(event.issue.number, body)
    if said.reaction:
        react(api, event.issue.number, event.comment_id, said.reaction)
    return comment_id


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
    return comment.help_text(rows, settings.label, title_guard=settings.title_guard)
