"""The names a request may carry: applications, versions, architectures, types.

Shared by the tree reader, which refuses a directory with a bad name, and the command parser, which refuses a
request with one, so that both always agree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Literal, get_args

ImageType = Literal["apps", "configs", "dockerimages"]
IMAGE_TYPES: tuple[ImageType, ...] = get_args(ImageType)

Arch = Literal["amd64", "arm64"]
ARCHES: tuple[Arch, ...] = get_args(Arch)

APP_MAX_LENGTH = 128
# A path component of a repository name: OCI distribution specification 1.1, "Pulling manifests", <name>.
_APP = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*", re.ASCII)
# A tag: OCI distribution specification 1.1, "Pulling manifests", <reference>.
_VERSION = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", re.ASCII)

_APP_RULE = "lower-case letters and digits, joined by '.', '_' or '-'"
_VERSION_RULE = "letters, digits, '_', '.' and '-', not starting with '.' or '-'"


def app_fault(name: str) -> str | None:
    """Why ``name`` cannot be an application, or None. Names the first bad character by its code point."""
    if len(name) > APP_MAX_LENGTH:
        return f"is {len(name)} characters long; the limit is {APP_MAX_LENGTH}"
    if _APP.fullmatch(name):
        return None
    return _fault(name, "abcdefghijklmnopqrstuvwxyz0123456789._-", f"must be {_APP_RULE}")


def version_fault(name: str) -> str | None:
    """Why ``name`` cannot be a version, or None. A version becomes an image tag, so it obeys that grammar."""
    if len(name) > 128:
        return f"is {len(name)} characters long; the limit is 128"
    if _VERSION.fullmatch(name):
        return None
    allowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
    return _fault(name, allowed, f"must be {_VERSION_RULE}")


def code_point(character: str) -> str:
    """``U+0435 CYRILLIC SMALL LETTER IE``: what a reader needs to find a character that looks like another."""
    import unicodedata  # only a message about a strange character needs it

    return f"U+{ord(character):04X} {unicodedata.name(character, 'with no name')}"


def nearest(wanted: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The known names most like ``wanted``, best first."""
    import difflib  # only a message that is about to fail needs it; it would slow every start

    return difflib.get_close_matches(wanted, sorted(known), n=count, cutoff=0.5)


def _fault(name: str, allowed: str, rule: str) -> str:
    if not name:
        return "is empty"
    for character in name:
        if character not in allowed:
            return f"has {character!r} ({code_point(character)}); it {rule}"
    return rule
