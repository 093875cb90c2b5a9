"""What a RUN tries against the machine that builds it, with the real builder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from action.assembly.builder.run import run_engine
from action.errors import ToolError

SOMEBODY = 65534


@pytest.mark.real("buildah")
@pytest.mark.skipif(os.geteuid() != 0, reason="without root, a RUN is nobody that others are")
def test_a_run_sees_no_process_of_another_build(tmp_path: Path) -> None:
    """A14: it became the user of another build's process, and read its environment and the machine's files."""
    context = tmp_path / "context"
    programs = ["/bin/sh", "/bin/cat", "/bin/ls"]
    linked = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=True).stdout
    for path in {*programs, *re.findall(r"(?:=> |^\t)(/\S+) \(", linked, re.MULTILINE)}:
        place = context / "root" / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    spy = "cat /proc/[0-9]*/environ /proc/[0-9]*/root/etc/hostname 2>/dev/null; ls -d /proc/[0-9]*; exit 9"
    (context / "Dockerfile").write_text(f"FROM scratch\nCOPY root /\nUSER {SOMEBODY}:{SOMEBODY}\nRUN {spy}\n")
    other = subprocess.Popen(["sleep", "60"], env={"SECRET": "of-another-build"}, user=SOMEBODY, group=SOMEBODY)
    try:
        with pytest.raises(ToolError) as caught:
            run_engine(
                "buildah",
                context,
                context / "Dockerfile",
                tmp_path / "layout",
                arch="amd64",
                build_args={},
                epoch=0,
            )
    finally:
        other.kill()
        other.wait()
    assert "/proc/1" in str(caught.value)  # it did look
    assert "of-another-build" not in str(caught.value)
    assert f"/proc/{other.pid}" not in str(caught.value)


def test_output_of_a_builder_takes_no_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "buildah").write_text("#!/bin/sh\nhead -c 200000000 /dev/zero | tr '\\0' x\necho the end\nexit 3\n")
    (programs / "buildah").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    with pytest.raises(ToolError, match="exit code 3") as caught:
        run_engine("buildah", tmp_path, tmp_path / "f", tmp_path / "layout", arch="amd64", build_args={}, epoch=0)
    assert len(str(caught.value)) < 5000
