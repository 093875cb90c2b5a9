from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from action import bootstrap
from tests.support.github_api import FakeGitHub, serve

BOOTSTRAP = "action/bootstrap.py"


def test_the_action_runs_in_an_interpreter_that_has_its_packages(repository: Path, tmp_path: Path) -> None:
    """No package of the workspace is imported instead of the action's own."""
    (tmp_path / "action").mkdir()
    (tmp_path / "action" / "__init__.py").write_text("raise SystemExit('imported from the workspace')\n")
    command = [sys.executable, "-I", str(repository / BOOTSTRAP), "run", "parse"]
    environment = {**os.environ, "RUNNER_TEMP": str(tmp_path)}
    process = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert process.returncode == 2, process.stderr
    assert "usage: python -m action parse" in process.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["action"]


@pytest.mark.parametrize("arguments", [[], ["run"], ["install", "venv"], ["other", "x"]])
def test_wrong_use_is_answered_with_the_usage(repository: Path, arguments: list[str]) -> None:
    command = [sys.executable, str(repository / BOOTSTRAP), *arguments]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode == 2
    assert "bootstrap.py install VENV FILE" in process.stderr


def test_a_package_that_is_not_locked_is_refused(repository: Path, tmp_path: Path) -> None:
    """The lock file's hashes are demanded, so that nothing else can be installed beside a credential."""
    (tmp_path / "lock.txt").write_text("PyYAML==6.0.3\n")
    command = [
        sys.executable,
        str(repository / BOOTSTRAP),
        "install",
        str(tmp_path / "venv"),
        str(tmp_path / "lock.txt"),
    ]
    process = subprocess.run(command, capture_output=True, text=True, check=False)
    assert process.returncode != 0
    assert "require-hashes" in process.stdout + process.stderr


@pytest.mark.parametrize("name", ["action", "helm", "dev"])
def test_every_locked_package_has_a_hash_and_no_address(repository: Path, name: str) -> None:
    text = (repository / "requirements" / f"{name}.txt").read_text()
    packages = [line for line in text.splitlines() if line and line[0] not in " #"]
    assert packages
    assert all("==" in line and line.endswith("\\") for line in packages)
    assert "://" not in text


@pytest.mark.parametrize("phase", sorted(bootstrap.PHASES))
def test_a_phase_runs_with_the_packages_of_its_own(repository: Path, tmp_path: Path, phase: str) -> None:
    """Fewer packages start sooner; a phase that imports another one has to say so in PHASES."""
    locked = bootstrap.read_lock(repository / "requirements/action.txt")
    for package in bootstrap.needed(locked, bootstrap.PHASES[phase]):
        if bootstrap._installed(package):
            _link(package.name, tmp_path / "packages")
    (tmp_path / "packages").mkdir(exist_ok=True)
    version = tmp_path / "applications/web/v1"
    version.mkdir(parents=True)
    (version / "Kubefile").write_text("FROM scratch\n")
    (tmp_path / "imagebuild.yaml").write_text("registry: 127.0.0.1:9\nnamespace: me\n")
    (tmp_path / "applications/web/image.yaml").write_text("description: a web site\n")
    with serve(FakeGitHub(), "secret") as github:
        arguments = _arguments(phase, github, tmp_path)
        environment = {
            "PYTHONPATH": f"{repository}:{tmp_path / 'packages'}",
            "GITHUB_API_URL": github.url,
            "GITHUB_REPOSITORY": github.repository,
            "IMAGEBUILD_TOKEN": "secret",
        }
        process = subprocess.run(
            [sys.executable, "-S", "-P", "-m", "action", phase, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
    assert "Traceback" not in process.stderr, process.stderr
    assert process.returncode == (1 if phase == "publish" else 0), process.stderr
    if phase == "publish":
        assert "has no image for amd64" in process.stderr
    else:
        assert github.bodies() != []


def _link(package: str, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    files = importlib.metadata.files(package) or []
    for top in {file.parts[0] for file in files if file.parts[0] not in ("..", "__pycache__")}:
        place = Path(str(importlib.metadata.distribution(package).locate_file(top)))
        (folder / top).symlink_to(place)


def _arguments(phase: str, github: FakeGitHub, folder: Path) -> list[str]:
    target = {"type": "apps", "app": "web", "version": "v1", "arches": ["amd64"]}
    if phase == "publish":
        return ["--target", json.dumps({**target, "build_args": {}}), "--layouts", str(folder / "none")]
    github.roles["asker"] = "write"
    issue = github.add_issue(1, title="【Auto-build】web")
    if phase == "report":
        planned = {**target, "context": "applications/web/v1", "image": "r.example/me/web:v1"}
        plan = {"targets": [planned], "issue": 1, "source": 0, "status": 0}
        return ["--plan", json.dumps(plan), "--results", str(folder / "none")]
    comment = github.add_comment(1, "/imagebuild_apps web v9", {"login": "asker", "type": "User"})
    event = {"action": "created", "issue": issue, "comment": comment, "sender": {"login": "asker", "type": "User"}}
    (folder / "event.json").write_text(json.dumps(event))
    return ["--event", str(folder / "event.json"), "--event-name", "issue_comment"]
