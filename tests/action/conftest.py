"""Fixtures of the tests of asking and answering."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.asking import Stage
from tests.support.github_api import FakeGitHub, serve


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A small repository, and a GitHub with a maintainer, a helper (triage) and an owner."""
    github = FakeGitHub()
    github.roles = {"maintainer": "write", "helper": "triage", "owner": "admin"}
    with serve(github, "workflow-token"):
        yield Stage(tmp_path, github, monkeypatch)
