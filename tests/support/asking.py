"""The verbs ``plan`` and ``report`` run as a workflow runs them, on a small tree, against a GitHub API on loopback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from action.__main__ import main
from action.model.results import BuildResult, PublishedPlatform, PublishResult
from generator.names import ARCHES, Arch
from tests.support.github_api import FakeGitHub

ACCEPTED = ("accepted",)
TITLE = "【Auto-build】hello"
COMMAND = "/imagebuild_apps hello v1.0.0"
DIGEST = "sha256:" + "a" * 64


class Stage:
    """A repository with two applications, a GitHub, and the verbs run as a workflow runs them."""

    def __init__(self, root: Path, github: FakeGitHub, monkeypatch: pytest.MonkeyPatch) -> None:
        self.root, self.github, self._monkeypatch = root, github, monkeypatch
        for name, value in {
            "GITHUB_API_URL": github.url,
            "GITHUB_REPOSITORY": github.repository,
            "GITHUB_TOKEN": "",
            "IMAGEBUILD_TOKEN": "workflow-token",
            "IMAGEBUILD_ROOT": str(root),
            "GITHUB_SERVER_URL": "https://github.example",
            "GITHUB_RUN_ID": "77",
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_OUTPUT": str(root / "output"),
            "GITHUB_STEP_SUMMARY": str(root / "summary"),
        }.items():
            monkeypatch.setenv(name, value)
        for app, version, file in (("hello", "v1.0.0", "Kubefile"), ("helm", "latest", "Dockerfile")):
            directory = root / "applications" / app / version
            directory.mkdir(parents=True)
            (directory / file).write_text("FROM scratch\nCOPY . .\n" if file == "Kubefile" else "FROM debian\n")

    def plan(self, name: str, event: dict[str, Any]) -> dict[str, Any]:
        """Run the verb ``plan``; the outputs, with their JSON read. An error that it ends with is raised."""
        path = self.root / "event.json"
        path.write_text(json.dumps(event))
        (self.root / "output").write_text("")
        assert main(["plan", "--event", str(path), "--event-name", name]) == 0
        return self.outputs()

    def outputs(self) -> dict[str, Any]:
        """What the last ``plan`` has written."""
        return read_outputs(self.root / "output")

    def run(self, number: int, *, attempt: int = 1, by: str = "") -> None:
        """From now on this is another workflow run, or another attempt of one."""
        self._monkeypatch.setenv("GITHUB_RUN_ID", str(number))
        self._monkeypatch.setenv("GITHUB_RUN_ATTEMPT", str(attempt))
        self._monkeypatch.setenv("GITHUB_TRIGGERING_ACTOR", by)
        self.github.runs[number] = "in_progress"

    def open(self, body: str, *, title: str = TITLE) -> dict[str, Any]:
        """A new issue of a stranger, through ``plan``."""
        issue = self.github.add_issue(title=title, body=body)
        return self.plan("issues", {"action": "opened", "issue": dict(issue), "sender": issue["user"]})

    def label(self, *, by: str = "maintainer", number: int = 1, edit: dict[str, str] | None = None) -> dict[str, Any]:
        """Set the label, through ``plan``; ``edit`` is what somebody changes right after."""
        issue = self.github.issues[number]
        issue["labels"] = [{"name": "accepted"}]
        sender = {"login": by, "type": "User"}
        event = {"action": "labeled", "issue": dict(issue), "label": {"name": "accepted"}, "sender": sender}
        issue.update(edit or {})
        return self.plan("issues", event)

    def comment(self, text: str, *, login: str = "maintainer", number: int = 1, kind: str = "User") -> dict[str, Any]:
        """A new comment, through ``plan``."""
        comment = self.github.add_comment(number, text, {"login": login, "type": kind})
        issue = self.github.issues[number]
        event = {"action": "created", "issue": issue, "comment": dict(comment), "sender": comment["user"]}
        return self.plan("issue_comment", event)

    def report(self, outputs: dict[str, Any], results: Path | None = None) -> None:
        """Run the verb ``report`` on what lies in ``results``."""
        results = results or self.root / "results"
        results.mkdir(exist_ok=True)
        self._monkeypatch.setenv("IMAGEBUILD_PLAN", json.dumps(outputs["plan"]))
        self._monkeypatch.setenv("IMAGEBUILD_RESULTS", str(results))
        assert main(["report"]) == 0


def read_outputs(path: Path) -> dict[str, Any]:
    """Read a GITHUB_OUTPUT file as the runner does."""
    outputs: dict[str, Any] = {}
    lines = iter(path.read_text().splitlines())
    for line in lines:
        name, _, delimiter = line.partition("<<")
        value = "\n".join(iter(lambda: next(lines), delimiter))
        outputs[name] = json.loads(value) if value and name != "decision" else value
    return outputs


def write_build(folder: Path, arch: Arch, *, app: str = "hello", version: str = "v1.0.0", **fields: Any) -> None:
    """The result of a build job, good unless ``fields`` say otherwise."""
    values: dict[str, Any] = {"digest": DIGEST, "size": 1234, **fields}
    build = BuildResult(type="apps", app=app, version=version, arch=arch, **values)
    build.write(folder / f"result@{build.slug}" / "result.json")


def write_publication(folder: Path, *, app: str = "hello", version: str = "v1.0.0", **fields: Any) -> None:
    """The result of a publish job, good unless ``fields`` say otherwise."""
    name = f"ghcr.io/acme/{app}:{version}"
    platforms = tuple(
        PublishedPlatform(arch=arch, reference=f"{name}-{arch}", digest=DIGEST, size=1234, uploaded=10)
        for arch in ARCHES
    )
    values: dict[str, Any] = {"reference": name, "digest": DIGEST, "platforms": platforms, **fields}
    result = PublishResult(type="apps", app=app, version=version, **values)
    result.write(folder / f"result@{result.slug}" / "result.json")


def write_results(folder: Path, *, app: str = "hello", version: str = "v1.0.0") -> None:
    """What the jobs leave behind when everything went well."""
    for arch in ARCHES:
        write_build(folder, arch, app=app, version=version)
    write_publication(folder, app=app, version=version)
