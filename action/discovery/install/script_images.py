"""Shell files that the install plan calls: images in their text are reported, since nothing runs them here."""

from __future__ import annotations

import re
from collections.abc import Iterator

from action.discovery.evidence.hits import Found, Hit
from action.discovery.evidence.literals import literal, tokens
from action.discovery.install.plan import InstallPlan
from action.model.findings import Source

_COMMENT = re.compile(r"^[ \t]*#.*", re.MULTILINE)
_FLAG = re.compile(r"--[\w-]{0,60}image[\w-]{0,60}[= ]['\"]?([\w./:@-]+)")
_PULL = re.compile(
    r"\b(?:ctr|crictl|docker|nerdctl|podman)\b[^\n|;&]{0,200}?"
    r"\b(?:pull|run|import)[ \t]+(?:-\S+[ \t]+){0,9}([\w./:@-]+)"
)
_FIELD = re.compile(r"^[ \t-]*image:[ \t]*['\"]?([\w./:@-]+)", re.MULTILINE)


def called_scripts(plan: InstallPlan) -> Found:
    """``--image=...``, ``ctr images pull ...`` and here-documents with an ``image:`` in the shell text of the plan."""
    found = Found()
    for name, script in plan.scripts.items():
        found.hits += _hits(_COMMENT.sub("", script), name, 1)
    for text, line in plan.lines:
        found.hits += _hits(text.replace("\n", " "), plan.buildfile, line)
    return found


def _hits(text: str, name: str, first_line: int) -> Iterator[Hit]:
    words = [
        (match[1], text.count("\n", 0, match.start(1)))
        for rule in (_FLAG, _PULL, _FIELD)
        for match in rule.finditer(text)
    ]
    for word, line in dict.fromkeys([*words, *tokens(text)]):
        known = literal(word)
        if known is not None and known.pinned:
            source = Source(file=name, rule="shell-text", line=first_line + line)
            yield Hit(known.reference, "uncertain", source, "stands in shell text that is only run by the image")
