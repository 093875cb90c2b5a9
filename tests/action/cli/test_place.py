"""``python -m action place`` and ``verify``, as a person runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import images
from tests.support.registries import PASSWORD, USER, RunningRegistry, docker_registry

pytestmark = pytest.mark.real("docker-registry")

POD = """
apiVersion: v1
kind: Pod
metadata: {name: web}
spec: {containers: [{name: web, image: "nginx:1.25"}]}
"""


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with docker_registry(tmp_path_factory.mktemp("cli"), password=True) as running:
        images.push(images.both_arches("cli"), running.host, "hub/library/nginx", "1.25", login=(USER, PASSWORD))
        yield running


@pytest.fixture
def context(tmp_path: Path) -> Path:
    (tmp_path / "manifests").mkdir()
    (tmp_path / "manifests/pod.yaml").write_text(POD)
    (tmp_path / "Kubefile").write_text('FROM scratch\nCOPY . .\nCMD ["kubectl apply -f manifests"]\n')
    return tmp_path


def action(repository: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "action", *arguments],
        cwd=repository,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def login(registry: RunningRegistry, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("docker")
    auths = {registry.host: {"username": USER, "password": PASSWORD}}
    (folder / "config.json").write_text(json.dumps({"auths": auths}))
    return {"DOCKER_CONFIG": str(folder)}


def test_a_scanned_context_is_filled_through_a_mirror_and_verified(
    repository: Path, registry: RunningRegistry, context: Path, login: dict[str, str]
) -> None:
    mirror = f"docker.io={registry.url}/hub"
    done = action(repository, "place", str(context), "--arch", "arm64", "--mirror", mirror, **login)
    assert done.returncode == 0, done.stderr
    assert "library/nginx:1.25" in done.stdout
    assert "manifests/pod.yaml" in done.stdout
    assert "docker.io/library/nginx:1.25: " in done.stderr
    checked = action(repository, "verify", str(context / "registry"), "--arch", "arm64")
    assert (checked.returncode, checked.stderr) == (0, "")
    wrong = action(repository, "verify", str(context / "registry"), "--arch", "amd64")
    assert wrong.returncode == 1
    assert "is for linux/arm64, not for linux/amd64" in wrong.stderr


def test_named_images_are_placed_without_a_scan(
    repository: Path, registry: RunningRegistry, tmp_path: Path, login: dict[str, str]
) -> None:
    image = f"{registry.host}/hub/library/nginx:1.25"
    done = action(repository, "place", str(tmp_path), "--arch", "amd64", "--image", image, **login)
    assert done.returncode == 0, done.stderr
    assert "1 images" in done.stdout


def test_a_missing_login_is_one_message_with_the_way_out(
    repository: Path, registry: RunningRegistry, tmp_path: Path
) -> None:
    names = [f"{registry.host}/a/b:{number}" for number in range(3)]
    arguments = [word for name in names for word in ("--image", name)]
    done = action(repository, "place", str(tmp_path), "--arch", "amd64", *arguments)
    assert done.returncode == 1
    assert done.stderr == (
        f"error: {registry.host} asks for a login, and none is configured for it (401)\n"
        f"  hint: log in with `docker login {registry.host}` or `skopeo login {registry.host}`, "
        "or give a username and a password\n"
    )


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--mirror", "docker.io"], 2, "is not HOST=URL"),
        (["--image", "team/UPPER"], 1, "is not an image reference"),
        (["--jobs", "0"], 2, "invalid"),
    ],
)
def test_wrong_arguments(repository: Path, tmp_path: Path, arguments: list[str], code: int, words: str) -> None:
    done = action(repository, "place", str(tmp_path), "--arch", "amd64", *arguments)
    assert done.returncode == code
    assert words in done.stderr
