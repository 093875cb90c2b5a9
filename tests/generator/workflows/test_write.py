"""Writing and checking: what differs is shown, what is ours and unneeded goes, what is not ours stays."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from generator.errors import InputError
from generator.workflows import write
from generator.workflows.render import MARKER

PATH = ".github/workflows/imagebuild.yml"
RENDERED = {PATH: f"{MARKER}: x\nname: new\n"}


def test_what_is_missing_differs_or_is_stale_is_a_change(tmp_path: Path) -> None:
    stale, theirs = tmp_path / ".github/workflows/old.yml", tmp_path / ".github/workflows/ci.yml"
    stale.parent.mkdir(parents=True)
    stale.write_text(f"{MARKER}: x\nname: old\n")
    theirs.write_text("name: theirs\n")
    changes = write.changes(tmp_path, RENDERED)
    assert [(change.path, change.new is None) for change in changes] == [
        (PATH, False),
        (".github/workflows/old.yml", True),
    ]
    write.write(tmp_path, changes)
    assert (tmp_path / PATH).read_text() == RENDERED[PATH]
    assert not stale.exists()
    assert theirs.read_text() == "name: theirs\n"
    assert write.changes(tmp_path, RENDERED) == []
    assert sorted(path.name for path in theirs.parent.iterdir()) == ["ci.yml", "imagebuild.yml"]


@pytest.mark.parametrize(
    "old", [RENDERED[PATH].replace("\n", "\r\n"), RENDERED[PATH].replace("new", "edited"), MARKER]
)
def test_a_change_is_a_diff_that_patch_applies(tmp_path: Path, old: str) -> None:
    (tmp_path / PATH).parent.mkdir(parents=True)
    (tmp_path / PATH).write_bytes(old.encode())
    (change,) = write.changes(tmp_path, RENDERED)
    patch = tmp_path / "patch"
    patch.write_bytes(change.diff().encode())
    subprocess.run(["git", "apply", "--unsafe-paths", f"--directory={tmp_path}", str(patch)], cwd=tmp_path, check=True)
    assert (tmp_path / PATH).read_bytes() == RENDERED[PATH].encode()


def test_a_new_and_a_stale_file_are_diffs_against_nothing() -> None:
    assert write.Change("a.yml", None, "x\n").diff() == "--- /dev/null\n+++ b/a.yml\n@@ -0,0 +1 @@\n+x\n"
    assert write.Change("a.yml", "x\n", None).diff() == "--- a/a.yml\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"


@pytest.mark.parametrize("kind", ["file", "link", "directory"])
def test_a_file_that_is_not_ours_is_never_touched(tmp_path: Path, kind: str) -> None:
    path = tmp_path / PATH
    path.parent.mkdir(parents=True)
    if kind == "file":
        path.write_text("name: theirs\n")
    elif kind == "link":
        (tmp_path / "elsewhere").write_text(f"{MARKER}\n")
        path.symlink_to(tmp_path / "elsewhere")
    else:
        path.mkdir()
    with pytest.raises(InputError) as caught:
        write.changes(tmp_path, RENDERED)
    assert [(problem.code, problem.file) for problem in caught.value.problems] == [("not-ours", PATH)]


def test_a_stale_link_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / PATH).parent.mkdir(parents=True)
    (tmp_path / PATH).write_text(RENDERED[PATH])
    (tmp_path / ".github/workflows/link.yml").symlink_to("imagebuild.yml")
    assert write.changes(tmp_path, RENDERED) == []


def test_a_directory_that_leads_out_of_the_repository_is_refused(tmp_path: Path) -> None:
    outside, root = tmp_path / "outside", tmp_path / "root"
    (outside / "workflows").mkdir(parents=True)
    root.mkdir()
    (root / ".github").symlink_to(outside)
    with pytest.raises(InputError, match=r"\.github"):
        write.changes(root, RENDERED)
