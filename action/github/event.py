"""A GitHub Actions event file about an issue or a comment -> the few things that the gate looks at.

Fields: https://docs.github.com/en/webhooks/webhook-events-and-payloads (``issues`` and ``issue_comment``). GitHub's
schema allows a user to be null (the account is gone), a label to be a text alone, and a title or body to be missing.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from generator.errors import InputError, Problem

ISSUE_EVENTS = ("issues", "issue_comment")
GHOST = "ghost"  # whom GitHub shows in the place of an account that is gone


class Person(NamedTuple):
    """An account. A bot says so by its type, or by the ``[bot]`` that no person's login can end with."""

    login: str
    type: str = "User"

    @property
    def is_bot(self) -> bool:
        return self.type == "Bot" or self.login.endswith("[bot]")


class Issue(NamedTuple):
    """An issue as an event or the API shows it; the two differ when somebody edited it in between."""

    number: int
    title: str
    body: str
    labels: tuple[str, ...]
    author: Person
    pull_request: bool = False
    closed: bool = False


class Comment(NamedTuple):
    """A comment as an event or the API shows it."""

    id: int
    text: str
    author: Person


class Event(NamedTuple):
    """What happened: ``label`` is the one that was just set, ``comment_id`` is 0 for the issue's own text.

    ``asker`` wrote the text with the command, ``sender`` caused the event. ``moment`` is when it happened, as GitHub
    writes times (empty when the event does not say).
    """

    name: str
    action: str
    issue: Issue
    text: str
    asker: Person
    sender: Person
    label: str = ""
    comment_id: int = 0
    moment: str = ""


def read_event(name: str, data: Mapping[str, Any]) -> Event:
    """Read an ``issues`` or ``issue_comment`` event; raises InputError when a field that decides is missing."""
    try:
        issue = _issue(data["issue"])
        sender = _person(data["sender"]) if data.get("sender") else issue.author
        action, moment = _text(data["action"]), _text(data["issue"].get("updated_at"))
        if name == "issue_comment":
            comment = _comment(data["comment"])
            return Event(
                name, action, issue, comment.text, comment.author, sender, comment_id=comment.id, moment=moment
            )
        label = _label(data.get("label"))
        return Event(name, action, issue, issue.body, issue.author, sender, label, moment=moment)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _bad(f"the event is no {name} event", error) from error


def read_issue(data: Mapping[str, Any]) -> Issue:
    """Read the issue object of the REST API; raises InputError when it is none."""
    try:
        return _issue(data)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _bad("the issue cannot be read", error) from error


def read_comment(data: Mapping[str, Any]) -> Comment:
    """Read a comment object of the REST API; raises InputError when it is none."""
    try:
        return _comment(data)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise _bad("a comment cannot be read", error) from error


def _bad(what: str, error: Exception) -> InputError:
    return InputError(Problem("bad-event", f"{what}: {type(error).__name__}: {error}"))


def _issue(data: Mapping[str, Any]) -> Issue:
    labels = (_label(label) for label in data.get("labels") or ())
    return Issue(
        int(data["number"]),
        _text(data.get("title")),
        _text(data.get("body")),
        tuple(label for label in labels if label),
        _person(data.get("user")),
        pull_request=bool(data.get("pull_request")),
        closed=data.get("state") == "closed",
    )


def _comment(data: Mapping[str, Any]) -> Comment:
    author = _person(data.get("user"), app=data.get("performed_via_github_app"))
    return Comment(int(data["id"]), _text(data.get("body")), author)


def _label(data: Mapping[str, Any] | str | None) -> str:
    return _text(data.get("name") if isinstance(data, Mapping) else data)


def _person(data: Mapping[str, Any] | None, app: object = None) -> Person:
    if data is None:
        return Person(GHOST, "Bot" if app else "User")
    return Person(_text(data.get("login")) or GHOST, "Bot" if app else _text(data.get("type")) or "User")


def _text(value: object) -> str:
    """A text or nothing; anything else is an event that GitHub does not send."""
    if value is None:
        return ""
    if not isinstance(value, str):
        raise TypeError(f"{str(value)[:40]!r} is no text")
    return value


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object from a file."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(Problem("unreadable", f"cannot be read: {error}", file=str(path))) from error
    if not isinstance(data, dict):
        raise InputError(Problem("unreadable", "is no JSON object", file=str(path)))
    return data


def guess_name(data: dict[str, Any]) -> str:
    """The name of the event that has such a file: files do not carry it."""
    if "comment" in data:
        return "issue_comment"
    if "issue" in data:
        return "issues"
    if "pull_request" in data:
        return "pull_request"
    if "inputs" in data:
        return "workflow_dispatch"
    if "schedule" in data:
        return "schedule"
    if "before" in data:
        return "push"
    hint = f"give --event-name, such as {ISSUE_EVENTS[0]}"
    raise InputError(Problem("bad-event", "the file does not look like an event that builds something", hint))
