"""parse: where the text comes from, what is printed, and the exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from action.__main__ import main
from action.errors import InputError

GOOD = "/imagebuild_apps helm v3.8.2"


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(["parse", *arguments])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


def as_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, dict[str, Any]]:
    code, out, _ = run(capsys, *arguments, "--format", "json")
    return code, json.loads(out)


def test_the_documented_shape(capsys: pytest.CaptureFixture[str]) -> None:
    code, data = as_json(capsys, "--title", "t", "--body", GOOD + "\n/imagebuild_apps helm v1 amd64")
    assert code == 1
    assert data == {
        "requests": [{"type": "apps", "app": "helm", "version": "v3.8.2", "build_args": {}, "line": 1}],
        "errors": [
            {
                "code": "extra-word",
                "line": 2,
                "column": 26,
                "message": "'amd64' is one word too many",
                "hint": "to build one architecture only, write --arch=amd64",
            }
        ],
    }


def test_no_command_is_no_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert as_json(capsys, "--body", "hello") == (0, {"requests": [], "errors": []})
    assert run(capsys, "--body", "") == (0, "no command\n", "")


def test_options_notes_and_help_are_there_when_they_are_used(capsys: pytest.CaptureFixture[str]) -> None:
    text = '/imagebuild_apps helm v1 --arch=arm64 --dry-run --force="why"\n/imagebuild_help\n> ' + GOOD
    code, data = as_json(capsys, "--body", text)
    assert code == 0
    [request] = data["requests"]
    assert (request["arches"], request["dry_run"], request["force"]) == (["arm64"], True, "why")
    assert data["help"] is True
    assert [note["line"] for note in data["notes"]] == [3]


def test_what_a_person_reads(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, "--body", "/imagebuild_dockerimages helm v1 A=1\n/imagebuild_app x")
    assert code == 1
    assert out == "line 1: build dockerimages helm v1 A='1'\n"
    assert "error: 2:1: there is no command '/imagebuild_app'\n  hint: did you mean /imagebuild_apps?" in err


def test_a_file_is_read_byte_by_byte(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "body"
    path.write_bytes(b"hello\r\n/imagebuild_apps helm v3.8.2\r\nbad \xff byte\r/imagebuild_apps helm v4")
    code, data = as_json(capsys, "--body-file", str(path))
    assert code == 0
    assert [(request["version"], request["line"]) for request in data["requests"]] == [("v3.8.2", 2), ("v4", 4)]


@pytest.mark.parametrize("kind", ["comment", "issue"])
def test_an_event_has_title_and_text(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    event: dict[str, Any] = {"issue": {"title": GOOD, "body": GOOD if kind == "issue" else None}}
    if kind == "comment":
        event["comment"] = {"body": GOOD}
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event))
    code, data = as_json(capsys, "--event", str(path))
    assert code == 0
    assert [request["version"] for request in data["requests"]] == ["v3.8.2"]
    assert [note["code"] for note in data["notes"]] == ["not-read"]


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"issue": 1}', '{"issue": {"title": 1}}'])
def test_a_file_that_is_no_event(content: str, tmp_path: Path) -> None:
    path = tmp_path / "event.json"
    path.write_text(content)
    with pytest.raises(InputError, match="cannot be read"):
        main(["parse", "--event", str(path)])


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: FileNotFoundError"):
        main(["parse", "--body-file", str(tmp_path / "nothing")])


def test_one_source_of_text_is_needed(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in ([], ["--body", "x", "--body-file", "y"]):
        with pytest.raises(SystemExit) as caught:
            main(["parse", *arguments])
        assert caught.value.code == 2
