"""A disk that is full where a build writes: one message each, and nothing half-written stays."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from generator.errors import machine_problem

ROOT = Path(__file__).resolve().parents[2]
SMALL = 'mount -t tmpfs -o size=256k none "$0" && "$@"; code=$?; ls -A "$0" > "$0.after"; exit $code'

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    version = tmp_path / "applications" / "big" / "v1"
    version.mkdir(parents=True)
    (version / "Kubefile").write_text("FROM scratch\nCOPY . .\n")
    (version / "payload").write_bytes(os.urandom(1 << 20))
    (tmp_path / "small").mkdir()
    return tmp_path


def build(tree: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "action", "build", *arguments, "--root", str(tree)]
    return subprocess.run(
        ["unshare", "--mount", "sh", "-c", SMALL, str(tree / "small"), *command],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("where", ["layout", "archive", "scratch", "row"])
def test_it_is_one_message(tree: Path, where: str) -> None:
    small = tree / "small"
    asked = ["big", "v1", "--arch", "amd64", "--output"]
    if where == "row":
        row = {"type": "apps", "app": "big", "version": "v1", "arch": "amd64", "context": "applications/big/v1"}
        asked = ["--row", json.dumps({**row, "runner": "x", "build_args": {}}), "--output"]
    output = {"layout": f"oci:{small}/l", "archive": f"oci-archive:{small}/a", "scratch": f"oci:{tree}/l"}
    extra = {"TMPDIR": str(small)} if where == "scratch" else {}
    done = build(tree, *asked, output.get(where, str(small)), **extra)
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    assert "full" in done.stderr.lower() or "No space left" in done.stderr
    if where != "row":
        assert (tree / "small.after").read_text() == ""


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (OSError(28, "No space left on device", "/x"), "disk-full"),
        (OSError(122, "Disk quota exceeded"), "disk-full"),
        (OSError(24, "Too many open files"), "no-resources"),
        (PermissionError(13, "Permission denied", "/x"), "not-allowed"),
        (OSError(5, "Input/output error", "/x"), "disk-error"),
        (MemoryError(), "no-memory"),
        (RuntimeError("can't start new thread"), "no-threads"),
        (FileNotFoundError(2, "No such file", "/x"), None),
        (ValueError("a defect"), None),
    ],
)
def test_what_the_machine_refuses_is_no_defect(error: Exception, code: str | None) -> None:
    problem = machine_problem(error)
    assert (problem.code if problem else None) == code
