"""What a build directory, or what an init.sh makes of it, tries against the reader of it: each tried for real."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from action.assembly.native.go_glob import compile_component
from action.assembly.native.ignore_file import Ignored
from action.assembly.native.sources import ContextFiles
from action.buildfile.substitution import SubstitutionError, expand
from action.context.staging import check_what_is_read
from action.discovery.scan import scan_context
from action.errors import InputError
from action.model.findings import Scan

ROOT = Path(__file__).resolve().parents[2]
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: 'private.example/s:1'}]}\n"


@pytest.fixture
def outside(tmp_path: Path) -> Path:
    """What the build directory has no business with."""
    folder = tmp_path / "outside"
    (folder / "chart" / "templates").mkdir(parents=True)
    (folder / "chart" / "Chart.yaml").write_text("apiVersion: v2\nname: secret-chart\nversion: 1.0.0\n")
    (folder / "chart" / "templates" / "p.yaml").write_text(POD)
    (folder / "m").mkdir()
    (folder / "m" / "p.yaml").write_text(POD)
    (folder / "run.sh").write_text("kubectl apply -f https://private.example/x\ndocker pull private.example/s:1\n")
    (folder / "values.yaml").write_text("image: private.example/s:1\n")
    return folder


def scan(tmp_path: Path, command: str, make: Callable[[Path], None]) -> Scan:
    context = tmp_path / "context"
    context.mkdir()
    (context / "Kubefile").write_text(f'FROM scratch\nCOPY . .\nCMD ["{command}"]\n')
    make(context)
    return scan_context(context, arch="amd64")


def everything(found: Scan) -> str:
    return repr((found.images, found.ignored, found.problems, found.blind_spots))


@pytest.mark.parametrize(
    ("command", "link", "target"),
    [
        ("kubectl apply -f opt/m", "opt/m", "m"),
        ("kubectl apply -f opt/m/p.yaml", "opt/m", "m"),
        ("kubectl apply -f opt/p.yaml", "opt/p.yaml", "m/p.yaml"),
        ("kubectl apply -k opt/m", "opt/m", "m"),
        ("helm install a opt/chart", "opt/chart", "chart"),
        ("helm install a opt/c*", "opt", "."),
        ("bash opt/run.sh", "opt/run.sh", "run.sh"),
    ],
)
@pytest.mark.parametrize("relative", [False, True])
def test_a_link_out_of_the_context_is_followed_nowhere(
    tmp_path: Path, outside: Path, command: str, link: str, target: str, relative: bool
) -> None:
    """A13: they were read with our rights, and what they name stood in messages."""

    def make(context: Path) -> None:
        place = context / link
        place.parent.mkdir(exist_ok=True)
        place.symlink_to(os.path.relpath(outside / target, place.parent) if relative else outside / target)

    assert "private.example" not in everything(scan(tmp_path, command, make))


@pytest.mark.real("helm")
@pytest.mark.parametrize("option", ["--set-file", "--values"])
def test_an_option_reads_no_file_of_the_machine(tmp_path: Path, outside: Path, option: str) -> None:
    def make(context: Path) -> None:
        chart = context / "charts" / "web"
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 1.0.0\n")
        (chart / "templates" / "p.yaml").write_text("{{ fail (toJson .Values) }}")

    path = outside / "values.yaml"
    words = f"helm install web charts/web {option} {f'x={path}' if option == '--set-file' else path}"
    assert "private.example/s" not in everything(scan(tmp_path, words, make))


@pytest.mark.real("helm")
@pytest.mark.parametrize("what", ["link", "pipe"])
def test_a_chart_with_a_link_out_or_a_pipe_in_it_is_refused(tmp_path: Path, outside: Path, what: str) -> None:
    def make(context: Path) -> None:
        chart = context / "opt" / "web"
        (chart / "templates").mkdir(parents=True)
        (chart / "Chart.yaml").write_text("apiVersion: v2\nname: web\nversion: 1.0.0\n")
        if what == "link":
            (chart / "templates" / "p.yaml").symlink_to(outside / "m" / "p.yaml")
        else:
            os.mkfifo(chart / "templates" / "p.yaml")

    found = scan(tmp_path, "helm install web opt/web", make)
    assert "private.example" not in everything(found)
    assert ("unsafe-file", "opt/web/templates/p.yaml") in [(one.code, one.file) for one in found.problems]


@pytest.mark.parametrize("command", ["kubectl apply -f opt/p.yaml", "bash opt/p.yaml", "kubectl apply -f opt"])
def test_a_pipe_is_read_nowhere(tmp_path: Path, command: str) -> None:
    def make(context: Path) -> None:
        (context / "opt").mkdir()
        os.mkfifo(context / "opt" / "p.yaml")
        os.mkfifo(context / "opt" / "q.yaml")

    assert scan(tmp_path, command, make).images == ()


def test_a_link_inside_of_the_context_still_leads_somewhere(tmp_path: Path) -> None:
    def make(context: Path) -> None:
        (context / "real").mkdir()
        (context / "real" / "p.yaml").write_text(POD)
        (context / "opt").symlink_to("/real")  # as on the node, where the context is the root

    assert "private.example/s:1" in everything(scan(tmp_path, "kubectl apply -f opt", make))


def test_a_hint_of_copy_lists_nothing_outside(tmp_path: Path) -> None:
    """A13: "did you mean opt/x/sys?"."""
    from action.context.beneath import beneath

    context = tmp_path / "context"
    (context / "opt").mkdir(parents=True)
    (context / "opt" / "x").symlink_to("/")
    assert beneath(context, "opt/x") == context
    assert beneath(context, "opt/x/usr") is None
    assert beneath(context, "../outside") is None
    assert ContextFiles(context, Ignored(())).matches("opt/x/usr") == []


@pytest.mark.parametrize("name", ["registry/docker/registry/v2/blobs/sha256/aa/data", "manifests/a.yaml", "charts/c"])
def test_a_pipe_where_the_build_reads_is_refused_after_init(tmp_path: Path, name: str) -> None:
    """It hung past the hour that init.sh has."""
    (tmp_path / name).parent.mkdir(parents=True)
    os.mkfifo(tmp_path / name)
    with pytest.raises(InputError, match="neither a file"):
        check_what_is_read(tmp_path, "applications/web/v1")


@pytest.mark.parametrize("name", [b"manifests/d\xe9ploiement.yaml", b"manifests/a\n::add-mask::x", b"charts/a\x1b[2J"])
def test_a_name_that_is_not_text_ends_in_a_message(tmp_path: Path, name: bytes) -> None:
    for folder in ("manifests", "charts"):
        (tmp_path / folder).mkdir()
    (tmp_path / os.fsdecode(name)).write_text(POD)
    with pytest.raises(InputError, match="control characters, or that is not UTF-8") as caught:
        check_what_is_read(tmp_path, "applications/web/v1")
    assert str(caught.value).isascii()
    assert "\n::" not in str(caught.value)


def limited(code: str) -> subprocess.CompletedProcess[str]:
    """What Python code does in a process that may take little: 400 MB and 20 seconds of its processor."""

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (400 << 20, 400 << 20))
        resource.setrlimit(resource.RLIMIT_CPU, (20, 20))

    return subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, preexec_fn=limit, capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("stars", [20, 200])
def test_many_wildcards_take_no_time(stars: int) -> None:
    """More than 120 seconds, without end."""
    code = f"""
from action.assembly.native.go_glob import compile_component
from action.assembly.native.ignore_file import Ignored
pattern = "a*" * {stars} + "b"
print(compile_component(pattern).fullmatch("a" * 250) is None, "a" * 250 in Ignored([pattern]))
print(compile_component(pattern).fullmatch("a" * 250 + "b") is not None, "a" * 250 + "b" in Ignored([pattern]))
"""
    assert limited(code).stdout.split() == ["True", "False", "True", "True"]


def test_what_wildcards_match_is_what_it_was() -> None:
    """Against plain backtracking, where that takes no time."""
    import itertools
    import re

    texts = ["".join(letters) for length in range(5) for letters in itertools.product("ab", repeat=length)]
    for pattern in ["".join(letters) for length in range(5) for letters in itertools.product("a*?b", repeat=length)]:
        plain = re.compile(pattern.replace("?", "[^/]").replace("*", "[^/]*"))
        for text in texts:
            assert bool(compile_component(pattern).fullmatch(text)) == bool(plain.fullmatch(text)), (pattern, text)


def test_variables_that_double_and_variables_inside_each_other_end_in_a_message() -> None:
    value = {"A": "x"}
    with pytest.raises(SubstitutionError, match="longer than"):
        for _ in range(30):
            value["A"] = expand("$A$A$A$A", value)
    with pytest.raises(SubstitutionError, match="inside each other"):
        expand("${A:-" * 20_000 + "}" * 20_000, {})
    assert expand("${A:-" * 90 + "x" + "}" * 90, {}) == "x"


def test_a_word_longer_than_any_path_is_no_file(tmp_path: Path) -> None:
    word = "x" * 100_000
    found = scan(tmp_path, f"kubectl apply -f {word} && bash {word} && helm install a ./{word}", lambda _: None)
    assert found.images == ()
    assert ContextFiles(tmp_path / "context", Ignored(())).matches(word) == []
