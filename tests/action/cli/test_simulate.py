"""simulate: the whole gate on an event file, with no network at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from action.__main__ import main
from action.errors import InputError


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    directory = tmp_path / "applications" / "hello" / "v1.0.0"
    directory.mkdir(parents=True)
    (directory / "Kubefile").write_text("FROM scratch\nCOPY . .\n")
    return tmp_path


def run(tree: Path, event: dict[str, Any], capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    path = tree / "event.json"
    path.write_text(json.dumps(event))
    assert main(["simulate", "--event", str(path), "--root", str(tree), *arguments]) == 0
    return capsys.readouterr().out


def comment(text: str, *, login: str = "octocat", labels: tuple[str, ...] = ("accepted",)) -> dict[str, Any]:
    user = {"login": login, "type": "User"}
    issue = {
        "number": 1,
        "title": "【Auto-build】hello",
        "body": "",
        "user": user,
        "labels": [{"name": name} for name in labels],
    }
    return {
        "action": "created",
        "issue": issue,
        "comment": {"id": 1, "body": text, "user": user},
        "sender": user,
        "repository": {"full_name": "acme/cluster-image"},
    }


def test_a_build_is_explained_step_by_step(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = run(tree, comment("/imagebuild_apps hello v1.0.0"), capsys)
    assert "event: issue_comment\n" in out
    for rule in ("bot: written by a person", "title: the title names 'hello'", "label: has the label 'accepted'"):
        assert f"  passed   {rule}\n" in out
    assert "decision: build (accepted)\n" in out
    assert "  build apps hello v1.0.0 arm64 on ubuntu-24.04-arm from applications/hello/v1.0.0\n" in out
    assert "### 🔨 Building" in out


def test_the_role_is_an_argument(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = run(tree, comment("/imagebuild_apps hello v1.0.0"), capsys, "--permission", "read")
    assert "  stopped  permission: you have the role 'read' here" in out
    assert "decision: refused (not-allowed)\n" in out
    assert "### 👎 Not built" in out


def test_talk_is_not_answered(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = run(tree, comment("hello"), capsys)
    assert "decision: ignored (no-command)\n\nanswer: none\n" in out


def test_a_request_that_waits(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = run(tree, comment("/imagebuild_apps hello v1.0.0", labels=()), capsys)
    assert "decision: waiting (waiting)\n" in out
    assert "Validated, waiting for a maintainer" in out


@pytest.mark.parametrize(
    ("event", "name"),
    [
        ({"inputs": {"app": "hello"}}, "workflow_dispatch"),
        ({"schedule": "0 0 * * *"}, "schedule"),
    ],
)
def test_other_events_are_told_by_their_fields(
    tree: Path, event: dict[str, Any], name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    out = run(tree, event, capsys)
    assert f"event: {name}\n" in out
    assert "  build apps hello v1.0.0 amd64 on ubuntu-24.04" in out
    assert "answer:" not in out


def test_a_file_that_is_no_event(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="does not look like an event"):
        run(tree, {"zen": "x"}, capsys)


@pytest.mark.parametrize(
    "broken",
    [
        {"action": "created", "comment": {}, "issue": {}},
        {"action": "created", "comment": None, "issue": {"number": 1, "title": "x", "user": {"login": "a"}}},
        {"action": "opened", "issue": {"number": "x", "title": "x", "user": {"login": "a"}}},
    ],
)
def test_an_event_with_a_field_missing_is_an_error_and_no_defect(
    tree: Path, broken: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(InputError, match="the event is no"):
        run(tree, broken, capsys)


def test_what_github_leaves_out_is_read(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An account that is gone, a label that is a text, an issue without a text."""
    event = comment("/imagebuild_apps hello v1.0.0")
    event["issue"] |= {"labels": ["accepted", None, {"name": None}], "user": None, "body": None}
    event["comment"]["user"] = None
    event["sender"] = None
    assert "decision: build (accepted)\n" in run(tree, event, capsys)


_VALUES: tuple[Any, ...] = (None, 0, -1, 1e400, "", "x", "\ud800", [], {}, ["x"], {"name": 1}, True)


def _mutated(data: Any) -> Iterator[Any]:
    """The document with each of its values, one at a time, gone or replaced."""
    if isinstance(data, dict):
        for key, value in data.items():
            yield {name: kept for name, kept in data.items() if name != key}
            for other in (*_VALUES, *_mutated(value)):
                yield {**data, key: other}
    elif isinstance(data, list):
        for index, value in enumerate(data):
            for other in (*_VALUES, *_mutated(value)):
                yield [*data[:index], other, *data[index + 1 :]]


def test_no_event_is_a_defect(tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Whatever is missing or of another kind: a decision, or what is wrong with the file."""
    labeled = comment("x")
    labeled["issue"]["body"] = "/imagebuild_apps hello v1.0.0"
    labeled |= {"action": "labeled", "label": {"name": "accepted"}}
    del labeled["comment"]
    read = refused = 0
    for event in (*_mutated(comment("/imagebuild_apps hello v1.0.0")), *_mutated(labeled)):
        try:
            run(tree, event, capsys)
            read += 1
        except InputError:
            refused += 1
    assert read > 200
    assert refused > 100
