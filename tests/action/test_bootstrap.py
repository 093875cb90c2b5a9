from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

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
