"""The maintainer's day of the README, typed as it stands there."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

from generator.workflows.render import FILES


def test_every_command_of_the_day_works(repository: Path, tmp_path: Path) -> None:
    text = (repository / "README.md").read_text(encoding="utf-8")
    day = re.search(r"^## A maintainer's day\n+```\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert day is not None
    said = []
    for line in day[1].splitlines():
        program, *arguments = shlex.split(line, comments=True)
        assert program == "python"
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=tmp_path,
            env={"PYTHONPATH": str(repository), "PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{line}\n{done.stdout}{done.stderr}"
        said.append(done.stdout)
    assert (tmp_path / "build/redis/index.json").is_file()
    assert "apps\tredis\tv7.2.5\tamd64\tapplications/redis/latest" in "".join(said)
    assert all((tmp_path / path).is_file() for path in FILES)


def test_the_table_of_workflows_is_complete(repository: Path) -> None:
    text = (repository / "README.md").read_text(encoding="utf-8")
    listed = set(re.findall(r"^\| `(imagebuild[a-z-]*)` \|", text, re.MULTILINE))
    emitted = {Path(path).stem for path in FILES}
    assert listed == emitted - {"imagebuild-build", "imagebuild-publish"}  # these two only others call
