"""The hidden line in a status comment by which a later run finds it again and knows what it says.

A marker counts only in a comment that our own account wrote: anybody can type one.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

_MARKER = re.compile(r"\A<!-- cluster-image (\{[^<>\n]*\}) -->(?:\n|\Z)")
DEFAULT_BOT = "github-actions[bot]"


class Status(NamedTuple):
    """What a status comment stands for.

    ``state`` is ``waiting``, ``building``, ``joined``, ``published`` (all of it), ``done`` (not all of it) or
    ``answered``; ``source`` the comment that asked (0: the issue); ``digests`` the requests; ``approved`` says that
    they passed the gate; ``run`` the workflow run. ``updated`` is when the comment was last written, as GitHub's API
    says it (empty when it does not).
    """

    state: str
    source: int
    digests: tuple[str, ...] = ()
    approved: bool = False
    run: int = 0
    comment_id: int = 0
    updated: str = ""


def write_marker(status: Status) -> str:
    """The first line of a status comment."""
    data = {name: value for name, value in status._asdict().items() if name not in ("comment_id", "updated")}
    return f"<!-- cluster-image {json.dumps(data, separators=(',', ':'))} -->"


def read_status(comment: Mapping[str, Any], bot: str | None = None) -> Status | None:
    """The status that a comment of the REST API carries; None when it is not ours or has none."""
    bot = bot or os.environ.get("IMAGEBUILD_BOT") or DEFAULT_BOT
    user = comment.get("user") or {}
    match = _MARKER.match(str(comment.get("body") or "").replace("\r\n", "\n"))
    if user.get("login") != bot or match is None:
        return None
    try:
        data = json.loads(match[1])
        digests = tuple(str(digest) for digest in data["digests"])
        return Status(
            str(data["state"]),
            int(data["source"]),
            digests,
            data["approved"] is True,
            int(data["run"]),
            int(comment["id"]),
            str(comment.get("updated_at") or ""),
        )
    except (ValueError, KeyError, TypeError):
        return None
