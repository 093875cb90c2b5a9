"""What a build says that is inside is inside: from the tree to the table, the result and the file in the image."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from action.__main__ import main
from action.assembly.bill_layer import read_bill
from action.errors import run
from action.model import bill
from action.model.results import BuildResult
from action.store.oci.layout import OciLayout
from generator.maintenance.scaffold import new_app
from generator.settings.settings import Settings
from tests.support import images
from tests.support.registries import RunningRegistry, docker_registry
from tests.support.unpacked import make_files, unpack

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec: {containers: [{name: web, image: '%s'}]}\n"


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as running:
        images.push(images.both_arches("inside"), running.host, "team/inside", "v1")
        yield running


def build(root: Path) -> tuple[int, BuildResult, OciLayout]:
    output = root / "out"
    row = {"type": "apps", "app": "web", "version": "v1", "arch": "amd64", "context": "x", "runner": "y"}
    words = ["build", "--row", json.dumps(row), "--root", str(root), "--output", str(output)]
    code = run(lambda: main(words))
    return code, BuildResult.read(output / "result.json"), OciLayout(output / "layout")


def test_a_new_application_carries_nothing_and_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    new_app(tmp_path, Settings(), "apps", "web", "v1")
    code, result, layout = build(tmp_path)
    assert code == 0
    assert result.images == read_bill(layout, result.digest or "") == ()
    assert unpack(layout, result.digest or "")["registry"].kind == "directory"
    assert [(problem.code, problem.severity, problem.file) for problem in result.problems] == [
        ("no-images", "warning", "applications/web/v1")
    ]
    assert "carries no container image: nothing in it names one" in capsys.readouterr().out


def test_nothing_is_carried_because_an_ignore_list_says_so(tmp_path: Path) -> None:
    new_app(tmp_path, Settings(), "apps", "web", "v1")
    files = {"manifests/pod.yaml": POD % "127.0.0.1:1/a:1", ".sealignore": "127.0.0.1:1/a:1\n"}
    make_files(tmp_path / "applications/web/v1", files)
    code, result, _ = build(tmp_path)
    (problem,) = [problem for problem in result.problems if problem.code == "no-images"]
    assert code == 0
    assert problem.message == "carries no container image: .sealignore leaves out 127.0.0.1:1/a:1"
    assert problem.hint == "when it runs one of them, take it out of .sealignore"


@pytest.mark.real("docker-registry")
def test_every_list_is_the_one_of_the_image(
    tmp_path: Path, registry: RunningRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    new_app(tmp_path, Settings(), "apps", "web", "v1")
    make_files(tmp_path / "applications/web/v1", {"manifests/pod.yaml": POD % f"{registry.host}/team/inside:v1"})
    code, result, layout = build(tmp_path)
    assert code == 0
    (inside,) = result.images
    assert inside.reference == f"{registry.host}/team/inside:v1"
    assert inside.reference in capsys.readouterr().out
    assert read_bill(layout, result.digest or "") == result.images
    document = bill.to_cyclonedx("web", "v1", result.digest or "", result.images)
    assert [part["hashes"][0]["content"] for part in document["components"]] == [inside.digest.removeprefix("sha256:")]
    held = unpack(layout, result.digest or "")
    assert f"registry/docker/registry/v2/blobs/sha256/{inside.digest[7:9]}/{inside.digest[7:]}/data" in held


@pytest.mark.real("docker-registry")
def test_a_build_file_that_leaves_the_images_out_ends_the_build(
    tmp_path: Path, registry: RunningRegistry, capsys: pytest.CaptureFixture[str]
) -> None:
    new_app(tmp_path, Settings(), "apps", "web", "v1")
    make_files(
        tmp_path / "applications/web/v1",
        {
            "manifests/pod.yaml": POD % f"{registry.host}/team/inside:v1",
            "Kubefile": "# first\nFROM scratch\nCOPY manifests ./manifests\n",
        },
    )
    code, result, _ = build(tmp_path)
    assert (code, result.digest) == (1, None)
    (problem,) = result.problems
    assert (problem.code, problem.file, problem.line) == (
        "registry-not-in-image",
        "applications/web/v1/Kubefile",
        2,
    )
    assert problem.hint == "add the line `COPY registry ./registry`"
    assert "the image has no /registry" in capsys.readouterr().err
