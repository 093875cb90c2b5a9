"""Which words of a build file name images of a registry, and which a stage."""

from __future__ import annotations

from pathlib import Path

import pytest

from action.assembly.builder.image_names import Source, sources
from action.errors import InputError, Problem
from generator.buildfile.parse import parse_buildfile

HUB = "docker.io/library"


def found(folder: Path, text: str, *, frontend: bool = False) -> tuple[Source, ...]:
    (folder / "Dockerfile").write_text(text)
    return sources(parse_buildfile(folder / "Dockerfile"), {"GIVEN": "yes"}, "arm64", with_frontend=frontend)


def named(folder: Path, text: str) -> list[str]:
    """Each source by its image, or by its stage with a # before it."""
    return [str(one.reference or f"#{one.stage}") for one in found(folder, text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("FROM nginx\n", [f"{HUB}/nginx:latest"]),
        ("FROM scratch\nCOPY a /\n", ["#scratch"]),
        ("FROM a:1 AS One\nFROM one\nFROM ONE\n", [f"{HUB}/a:1", "#one", "#one"]),
        (
            "FROM golang AS golang\nFROM scratch\nCOPY --from=golang /a /\n",
            [f"{HUB}/golang:latest", "#scratch", "#golang"],
        ),
        # Only an earlier stage: what comes later, or is the stage itself, names an image.
        ("FROM b\nFROM a AS b\nCOPY --from=b /x /\n", [f"{HUB}/b:latest", f"{HUB}/a:latest", f"{HUB}/b:latest"]),
        (
            "FROM scratch\nCOPY --from=q.io/x/y:2 /a /\nADD --from=z b /\n",
            ["#scratch", "q.io/x/y:2", f"{HUB}/z:latest"],
        ),
        ("FROM scratch\nFROM scratch\nCOPY --from=0 /a /\n", ["#scratch", "#scratch"]),
        ("FROM a\nRUN --mount=type=cache,target=/c x\n", [f"{HUB}/a:latest"]),
        (
            "FROM a\nRUN --mount=from=b,target=/b --mount=type=bind,target=/c,FROM=c:1 x\n",
            [f"{HUB}/a:latest", f"{HUB}/b:latest", f"{HUB}/c:1"],
        ),
        ('FROM a\nRUN --mount=type=bind,"from=b" x\n', [f"{HUB}/a:latest", f"{HUB}/b:latest"]),
        ("FROM a\nONBUILD COPY --from=b /x /\nCOPY from=c /\n", [f"{HUB}/a:latest"]),
        (f"FROM a:1@sha256:{'1' * 64}\n", [f"{HUB}/a:1@sha256:{'1' * 64}"]),
    ],
)
def test_images_and_stages(tmp_path: Path, text: str, expected: list[str]) -> None:
    assert named(tmp_path, text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("ARG B=one\nFROM $B\n", "one:latest"),
        ("ARG B=one\nFROM ${GIVEN:-other}\n", "other:latest"),  # no ARG asks for it
        ("ARG GIVEN\nFROM a:$GIVEN\n", "a:yes"),
        ("ARG V=1\nARG B=a:$V\nFROM $B-slim\n", "a:1-slim"),
        ("FROM a:$TARGETARCH\n", "a:arm64"),
        ("ARG TARGETOS\nFROM a:$TARGETOS-${TARGETVARIANT:-none}\n", "a:linux-none"),
        ("FROM a AS one-linux\nFROM one-$BUILDOS\n", "a:latest"),
    ],
)
def test_variables_of_from(tmp_path: Path, text: str, expected: str) -> None:
    assert named(tmp_path, text)[0] == f"{HUB}/{expected}"


def test_an_arg_of_a_stage_says_nothing_to_a_later_from(tmp_path: Path) -> None:
    assert named(tmp_path, "ARG B=one\nFROM a\nARG B=two\nFROM $B\n")[1] == f"{HUB}/one:latest"


@pytest.mark.parametrize("text", ["FROM a\n", "FROM a AS x\nFROM b\nFROM x AS y\nFROM y\n"])
def test_what_is_built_upon_is_the_image_that_the_last_stage_goes_back_to(tmp_path: Path, text: str) -> None:
    built_upon = [str(one.reference) for one in found(tmp_path, text) if one.built_upon]
    assert built_upon == [f"{HUB}/a:latest"]


def test_the_program_that_reads_the_file_is_an_image_too(tmp_path: Path) -> None:
    text = "# escape=\\\n# syntax=docker/dockerfile:1 --debug\nFROM a\n"
    first, _ = found(tmp_path, text, frontend=True)
    assert (str(first.reference), first.word, first.instruction.line) == (
        "docker.io/docker/dockerfile:1",
        "docker/dockerfile:1",
        2,
    )
    assert len(found(tmp_path, text)) == 1
    assert len(found(tmp_path, "FROM a\n", frontend=True)) == 1


def problem(folder: Path, text: str) -> Problem:
    with pytest.raises(InputError) as caught:
        found(folder, text)
    return caught.value.problems[0]


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        ("FROM a\nFROM $NOTHING\n", "no-base", 2),
        ("FROM a/B\n", "bad-reference", 1),
        ("FROM a\nFROM b\nCOPY \\\n  --from=a:b:c x /\n", "bad-reference", 3),
        ("FROM scratch\nARG X=a\nCOPY --from=$X x /\n", "variable-in-from", 3),
        ("FROM scratch\nRUN --mount=type=bind,from=${X} x\n", "variable-in-from", 2),
        ("FROM --platform=linux/amd64 a\n", "wrong-platform", 1),
        ("FROM --platform=linux/amd64 a AS x\nFROM x\n", "wrong-platform", 1),
        ("FROM --platform=windows/arm64 a\n", "wrong-platform", 1),
    ],
)
def test_what_no_builder_could_know(tmp_path: Path, text: str, code: str, line: int) -> None:
    told = problem(tmp_path, text)
    assert (told.code, told.file, told.line) == (code, "Dockerfile", line)
    assert told.hint or code == "bad-reference"


@pytest.mark.parametrize(
    "platform", ["linux/arm64", "linux/arm64/v8", "arm64", "$TARGETPLATFORM", "linux/${TARGETARCH}"]
)
def test_a_platform_that_is_the_wanted_one(tmp_path: Path, platform: str) -> None:
    assert found(tmp_path, f"FROM --platform={platform} a\n")[0].built_upon


def test_a_stage_that_only_gives_files_may_be_of_any_platform(tmp_path: Path) -> None:
    text = "FROM --platform=linux/amd64 a AS t\nFROM --platform=linux/s390x b\nFROM c\nCOPY --from=d /x /\n"
    assert [(one.arch, one.built_upon) for one in found(tmp_path, text)] == [
        ("amd64", False),
        (None, False),
        ("arm64", True),
        ("arm64", False),
    ]
