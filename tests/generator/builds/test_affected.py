"""What a change touches, on real git repositories."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from generator.builds.affected import affected, event_rows
from generator.builds.git import branch_base, changed_files, event_base
from generator.builds.matrix import rows
from generator.errors import InputError
from generator.settings.settings import Settings
from generator.tree.catalog import read_catalog
from tests.generator.trees import SCRATCH, write_tree

TREE = {
    "applications/web/v1/Kubefile": SCRATCH,
    "applications/web/v1/charts/web/Chart.yaml": "name: web\n",
    "applications/web/latest/Kubefile": SCRATCH,
    "applications/web-ui/v1/Kubefile": SCRATCH,
    "applications/db/v1/Kubefile": SCRATCH,
    "README.md": "hello\n",
}


def git(root: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgsign=false"]
    command = ["git", "-C", str(root), *identity, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def commit(root: Path, message: str = "change") -> str:
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(root, "rev-parse", "HEAD")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    write_tree(tmp_path, TREE)
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    commit(tmp_path)
    return tmp_path


def touched(root: Path, base: str = "HEAD") -> list[str]:
    settings = Settings(arches=("amd64",))
    found = affected(rows(read_catalog(root, settings), settings), root, base)
    return [f"{row.app} {row.version}" for row in found]


@pytest.mark.parametrize(
    ("file", "expected"),
    [
        ("applications/web/v1/charts/web/templates/new.yaml", ["web v1"]),
        ("applications/web/v1/Kubefile", ["web v1"]),
        ("applications/web/latest/etc/a b\n\u00e9.conf", ["web latest"]),
        ("applications/web/image.yaml", ["web latest", "web v1"]),  # there was none
        ("applications/web/build_arch", ["web latest", "web v1"]),
        ("applications/web/README.md", []),
        ("applications/README.md", []),
        ("README.md", []),
        ("imagebuild.yaml", []),
    ],
)
def test_a_file_touches_the_builds_it_decides(tree: Path, file: str, expected: list[str]) -> None:
    write_tree(tree, {file: "amd64" if file.endswith("build_arch") else "{}\n"})
    assert touched(tree) == expected
    base = git(tree, "rev-parse", "HEAD")
    commit(tree)
    assert touched(tree, base) == expected
    assert touched(tree) == []


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        ("# words\nversions: [v2]\ndescription: x\n", []),
        ("description: x\nversions: [v2, v3]\n", ["web v3"]),
        ("description: x\nversions: [v3]\n", ["web v3"]),
        ("description: x\n", ["web latest"]),
        ("description: y\nversions: [v2]\n", ["web v1", "web v2"]),
        ("description: x\nversions: [v2]\narches: [amd64]\n", ["web v1", "web v2"]),
    ],
)
def test_a_list_of_versions_touches_what_is_new_in_it(tree: Path, new: str, expected: list[str]) -> None:
    write_tree(tree, {"applications/web/image.yaml": "description: x\nversions: [v2]\n"})
    commit(tree)
    write_tree(tree, {"applications/web/image.yaml": new})
    assert touched(tree) == expected


def test_a_deleted_file_and_both_ends_of_a_move_are_changes(tree: Path) -> None:
    git(tree, "mv", "applications/web/v1/charts", "applications/db/v1/charts")
    assert touched(tree) == ["db v1", "web v1"]


def test_a_deleted_version_builds_nothing(tree: Path) -> None:
    git(tree, "rm", "-r", "--quiet", "applications/web/v1")
    assert touched(tree) == []


def test_a_link_is_touched_by_what_it_leads_to(tree: Path) -> None:
    (tree / "applications/web/v2").symlink_to("v1")
    commit(tree)
    write_tree(tree, {"applications/web/v1/Kubefile": SCRATCH + "\n"})
    assert touched(tree) == ["web v1", "web v2"]


def test_a_link_to_an_application_is_touched_by_what_that_says(tree: Path) -> None:
    (tree / "applications/site").symlink_to("web")
    commit(tree)
    write_tree(tree, {"applications/web/build_arch": "amd64"})
    assert touched(tree) == ["site latest", "site v1", "web latest", "web v1"]


def test_a_tree_below_the_top_of_its_repository(tmp_path: Path) -> None:
    write_tree(tmp_path / "sub", TREE)
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    commit(tmp_path)
    write_tree(tmp_path, {"applications/web/v1/Kubefile": "", "sub/applications/db/v1/x": ""})
    assert touched(tmp_path / "sub") == ["db v1"]


def test_a_branch_is_compared_with_where_it_began(tree: Path) -> None:
    git(tree, "checkout", "--quiet", "-b", "work")
    write_tree(tree, {"applications/web/v1/x": ""})
    commit(tree)
    git(tree, "checkout", "--quiet", "main")
    write_tree(tree, {"applications/db/v1/x": ""})
    commit(tree)
    git(tree, "checkout", "--quiet", "work")
    assert touched(tree, branch_base(tree, "main")) == ["web v1"]


@pytest.mark.parametrize("name", ["nowhere", "--output=/tmp/x", "HEAD:README.md", ""])
def test_a_name_that_is_no_commit_is_refused(tree: Path, name: str) -> None:
    with pytest.raises(InputError, match="there is no commit"):
        branch_base(tree, name)


def test_without_a_repository_git_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        changed_files(tmp_path, "HEAD")
    assert caught.value.problems[0].code in {"git-failed", "unknown-commit"}


def test_a_push_is_compared_with_what_was_there_before(tree: Path) -> None:
    before = git(tree, "rev-parse", "HEAD")
    write_tree(tree, {"applications/web/v1/x": ""})
    commit(tree)
    write_tree(tree, {"applications/db/v1/x": ""})
    commit(tree)
    assert touched(tree, event_base("push", {"before": before}, tree) or "") == ["db v1", "web v1"]


@pytest.mark.parametrize("before", ["0" * 40, "a" * 40, None])
def test_a_push_from_nowhere_is_everything(tree: Path, before: str | None) -> None:
    """Of several commits the parent of the last one would hide the rest; what is published is found to be the same."""
    everything = event_rows("push", {"before": before}, tree, Settings())
    assert len(everything) == 8
    write_tree(tree, {"applications/db/v1/x": ""})
    commit(tree)
    assert event_rows("push", {"before": before}, tree, Settings()) == everything


def test_a_pull_request_is_compared_with_the_base_that_it_was_merged_into(tree: Path) -> None:
    old_base = git(tree, "rev-parse", "HEAD")
    git(tree, "checkout", "--quiet", "-b", "work")
    write_tree(tree, {"applications/web/v1/x": ""})
    head = commit(tree)
    event = {"pull_request": {"base": {"sha": old_base}, "head": {"sha": head}}}
    assert touched(tree, event_base("pull_request", event, tree) or "") == ["web v1"]
    git(tree, "checkout", "--quiet", "main")
    write_tree(tree, {"applications/db/v1/x": ""})
    commit(tree)
    git(tree, "merge", "--quiet", "--no-edit", "work")
    assert touched(tree, event_base("pull_request", event, tree) or "") == ["web v1"]
