"""What the generator offers to build of a Dockerfile is what the action's build makes of the same file."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from action.errors import InputError
from generator.buildfile.instructions import Scope, target_args
from generator.buildfile.parse import find_buildfile, parse_buildfile
from generator.settings.settings import Settings
from generator.tree.catalog import read_catalog

# Whole instructions that touch what a stage starts from, or that look as if they did.
PIECES = (
    "ARG B=scratch", "ARG B=alpine", "ARG B", "ARG C=${B}", "ARG C='${B}'", 'ARG C="$B" D=${C}', "ARG B=x C=scratch",
    "FROM scratch", "from\tscratch AS One", "FROM alpine AS two", "FROM alpine", "FROM one", "FROM TWO as three",
    "FROM $B", "FROM ${C}", "FROM ${C} AS one", "FROM ${D:-scratch}", "FROM ${B-scratch}", "FROM ${B:+scratch}",
    "FROM ${B:?say which}", "FROM ${B", "FROM 'scratch'", "FROM scr\\atch", "FROM --platform=linux/amd64 scratch",
    "FROM \\\n# a comment\n\n scratch", "FROM `\n scratch", "# escape=`", "# escape=x", "# syntax=x", "# FROM alpine",
    "RUN <<EOF\nFROM scratch\nEOF", 'COPY <<-"E.F" /x\n\tFROM alpine\n\tE.F', "RUN 3<<a <<b\nFROM a\na\nFROM b\nb",
    "RUN <<EOF\nFROM scratch", "RUN echo '<<EOF'", "RUN echo \\\nFROM alpine", "RUN x \\ \nFROM alpine", "RUN x \\\\",
    "ENV B=scratch", "LABEL note='FROM alpine'", "COPPY a b", "CMD", "",
)  # fmt: skip
odd_lines = st.text(alphabet="FROMARGfrom scratchB=${}:-+'\"\\`#<\t", max_size=20)
texts = st.builds(
    lambda mark, pieces, end: mark + end.join(pieces) + end,
    st.sampled_from(["", "", "\ufeff"]),
    st.lists(st.sampled_from(PIECES) | odd_lines, max_size=7),
    st.sampled_from(["\n", "\n", "\r\n", "\r"]),
)


def offered(root: Path, text: str) -> tuple[str, ...]:
    """The types that the generator reads off a version whose only build file is a Dockerfile with this text."""
    path = root / "applications/web/v1/Dockerfile"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    (app,) = read_catalog(root, Settings()).apps
    return app.versions["v1"].types


def built(root: Path) -> tuple[str, ...]:
    """The same, as the action's reader of that file says it; nothing that it refuses is a cluster image."""
    try:
        found = parse_buildfile(find_buildfile(root / "applications/web/v1", "dockerimages"))
        if len(found.stages) == 1:
            # The native assembly knows one stage, and takes it on when this is so.
            assert (Scope(found, {}, target_args("arm64")).base() == "scratch") == found.from_scratch
        scratch = found.from_scratch
    except InputError:
        scratch = False
    return ("apps",) if scratch else ("dockerimages",)


@pytest.mark.parametrize(
    ("text", "types"),
    [
        ("ARG B=scratch\nARG C=${B}\nFROM ${C}\n", ("apps",)),
        ("\ufeffFROM scratch\n", ("apps",)),
        ("FROM 'scratch'\n", ("apps",)),
        ("FROM scratch AS one\nFROM ONE\n", ("apps",)),
        ("FROM alpine\rFROM scratch\n", ("dockerimages",)),
        ("ARG B=scratch\nARG C='${B}'\nFROM ${C}\n", ("dockerimages",)),
        ("FROM scratch\nCOPPY a b\n", ("dockerimages",)),
    ],
)
def test_the_types_of_a_dockerfile(tmp_path: Path, text: str, types: tuple[str, ...]) -> None:
    assert offered(tmp_path, text) == built(tmp_path) == types


@given(text=texts)
@settings(max_examples=500, deadline=None)
def test_both_callers_agree_on_any_file(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert offered(Path(folder), text) == built(Path(folder))


@pytest.mark.soak
@given(text=texts)
@settings(max_examples=20_000, deadline=None)
def test_both_callers_agree_on_many_files(text: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        assert offered(Path(folder), text) == built(Path(folder))
