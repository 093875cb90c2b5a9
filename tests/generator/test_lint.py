"""Problems of a repository beyond what its catalogue shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.config import Settings
from generator.lint import lint
from tests.generator.trees import SCRATCH, write_tree


def found(root: Path) -> list[tuple[str, str | None]]:
    return [(problem.code, problem.file) for problem in lint(root, Settings())]


def test_the_problems_of_the_catalogue_are_among_them(tmp_path: Path) -> None:
    write_tree(tmp_path, {"applications/web/v1/README.md": ""})
    assert found(tmp_path) == [("no-build-file", "applications/web/v1")]


def test_links_that_leave_a_build_directory(tmp_path: Path) -> None:
    context = tmp_path / "applications/web/v1"
    write_tree(context, {"Kubefile": SCRATCH, "etc/a": "", "charts/x": ""})
    for name, target in {
        "etc/inside": "a",
        "etc/up-and-back": "../charts/x",
        "etc/to-nothing": "nothing",
        "etc/passwd": "/etc/passwd",
        "etc/gone": "/nowhere/at/all",
        "charts/other": "../../../other",
        "loop": "loop",
    }.items():
        (context / name).symlink_to(target)
    assert found(tmp_path) == [
        ("bad-link", f"applications/web/v1/{name}") for name in ("charts/other", "etc/gone", "etc/passwd", "loop")
    ]


def test_files_that_nothing_reads(tmp_path: Path) -> None:
    write_tree(
        tmp_path,
        {
            "imagebuild.yml": "",
            "applications/web/v1/Kubefile": SCRATCH,
            "applications/web/image.yml": "",
            "applications/db/v1/dockerfile": SCRATCH,
        },
    )
    assert found(tmp_path) == [
        ("no-build-file", "applications/db/v1"),
        ("misnamed", "applications/web/image.yml"),
        ("misnamed", "imagebuild.yml"),
    ]
    assert [problem.hint for problem in lint(tmp_path, Settings())] == [
        "rename dockerfile to Dockerfile",
        "rename it to image.yaml",
        "rename it to imagebuild.yaml",
    ]


@pytest.mark.parametrize(
    ("name", "text", "bad"),
    [
        ("a.md", "---\nname: x\nlabels: bug, Accepted\n---\n# hello\n", True),
        ("a.md", "---\nname: x\nlabels: bug\n---\nlabels: accepted\n", False),
        ("a.md", "labels: accepted\n", False),
        ("a.yml", "name: x\nlabels: [accepted]\n", True),
        ("a.yaml", 'name: x\nlabels: ["bug"]\n', False),
        ("a.yml", "name: x\nlabels:\n", False),
        ("a.txt", "labels: [accepted]\n", False),
    ],
)
def test_a_template_that_approves_its_own_issue(tmp_path: Path, name: str, text: str, bad: bool) -> None:
    write_tree(tmp_path, {f".github/ISSUE_TEMPLATE/{name}": text, "applications/web/v1/Kubefile": SCRATCH})
    assert found(tmp_path) == ([("approving-template", f".github/ISSUE_TEMPLATE/{name}")] if bad else [])


def test_a_template_that_is_no_yaml(tmp_path: Path) -> None:
    write_tree(tmp_path, {".github/ISSUE_TEMPLATE/a.yml": "a: [\n", "applications/web/v1/Kubefile": SCRATCH})
    assert found(tmp_path) == [("bad-yaml", ".github/ISSUE_TEMPLATE/a.yml")]
