"""What a label may let pass: the issue's own text and the comments that wait, each with our list of it.

Every text is read again when the label is set, and the gate compares: a list holds only for a text that still asks
for exactly what the list shows. A run that is run again takes again what it took.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from action.decision.approval import Listing, digest
from action.decision.status import Status
from action.github.event import Event, read_comment
from action.request.parse import MAX_REQUESTS, Parsed, Request, parse


class Waiting(NamedTuple):
    """``parsed`` with the requests of every text that a label may let pass, and these texts."""

    parsed: Parsed
    listings: tuple[Listing, ...] = ()


def read_waiting(
    parsed: Parsed,
    event: Event,
    title: str,
    statuses: Sequence[Status],
    comments: Iterable[Mapping[str, Any]],
    run: int,
) -> Waiting:
    """The texts below a label that was set, in the order of their lists.

    ``title`` is the issue's title now, ``comments`` are all comments as GitHub's REST API has them, and ``run`` is
    the workflow run when it is run again, else 0.
    """
    lists = _lists(statuses, event.moment, run)
    own = lists.pop(0, None)
    requests = {digest(title, request): request for request in parsed.requests}
    listings = [_listing(0, requests, event.asker.login, own)] if requests else []
    for comment in map(read_comment, comments if lists else ()):
        status = lists.get(comment.id)
        if status is None:
            continue
        found = {digest(title, request): request for request in parse("", comment.text).requests}
        if len(requests | found) > MAX_REQUESTS:  # it goes on waiting, for the next label
            continue
        requests = found | requests
        listings.append(_listing(comment.id, found, comment.author.login, status))
    ordered = sorted(requests, key=lambda key: min(i for i, each in enumerate(listings) if key in each.asked))
    return Waiting(parsed._replace(requests=tuple(requests[key] for key in ordered)), tuple(listings))


def _lists(statuses: Sequence[Status], moment: str, run: int) -> dict[int, Status]:
    """The newest list for each text that stood there when the label was set, by the comment that asked (0: the issue).

    A list that this run itself has written is none, also when it is run again: nobody had it before the label.
    """
    lists: dict[int, Status] = {}
    for status in statuses:
        waits = status.state == "waiting" and not (run and status.run == run)
        again = bool(run) and status.run == run and status.approved
        if (waits or again) and not (waits and moment and status.updated > moment):
            lists[status.source] = status
    return lists


def _listing(source: int, asked: Mapping[str, Request], asker: str, status: Status | None) -> Listing:
    shown = None if status is None else frozenset(status.digests)
    again = status is not None and status.state != "waiting"
    return Listing(source, frozenset(asked), asker, shown, again=again)
