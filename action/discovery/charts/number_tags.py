"""Tags that YAML reads as numbers: ``tag: 1.10`` is the number 1.1, and the image 1.1 is what runs."""

from __future__ import annotations

import re
from collections.abc import Iterator

from action.errors import Problem

_LOSING = re.compile(r"^[ \t-]*(\w*[tT]ag|version):[ \t]+(\d+\.\d*0|0[0-7]+|\d+e\d+)[ \t]*(?:#.*)?$", re.MULTILINE)


def number_tags(text: str, name: str) -> Iterator[Problem]:
    """A warning for every tag of a values file whose digits are lost when it is read as a number."""
    for match in _LOSING.finditer(text):
        yield Problem(
            "number-tag",
            f"{match[1]}: {match[2]} is a number in YAML, and loses digits",
            f'write it in quotes: {match[1]}: "{match[2]}"',
            name,
            text.count("\n", 0, match.start(1)) + 1,
            severity="warning",
        )
