"""Fixtures of the tests of asking and answering."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from action.github import calls
from tests.support.asking import Stage
from tests.support.github_api import FakeGitHub, serve


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A small repository, and a GitHub with a maintainer, a helper (triage) and an owner."""
    github = FakeGitHub()
    github.roles = {"maintainer": "write", "helper": "triage", "owner": "admin"}
    with serve(github, "workflow-token"):
        yield Stage(tmp_path, github, monkeypatch)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The waits between the tries of a call of GitHub's API, none of which is waited."""
    asked: list[float] = []
    monkeypatch.setattr(calls, "sleep", asked.append)
    return asked
