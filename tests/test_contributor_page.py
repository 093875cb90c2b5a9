"""docs/contributing-images.md: every answer as it is today, every command as it is read today."""

from __future__ import annotations

import re

import pytest

from action.request.parse import parse
from tests.support.answers import PAGE, SCENES, fill


def test_every_answer_on_the_page_is_what_the_program_writes() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert fill(page) == page, (
        "the answers have changed: run `python -m tests.support.answers` and read the difference"
    )


@pytest.mark.parametrize("scene", SCENES)
def test_every_answer_is_on_the_page(scene: str) -> None:
    assert f"<!-- answer: {scene} -->\n> " in PAGE.read_text(encoding="utf-8")


def test_every_command_on_the_page_is_right() -> None:
    page = re.sub(r"(?m)^>.*\n", "", PAGE.read_text(encoding="utf-8"))
    commands = re.findall(r"(?m)^ *(/imagebuild_[a-z]+ [a-z]+ v.*)$", page)
    assert commands
    for command in commands:
        parsed = parse("", command)
        assert (len(parsed.requests), parsed.errors) == (1, ())
