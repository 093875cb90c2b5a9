"""The grammar of build files."""

from __future__ import annotations

from pathlib import Path

import pytest

from generator.buildfile.instructions import DEFAULT_PATH
from generator.buildfile.parse import Buildfile, find_buildfile, parse_buildfile
from generator.errors import InputError


def parse(tmp_path: Path, text: str) -> Buildfile:
    path = tmp_path / "Kubefile"
    path.write_text(text, encoding="utf-8")
    return parse_buildfile(path)


def variables(found: Buildfile, build_args: dict[str, str] | None = None) -> dict[str, str]:
    """The environment without the search path that every image from nothing has."""
    env = found.environment(build_args)
    assert env.pop("PATH") == DEFAULT_PATH
    return env


def test_an_ordinary_kubefile(tmp_path: Path) -> None:
    found = parse(
        tmp_path,
        '# a comment\nFROM scratch\nENV NAME=web SIZE="two words"\nCOPY --chown=1:2 a b ./\n'
        'CMD ["helm upgrade -i web charts/web --set size=$(SIZE)"]\n',
    )
    assert found.from_scratch
    assert [i.keyword for i in found.instructions] == ["FROM", "ENV", "COPY", "CMD"]
    assert variables(found) == {"NAME": "web", "SIZE": "two words"}
    assert found.command("CMD") == ("helm upgrade -i web charts/web --set size=$(SIZE)",)
    copy = found.instructions[2]
    assert (copy.flags, copy.args, copy.line) == ((("chown", "1:2"),), ("a", "b", "./"), 4)


def test_continuations_comments_and_shell_form(tmp_path: Path) -> None:
    found = parse(tmp_path, "from scratch\nCMD a \\\n  # dropped\n\n  b \\\n  c\nENV OLD some value\n")
    assert found.command("CMD") == ("/bin/sh", "-c", "a   b   c")
    assert variables(found) == {"OLD": "some value"}
    assert found.instructions[-1].line == 7


def test_args_give_way_to_build_args_and_env(tmp_path: Path) -> None:
    text = "ARG BASE=1\nFROM scratch\nARG BASE\nARG V=v${BASE}\nENV A=$V B=${NONE:-x} C=${V:+y} D='$V'\n"
    found = parse(tmp_path, text)
    assert variables(found) == {"A": "v1", "B": "x", "C": "y", "D": "$V"}
    assert variables(found, {"V": "9"})["A"] == "9"


def test_the_escape_directive(tmp_path: Path) -> None:
    found = parse(tmp_path, "# escape=`\nFROM scratch\nENV P=C:\\dir `\n Q=`$x\n")
    assert variables(found) == {"P": "C:\\dir", "Q": "$x"}


def test_the_escape_directive_may_follow_another(tmp_path: Path) -> None:
    found = parse(tmp_path, "# syntax=docker/dockerfile:1\n# escape=`\nFROM scratch\nENV P=C:\\dir\n")
    assert variables(found) == {"P": "C:\\dir"}


@pytest.mark.parametrize("text", ["# note\n# escape=`\n", "\n# escape=`\n", "FROM scratch\n# escape=`\n"])
def test_a_directive_that_comes_too_late_is_a_comment(tmp_path: Path, text: str) -> None:
    assert parse(tmp_path, f"{text}FROM scratch\n").escape == "\\"


def test_an_escape_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="only be"):
        parse(tmp_path, "# escape=x\nFROM scratch\n")


def test_stages_and_their_names(tmp_path: Path) -> None:
    found = parse(tmp_path, "ARG B=alpine\nFROM $B as one\nRUN x\nFROM scratch\nCOPY --from=one a b\n")
    assert [(stage.name, found.base(stage=stage)) for stage in found.stages] == [("one", "alpine"), ("", "scratch")]
    assert found.from_scratch
    assert found.base({"B": "debian"}, found.stages[0]) == "debian"


def test_a_here_document_is_one_instruction(tmp_path: Path) -> None:
    found = parse(tmp_path, "FROM alpine\nRUN <<EOF\nFROM not-an-instruction\nEOF\nCMD x\n")
    assert [i.keyword for i in found.instructions] == ["FROM", "RUN", "CMD"]
    assert found.instructions[1].heredocs == ("FROM not-an-instruction\n",)


def test_the_lines_of_an_instruction_end_before_its_here_document(tmp_path: Path) -> None:
    found = parse(tmp_path, "FROM \\\n  # why\n  alpine\nRUN x \\\n  <<EOF\ny\nEOF\nCMD x\n")
    assert [(i.line, i.last_line) for i in found.instructions] == [(1, 3), (4, 5), (8, 8)]


def test_from_an_earlier_stage_that_is_from_scratch(tmp_path: Path) -> None:
    found = parse(tmp_path, "FROM scratch AS Own\nFROM alpine AS other\nFROM own\n")
    assert found.from_scratch
    assert found.base() == "own"


def test_flags_without_number_and_lists_without_end(tmp_path: Path) -> None:
    flags = " ".join(["--link"] * 50_000)
    copy, run = parse(tmp_path, f"FROM scratch\nCOPY {flags} a b\nRUN {'[' * 100_000}\n").last_stage.instructions
    assert (len(copy.flags), copy.args, run.form) == (50_000, ("a", "b"), "shell")


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("FROM scratch\nCOPPY a b\n", "unknown-instruction", 2),
        ("CMD x\nFROM scratch\n", "before-from", 1),
        ("# nothing\n", "no-from", 1),
        ("FROM scratch\nENV A\n", "no-value", 2),
        ("FROM scratch\nCMD\n", "no-arguments", 2),
        ("FROM alpine\nRUN <<EOF\nx\n", "open-heredoc", 2),
    ],
)
def test_what_is_wrong_has_a_line(tmp_path: Path, text: str, code: str, line: int) -> None:
    with pytest.raises(InputError) as caught:
        parse(tmp_path, text)
    assert (caught.value.problems[0].code, caught.value.problems[0].line) == (code, line)


def test_which_build_file_serves_which_type(tmp_path: Path) -> None:
    for name in ("Dockerfile", "Kubefile"):
        (tmp_path / name).write_text("FROM scratch\n")
    assert find_buildfile(tmp_path, "apps").name == "Kubefile"
    assert find_buildfile(tmp_path, "dockerimages").name == "Dockerfile"
    (tmp_path / "Dockerfile").unlink()
    (tmp_path / "Kubefile").rename(tmp_path / "kubefile")
    with pytest.raises(InputError, match="it has kubefile"):
        find_buildfile(tmp_path, "apps")
