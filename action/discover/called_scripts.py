"""Shell files that the install plan calls: images in their text are reported, since nothing runs them here."""

from __future__ import annotations

import re

from action.discover.findings import Source
from action.discover.found import Found
from action.discover.hits import Hit
from action.discover.literals import literal, tokens
from action.install_plan import InstallPlan

_COMMENT = re.compile(r"^[ \t]*#.*", re.MULTILINE)
_FLAG = re.compile(r"--[\w-]*image[\w-]*[= ]['\"]?([\w./:@-]+)")
_PULL = re.compile(
    r"\b(?:ctr|crictl|docker|nerdctl|podman)\b[^\n|;&]*\b(?:pull|run|import)\s+(?:-\S+\s+)*([\w./:@-]+)"
)
_FIELD = re.compile(r"^[ \t-]*image:[ \t]*['\"]?([\w./:@-]+)", re.MULTILINE)


def called_scripts(plan: InstallPlan) -> Found:
    """``--image=...``, ``ctr images pull ...`` and here-documents with an ``image:`` in the scripts of the plan."""
    found = Found()
    for name, script in plan.scripts.items():
        text = _COMMENT.sub("", script)
        words = [
            (match[1], text.count("\n", 0, match.start(1)))
            for rule in (_FLAG, _PULL, _FIELD)
            for match in rule.finditer(text)
        ]
        for word, line in dict.fromkeys([*words, *tokens(text)]):
            known = literal(word)
            if known is not None and known.pinned:
                source = Source(file=name, rule="shell-text", line=line + 1)
                found.hits.append(Hit(known.reference, "uncertain", source, "stands in a shell script that is called"))
    return found
