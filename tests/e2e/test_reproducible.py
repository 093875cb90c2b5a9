"""The same tree gives the same image: in another folder, under another umask, in another time zone."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from action.store.oci.layout import OciLayout


def checkout(repository: Path, folder: Path, umask: int) -> Path:
    """The catalogue as git would put it there; what git does not keep differs."""
    shutil.copytree(repository / "applications", folder / "applications", symlinks=True)
    for path in folder.rglob("*"):
        if not path.is_symlink():
            runs = path.is_dir() or path.stat().st_mode & 0o100
            path.chmod((0o777 if runs else 0o666) & ~umask)
            os.utime(path, (umask * 10**6,) * 2)
    return folder


def build(repository: Path, root: Path, output: Path, umask: int, zone: str) -> str:
    """The digest of the index."""
    subprocess.run(
        [sys.executable, "-m", "action", "build", "hello", "v1.0.0", "--root", str(root), "--output", f"oci:{output}"],
        check=True,
        capture_output=True,
        cwd=repository,
        env={**os.environ, "TZ": zone, "PYTHONHASHSEED": str(umask)},
        umask=umask,
    )
    return OciLayout(output).resolve().digest


def test_two_machines_agree(repository: Path, tmp_path: Path) -> None:
    one = checkout(repository, tmp_path / "one", 0o022)
    two = checkout(repository, tmp_path / "a/folder with spaces/two", 0o077)
    first = build(repository, one, tmp_path / "first", 0o022, "Asia/Tokyo")
    assert build(repository, two, tmp_path / "second", 0o077, "America/Lima") == first
