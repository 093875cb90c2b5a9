"""The scan verb: table, JSON, --why, --strict, annotations, exit codes."""

from __future__ import annotations

import json

import pytest

from action.__main__ import main
from action.errors import InputError, UsageError
from tests.action.discovery.cases import CASES


def run(capsys: pytest.CaptureFixture[str], case: str, *options: str) -> tuple[int, str, str]:
    code = main(["scan", str(CASES / case / "context"), *options])
    out, err = capsys.readouterr()
    return code, out, err


def test_the_table_groups_by_file_and_keeps_uncertain_images_apart(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "reachable-by-values")
    assert code == 0
    assert out.splitlines()[:2] == [
        "charts/web/templates/deploy.yaml",
        "  docker.io/library/nginx:1.25  certain  Pod/web spec.containers[0].image",
    ]
    assert (
        "quay.io/team/exporter:1  (charts/web/values.yaml:3: reachable by values: --set metrics.enabled=true)" in out
    )
    assert out.endswith("1 image to place, 3 uncertain\n")


def test_json_has_the_documented_shape(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "plain-chart", "--format", "json", "--arch", "arm64")
    assert code == 0
    assert json.loads(out) == {
        "images": [
            {
                "reference": "docker.io/library/nginx:1.25",
                "written": "nginx:1.25",
                "verdict": "certain",
                "path": "library/nginx",
                "tag": "1.25",
                "digest": None,
                "sources": [
                    {
                        "file": "charts/web/templates/deploy.yaml",
                        "document": 1,
                        "object": "Pod/web",
                        "field": "spec.containers[0].image",
                        "rule": "pod-spec",
                        "render": "defaults",
                    }
                ],
            }
        ],
        "problems": [],
        "blind_spots": [],
    }


def test_why_prints_every_place(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "one-image-many-names", "--why", "docker.io/nginx")
    assert code == 0
    assert out.startswith("docker.io/library/nginx:latest is certain\n")
    assert out.count("Pod/p") == 30
    assert out.count("images/shim/list:") == 3


def test_why_without_a_tag_shows_all_tags(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "plan-scripts", "--why", "nginx")
    assert out.count(" is certain") == 3


def test_why_of_an_image_that_nothing_names(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="nothing in the context names"):
        run(capsys, "plain-chart", "--why", "redis:7")
    with pytest.raises(UsageError):
        run(capsys, "plain-chart", "--why", "A B")


def test_strict_fails_on_what_nobody_accepted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "plain-chart", "--strict")[0] == 0
    code, _, err = run(capsys, "reachable-by-values", "--strict")
    assert code == 1
    assert "quay.io/team/exporter:1 is uncertain" in err


def test_an_error_is_exit_code_1_and_an_annotation(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.chdir(CASES / "broken-chart")
    code = main(["scan", "context"])
    out, err = capsys.readouterr()
    assert code == 1
    assert "error: charts/web/templates/bad.yaml:2: the chart web does not render" in out
    assert "::error file=context/charts/web/templates/bad.yaml,line=2,title=chart-render::" in err


def test_a_context_that_is_none(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="is not a directory"):
        main(["scan", "/nowhere"])
