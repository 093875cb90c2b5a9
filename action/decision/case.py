"""What the gate is asked, and what it answers: values that its rules share."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, NamedTuple, Protocol

from action.decision.approval import Listing, digest
from action.github.event import Event, Issue
from action.request.parse import Parsed, Request
from generator.errors import Problem

Outcome = Literal["ignore", "answer", "refuse", "wait", "build"]


class GateSettings(Protocol):
    """The part of the settings that the gate obeys."""

    @property
    def label(self) -> str: ...
    @property
    def title_guard(self) -> bool: ...
    @property
    def min_permission(self) -> str: ...


class Facts(NamedTuple):
    """What had to be looked up.

    ``issue`` is the issue as it is now; ``levels`` maps a login to its role in the repository; ``attempts`` counts, by
    digest, how often a request that was let pass has been built in this issue, and ``published`` has the digests of
    those that succeeded; ``unresolved`` says why a request names nothing that can be built; ``rerun_by`` is who has
    pressed "re-run" (empty on a first run); ``answers`` counts the answers in this issue that
    started no build. ``listings`` are the texts that a label may let pass, empty for any other event.
    """

    parsed: Parsed
    issue: Issue
    levels: Mapping[str, str] = {}
    attempts: Mapping[str, int] = {}
    published: frozenset[str] = frozenset()
    unresolved: Mapping[int, Problem] = {}
    rerun_by: str = ""
    answers: int = 0
    listings: tuple[Listing, ...] = ()


class Step(NamedTuple):
    """One rule that was asked, and what it said."""

    rule: str
    passed: bool
    said: str


class Decision(NamedTuple):
    """What happens now. ``requests`` may be built (or, with "wait", could be); ``problems`` are to be answered.

    ``edited`` are the texts (comments, 0: the issue) that ask for something else than our list of them shows.
    """

    outcome: Outcome
    code: str
    requests: tuple[Request, ...] = ()
    problems: tuple[Problem, ...] = ()
    steps: tuple[Step, ...] = ()
    edited: tuple[int, ...] = ()


class Stop(NamedTuple):
    """A rule's no: the end of the table."""

    outcome: Outcome
    code: str
    message: str
    hint: str = ""


class Case(NamedTuple):
    event: Event
    settings: GateSettings
    facts: Facts
    requests: list[Request]
    problems: list[Problem]
    edited: list[int]


def key_of(case: Case, request: Request) -> str:
    return digest(case.facts.issue.title, request)


def actor(case: Case) -> str:
    """Who wants it now: the one who set the label, or the one who wrote the comment."""
    return (case.event.sender if case.event.name == "issues" else case.event.asker).login


def level_of(case: Case, login: str) -> str:
    return case.facts.levels.get(login, "none")
