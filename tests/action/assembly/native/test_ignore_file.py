"""Ignore files: which path is hidden, and which comes back."""

from __future__ import annotations

from pathlib import Path

import pytest

from action.assembly.native.ignore_file import Ignored, read_ignore_file
from action.errors import InputError


@pytest.mark.parametrize(
    ("lines", "hidden", "seen"),
    [
        (["a"], ["a", "a/b", "a/b/c"], ["ab", "b/a"]),
        (["/a/"], ["a", "a/b"], ["b/a"]),
        (["*.md"], ["x.md", ".md", "x.md/y"], ["d/x.md"]),
        (["**/*.md"], ["x.md", "d/x.md", "d/e/x.md"], ["x.mdx"]),
        (["a/**"], ["a/b", "a/b/c"], ["b"]),
        (["a/**/z"], ["a/z", "a/b/z", "a/b/c/z"], ["z", "a/zz"]),
        (["*", "!keep"], ["a", "b/c"], ["keep", "keep/x"]),
        (["a", "!a/b", "a/b/c"], ["a", "a/x", "a/b/c"], ["a/b", "a/b/d"]),
        (["# a", "", "  b  ", "c\r"], ["b", "c"], ["a", "# a"]),
        (["./a", "b/../c"], ["a", "c"], ["b"]),
        (["[ab].x"], ["a.x", "b.x"], ["c.x"]),
        (["a+b", "c(d)", "e|f", "{g}"], ["a+b", "c(d)", "e|f", "{g}"], ["aab", "cd", "e", "g"]),
        (["a\\*"], ["a*"], ["ab"]),
    ],
)
def test_what_is_hidden(lines: list[str], hidden: list[str], seen: list[str]) -> None:
    ignored = Ignored(lines)
    assert [path for path in hidden if path not in ignored] == []
    assert [path for path in seen if path in ignored] == []


@pytest.mark.parametrize("line", ["!", "[", "a[", "a\\"])
def test_what_is_no_pattern_is_told_with_its_line(line: str) -> None:
    with pytest.raises(InputError) as caught:
        Ignored(["fine", line], ".dockerignore")
    assert (caught.value.problems[0].file, caught.value.problems[0].line) == (".dockerignore", 2)


def test_which_file_counts(tmp_path: Path) -> None:
    buildfile = tmp_path / "Kubefile"
    assert "a" not in read_ignore_file(tmp_path, buildfile)
    for name in (".dockerignore", ".containerignore", "Kubefile.containerignore", "Kubefile.dockerignore"):
        (tmp_path / name).write_text(f"{name}-hides-this\n")
        assert f"{name}-hides-this" in read_ignore_file(tmp_path, buildfile)
