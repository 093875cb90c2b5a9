"""A dispatch, a merge, its correction and a pull request: each through its own workflow, with every real part."""

from __future__ import annotations

import shutil
from typing import Any

import pytest

from tests.e2e.fork import TOKEN, Fork
from tests.support.act import Run
from tests.support.registries import PASSWORD, USER

pytestmark = [pytest.mark.real("act", "docker-registry", "skopeo")]
COREDNS = "applications/coredns/v0.0.1/etc/coredns.yaml.tmpl"


def start(fork: Fork, event_name: str, workflow: str, event: dict[str, Any]) -> Run:
    """What GitHub does on the event, with every secret that the repository has."""
    for leftover in fork.tree.artifacts.iterdir():  # each run has artifacts of its own
        shutil.rmtree(leftover)
    repository = {"full_name": fork.github.repository, "default_branch": "main", "owner": {"login": "acme"}}
    secrets = {"GITHUB_TOKEN": TOKEN, "REGISTRY_USERNAME": USER, "REGISTRY_PASSWORD": PASSWORD}
    return fork.tree.run(event_name, {**event, "repository": repository}, workflow=workflow, secrets=secrets)


def touch(fork: Fork, words: str) -> tuple[str, str]:
    """Change one application; the commit before, and the one after."""
    before = fork.tree.commit("before")
    path = fork.tree.path / COREDNS
    path.write_text(f"# {words}\n{path.read_text()}")
    return before, fork.tree.commit("after")


def tags(fork: Fork, app: str) -> list[str]:
    return [tag for tag in fork.tags(f"acme/{app}") if not tag.startswith("sha256-")]


def test_a_dispatch_publishes_what_it_selects(fork: Fork) -> None:
    inputs = {"type": "apps", "app": "hello", "version": "v1.0.0", "arch": "all", "force": ""}
    run = start(fork, "workflow_dispatch", "imagebuild-matrix.yml", {"inputs": inputs})
    assert run.code == 0, run.log
    assert tags(fork, "hello") == ["v1.0.0", "v1.0.0-amd64", "v1.0.0-arm64"]
    assert tags(fork, "coredns") == tags(fork, "guestbook") == []
    assert fork.github.writes() == []


def test_a_merge_publishes_what_it_touched_and_its_correction_replaces_it(fork: Fork) -> None:
    published = []
    for words in ("first", "corrected"):
        before, after = touch(fork, words)
        event = {"ref": "refs/heads/main", "before": before, "after": after}
        run = start(fork, "push", "imagebuild-push.yml", event)
        assert run.code == 0, run.log
        published.append(fork.platforms("acme/coredns:v0.0.1"))
    assert [sorted(platforms) for platforms in published] == [["amd64", "arm64"]] * 2
    assert published[0] != published[1]
    assert tags(fork, "hello") == []


def test_a_pull_request_builds_and_publishes_nothing(fork: Fork) -> None:
    base, head = touch(fork, "proposed")
    event = {
        "action": "opened",
        "number": 7,
        "pull_request": {"number": 7, "base": {"sha": base}, "head": {"sha": head}},
    }
    run = start(fork, "pull_request", "imagebuild-pull-request.yml", event)
    assert run.code == 0, run.log
    assert any("configs coredns v0.0.1 arm64" in job for job in run.jobs), run.jobs
    assert "no-result" not in run.log
    assert "the job ended without a result" not in run.log
    assert not list(fork.target.storage.iterdir())
    for secret in (TOKEN, PASSWORD):
        assert secret not in run.log
