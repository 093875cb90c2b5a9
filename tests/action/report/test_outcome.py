"""Results joined with what was asked for."""

from __future__ import annotations

from pathlib import Path

import pytest

from action.report.outcome import collect
from action.results import BuildResult

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
