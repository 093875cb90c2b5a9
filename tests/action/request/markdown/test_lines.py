"""The work that a text can make is bounded before Markdown is read: counted in calls, not in seconds."""

from __future__ import annotations

import sys
from types import FrameType

import pytest

from action.request.markdown.lines import PARAGRAPH, TOO_DEEP, TOO_MUCH, Span, read_places
from action.request.parse import MAX_TEXT, parse

COMMAND = "/imagebuild_apps hello v1.0.0"
MAX_CALLS = 130 * MAX_TEXT  # the worst of these made 93 a character


def filled(unit: str, head: str = "", limit: int = MAX_TEXT) -> str:
    """As much of ``unit`` as GitHub accepts, and a command behind it."""
    return head + unit * ((limit - len(head) - len(COMMAND) - 1) // len(unit)) + "\n" + COMMAND


WORST = {
    "tables": filled("a|b\n-|-\n"),
    "one table": filled("a|b\n", "a|b\n-|-\n"),
    "list": filled("- x\n"),
    "numbers": filled("1. a\n"),
    "headings": filled("a\n=\n"),
    "quotes": filled("> x\n"),
    "a deep quote that goes on": filled("x\n", "> " * 40),
    "title of a definition": filled('"\n', '[a]: b "'),
    "definitions": filled("x\n", "[a]: b\n" * 390),
    "runs of backticks": "".join("`" * length + " " for length in range(1, 350)) + "\n" + COMMAND,
    "emphasis": filled("a**b"),
    "near misses": filled("/imagebuidl\n"),
    "commands that are none": filled("/imagebuild_appsx\n"),
    "open comments": filled("a ", "<!--" * 390),
    "open attributes": filled("a", "<a b='" * 390),
    "open links": filled("a ", "[a](<" * 190),
    "open pictures": filled("a", "![[" * 190),
    "brackets that close": filled("]", "[" * 390),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", WORST)
def test_the_worst_texts_are_bounded(name: str) -> None:
    assert len(WORST[name]) <= MAX_TEXT
    calls = 0

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    sys.setprofile(count)
    try:
        parse("", WORST[name])
    finally:
        sys.setprofile(None)
    assert 0 < calls < MAX_CALLS


@pytest.mark.parametrize(
    ("text", "place"),
    [
        (filled("<", limit=300), PARAGRAPH),
        (filled("<", limit=500), TOO_MUCH),
        (filled("[", limit=500), TOO_MUCH),
        (filled("> ", limit=111), PARAGRAPH),
        (filled("> ", limit=121) + "\n", TOO_DEEP),
        (filled("x\n", "> " * 39), TOO_MUCH),
        (" " * 90 + "x\n" + COMMAND, TOO_DEEP),
    ],
)
def test_what_is_beyond_a_person_is_not_read(text: str, place: str) -> None:
    lines = text.split("\n")
    index = next(index for index, line in enumerate(lines) if line == COMMAND)
    assert read_places(lines, {index: Span(1, 11)}).by_line == {index: place}
