"""Parity on contexts and build files that nobody thought of."""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from action.assembly.builder.run import run_engine
from action.errors import ClusterImageError, InputError
from action.store.oci.layout import OciLayout
from tests.support.building import build_image
from tests.support.unpacked import make_files, run_config, unpack

pytestmark = pytest.mark.real("buildah")

# Few names, so that sources, destinations and patterns meet.
NAMES = st.sampled_from(["a", "b", "c.txt", "d.txt", ".hidden", "é", "x y", "dir", "sub", "etc", "charts"])
PATHS = st.lists(NAMES, min_size=1, max_size=3).map("/".join)
MODES = st.sampled_from([0o644, 0o600, 0o755, 0o4755, 0o2710, 0o1777, 0o444])
DIRECTORY_MODES = st.sampled_from([0o755, 0o700, 0o2775, 0o1777, 0o555])
TARGETS = st.one_of(PATHS, PATHS.map("/".__add__), PATHS.map("../".__add__), st.just("."))
SPECS = st.one_of(
    st.tuples(st.text(max_size=5), MODES),
    st.tuples(st.none(), DIRECTORY_MODES),
    st.tuples(st.just("link"), TARGETS),
    st.just("hard"),
)
SOURCES = st.one_of(PATHS, NAMES, st.sampled_from([".", "*", "*/*", "*.txt", "[a-c]*", "dir/*", "?", "link", "/a"]))
DESTINATIONS = st.one_of(
    PATHS, PATHS.map("/".__add__), PATHS.map(lambda p: f"/{p}/"), st.sampled_from(["/", ".", "./", "/dir", "sub/."])
)
FLAGS = st.sampled_from(["", "", "", "--chown=7:8 ", "--chmod=640 ", "--chmod=0755 --chown=9 "])
IGNORED = st.sampled_from(
    ["", "", "*.txt\n", "dir\n", "*\n!a\n!dir/a\n", "**/b\n", "sub/*\n!sub/c.txt\n", "dir\n!dir/sub\n"]
)
WORDS = st.text(alphabet="ab $\\\"'{}:-+_1=é", max_size=12)


# Where we differ on purpose; test_differences.py says why.
STRICTER = ("many-to-one", "not-native", "bad-pair", "bad-substitution")
BEYOND_BUILDAH = re.compile(r"\$\{\w+[-+?]")


# Buildah lets the first match decide whether the target is a file, also when the ignore file hides that match.
HIDDEN_FIRST = re.compile(r'COPY (?:--\S+ )*\["[^"]*[*?\[][^"]*", "[^"]*[^/"]"\]')


def quoted(words: list[str]) -> str:
    """JSON form, because a name may have a space."""
    return "[" + ", ".join(f'"{word}"' for word in words) + "]"


COPIES = st.builds(
    lambda flags, sources, target: f"COPY {flags}{quoted([*sources, target])}\n",
    FLAGS,
    st.lists(SOURCES, min_size=1, max_size=2),
    DESTINATIONS,
)
INSTRUCTIONS = st.lists(
    st.one_of(COPIES, COPIES, COPIES, PATHS.filter(lambda p: " " not in p).map(lambda p: f"WORKDIR {p}\n")),
    min_size=1,
    max_size=4,
)


def make_random(root: Path, table: dict[str, Any]) -> None:
    """The table as far as it can be: a name below a file, and a hard link to nothing, are left out."""
    files: dict[str, Any] = {}
    for path, spec in sorted(table.items()):
        above = [path[:at] for at, character in enumerate(path) if character == "/"]
        if any(name in files and files[name][0] is not None for name in above):
            continue
        if spec == "hard":
            plain = [name for name, other in files.items() if isinstance(other[0], str) and other[0] != "link"]
            if plain:
                files[path] = (("hard", plain[0]), files[plain[0]][1])
        elif spec[0] == "link":
            files[path] = (("link", spec[1]), None)
        else:
            files[path] = spec
    make_files(root, {name: spec[0] if spec[-1] is None else spec for name, spec in files.items()})


def compare(table: dict[str, Any], ignored: str, text: str) -> None:
    if ignored and HIDDEN_FIRST.search(text):
        return
    with tempfile.TemporaryDirectory() as folder:
        context = Path(folder) / "context"
        context.mkdir()
        make_random(context, table)
        if ignored:
            (context / ".dockerignore").write_text(ignored)
        path = Path(folder) / "Kubefile"
        path.write_text(f"FROM scratch\n{text}", encoding="utf-8")
        ours, theirs = OciLayout(Path(folder) / "ours"), OciLayout(Path(folder) / "theirs")
        refused = None
        try:
            built = build_image(context, path, arch="amd64", labels={}, build_args={}, layout=ours, engine="native")
        except InputError as error:
            refused = error
        try:
            run_engine("buildah", context, path, theirs.root, arch="amd64", build_args={}, epoch=0)
        except ClusterImageError:
            assert refused is not None or BEYOND_BUILDAH.search(text), "buildah refuses this, we do not"
            return
        if refused is not None:
            assert refused.problems[0].code in STRICTER, str(refused)
            return
        other = theirs.resolve().digest
        assert unpack(ours, built.digest) == unpack(theirs, other)
        assert run_config(ours, built.digest) == run_config(theirs, other)


CONTEXTS = st.dictionaries(PATHS, SPECS, min_size=1, max_size=8)
QUICK = settings(
    max_examples=12, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), print_blob=True
)


@QUICK
@given(table=CONTEXTS, ignored=IGNORED, lines=INSTRUCTIONS)
def test_copies(table: dict[str, Any], ignored: str, lines: list[str]) -> None:
    compare(table, ignored, "".join(lines))


@QUICK
@given(values=st.lists(WORDS, min_size=1, max_size=4))
def test_variables(values: list[str]) -> None:
    lines = "".join(f"ENV V{number}={value}\n" for number, value in enumerate(values))
    compare({"a": ("x", 0o644)}, "", f"{lines}LABEL l=$V0\n")


@pytest.mark.soak
@settings(max_examples=400, deadline=None, suppress_health_check=list(HealthCheck))
@given(table=CONTEXTS, ignored=IGNORED, lines=INSTRUCTIONS)
def test_many_copies(table: dict[str, Any], ignored: str, lines: list[str]) -> None:
    compare(table, ignored, "".join(lines))


@pytest.mark.soak
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(values=st.lists(WORDS, min_size=1, max_size=4))
def test_many_variables(values: list[str]) -> None:
    lines = "".join(f"ENV V{number}={value}\n" for number, value in enumerate(values))
    compare({"a": ("x", 0o644)}, "", f"{lines}LABEL l=$V0\n")
