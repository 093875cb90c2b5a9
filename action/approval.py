"""What an approval is bound to, and how strong somebody's role has to be to give one (pure)."""

from __future__ import annotations

import hashlib
import json
import unicodedata

from action.grammar import Request
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


def digest(title: str, request: Request) -> str:
    """What an approval is bound to: the application of the title, and everything that decides what is built."""
    content = [title_app(title), *request[:3], sorted(request.build_args.items()), sorted(request.arches)]
    return hashlib.sha256(json.dumps(content).encode()).hexdigest()


def at_least(level: str, wanted: str) -> bool:
    """Whether a role is as strong as another; a role that is not known is none."""
    return level in LEVELS and LEVELS.index(level) >= LEVELS.index(wanted)
