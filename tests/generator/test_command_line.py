"""``python -m generator``, as it is typed: exit codes, what is printed and where."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from generator.settings.settings import Settings, load_settings
from tests.generator.builds.test_affected import commit, git
from tests.generator.trees import SCRATCH, write_tree

ROOT = Path(__file__).resolve().parent.parent.parent
TREE = {
    "applications/web/v1.10/Kubefile": SCRATCH,
    "applications/web/v1.9/Kubefile": SCRATCH,
    "applications/db/v1/Dockerfile": "FROM alpine:3\n",
}


def generator(*arguments: str, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "generator", *arguments]
    environment = {"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def json_of(root: Path, *arguments: str) -> Any:
    done = generator(*arguments, "--format", "json", "--root", str(root))
    assert done.stderr == ""
    return json.loads(done.stdout)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write_tree(tmp_path, TREE)


def test_writing_checking_drifting_and_mending(tree: Path) -> None:
    check = generator("--check", cwd=tree)
    assert check.returncode == 1
    assert "+++ b/.github/workflows/imagebuild.yml" in check.stdout
    assert check.stderr.endswith("  python -m generator\n")
    written = generator(cwd=tree)
    assert written.returncode == 0
    assert "added .github/workflows/imagebuild.yml\n" in written.stdout
    assert generator("--check", cwd=tree).returncode == 0
    assert generator(cwd=tree).stdout == "every generated file is as it should be\n"

    emitted = tree / ".github/workflows/imagebuild.yml"
    emitted.write_text(emitted.read_text().replace("name: imagebuild\n", "name: mine\n"))
    drifted = generator("--check", "--root", str(tree))
    assert drifted.returncode == 1
    assert "-name: mine\n+name: imagebuild\n" in drifted.stdout
    assert f"python -m generator --root {tree}" in drifted.stderr
    assert emitted.read_text().splitlines()[2] == "name: mine"
    generator("--root", str(tree))
    assert generator("--check", cwd=tree).stdout == ""


def test_a_new_version_is_no_drift(tree: Path) -> None:
    generator(cwd=tree)
    write_tree(tree, {"applications/web/v2/Kubefile": SCRATCH})
    assert generator("--check", cwd=tree).returncode == 0


def test_problems_of_the_tree_do_not_keep_the_workflows_from_being_written(tree: Path) -> None:
    write_tree(tree, {"applications/web /v1/Kubefile": SCRATCH})
    done = generator(cwd=tree)
    assert done.returncode == 0
    assert done.stderr == "warning: the tree has 1 problem; see: python -m generator lint\n"


def test_list_has_every_row_in_order(tree: Path) -> None:
    rows = json_of(tree, "list")
    assert [" ".join(row.values()) for row in rows][:2] == [
        "apps web v1.9 amd64 applications/web/v1.9 ubuntu-24.04",
        "apps web v1.9 arm64 applications/web/v1.9 ubuntu-24.04-arm",
    ]
    assert [(row["type"], row["app"], row["version"]) for row in rows[::2]] == [
        ("apps", "web", "v1.9"),
        ("apps", "web", "v1.10"),
        ("dockerimages", "db", "v1"),
    ]
    text = generator("list", "--root", str(tree)).stdout
    assert text.splitlines()[0] == "apps\tweb\tv1.9\tamd64\tapplications/web/v1.9\tubuntu-24.04"
    assert len(text.splitlines()) == len(rows)


def test_matrix_selects(tree: Path) -> None:
    (shard,) = json_of(tree, "matrix", "--type", "apps", "--app", "web", "--version", "v1.9", "--arch", "arm64")[
        "shards"
    ]
    assert [(row["version"], row["arch"]) for row in shard] == [("v1.9", "arm64")]
    assert json_of(tree, "matrix", "--app", "none") == {"shards": []}
    assert len(json.loads(generator("matrix", "--root", str(tree)).stdout)["shards"][0]) == 6
    text = generator("matrix", "--format", "text", "--app", "db", "--root", str(tree)).stdout
    assert text.splitlines()[0] == "1\tdockerimages\tdb\tv1\tamd64\tapplications/db/v1\tubuntu-24.04"


def test_matrix_of_a_change(tree: Path) -> None:
    git(tree, "init", "--quiet", "--initial-branch", "main")
    commit(tree)
    assert json_of(tree, "matrix", "--changed-since", "HEAD") == {"shards": []}
    write_tree(tree, {"applications/db/v1/new": ""})
    (shard,) = json_of(tree, "matrix", "--changed-since", "HEAD")["shards"]
    assert {row["app"] for row in shard} == {"db"}
    wrong = generator("matrix", "--changed-since", "nowhere", "--root", str(tree))
    assert (wrong.returncode, wrong.stdout) == (1, "")
    assert "there is no commit 'nowhere'" in wrong.stderr


def test_lint_reports_and_fails_only_on_errors(tree: Path) -> None:
    assert json_of(tree, "lint") == []
    assert generator("lint", "--root", str(tree)).returncode == 0
    write_tree(tree, {"applications/empty/README.md": ""})
    assert generator("lint", "--root", str(tree)).returncode == 0
    write_tree(tree, {"applications/web/v1 /Kubefile": SCRATCH})
    done = generator("lint", "--root", str(tree))
    assert done.returncode == 1
    assert "[bad-name]" in done.stdout
    problems = json_of(tree, "lint")
    assert [(problem["code"], problem["path"], problem["severity"]) for problem in problems] == [
        ("no-versions", "applications/empty", "warning"),
        ("bad-name", "applications/web/v1 ", "error"),
    ]
    assert all(problem["message"] and problem["hint"] for problem in problems)


def test_lint_annotates_files_and_reports_wrong_settings_too(tree: Path) -> None:
    write_tree(tree, {"applications/web/50%:a,b/Kubefile": SCRATCH})
    done = generator("lint", "--format", "github", "--root", str(tree))
    assert done.returncode == 1
    place = "file=applications/web/50%25%3Aa%2Cb,title=bad-name"
    assert done.stdout.startswith(f"::error {place}::the name has '%25' (U+0025 PERCENT SIGN); it must be")
    assert len(done.stdout.splitlines()) == 1
    (tree / "imagebuild.yaml").write_text("lable: x\n")
    (problem,) = json_of(tree, "lint")
    assert (problem["code"], problem["path"], problem["line"]) == ("unknown-key", "imagebuild.yaml", 1)


def test_wrong_settings_are_exit_code_1_and_wrong_usage_2(tree: Path) -> None:
    (tree / "imagebuild.yaml").write_text("lable: x\n")
    done = generator("list", "--root", str(tree))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "error: imagebuild.yaml:1: lable is no setting\n  hint: did you mean 'label'?\n"
    assert generator("lsit").returncode == 2
    assert generator("--root", str(tree / "nowhere")).returncode == 1


def test_a_name_that_is_no_text_is_reported(tree: Path) -> None:
    (tree / "applications").joinpath("caf\udce9").mkdir()
    (tree / "applications").joinpath("two\nlines").mkdir()
    paths = [problem["path"] for problem in json_of(tree, "lint")]
    assert paths == ["applications/caf\\udce9", "applications/two\\nlines"]
    assert generator("lint", "--root", str(tree)).returncode == 1


def test_output_does_not_depend_on_the_order_of_directories(tmp_path: Path) -> None:
    names = [f"applications/app{number}/v{version}/Kubefile" for number in range(12) for version in range(4)]
    outputs = set()
    for seed in range(3):
        random.Random(seed).shuffle(names)  # noqa: S311 - an order, not a secret
        root = write_tree(tmp_path / str(seed) / "tree", dict.fromkeys(names, SCRATCH))
        written = generator(cwd=root)
        files = sorted(path for path in (root / ".github").rglob("*") if path.is_file())
        outputs.add((written.stdout, generator("list", cwd=root).stdout, *(path.read_bytes() for path in files)))
    assert len(outputs) == 1


def test_settings_prints_a_file_that_means_the_same(tree: Path) -> None:
    (tree / "imagebuild.yaml").write_text(
        f"# ours\nlabel: go\nschedule: 0 3 * * 1\npins: {{actions/checkout: {{version: v9, commit: '{'a' * 40}'}}}}\n"
    )
    done = generator("settings", "--root", str(tree))
    assert 'label: "go" # imagebuild.yaml:2\n' in done.stdout
    assert 'engine: "auto" # default\n' in done.stdout
    before = load_settings(tree)
    (tree / "imagebuild.yaml").write_text(done.stdout)
    assert load_settings(tree) == before
    data = json_of(tree, "settings")
    assert list(data) == list(Settings.__dataclass_fields__)
    assert data["min_permission"]["value"] == "write"


def test_a_maintainers_day(tree: Path) -> None:
    done = generator("new", "cache", "--root", str(tree))
    assert done.stdout.splitlines() == [
        "added applications/cache/image.yaml",
        "added applications/cache/latest/Kubefile",
        "added applications/cache/latest/manifests/cache.yaml",
    ]
    added = generator("add-version", "cache", "v2.1", "--root", str(tree))
    assert added.stdout == "changed applications/cache/image.yaml\n"
    copied = generator("add-version", "cache", "v3.0", "--from", "latest", "--root", str(tree))
    assert copied.stdout == "added applications/cache/v3.0\n"
    assert generator("lint", "--root", str(tree)).returncode == 0
    (shard,) = json_of(tree, "matrix", "--app", "cache", "--arch", "amd64")["shards"]
    assert [(row["version"], row["context"]) for row in shard] == [
        ("latest", "applications/cache/latest"),
        ("v2.1", "applications/cache/latest"),
        ("v3.0", "applications/cache/v3.0"),
    ]
    again = generator("new", "cache", "--root", str(tree))
    assert again.returncode == 1
    assert "python -m generator add-version cache" in again.stderr
