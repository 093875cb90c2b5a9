"""WWW-Authenticate: what a registry asks for (RFC 9110, 11.6.1; distribution specification, token authentication)."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

# A name begins where no letter stands before it: else a long header without "=" would be tried from every letter.
_PARAMETER = re.compile(r'(?<![A-Za-z0-9_-])([A-Za-z0-9_-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))')
_SCHEME = re.compile(r"(?:^|,)\s*(basic|bearer)(?=\s|,|$)", re.IGNORECASE)


class Challenge(NamedTuple):
    """One scheme that would be accepted; ``realm`` is the token server of a bearer challenge.

    ``error`` says what was wrong with the token that was sent (RFC 6750, 3.1).
    """

    scheme: Literal["basic", "bearer"]
    realm: str
    service: str = ""
    scope: str = ""
    error: str = ""


def parse_challenge(header: str) -> Challenge | None:
    """The best scheme that the header offers (bearer before basic), or None."""
    offered: dict[str, Challenge] = {}
    marks = list(_SCHEME.finditer(header))
    ends = [mark.start() for mark in marks] + [len(header)]
    for mark, end in zip(marks, ends[1:], strict=True):
        text = header[mark.end() : end]
        values = {name.lower(): quoted or bare for name, quoted, bare in _PARAMETER.findall(text)}
        realm, service, scope, error = (values.get(name, "") for name in ("realm", "service", "scope", "error"))
        if mark[1].lower() == "basic":
            offered.setdefault("basic", Challenge("basic", realm))
        elif realm:
            offered.setdefault("bearer", Challenge("bearer", realm, service, scope, error))
    return offered.get("bearer") or offered.get("basic")
