"""May this event build anything? One table of rules, asked in order; pure, so that every row has a test.

Nothing here reads the network: what has to be looked up comes in as Facts, and a fact that could not be had is a no.
"""

from __future__ import annotations

from collections.abc import Callable

from action.decision import acceptance
from action.decision.approval import TITLE_PREFIXES, at_least, title_app
from action.decision.case import Case, Decision, Facts, GateSettings, Step, Stop, level_of
from action.github.event import Event
from action.request.parse import Parsed
from generator.errors import Problem

MAX_ANSWERS = 20


def decide(event: Event, settings: GateSettings, facts: Facts) -> Decision:
    """Ask every rule in the order of RULES until one says no."""
    case = Case(event, settings, facts, list(facts.parsed.requests), list(facts.parsed.errors), [])
    steps: list[Step] = []
    for name, rule in RULES:
        answer = rule(case)
        if isinstance(answer, Stop):
            steps.append(Step(name, False, answer.message))
            return _stopped(case, answer, steps)
        steps.append(Step(name, True, answer))
    found = tuple(case.requests), tuple(case.problems), tuple(steps), tuple(case.edited)
    return Decision("build", "accepted", *found)


def first_look(event: Event, settings: GateSettings, parsed: Parsed) -> Decision | None:
    """The decision when the event alone is enough to ignore it, so that talk costs no call; None otherwise."""
    case = Case(event, settings, Facts(parsed, event.issue), [], [], [])
    rules = RULES[: FIRST_RULES - (event.action == "labeled")]  # a label lets pass what waits in comments, too
    for name, rule in rules:
        answer = rule(case)
        if isinstance(answer, Stop):
            return _stopped(case, answer, [Step(name, False, answer.message)])
    return None


def _stopped(case: Case, stop: Stop, steps: list[Step]) -> Decision:
    problems = [*case.problems]
    if stop.outcome == "refuse":
        problems.append(Problem(stop.code, stop.message, stop.hint))
    requests = tuple(case.requests) if stop.outcome == "wait" else ()
    return Decision(stop.outcome, stop.code, requests, tuple(problems), tuple(steps), tuple(case.edited))


def _kind(case: Case) -> str | Stop:
    event = case.event
    if (event.name, event.action) in {("issues", "opened"), ("issues", "labeled"), ("issue_comment", "created")}:
        return f"{event.name} {event.action}"
    return Stop("ignore", "other-event", f"{event.name} {event.action} builds nothing; edits are not read")


def _label_event(case: Case) -> str | Stop:
    event = case.event
    if event.action == "labeled" and event.label.lower() != case.settings.label.lower():
        return Stop("ignore", "other-label", f"the label {event.label!r} is not {case.settings.label!r}")
    return "no other label"


def _pull_request(case: Case) -> str | Stop:
    if case.event.issue.pull_request:
        return Stop("ignore", "pull-request", "comments on pull requests build nothing")
    return "an issue"


def _bot(case: Case) -> str | Stop:
    for person in (case.event.asker, case.event.sender):
        if person.is_bot:
            return Stop("ignore", "bot", f"{person.login!r} is a bot")
    return "written by a person"


def _asked(case: Case) -> str | Stop:
    parsed, event = case.facts.parsed, case.event
    if parsed.requests or parsed.errors or parsed.help:
        return f"{len(parsed.requests)} requests, {len(parsed.errors)} errors"
    if parsed.notes and (event.name == "issues" or not parsed.talk):
        return Stop("answer", "not-read", parsed.notes[0].message)
    if event.name == "issues" and title_app(event.issue.title):
        case.problems.append(Problem("no-command", "the text has no command", "a command starts its own line"))
        return Stop("answer", "no-command", "no command in the text")
    return Stop("ignore", "no-command", "no command in the text")


def _patience(case: Case) -> str | Stop:
    """One issue is no place to make us talk without end; whoever may label is heard all the same."""
    if case.facts.answers < MAX_ANSWERS or at_least(level_of(case, case.event.sender.login), acceptance.LABEL_LEVEL):
        return f"{case.facts.answers} answers so far"
    return Stop("ignore", "too-many-answers", f"this issue has {case.facts.answers} answers that started no build")


def _rerun(case: Case) -> str | Stop:
    login = case.facts.rerun_by
    if not login:
        return "first run"
    wanted = case.settings.min_permission
    if not at_least(level_of(case, login), wanted):
        return Stop("refuse", "rerun-not-allowed", f"who re-runs a build needs the role {wanted!r} or a stronger one")
    return f"re-run by someone with the role {level_of(case, login)!r}"


def _known(case: Case) -> str | Stop:
    """Drop the requests that name nothing in the tree; stop when none is left."""
    parsed = case.facts.parsed
    for index, request in enumerate(parsed.requests):
        problem = case.facts.unresolved.get(index)
        if problem is not None:
            case.requests.remove(request)
            message = f"{problem.file}: {problem.message}" if problem.file else problem.message
            case.problems.append(problem._replace(message=message, line=request.line, column=1, file=None))
    if parsed.help and not parsed.requests:
        return Stop("answer", "help", "asks for help")
    if not case.requests:
        return Stop("answer", "wrong-request", "no command is right")
    return f"{len(case.requests)} images that can be built"


def _unchanged(case: Case) -> str | Stop:
    event, now = case.event, case.facts.issue
    if event.name == "issue_comment" or (event.issue.title, event.issue.body) == (now.title, now.body):
        return "the issue says what it said"
    message = "the issue was edited after the event that is being answered"
    hint = f"set the label {case.settings.label!r} again: what the issue asks for now is listed first"
    return Stop("refuse", "edited", message, hint)


def _title(case: Case) -> str | Stop:
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
        return Stop("answer", "title-mismatch", "no command is for the application of the title")
    return f"the title names {app!r}"


RULES: tuple[tuple[str, Callable[[Case], str | Stop]], ...] = (
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
    ("state", acceptance.open_issue),
    ("force", acceptance.force),
    ("label", acceptance.label),
    ("opened", acceptance.opened),
    ("permission", acceptance.allowed),
    ("list", acceptance.shown),
    ("agreement", acceptance.agreed),
    ("repeat", acceptance.repeated),
)
FIRST_RULES = 5
