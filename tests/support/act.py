"""Runs emitted workflows with ``act`` on this machine, as GitHub would run them on its own."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
_STAND_INS = Path(__file__).parent / "actions"
_RUNNERS = ("ubuntu-24.04", "ubuntu-24.04-arm")
_TIMEOUT_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class Checkout:
    """A repository as a fork has it: this project's tracked files, its own settings, one commit."""

    path: Path
    artifacts: Path
    env: dict[str, str] = field(default_factory=dict)

    def commit(self, message: str = "change") -> str:
        """Commit whatever has changed, and return the commit."""
        git = ["git", "-C", str(self.path), "-c", "user.name=t", "-c", "user.email=t@example.invalid"]
        subprocess.run([*git, "add", "--all"], check=True)
        subprocess.run([*git, "commit", "--quiet", "--allow-empty", "--message", message], check=True)
        return subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout.strip()

    def run(
        self,
        event_name: str,
        event: Mapping[str, Any],
        *,
        workflow: str = "",
        secrets: Mapping[str, str] | None = None,
    ) -> Run:
        """Run every workflow that listens to the event (or only one), and return how it went."""
        event_file = self.artifacts.parent / "event.json"
        event_file.write_text(json.dumps(event), encoding="utf-8")
        command = ["act", event_name, "--eventpath", str(event_file), "--no-cache-server"]
        if workflow:
            command += ["--workflows", f".github/workflows/{workflow}"]
        for runner in _RUNNERS:
            command += ["--platform", f"{runner}=-self-hosted"]
        for name, value in {**self.env, "ARTIFACTS": str(self.artifacts)}.items():
            command += ["--env", f"{name}={value}"]
        for name, value in (secrets or {}).items():
            command += ["--secret", f"{name}={value}"]
        for owner, action, reference in _replaced_actions(self.path):
            command += ["--local-repository", f"{owner}/{action}@{reference}={_STAND_INS / action}"]
        environment = {**os.environ, "XDG_CACHE_HOME": str(self.artifacts.parent / "cache")}
        process = subprocess.run(
            command,
            cwd=self.path,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_TIMEOUT_SECONDS,
            check=False,
        )
        return Run(process.returncode, process.stdout)


@dataclass(frozen=True)
class Run:
    """The end of a run: the exit code of act, and everything that the jobs printed."""

    code: int
    log: str

    def output(self, name: str) -> str:
        """The last value of an output that some step set and that is not empty."""
        return str(re.findall(rf"::set-output:: {name}=(.+)$", self.log, re.MULTILINE)[-1])

    @property
    def jobs(self) -> set[str]:
        """The names of the jobs that ran, as the log shows them."""
        return {match[1].strip() for match in re.finditer(r"^\[([^\]]+)\] .*Run Set up job", self.log, re.MULTILINE)}


def checkout(folder: Path, settings: str, env: Mapping[str, str]) -> Checkout:
    """Copy the project's files (tracked, or not yet committed) to ``folder``, with ``settings`` as imagebuild.yaml."""
    repository, artifacts = folder / "repository", folder / "artifacts"
    artifacts.mkdir(parents=True)
    listed = subprocess.run(
        ["git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        source, copy = ROOT / name, repository / name
        if source.is_file() and not name.startswith("tests/"):
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(source.read_bytes())
            copy.chmod(source.stat().st_mode)
    allowed = "init_env: [HELM_BASE_URL]\n"  # as in this repository: applications/helm asks for it
    (repository / "imagebuild.yaml").write_text(f"{settings.rstrip()}\n{allowed}", encoding="utf-8")
    subprocess.run(["git", "init", "--quiet", "--initial-branch", "main", str(repository)], check=True)
    made = Checkout(path=repository, artifacts=artifacts, env=dict(env))
    made.commit("the tree")
    return made


def _replaced_actions(repository: Path) -> set[tuple[str, str, str]]:
    """The actions of the emitted workflows that have a stand-in, with their pins: act must not ask the network."""
    text = "".join(path.read_text() for path in (repository / ".github" / "workflows").glob("*.yml"))
    names = "|".join(path.name for path in _STAND_INS.iterdir())
    return set(re.findall(rf"uses: (actions|docker)/({names})@([0-9a-f]{{40}})", text))
