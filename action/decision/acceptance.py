"""The rules about who lets what pass: state, label, roles, lists of what waits, and repeats (pure).

Each takes a Case, drops what may not be built, and says why it goes on, or is a Stop.
"""

from __future__ import annotations

from collections import Counter

from action.decision.approval import at_least, stronger
from action.decision.case import Case, Stop, actor, key_of, level_of
from action.request.parse import Request
from generator.errors import Problem

LABEL_LEVEL = "triage"
FORCE_LEVEL = "maintain"
# What has been published from an issue, or has failed so often there, is built again for this role only.
REPEAT_LEVEL = "write"
MAX_ATTEMPTS = 3


def label(case: Case) -> str | Stop:
    wanted = case.settings.label
    if wanted.lower() in (label.lower() for label in case.facts.issue.labels):
        return f"has the label {wanted!r}"
    return Stop("wait", "waiting", f"the label {wanted!r} is missing")


def opened(case: Case) -> str | Stop:
    """An issue that is opened with the label gets a ``labeled`` event as well; that one decides."""
    if case.event.action == "opened":
        return Stop("ignore", "labeled-follows", "the event for the label decides")
    return "not just opened"


def open_issue(case: Case) -> str | Stop:
    """In a closed issue nobody is waiting for an answer but who could open it again."""
    wanted = case.settings.min_permission
    if not case.facts.issue.closed or at_least(level_of(case, actor(case)), wanted):
        return "the issue is open, or asked by someone who may build"
    hint = f"open a new issue, or ask someone with the role {wanted!r} to open this one again"
    return Stop("refuse", "closed", "this issue is closed", hint)


def force(case: Case) -> str | Stop:
    """Drop what is forced by someone who may not; the role is that of who wrote it, whoever lets it pass."""
    forced = [request for request in case.requests if request.force is not None]
    refused = [
        request for request in forced if not any(at_least(level, FORCE_LEVEL) for level in _askers(case, request))
    ]
    if not refused:
        return "forced by someone who may" if forced else "not forced"
    has = _askers(case, refused[0])[0]
    message = f"--force needs the role {FORCE_LEVEL!r} or a stronger one, and who wrote it has {has!r}"
    hint = "leave --force out: an image that is missing is built anyway"
    if len(refused) == len(case.requests):
        return Stop("refuse", "force-not-allowed", message, hint)
    for request in refused:
        case.requests.remove(request)
        case.problems.append(Problem("force-not-allowed", message, hint, line=request.line, column=1))
    return f"{len(refused)} forced by someone who may not"


def _askers(case: Case, request: Request) -> list[str]:
    """The roles of those who ask for exactly this."""
    key = key_of(case, request)
    logins = [listing.asker for listing in case.facts.listings if key in listing.asked]
    return [level_of(case, login) for login in logins or [case.event.asker.login]]


def allowed(case: Case) -> str | Stop:
    """The one who set the label lets listed requests pass; a commenter passes by role, or with what was let pass."""
    event, settings, facts = case.event, case.settings, case.facts
    level = level_of(case, actor(case))
    if event.name == "issues":
        wanted = stronger(LABEL_LEVEL, settings.min_permission)
        if at_least(level, wanted):
            return f"the label was set by someone with the role {level!r}"
        message = f"the label was set by someone with the role {level!r}, which may not accept requests"
        return Stop("refuse", "label-not-trusted", message, f"someone with the role {wanted!r} sets the label")
    if at_least(level, settings.min_permission):
        return f"asked by someone with the role {level!r}"
    if all(key_of(case, request) in facts.attempts for request in case.requests):
        return "the same request was accepted before"
    message = (
        f"you have the role {level!r} here; asking for a build needs {settings.min_permission!r} or a stronger one"
    )
    hint = f"someone with the role {settings.min_permission!r} can comment the same command"
    return Stop("refuse", "not-allowed", message, hint)


def repeated(case: Case) -> str | Stop:
    """What has succeeded, or has failed often, is built again only for those who look after the repository."""
    facts, level = case.facts, level_of(case, actor(case))
    keys = [key_of(case, request) for request in case.requests]
    if at_least(level, REPEAT_LEVEL):
        return f"may be repeated by someone with the role {level!r}"
    hint = f"someone with the role {REPEAT_LEVEL!r} can comment the same command"
    if any(key in facts.published for key in keys):
        message = f"this was published from this issue already; building it again needs the role {REPEAT_LEVEL!r}"
        return Stop("refuse", "published-before", message, hint)
    if any(facts.attempts.get(key, 0) >= MAX_ATTEMPTS for key in keys):
        message = f"this was tried {MAX_ATTEMPTS} times from this issue; another time needs the role {REPEAT_LEVEL!r}"
        return Stop("refuse", "tried-before", message, hint)
    return "not published from this issue before"


def shown(case: Case) -> str | Stop:
    """A label lets pass exactly what lists of ours show; drop the rest, and stop for a list when nothing is left.

    A text that asks for something else than its list shows is left out as a whole.
    """
    if case.event.name != "issues":
        return "a comment needs no list"
    found = {key_of(case, request): request for request in case.requests}
    rights = {listing: listing.asked & found.keys() for listing in case.facts.listings}
    held = {key for listing, right in rights.items() if listing.holds(right) for key in right}
    case.edited.extend(
        each.source for each, right in rights.items() if each.shown is not None and not each.holds(right)
    )
    own = next((listing for listing in rights if listing.source == 0), None)
    if own is not None and not held and rights[own]:
        case.requests[:] = [request for key, request in found.items() if key in rights[own]]
        if 0 in case.edited:
            return Stop("wait", "changed", "the issue was edited after its requests were listed")
        return Stop("wait", "not-listed", "no list has shown these requests yet")
    for key, request in found.items():
        if key not in held:
            case.requests.remove(request)
            message = f"{request.app} {request.version} was on no list when the label was set, and is not built"
            hint = "a comment that was edited is written again, as a new comment; for the issue's own text the label "
            hint += f"{case.settings.label!r} is set again"
            case.problems.append(Problem("not-listed", message, hint))
    if not case.requests:
        return Stop("answer", "not-listed", "nothing that was asked for was on a list")
    return f"{len(case.requests)} images that our lists show"


def agreed(case: Case) -> str | Stop:
    """Drop the requests of several texts that would publish one name in different ways."""
    ways = Counter(request[:3] for request in case.requests)
    for request in list(case.requests):
        if ways[request[:3]] > 1:
            case.requests.remove(request)
    for _, app, version in (key for key, count in ways.items() if count > 1):
        message = f"{app} {version} is asked for in different ways in this issue"
        case.problems.append(
            Problem("conflicting-requests", message, "keep one of them, and write it in a comment of its own")
        )
    if not case.requests:
        return Stop("answer", "conflicting-requests", "nothing is asked for in one way only")
    return "no two requests for one name"
