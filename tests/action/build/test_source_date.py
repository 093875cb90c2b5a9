"""The time of the commit that last changed a directory, as git tells it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from action.build.source_date import last_changed


def git(root: Path, *arguments: str, at: int = 0) -> None:
    environment = {**os.environ, "GIT_COMMITTER_DATE": f"@{at} +0900", "GIT_AUTHOR_DATE": "@1 +0000"}
    settings = ["-c", "user.name=x", "-c", "user.email=x@example.com"]
    subprocess.run(["git", "-C", str(root), *settings, *arguments], check=True, capture_output=True, env=environment)


def commit(root: Path, file: str, at: int) -> None:
    (root / file).parent.mkdir(parents=True, exist_ok=True)
    (root / file).write_text(str(at))
    git(root, "add", file)
    git(root, "commit", "-m", "x", at=at)


def test_the_commit_that_last_changed_the_directory(tmp_path: Path) -> None:
    origin = tmp_path / "origin"
    origin.mkdir()
    git(origin, "init", "--quiet")
    commit(origin, "applications/web/v1/Kubefile", 1_700_000_000)
    commit(origin, "applications/web/v2/Kubefile", 1_700_000_100)
    commit(origin, "README.md", 1_700_000_200)
    assert last_changed(origin / "applications/web/v1") == 1_700_000_000
    assert last_changed(origin / "applications/web/v2") == 1_700_000_100
    (origin / "applications/web/v3").mkdir()
    assert last_changed(origin / "applications/web/v3") is None

    shallow = tmp_path / "shallow"
    git(tmp_path, "clone", "--depth", "2", f"file://{origin}", str(shallow))
    assert last_changed(shallow / "applications/web/v2") is None  # the oldest commit here has every file
    git(shallow, "fetch", "--unshallow")
    assert last_changed(shallow / "applications/web/v2") == 1_700_000_100


def test_where_git_knows_nothing(tmp_path: Path) -> None:
    assert last_changed(tmp_path) is None
