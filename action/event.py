"""A GitHub Actions event file about an issue or a comment -> the few things that the gate looks at.

Fields: https://docs.github.com/en/webhooks/webhook-events-and-payloads (``issues`` and ``issue_comment``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from generator.errors import InputError, Problem

ISSUE_EVENTS = ("issues", "issue_comment")


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


class Event(NamedTuple):
    """What happened: ``label`` is the one that was just set, ``comment_id`` is 0 for the issue's own text.

    ``asker`` wrote the text with the command, ``sender`` caused the event.
    """

    name: str
    action: str
    issue: Issue
    text: str
    asker: Person
    sender: Person
    label: str = ""
    comment_id: int = 0


def read_event(name: str, data: Mapping[str, Any]) -> Event:
    """Read an ``issues`` or ``issue_comment`` event; raises InputError when a field that decides is missing."""
    try:
        issue = read_issue(data["issue"])
        sender = _person(data.get("sender") or data["issue"]["user"])
        action = str(data["action"])
        if name == "issue_comment":
            comment = data["comment"]
            asker = _person(comment["user"], app=comment.get("performed_via_github_app"))
            return Event(name, action, issue, comment["body"] or "", asker, sender, comment_id=int(comment["id"]))
        label = str((data.get("label") or {}).get("name", ""))
        return Event(name, action, issue, issue.body, issue.author, sender, label)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        message = f"the event is no {name} event: {type(error).__name__}: {error}"
        raise InputError(Problem("bad-event", message)) from error


def read_issue(data: Mapping[str, Any]) -> Issue:
    """Read the issue object of an event or of the REST API."""
    return Issue(
        int(data["number"]),
        str(data["title"]),
        data.get("body") or "",
        tuple(label["name"] for label in data.get("labels") or ()),
        _person(data["user"]),
        pull_request=bool(data.get("pull_request")),
    )


def _person(data: Mapping[str, Any], app: object = None) -> Person:
    return Person(str(data["login"]), "Bot" if app else str(data.get("type", "User")))
