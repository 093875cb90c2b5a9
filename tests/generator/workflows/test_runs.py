"""Every emitted workflow, run by act on this machine with its own event; the plan is real, the rest is recorded."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from generator.settings.settings import load_settings
from generator.workflows import write
from generator.workflows.render import render
from tests.generator.trees import SCRATCH, write_tree
from tests.support.act import Checkout, Run, checkout

pytestmark = [pytest.mark.real("act")]

SECRETS = {"GITHUB_TOKEN": "the-token", "REGISTRY_USERNAME": "the-user", "REGISTRY_PASSWORD": "the-password"}
TREE = {f"applications/{app}/v1/Kubefile": SCRATCH for app in ("db", "web")}
REPOSITORY = {"full_name": "acme/images", "default_branch": "main", "owner": {"login": "acme"}}


@dataclass(frozen=True)
class Fork:
    """A checkout with two applications whose action records what it is given."""

    tree: Checkout
    records: Path

    def run(self, event_name: str, event: Mapping[str, Any], workflow: str) -> Run:
        event = {"repository": REPOSITORY, **event}
        return self.tree.run(event_name, event, workflow=workflow, secrets=SECRETS)

    def given(self, command: str) -> list[dict[str, Any]]:
        """What every run of that phase was given, sorted by what it was for."""
        found = [json.loads(path.read_text()) for path in self.records.iterdir()]
        return sorted((each for each in found if each["env"]["COMMAND"] == command), key=lambda each: str(each["env"]))

    def built(self) -> list[str]:
        return sorted(_name(each["env"]["ROW"], "arch") for each in self.given("build"))

    def published(self) -> list[str]:
        return sorted(_name(each["env"]["TARGET"]) for each in self.given("publish"))


def _name(text: str, *more: str) -> str:
    data = json.loads(text)
    return " ".join(data[key] for key in ("type", "app", "version", *more))


@pytest.fixture
def fork(tmp_path: Path) -> Fork:
    records = tmp_path / "records"
    records.mkdir()
    tree = checkout(tmp_path / "fork", "schedule: 0 3 * * *\n", {"RECORDS": str(records)})
    shutil.rmtree(tree.path / "applications")
    write_tree(tree.path, TREE)
    for path in (Path(__file__).parent.parent / "stand_in").iterdir():
        if path.is_file():
            shutil.copy(path, tree.path / "action" / path.name)
    write.write(tree.path, write.changes(tree.path, render(load_settings(tree.path))))
    tree.commit()
    return Fork(tree, records)


def test_a_dispatch_builds_what_its_inputs_select_and_only_publishing_sees_a_secret(fork: Fork) -> None:
    inputs = {"type": "apps", "app": "web", "version": "", "arch": "all", "force": "the base had a hole"}
    run = fork.run("workflow_dispatch", {"inputs": inputs}, "imagebuild-matrix.yml")
    assert run.code == 0, run.log
    assert fork.built() == ["apps web v1 amd64", "apps web v1 arm64"]
    for build in fork.given("build"):
        assert not [secret for secret in SECRETS.values() if secret in json.dumps(build)]
        assert build["env"]["FORCE"] == "the base had a hole"
    (publish,) = fork.given("publish")
    assert publish["folder"] == ["image@apps@web@v1@amd64", "image@apps@web@v1@arm64"]
    given = publish["env"]
    assert (given["USERNAME"], given["PASSWORD"], given["TOKEN"]) == ("the-user", "the-password", "the-token")
    assert given["FORCE"] == "the base had a hole"
    (report,) = fork.given("report")
    assert report["folder"] == ["result@apps@web@v1", "result@apps@web@v1@amd64", "result@apps@web@v1@arm64"]


def test_a_schedule_builds_everything(fork: Fork) -> None:
    run = fork.run("schedule", {"schedule": "0 3 * * *"}, "imagebuild-matrix.yml")
    assert run.code == 0, run.log
    assert fork.built() == [f"apps {app} v1 {arch}" for app in ("db", "web") for arch in ("amd64", "arm64")]
    assert fork.published() == ["apps db v1", "apps web v1"]


def test_one_runner_for_both_architectures_emulates_what_runs_on_the_other(fork: Fork) -> None:
    tree = {"imagebuild.yaml": "runners: {arm64: ubuntu-24.04}\n", "applications/tool/v1/Dockerfile": "FROM alpine\n"}
    write_tree(fork.tree.path, tree)
    write.write(fork.tree.path, write.changes(fork.tree.path, render(load_settings(fork.tree.path))))
    fork.tree.commit()
    run = fork.run("workflow_dispatch", {"inputs": {}}, "imagebuild-matrix.yml")
    assert run.code == 0, run.log
    assert {"apps web v1 arm64", "dockerimages tool v1 amd64", "dockerimages tool v1 arm64"} <= set(fork.built())
    other = "amd64" if os.uname().machine == "aarch64" else "arm64"
    assert re.findall(r"\| would emulate (\w+)$", run.log, re.MULTILINE) == [other]


def test_a_push_publishes_what_it_touched(fork: Fork) -> None:
    before = fork.tree.commit("before")
    write_tree(fork.tree.path, {"applications/web/v1/manifests/a.yaml": "kind: List\n"})
    event = {"before": before, "after": fork.tree.commit(), "ref": "refs/heads/main"}
    run = fork.run("push", event, "imagebuild-push.yml")
    assert run.code == 0, run.log
    (publish,) = fork.given("publish")
    assert publish["env"]["REPLACE"] == f"pushed as {event['after'][:12]}"
    # What did not change is left as it is, and not even built: only a person can force that.
    assert not [given for given in (publish, *fork.given("build")) if given["env"].get("FORCE")]
    assert fork.built() == ["apps web v1 amd64", "apps web v1 arm64"]
    assert fork.published() == ["apps web v1"]


@pytest.mark.parametrize("default_branch", ["main", "trunk"])
def test_a_push_that_touches_nothing_is_no_failure(fork: Fork, default_branch: str) -> None:
    before = fork.tree.commit("before")
    write_tree(fork.tree.path, {"README.md": "other words\n"})
    fork.tree.commit()
    repository = {**REPOSITORY, "default_branch": default_branch}
    event = {"before": before, "ref": "refs/heads/main", "repository": repository}
    run = fork.run("push", event, "imagebuild-push.yml")
    assert run.code == 0, run.log
    assert fork.built() == fork.published() == []
    assert len(fork.given("plan")) == (1 if default_branch == "main" else 0)


def test_a_pull_request_builds_what_it_touches_and_sees_no_secret(fork: Fork) -> None:
    base = fork.tree.commit("base")
    write_tree(fork.tree.path, {"applications/db/v1/manifests/a.yaml": "kind: List\n"})
    head = fork.tree.commit()
    event = {"action": "opened", "pull_request": {"number": 7, "base": {"sha": base}, "head": {"sha": head}}}
    run = fork.run("pull_request", event, "imagebuild-pull-request.yml")
    assert run.code == 0, run.log
    assert fork.built() == ["apps db v1 amd64", "apps db v1 arm64"]
    assert fork.published() == []
    for path in fork.records.iterdir():
        assert not [secret for secret in SECRETS.values() if secret in path.read_text()]


def test_a_failed_build_fails_the_run(fork: Fork) -> None:
    """act ends a run where a called workflow fails; what GitHub runs after that, the next test runs by itself."""
    fork.tree.env["FAIL"] = "db"
    assert fork.run("workflow_dispatch", {"inputs": {}}, "imagebuild-matrix.yml").code == 1
    assert len(fork.given("build")) == 4


@pytest.mark.parametrize(
    ("ends", "batches", "code"),
    [
        (("exit 0", "exit 0", "exit 0"), "[1]", 0),
        (("exit 0", "", ""), "[]", 0),
        (("exit 0", "", ""), "[1]", 1),
        (("exit 0", "exit 1", "exit 0"), "[1]", 1),
        (("", "", ""), "[]", 1),
    ],
)
def test_the_gate_is_green_only_for_success_and_for_nothing_to_do(
    fork: Fork, ends: tuple[str, str, str], batches: str, code: int
) -> None:
    """An empty end is a job that was skipped."""
    emitted = fork.tree.path / ".github/workflows/imagebuild-matrix.yml"
    jobs = yaml.safe_load(emitted.read_text())["jobs"]
    assert set(jobs["gate"]["needs"]) == set(jobs) - {"gate"} == {"plan", "build", "report"}
    told = {"id": "plan", "run": f"echo 'batches={batches}' >> \"$GITHUB_OUTPUT\""}
    stand_ins = {
        name: {"runs-on": "ubuntu-24.04", "if": bool(end), "steps": [told, {"run": end or "exit 1"}]}
        for name, end in zip(("plan", "build", "report"), ends, strict=True)
    }
    stand_ins["plan"]["outputs"] = {"batches": "${{ steps.plan.outputs.batches }}"}
    emitted.write_text(yaml.safe_dump({"on": "workflow_dispatch", "jobs": {**stand_ins, "gate": jobs["gate"]}}))
    run = fork.run("workflow_dispatch", {}, "imagebuild-matrix.yml")
    assert run.code == code, run.log
    assert ("Run Main Fail when a needed job did not succeed" in run.log) == (code == 1)


def test_a_merge_queue_is_answered(fork: Fork) -> None:
    base = fork.tree.commit("base")
    write_tree(fork.tree.path, {"applications/db/v1/manifests/a.yaml": "kind: List\n"})
    group = {"base_sha": base, "head_sha": fork.tree.commit(), "head_ref": "refs/heads/gh-readonly-queue/main/pr-7"}
    run = fork.run("merge_group", {"action": "checks_requested", "merge_group": group}, "imagebuild-pull-request.yml")
    assert run.code == 0, run.log
    assert fork.built() == ["apps db v1 amd64", "apps db v1 arm64"]
    assert fork.published() == []
    assert "Gate" in run.log


def test_the_check_passes_on_what_the_generator_wrote_and_fails_on_drift(fork: Fork) -> None:
    emitted = fork.tree.path / ".github/workflows/imagebuild-matrix.yml"
    assert fork.run("pull_request", {"number": 1}, "imagebuild-check.yml").code == 0
    emitted.write_text(emitted.read_text().replace("  workflow_dispatch:", "  workflow_dispatch: # mine"))
    run = fork.run("pull_request", {"number": 1}, "imagebuild-check.yml")
    assert run.code == 1
    assert "-  workflow_dispatch: # mine" in run.log
    assert "python -m generator" in run.log
