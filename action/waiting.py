"""Requests that were made in comments while the issue had no label: the label lets them pass too.

A comment is read again when the label is set. What it asks for must be what our status comment below it has shown to
the maintainer, by the digests that stand in that comment; an edited comment is left out. A run that is run again
takes again what it took.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from action.approval import digest
from action.command import MAX_REQUESTS, Parsed, parse
from action.report.marker import Status


class Comments(Protocol):
    """Where the comments are."""

    def comment_text(self, comment_id: int) -> str | None: ...


def with_waiting(
    parsed: Parsed, title: str, statuses: Sequence[Status], comments: Comments, run_id: int = 0
) -> tuple[Parsed, tuple[Status, ...]]:
    """``parsed`` with the requests that wait in comments, and the status comments of those."""
    requests = {request[:3]: request for request in parsed.requests}
    taken: list[Status] = []
    for status in statuses:
        again = bool(run_id) and status.run == run_id
        if not status.source or (status.state != "waiting" and not again):
            continue
        text = comments.comment_text(status.source)
        found = {digest(title, request): request for request in parse("", text or "").requests}
        shown = {request[:3]: request for key, request in found.items() if key in status.digests}
        complete = again or len(shown) == len(set(status.digests))
        if not shown or not complete or len(requests | shown) > MAX_REQUESTS:
            continue
        requests = requests | shown | requests  # what is there already stays, and stays first
        taken.append(status)
    return parsed._replace(requests=tuple(requests.values())), tuple(taken)
