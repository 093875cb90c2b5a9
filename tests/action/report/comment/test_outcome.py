"""Results joined with what was asked for."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from action.errors import Problem
from action.model.results import BuildResult
from action.report.comment.outcome import collect

TARGET = {
    "type": "apps",
    "app": "web",
    "version": "v1",
    "arches": ["amd64"],
    "context": "applications/web/v1",
    "image": "ghcr.io/acme/web:v1",
}


@pytest.mark.parametrize(("publishing", "codes"), [(True, ["no-result"]), (False, [])])
def test_nothing_is_missing_where_nothing_was_to_be_published(
    tmp_path: Path, publishing: bool, codes: list[str]
) -> None:
    built = BuildResult(type="apps", app="web", version="v1", arch="amd64", digest="sha256:" + "a" * 64)
    built.write(tmp_path / "result@apps@web@v1@amd64" / "result.json")
    (image,) = collect([TARGET], tmp_path, publishing=publishing)
    assert [problem.code for problem in image.problems] == codes
    assert [platform.state for platform in image.platforms] == ["built"]


def test_an_only_artifact_lies_in_the_folder_itself(tmp_path: Path) -> None:
    built = BuildResult(type="apps", app="web", version="v1", arch="amd64", digest="sha256:" + "a" * 64)
    built.write(tmp_path / "result.json")
    (image,) = collect([TARGET], tmp_path, publishing=False)
    assert [platform.state for platform in image.platforms] == ["built"]
    (other,) = collect([{**TARGET, "app": "db"}], tmp_path, publishing=False)
    assert [platform.state for platform in other.platforms] == ["cancelled"]


@pytest.mark.parametrize("text", ["", "[]", "{", "{}", '"x"', '{"type": 1}'])
def test_a_file_that_is_no_result_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "result.json").write_text(text)
    (image,) = collect([TARGET], tmp_path, publishing=False)
    assert [platform.state for platform in image.platforms] == ["cancelled"]


GOOD: dict[str, Any] = {"type": "apps", "app": "web", "version": "v1", "arch": "amd64", "digest": "sha256:" + "a" * 64}
MALFORMED = {
    "a text as size": {**GOOD, "size": "9"},
    "null as size": {**GOOD, "size": None},
    "a truth as size": {**GOOD, "size": True},
    "no number as size": {**GOOD, "size": float("nan")},
    "numbers as images": {**GOOD, "images": [1, 2]},
    "an image that lacks its digest": {**GOOD, "images": [{"reference": "a", "path": "a", "tag": "1"}]},
    "a mapping as found": {**GOOD, "images": [{"found": {}}]},
    "a text as problems": {**GOOD, "problems": "none"},
    "a problem of numbers": {**GOOD, "problems": [[1, 2]]},
    "a problem that is too long": {**GOOD, "problems": [["a", "b", "c", "d", 1, 2, "error", 4]]},
    "a number as digest": {**GOOD, "digest": 7},
    "a list as name": {**GOOD, "app": ["web"]},
    "an unknown key": {**GOOD, "more": 1},
    "an unknown architecture": {**GOOD, "arch": "s390x"},
    "that of another image": {**GOOD, "app": "db"},
}


@pytest.mark.parametrize("document", MALFORMED.values(), ids=MALFORMED)
@pytest.mark.parametrize("folder", ["result@apps@web@v1@amd64", "."])
def test_a_malformed_result_is_a_problem(tmp_path: Path, document: dict[str, Any], folder: str) -> None:
    (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / folder / "result.json").write_text(json.dumps(document))
    (image,) = collect([TARGET], tmp_path, publishing=False)
    assert [platform.state for platform in image.platforms] == ["cancelled"]
    assert [problem.code for problem in image.platforms[0].problems] == [
        "no-result" if folder == "." else "bad-result"
    ]


@pytest.mark.parametrize("text", ["[" * 100_000, '{"a":' * 100_000, '{"size": 1' + "0" * 5000 + "}", "\ud800"])
def test_a_result_that_no_reader_takes_is_a_problem(tmp_path: Path, text: str) -> None:
    (tmp_path / "result@apps@web@v1@amd64").mkdir()
    (tmp_path / "result@apps@web@v1@amd64/result.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    (image,) = collect([TARGET], tmp_path, publishing=False)
    assert [problem.code for problem in image.platforms[0].problems] == ["bad-result"]


def test_a_name_that_is_not_utf_8_is_shown_as_one_that_is(tmp_path: Path) -> None:
    place = Problem("bad", "is wrong", file=b"d\xe9ploiement.yaml".decode("utf-8", "surrogateescape"))
    built = BuildResult(type="apps", app="web", version="v1", arch="amd64", problems=(place,))
    built.write(tmp_path / "result@apps@web@v1@amd64" / "result.json")
    (image,) = collect([TARGET], tmp_path, publishing=False)
    assert image.platforms[0].problems == (place._replace(file="d\ufffdploiement.yaml"),)
