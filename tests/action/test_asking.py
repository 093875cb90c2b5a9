"""From an event to the outputs and comments, through the real verbs and a GitHub API on loopback."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from action.__main__ import main
from action.report.marker import read_status
from action.results import BuildResult, PublishedPlatform, PublishResult
from tests.support.github_api import FakeGitHub, serve

ACCEPTED = ("accepted",)


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
        """Run the verb ``plan``; the outputs, with their JSON read."""
        path = self.root / "event.json"
        path.write_text(json.dumps(event))
        output = self.root / "output"
        output.write_text("")
        assert main(["plan", "--event", str(path), "--event-name", name]) == 0
        return read_outputs(output)

    def comment(self, text: str, *, login: str = "maintainer", number: int = 1, kind: str = "User") -> dict[str, Any]:
        """A new comment, through ``plan``."""
        comment = self.github.add_comment(number, text, {"login": login, "type": kind})
        issue = self.github.issues[number]
        event = {"action": "created", "issue": issue, "comment": comment, "sender": comment["user"]}
        return self.plan("issue_comment", event)

    def report(self, outputs: dict[str, Any], results: Path) -> None:
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
        outputs[name] = value if name == "decision" else json.loads(value)
    return outputs


@pytest.fixture
def stage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    github = FakeGitHub()
    github.roles = {"maintainer": "write", "helper": "triage", "owner": "admin"}
    with serve(github, "workflow-token"):
        yield Stage(tmp_path, github, monkeypatch)


def write_results(folder: Path, *, arches: tuple[str, ...] = ("amd64", "arm64"), publish: bool = True) -> None:
    digest = "sha256:" + "a" * 64
    for arch in arches:
        build = BuildResult(type="apps", app="hello", version="v1.0.0", arch=arch, digest=digest, size=1234)  # type: ignore[arg-type]
        build.write(folder / f"result@{build.slug}" / "result.json")
    if publish:
        name = "ghcr.io/acme/hello:v1.0.0"
        platforms = tuple(
            PublishedPlatform(arch=arch, reference=f"{name}-{arch}", digest=digest, size=1234, uploaded=10)  # type: ignore[arg-type]
            for arch in arches
        )
        result = PublishResult(
            type="apps", app="hello", version="v1.0.0", reference=name, digest=digest, platforms=platforms
        )
        result.write(folder / f"result@{result.slug}" / "result.json")


def test_a_comment_becomes_one_published_answer(stage: Stage) -> None:
    stage.github.add_issue(title="【Auto-build】hello", labels=ACCEPTED)
    outputs = stage.comment("/imagebuild_apps hello v1.0.0")
    assert outputs["decision"] == "build"
    [batch] = outputs["batches"]
    assert [(row["app"], row["version"], row["arch"]) for row in batch["rows"]] == [
        ("hello", "v1.0.0", "amd64"),
        ("hello", "v1.0.0", "arm64"),
    ]
    assert batch["targets"] == [
        {"type": "apps", "app": "hello", "version": "v1.0.0", "arches": ["amd64", "arm64"], "build_args": {}}
    ]
    [body] = stage.github.bodies()
    assert "🔨 Building" in body
    assert "https://github.example/acme/cluster-image/actions/runs/77" in body
    write_results(stage.root / "results")
    stage.report(outputs, stage.root / "results")
    [body] = stage.github.bodies()
    assert "🚀 Published" in body
    assert "ghcr.io/acme/hello:v1.0.0" in body
    assert [content for _, content in stage.github.reactions] == ["eyes", "rocket"]
    assert [(call.method, call.path.rpartition("/")[2]) for call in stage.github.writes()] == [
        ("POST", "reactions"),
        ("POST", "comments"),
        ("PATCH", str(stage.github.comments[1][-1]["id"])),
        ("POST", "reactions"),
    ]


def test_a_missing_result_is_answered_as_a_failure(stage: Stage) -> None:
    stage.github.add_issue(title="【Auto-build】hello", labels=ACCEPTED)
    outputs = stage.comment("/imagebuild_apps hello v1.0.0")
    write_results(stage.root / "results", arches=("amd64",), publish=False)
    stage.report(outputs, stage.root / "results")
    [body] = stage.github.bodies()
    assert "👎 Nothing was published" in body
    assert "🚫 no result" in body
    assert "the job ended without a result" in body
    assert stage.github.reactions[-1][1] == "-1"


def test_talk_asks_nothing_of_the_api(stage: Stage) -> None:
    stage.github.add_issue(title="【Auto-build】hello", labels=ACCEPTED)
    outputs = stage.comment("thank you")
    assert (outputs["decision"], outputs["batches"]) == ("ignored", [])
    assert stage.github.calls == []


@pytest.mark.parametrize(
    ("title", "labels", "text", "login", "said"),
    [
        ("【Auto-build】helm", ACCEPTED, "/imagebuild_apps hello v1.0.0", "maintainer", "this issue is about 'helm'"),
        ("【Auto-build】hello", ACCEPTED, "/imagebuild_apps hello v1.0.0", "stranger", "you have the role 'none'"),
        ("【Auto-build】hello", ACCEPTED, "/imagebuild_apps hallo v1.0.0", "maintainer", "did you mean hello"),
        ("【Auto-build】hello", ACCEPTED, "/imagebuild_apps hello v1.0.0 amd64", "maintainer", "--arch=amd64"),
        ("【Auto-build】hello", ACCEPTED, "/imagebuild hello v1.0.0", "maintainer", "there is no command"),
    ],
)
def test_a_refusal_is_answered_with_its_reason(
    stage: Stage, title: str, labels: tuple[str, ...], text: str, login: str, said: str
) -> None:
    stage.github.add_issue(title=title, labels=labels)
    outputs = stage.comment(text, login=login)
    assert outputs["batches"] == []
    [body] = stage.github.bodies()
    assert said in body
    assert [content for _, content in stage.github.reactions] == ["eyes", "-1"]


def test_without_the_label_the_request_waits_and_then_builds_in_the_same_comment(stage: Stage) -> None:
    issue = stage.github.add_issue(title="【Auto-build】hello", body="/imagebuild_apps hello v1.0.0")
    opened = {"action": "opened", "issue": dict(issue), "sender": issue["user"]}
    assert stage.plan("issues", opened)["decision"] == "waiting"
    assert "waiting for a maintainer" in stage.github.bodies()[0]
    issue["labels"] = [{"name": "accepted"}]
    sender = {"login": "helper", "type": "User"}
    labeled = {"action": "labeled", "issue": dict(issue), "label": {"name": "accepted"}, "sender": sender}
    outputs = stage.plan("issues", labeled)
    assert outputs["decision"] == "build"
    [body] = stage.github.bodies()
    assert "🔨 Building" in body
    status = read_status(stage.github.comments[1][-1])
    assert status is not None
    assert status.approved


def test_an_issue_edited_after_the_label_is_not_built(stage: Stage) -> None:
    issue = stage.github.add_issue(title="【Auto-build】hello", body="/imagebuild_apps hello v1.0.0", labels=ACCEPTED)
    sender = {"login": "helper", "type": "User"}
    labeled = {"action": "labeled", "issue": dict(issue), "label": {"name": "accepted"}, "sender": sender}
    issue["body"] = "/imagebuild_apps hello v6.6.6"
    assert stage.plan("issues", labeled)["decision"] == "refused"
    assert "was edited" in stage.github.bodies()[0]


def test_help_lists_the_catalogue(stage: Stage) -> None:
    stage.github.add_issue(title="a question")
    assert stage.comment("/imagebuild_help", login="stranger")["decision"] == "answered"
    assert "`hello`" in stage.github.bodies()[0]


def test_a_dispatch_selects_rows(stage: Stage) -> None:
    event = {"inputs": {"type": "apps", "app": "hello", "version": "", "arch": "arm64", "force": ""}}
    outputs = stage.plan("workflow_dispatch", event)
    assert [row["arch"] for row in outputs["batches"][0]["rows"]] == ["arm64"]
