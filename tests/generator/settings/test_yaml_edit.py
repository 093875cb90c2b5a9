"""Edits that keep a maintainer's file as it was, but for the one thing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from generator.errors import InputError
from generator.settings.yaml_edit import edit

if TYPE_CHECKING:
    from ruamel.yaml.comments import CommentedMap


def append(data: CommentedMap) -> None:
    data.setdefault("versions", []).append("v3")


LONG = "description: " + "word " * 60 + "end\n"


@pytest.mark.parametrize(
    ("before", "after", "edited"),
    [
        ("", " # two\n", "versions: [v1, v2]"),
        ("", "\nhome: x\n", "versions:\n  - v1 # one\n  # now\n  - v2"),
        ("", "\n", "versions:\n- v1"),
        ("", "\n", "versions:\n    - v1"),
        ("build_args:\n    A: b\n", "\n", "versions:\n    - v1"),
        ("---\n# top\nhome: 'x'\n\n# versions\n", "\n", "versions: ['1.10']"),
        ("home: x\r\n", "\r\ndescription: y\r\n", "versions: [v1]"),
        (LONG, "\n", "versions: [v1]"),
        ("# only words\n", "\n", ""),
        ("", "\n", ""),
    ],
)
def test_only_the_edit_is_a_difference(tmp_path: Path, before: str, after: str, edited: str) -> None:
    path = tmp_path / "image.yaml"
    path.write_bytes(f"{before}{edited}{after if edited else ''}".encode())
    edit(path, "image.yaml", append)
    if not edited:
        expected = "versions:\n  - v3"
    elif edited.endswith("]"):
        expected = f"{edited[:-1]}, v3]"
    else:
        last = edited.splitlines()[-1]
        expected = f"{edited}\n{last[: last.index('-')]}- v3"
    assert path.read_bytes().decode() == f"{before}{expected}{after}"
    assert [each.name for each in tmp_path.iterdir()] == ["image.yaml"]


@pytest.mark.parametrize("text", ["a: [\n", "- a\n", "a: &x [1]\nb: *x\n"])
def test_a_file_that_is_wrong_is_left_alone(tmp_path: Path, text: str) -> None:
    path = tmp_path / "image.yaml"
    path.write_text(text)
    with pytest.raises(InputError):
        edit(path, "image.yaml", append)
    assert path.read_text() == text
