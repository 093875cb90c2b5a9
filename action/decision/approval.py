"""What an approval is bound to, and how strong somebody's role has to be to give one (pure)."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from typing import NamedTuple

from action.request.command_line import Request
from generator.names import app_fault

TITLE_PREFIXES = ("【Auto-build】", "[Auto-build]")
# GitHub's repository roles, weakest first: https://docs.github.com/en/organizations (repository roles)
LEVELS = ("none", "read", "triage", "write", "maintain", "admin")


def title_app(title: str) -> str | None:
    """The application that a title names: ``【Auto-build】helm`` or ``[Auto-build] helm``; None when it is neither.

    The title is compared as it is, after Unicode normalisation form C only: a prefix that merely looks right is none.
    """
    text = unicodedata.normalize("NFC", title).strip(" ")
    for prefix in TITLE_PREFIXES:
        if text.startswith(prefix):
            name = text.removeprefix(prefix).strip(" ")
            return name if app_fault(name) is None else None
    return None


class Listing(NamedTuple):
    """A text whose requests a label may let pass: what it asks for now, and what our list of it has shown.

    ``source`` is the comment's id (0: the issue's own text); ``asked`` and ``shown`` are digests, ``shown`` is None
    when there is no list; ``again`` says that the requests passed in an earlier attempt of the same workflow run.
    """

    source: int
    asked: frozenset[str]
    asker: str
    shown: frozenset[str] | None = None
    again: bool = False

    def holds(self, right: frozenset[str]) -> bool:
        """Whether the list shows exactly ``right``: those requests of the text that can be built."""
        if self.shown is None:
            return False
        return right <= self.shown if self.again else right == self.shown


def digest(title: str, request: Request) -> str:
    """What an approval is bound to: the application of the title, and everything that changes the outcome."""
    content = [
        title_app(title),
        *request[:3],
        sorted(request.build_args.items()),
        sorted(request.arches),
        request.dry_run,
        request.force,
    ]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def stronger(level: str, other: str) -> str:
    """The stronger of two roles."""
    return max(level, other, key=LEVELS.index)


def at_least(level: str, wanted: str) -> bool:
    """Whether a role is as strong as another; a role that is not known is none."""
    return level in LEVELS and LEVELS.index(level) >= LEVELS.index(wanted)
