"""May this event build anything? One table of rules, asked in order; pure, so that every row has a test.

Nothing here reads the network: what has to be looked up comes in as Facts, and a fact that could not be had is a no.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple, Protocol

from action.approval import TITLE_PREFIXES, at_least, digest, title_app
from action.command import Parsed, Request
from action.event import Event, Issue
from generator.errors import Problem

Outcome = Literal["ignore", "answer", "refuse", "wait", "build"]

LABEL_LEVEL = "triage"
MAX_ANSWERS = 20
FORCE_LEVEL = "maintain"


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

    ``issue`` is the issue as it is now; ``levels`` maps a login to its role in the repository; ``approved`` holds the
    digests of requests that a maintainer has let pass in this issue; ``unresolved`` says why a request names nothing
    that can be built; ``rerun_by`` is who pressed "re-run" (empty on a first run); ``answers`` counts the answers that
    this issue has already and that started no build. ``shown`` are the digests of what our status comments list as
    waiting; None when there is no such list.
    """

    parsed: Parsed
    issue: Issue
    levels: Mapping[str, str] = {}
    approved: frozenset[str] = frozenset()
    unresolved: Mapping[int, Problem] = {}
    rerun_by: str = ""
    answers: int = 0
    shown: frozenset[str] | None = None


class Step(NamedTuple):
    """One rule that was asked, and what it said."""

    rule: str
    passed: bool
    said: str


class Decision(NamedTuple):
    """What happens now. ``requests`` may be built (or, with "wait", could be); ``problems`` are to be answered."""

    outcome: Outcome
    code: str
    requests: tuple[Request, ...] = ()
    problems: tuple[Problem, ...] = ()
    steps: tuple[Step, ...] = ()


class _Stop(NamedTuple):
    """A rule's no: the end of the table."""

    outcome: Outcome
    code: str
    message: str
    hint: str = ""


class _Case(NamedTuple):
    event: Event
    settings: GateSettings
    facts: Facts
    requests: list[Request]
    problems: list[Problem]


def decide(event: Event, settings: GateSettings, facts: Facts) -> Decision:
    """Ask every rule in the order of RULES until one says no."""
    case = _Case(event, settings, facts, list(facts.parsed.requests), list(facts.parsed.errors))
    steps: list[Step] = []
    for name, rule in RULES:
        answer = rule(case)
        if isinstance(answer, _Stop):
            steps.append(Step(name, False, answer.message))
            return _stopped(case, answer, steps)
        steps.append(Step(name, True, answer))
    return Decision("build", "accepted", tuple(case.requests), tuple(case.problems), tuple(steps))


def first_look(event: Event, settings: GateSettings, parsed: Parsed) -> Decision | None:
    """The decision when the event alone is enough to ignore it, so that talk costs no call; None otherwise."""
    case = _Case(event, settings, Facts(parsed, event.issue), [], [])
    rules = RULES[: FIRST_RULES - (event.action == "labeled")]  # a label lets pass what waits in comments, too
    for name, rule in rules:
        answer = rule(case)
        if isinstance(answer, _Stop):
            return _stopped(case, answer, [Step(name, False, answer.message)])
    return None


def _stopped(case: _Case, stop: _Stop, steps: list[Step]) -> Decision:
    problems = [*case.problems]
    if stop.outcome == "refuse":
        problems.append(Problem(stop.code, stop.message, stop.hint))
    requests = tuple(case.requests) if stop.outcome == "wait" else ()
    return Decision(stop.outcome, stop.code, requests, tuple(problems), tuple(steps))


def _kind(case: _Case) -> str | _Stop:
    event = case.event
    if (event.name, event.action) in {("issues", "opened"), ("issues", "labeled"), ("issue_comment", "created")}:
        return f"{event.name} {event.action}"
    return _Stop("ignore", "other-event", f"{event.name} {event.action} builds nothing; edits are not read")


def _label_event(case: _Case) -> str | _Stop:
    event = case.event
    if event.action == "labeled" and event.label.lower() != case.settings.label.lower():
        return _Stop("ignore", "other-label", f"the label {event.label!r} is not {case.settings.label!r}")
    return "no other label"


def _pull_request(case: _Case) -> str | _Stop:
    if case.event.issue.pull_request:
        return _Stop("ignore", "pull-request", "comments on pull requests build nothing")
    return "an issue"


def _bot(case: _Case) -> str | _Stop:
    for person in (case.event.asker, case.event.sender):
        if person.is_bot:
            return _Stop("ignore", "bot", f"{person.login!r} is a bot")
    return "written by a person"


def _asked(case: _Case) -> str | _Stop:
    parsed, event = case.facts.parsed, case.event
    if parsed.requests or parsed.errors or parsed.help:
        return f"{len(parsed.requests)} requests, {len(parsed.errors)} errors"
    if parsed.notes and (event.name == "issues" or not parsed.talk):
        return _Stop("answer", "not-read", parsed.notes[0].message)
    if event.name == "issues" and title_app(event.issue.title):
        case.problems.append(Problem("no-command", "the text has no command", "a command starts its own line"))
        return _Stop("answer", "no-command", "no command in the text")
    return _Stop("ignore", "no-command", "no command in the text")


def _patience(case: _Case) -> str | _Stop:
    """One issue is no place to make us talk without end; whoever may label is heard all the same."""
    if case.facts.answers < MAX_ANSWERS or at_least(_level(case, case.event.sender.login), LABEL_LEVEL):
        return f"{case.facts.answers} answers so far"
    return _Stop("ignore", "too-many-answers", f"this issue has {case.facts.answers} answers that started no build")


def _rerun(case: _Case) -> str | _Stop:
    login = case.facts.rerun_by
    if not login:
        return "first run"
    wanted = case.settings.min_permission
    if not at_least(_level(case, login), wanted):
        return _Stop("refuse", "rerun-not-allowed", f"who re-runs a build needs the role {wanted!r} or a stronger one")
    return f"re-run by someone with the role {_level(case, login)!r}"


def _known(case: _Case) -> str | _Stop:
    """Drop the requests that name nothing in the tree; stop when none is left."""
    parsed = case.facts.parsed
    for index, request in enumerate(parsed.requests):
        problem = case.facts.unresolved.get(index)
        if problem is not None:
            case.requests.remove(request)
            message = f"{problem.file}: {problem.message}" if problem.file else problem.message
            case.problems.append(problem._replace(message=message, line=request.line, column=1, file=None))
    if parsed.help and not parsed.requests:
        return _Stop("answer", "help", "asks for help")
    if not case.requests:
        return _Stop("answer", "wrong-request", "no command is right")
    return f"{len(case.requests)} images that can be built"


def _unchanged(case: _Case) -> str | _Stop:
    event, now = case.event, case.facts.issue
    if event.name == "issue_comment" or (event.issue.title, event.issue.body) == (now.title, now.body):
        return "the issue says what it said"
    message = "the issue was edited after the event that is being answered"
    hint = f"set the label {case.settings.label!r} again: what the issue asks for now is listed first"
    return _Stop("refuse", "edited", message, hint)


def _shown(case: _Case) -> str | _Stop:
    """A maintainer who sets the label has read our list; what was edited into the issue since was not on it."""
    shown, event = case.facts.shown, case.event
    if event.name != "issues" or shown is None or all(_digest(case, each) in shown for each in case.requests):
        return "nothing that was not shown"
    return _Stop("wait", "changed", "the issue was edited after its requests were listed")


def _title(case: _Case) -> str | _Stop:
    """Drop the requests for another application than the title's; stop when none is left."""
    if not case.settings.title_guard:
        return "titles are not checked"
    app = title_app(case.facts.issue.title)
    for request in list(case.requests):
        if request.app != app:
            case.requests.remove(request)
            said = f"this issue is about {app!r}" if app else "the title of this issue names no application to build"
            hint = f"open an issue with the title {TITLE_PREFIXES[0]}{request.app}"
            message = f"asks for {request.app!r}, but {said}"
            case.problems.append(Problem("title-mismatch", message, hint, line=request.line, column=1))
    if not case.requests:
        return _Stop("answer", "title-mismatch", "no command is for the application of the title")
    return f"the title names {app!r}"


def _label(case: _Case) -> str | _Stop:
    wanted = case.settings.label
    if wanted.lower() in (label.lower() for label in case.facts.issue.labels):
        return f"has the label {wanted!r}"
    return _Stop("wait", "waiting", f"the label {wanted!r} is missing")


def _opened(case: _Case) -> str | _Stop:
    """An issue that is opened with the label gets a ``labeled`` event as well; that one decides."""
    if case.event.action == "opened":
        return _Stop("ignore", "labeled-follows", "the event for the label decides")
    return "not just opened"


def _allowed(case: _Case) -> str | _Stop:
    """The one who set the label lets the issue's text pass; a commenter passes by role, or with what was let pass."""
    event, settings, facts = case.event, case.settings, case.facts
    if event.name == "issues":
        level = _level(case, event.sender.login)
        if at_least(level, LABEL_LEVEL):
            return f"the label was set by someone with the role {level!r}"
        message = f"the label was set by someone with the role {level!r}, which may not accept requests"
        return _Stop("refuse", "label-not-trusted", message, f"someone with the role {LABEL_LEVEL!r} sets the label")
    level = _level(case, event.asker.login)
    if at_least(level, settings.min_permission):
        return f"asked by someone with the role {level!r}"
    if all(_digest(case, request) in facts.approved for request in case.requests):
        return "the same request was accepted before"
    message = (
        f"you have the role {level!r} here; asking for a build needs {settings.min_permission!r} or a stronger one"
    )
    hint = f"someone with the role {settings.min_permission!r} can comment the same command"
    return _Stop("refuse", "not-allowed", message, hint)


def _force(case: _Case) -> str | _Stop:
    if all(request.force is None for request in case.requests):
        return "not forced"
    level = _level(case, case.event.sender.login)
    if at_least(level, FORCE_LEVEL):
        return f"forced by someone with the role {level!r}"
    message = f"--force needs the role {FORCE_LEVEL!r} or a stronger one, and you have {level!r}"
    return _Stop("refuse", "force-not-allowed", message, "leave --force out: an image that is missing is built anyway")


def _digest(case: _Case, request: Request) -> str:
    return digest(case.facts.issue.title, request)


def _level(case: _Case, login: str) -> str:
    return case.facts.levels.get(login, "none")


RULES: tuple[tuple[str, Callable[[_Case], str | _Stop]], ...] = (
    ("event", _kind),
    ("label event", _label_event),
    ("pull request", _pull_request),
    ("bot", _bot),
    ("command", _asked),
    ("patience", _patience),
    ("re-run", _rerun),
    ("catalogue", _known),
    ("edited", _unchanged),
    ("title", _title),
    ("label", _label),
    ("shown", _shown),
    ("opened", _opened),
    ("permission", _allowed),
    ("force", _force),
)
FIRST_RULES = 5
