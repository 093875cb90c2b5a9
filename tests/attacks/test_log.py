"""What a tree, a request or a result writes into the log of a runner by its names (A12): every verb, for real."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import images
from tests.support.registries import RunningRegistry, docker_registry

ROOT = Path(__file__).resolve().parents[2]
# Bytes, as a repository has them: half of these are no UTF-8.
NAMES = (
    b"a\n::add-mask::MASKED",
    b"a\n\t::warning file=README.md::owned",
    b"a\r::stop-commands::owned",
    b"##[error]owned",
    b"a ##[add-mask]x",
    b"\x1b[2J\x1b]0;owned\x07",
    b"\xff\n::error::\xfe",
    "\u2028::group::owned".encode(),
    "\x9b2J".encode(),
)
POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: '%s'}]}\n"
KUBEFILE = 'FROM scratch\nCOPY . .\nCMD ["kubectl apply -f manifests"]\n'
# The commands that we mean, with nothing that could begin another behind them.
OURS = re.compile(
    r"::(error|warning) [^:]*::.*|::group::placing \d+ images, [\w. ]+|::endgroup::|::stop-commands::\w+|::\w{32}::"
)
APP = "applications/web/v1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What a verb wrote, as bytes became text, and how it ended."""

    code: int
    out: str
    err: str


def obeyed(text: str) -> list[str]:
    """The lines of a log that a runner takes as commands: TryParseV2 and TryParse in its ActionCommand.cs."""
    lines = re.split(r"[\n\r\x0b\x0c\x85\u2028\u2029]", text)
    return [line for line in lines if line.lstrip().startswith("::") or "##[" in line]


def run(root: Path, package: str, *arguments: str, **environment: str) -> Said:
    """Start a verb in the tree, as a step of a workflow would."""
    done = subprocess.run(
        [sys.executable, "-m", package, *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(ROOT), "GITHUB_ACTIONS": "true", "LC_ALL": "C.UTF-8", **environment},
        capture_output=True,
        check=False,
    )
    said = Said(code=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())
    assert "Traceback" not in said.err, said.err
    return said


def shown(root: Path, package: str, *arguments: str, **environment: str) -> Said:
    """The same, and nothing of it is a command but those we mean; a terminal obeys none of it either."""
    said = run(root, package, *arguments, **environment)
    log = f"{said.out}\n{said.err}"
    assert [line for line in obeyed(log) if not OURS.fullmatch(line)] == []
    assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]", log)
    return said


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with docker_registry(tmp_path_factory.mktemp("log")) as running:
        images.push(images.both_arches("log"), running.host, "web", "1")
        yield running


def write(root: Path, image: str) -> Path:
    """An application whose manifests have hostile names, and beside it applications that have."""
    for folder in (root / APP / "manifests", root / APP / "registry", root / "applications" / "latest"):
        folder.mkdir(parents=True)
    (root / APP / "Kubefile").write_text(KUBEFILE)
    for name in NAMES:
        (root / APP / "manifests" / os.fsdecode(name + b".yaml")).write_text(POD % image)
        for path in (name + b"/v1", b"web/" + name):
            folder = root / "applications" / os.fsdecode(path)
            folder.mkdir(parents=True)
            (folder / "Kubefile").write_text(KUBEFILE)
    return root


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return write(tmp_path, "localhost:1/web:1")


@pytest.mark.real("docker-registry")
def test_the_tables_of_what_is_inside(tmp_path: Path, registry: RunningRegistry) -> None:
    """Images are found in files of such names (those with control characters are refused), which the tables show."""
    (tmp_path / APP / "manifests").mkdir(parents=True)
    (tmp_path / APP / "Kubefile").write_text(KUBEFILE)
    (tmp_path / "imagebuild.yaml").write_text(f"insecure: [{registry.host}]\n")
    for name in (b"##[error]owned", b"a ##[add-mask]x", b"::error::x"):
        (tmp_path / APP / "manifests" / os.fsdecode(name + b".yaml")).write_text(POD % f"{registry.host}/web:1")
    built = shown(tmp_path, "action", "build", "web", "v1", "--arch", "amd64", "--output", "oci:image")
    assert built.code == 0, built.err
    assert "owned" in built.out
    row = {"type": "apps", "app": "web", "version": "v1", "arch": "amd64", "context": APP, "runner": "x"}
    by_row = shown(tmp_path, "action", "build", "--row", json.dumps(row), "--output", "row")
    assert by_row.code == 0, by_row.err
    placed = shown(tmp_path, "action", "place", APP, "--arch", "amd64", "--insecure", registry.host)
    assert placed.code == 0, placed.err
    assert "owned" in placed.out
    assert shown(tmp_path, "action", "verify", f"{APP}/registry").code == 0


def test_scan(tree: Path) -> None:
    table = shown(tree, "action", "scan", APP)
    assert "owned" in table.out
    shown(tree, "action", "scan", APP, "--why", "localhost:1/web:1")
    shown(tree, "action", "scan", APP, "--strict")
    exact = run(tree, "action", "scan", APP, "--format", "json")
    files = {source["file"] for image in json.loads(exact.out)["images"] for source in image["sources"]}
    assert "manifests/a ##[add-mask]x.yaml" in files
    assert "manifests/a\n::add-mask::MASKED.yaml" in files


@pytest.mark.parametrize(
    "arguments",
    [
        ("build", "web", "v1", "--output", "oci:image"),
        ("place", APP, "--arch", "amd64"),
        ("build", "web", "a\n::add-mask::x", "--output", "oci:image"),
        ("build", "##[error]x", "v1", "--type", "\n::error::x", "--output", "oci:image"),
        ("scan", "no\n::error::x"),
        ("scan", APP, "--why", "##[error]x"),
        ("place", "no\n::error::x", "--arch", "amd64"),
        ("place", APP, "--arch", "\n::error::x##[error]"),
        ("verify", "\n::error::x", "##[error]\n::error::x"),
        ("\n::error::x##[error]",),
        ("simulate", "--event", "\n::error::x##[error]"),
        ("report", "--plan", "\n::error::x##[error]", "--results", "x"),
        ("publish", "--target", '{"\n::error::x##[error]": 1}', "--layouts", "x"),
        ("plan", "--event", "\n::error::x##[error]", "--event-name", "##[error]x"),
    ],
)
def test_what_is_refused(tree: Path, arguments: tuple[str, ...]) -> None:
    """Each of these ends in a message that quotes what was given."""
    assert shown(tree, "action", *arguments).code in (1, 2)


def test_verify_of_a_hostile_directory(tree: Path) -> None:
    for name in NAMES:
        (tree / APP / "registry" / os.fsdecode(name)).write_bytes(b"")
    assert shown(tree, "action", "verify", f"{APP}/registry").code == 1


REQUEST = "/imagebuild_apps %s v1\n/imagebuild_dockerimages web v1 A='\x1b[2J##[error]x'\n\n/imagebuild_apps web %s\n"


@pytest.mark.parametrize("name", NAMES)
def test_parse_and_simulate(tree: Path, name: bytes) -> None:
    text = os.fsdecode(name)
    body = REQUEST % (text, text)
    (tree / "body").write_bytes(os.fsencode(body))
    shown(tree, "action", "parse", "--body-file", "body")
    exact = run(tree, "action", "parse", "--body-file", "body", "--format", "json")
    assert set(json.loads(exact.out)) >= {"requests", "errors"}
    user = {"login": f"x{text}", "type": "User"}
    issue = {
        "number": 1,
        "title": f"【Auto-build】{text}",
        "body": body,
        "user": user,
        "labels": [{"name": "accepted"}],
    }
    event = {"action": "opened", "issue": issue, "sender": user, "repository": {"full_name": "a/b"}}
    (tree / "event").write_text(json.dumps(event))
    simulated = shown(tree, "action", "simulate", "--event", "event")
    assert "decision: " in simulated.out


@pytest.mark.parametrize("name", NAMES)
def test_plan_report_and_publish(tree: Path, name: bytes) -> None:
    """What the jobs of a run hand to each other; offline, because nobody waits for an answer."""
    text = os.fsdecode(name)
    github = {
        "GITHUB_REPOSITORY": "a/b",
        "GITHUB_OUTPUT": str(tree / "outputs"),
        "GITHUB_STEP_SUMMARY": str(tree / "s"),
    }
    (tree / "event").write_text(json.dumps({"inputs": {"app": text, "version": text}}))
    shown(tree, "action", "plan", "--event", "event", "--event-name", "workflow_dispatch", **github)
    target = {"type": "apps", "app": text, "version": "v1", "arches": ["amd64"], "build_args": {"A": text}}
    reported = shown(
        tree,
        "action",
        "report",
        "--plan",
        json.dumps({"targets": [{**target, "context": text, "image": text}]}),
        "--results",
        "none",
        **github,
    )
    assert reported.code == 0, reported.err
    told = shown(tree, "action", "publish", "--target", json.dumps(target), "--layouts", f"none{text}", **github)
    assert told.code in (1, 2), told.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("lint",),
        ("lint", "--format", "github"),
        ("list",),
        ("matrix", "--format", "text"),
        ("settings",),
        ("new", "\n::error::x##[error]"),
        ("add-version", "web", "\n::error::x##[error]"),
        ("lint", "--root", "\n::error::x##[error]"),
        ("lint", "##[error]\n::error::x"),
        ("pins", "--from", "\n::error::x##[error]"),
        ("--check",),
    ],
)
def test_the_generator(tree: Path, arguments: tuple[str, ...]) -> None:
    shown(tree, "generator", *arguments)


@pytest.mark.parametrize("verb", ["lint", "list", "matrix", "settings"])
def test_the_json_of_the_generator_is_exact(tree: Path, verb: str) -> None:
    found = json.loads(run(tree, "generator", verb, "--format", "json").out)
    if verb == "lint":
        assert "applications/##[error]owned" in {problem["path"] for problem in found}


def test_the_difference_to_a_hostile_workflow_stays_exact(tree: Path) -> None:
    """A patch is for a program too: the runner is told to obey nothing while it passes."""
    assert run(tree, "generator").code == 0
    file = tree / ".github/workflows/imagebuild.yml"
    hostile = file.read_text().replace("name: imagebuild\n", "::add-mask::x\n##[error]x\nname: imagebuild\n")
    file.write_text(hostile)
    checked = run(tree, "generator", "--check")
    assert checked.code == 1
    stop, *diff, start = checked.out.rstrip("\n").split("\n")
    assert start == f"::{stop.removeprefix('::stop-commands::')}::"
    assert "-::add-mask::x" in diff
    assert "-##[error]x" in diff
    assert obeyed(checked.err) == []
