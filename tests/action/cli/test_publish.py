"""The verb publish: where it publishes to, with which login, and what it leaves for the report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from action.__main__ import main
from action.errors import ClusterImageError, InputError, UsageError
from action.model.address import default_destination
from action.model.origin import Origin
from action.model.results import PublishResult
from action.store.oci.layout import OciLayout
from generator.settings.settings import Settings
from tests.support.building import build_image
from tests.support.registries import PASSWORD, USER, RunningRegistry, docker_registry

TARGET = json.dumps({"type": "apps", "app": "web", "version": "v1", "arches": ["amd64"], "build_args": {}})


@pytest.fixture
def registry(tmp_path: Path) -> Iterator[RunningRegistry]:
    with docker_registry(tmp_path / "registry", password=True) as running:
        yield running


@pytest.fixture
def layouts(tmp_path: Path) -> Path:
    """As the artifacts of the build jobs are downloaded, beside a tree whose application is for amd64 only."""
    version = tmp_path / "applications/web/v1"
    version.mkdir(parents=True)
    (version / "Kubefile").write_text("FROM scratch\n")
    (version / "build_arch").write_text("amd64\n")
    context = tmp_path / "context"
    context.mkdir()
    (context / "Kubefile").write_text("FROM scratch\nCOPY Kubefile /\n")
    layout = OciLayout(tmp_path / "layouts/image@apps@web@v1@amd64")
    built = build_image(context, context / "Kubefile", arch="amd64", labels={}, build_args={}, layout=layout)
    origin = Origin(type="apps", app="web", version="v1", arch="amd64", run="")
    layout.put_index("v1-amd64", built.digest, annotations=origin.annotations())
    return tmp_path / "layouts"


def arguments(layouts: Path, registry: str) -> list[str]:
    output = str(layouts.parent / "out")
    return [
        "publish", "--target", TARGET, "--layouts", str(layouts), "--registry", registry, "--namespace", "me",
        "--output", output, "--root", str(layouts.parent),
    ]  # fmt: skip


@pytest.mark.real("docker-registry")
def test_the_login_comes_through_the_environment(
    registry: RunningRegistry, layouts: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("IMAGEBUILD_USERNAME", USER)
    monkeypatch.setenv("IMAGEBUILD_PASSWORD", PASSWORD)
    assert main(arguments(layouts, registry.host)) == 0
    result = PublishResult.read(layouts.parent / "out/result.json")
    assert result.reference == f"{registry.host}/me/web:v1"
    assert result.ok
    told = capsys.readouterr()
    assert str(result.digest) in told.out
    assert PASSWORD not in told.out + told.err


@pytest.mark.real("docker-registry")
def test_a_refused_login_leaves_a_result_that_says_so(
    registry: RunningRegistry, layouts: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("IMAGEBUILD_USERNAME", USER)
    monkeypatch.setenv("IMAGEBUILD_PASSWORD", "wrong")
    with pytest.raises(ClusterImageError):
        main(arguments(layouts, registry.host))
    result = PublishResult.read(layouts.parent / "out/result.json")
    assert not result.ok
    assert registry.host in result.problems[0].message


def test_a_missing_architecture_is_told_in_the_result(layouts: Path) -> None:
    both = json.dumps({**json.loads(TARGET), "arches": ["amd64", "arm64"]})
    with pytest.raises(InputError, match="no image for arm64"):
        main([*arguments(layouts, "127.0.0.1:9"), "--target", both])
    result = PublishResult.read(layouts.parent / "out/result.json")
    assert [problem.code for problem in result.problems] == ["missing-architecture"]


def test_a_password_is_no_option(layouts: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([*arguments(layouts, "127.0.0.1:9"), "--password", "x"])


@pytest.mark.parametrize("text", ["", "{", "[]", '{"type": "apps"}'])
def test_a_target_that_is_none(layouts: Path, text: str) -> None:
    with pytest.raises(UsageError):
        main([*arguments(layouts, "127.0.0.1:9"), "--target", text or "null"])


def test_where_to_publish_by_default() -> None:
    owner = {"GITHUB_REPOSITORY_OWNER": "Some-One"}
    assert default_destination(Settings(), "apps", owner) == ("ghcr.io", "some-one")
    assert default_destination(Settings(registry="r.example", namespace="n"), "apps", owner) == ("r.example", "n")
    with pytest.raises(InputError, match="under which name"):
        default_destination(Settings(), "apps", {})
