"""What a run of the emitted workflows meets: a GitHub API, a registry to pull from, one to push to."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import images
from tests.support.act import Checkout, checkout
from tests.support.github_api import FakeGitHub, serve
from tests.support.registries import PASSWORD, USER, RunningRegistry, docker_registry

TOKEN = "workflow-token"
GUESTBOOK = {
    "library/nginx": "1.27.5",
    "library/busybox": "1.37.0",
    "valkey/valkey": "8.1.3-alpine",
    "oliver006/redis_exporter": "v1.74.0",
    "nicolaka/netshoot": "v0.14",
}


@dataclass(frozen=True)
class Fork:
    """A fork of the project, connected to nothing but loopback; ``sources`` are digests by repository."""

    github: FakeGitHub
    source: RunningRegistry
    target: RunningRegistry
    sources: dict[str, images.Image]
    tree: Checkout

    @property
    def secrets(self) -> dict[str, str]:
        return {"GITHUB_TOKEN": TOKEN, "REGISTRY_USERNAME": USER, "REGISTRY_PASSWORD": PASSWORD}


@pytest.fixture(scope="session")
def source_registry(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[RunningRegistry, dict[str, images.Image]]]:
    """A registry with the images of the guestbook, for both architectures, sharing a base layer."""
    with docker_registry(tmp_path_factory.mktemp("source")) as registry:
        base = images.layer("base", 50_000)
        sources = {}
        for number, (repository, tag) in enumerate(GUESTBOOK.items()):
            sources[repository] = images.both_arches(repository, base, oci=number % 2 == 0)
            images.push(sources[repository], registry.host, repository, tag)
        yield registry, sources


@pytest.fixture
def fork(tmp_path: Path, source_registry: tuple[RunningRegistry, dict[str, images.Image]]) -> Iterator[Fork]:
    """A fork with an accepted issue 1, whose maintainer may write and whose registry asks for a password."""
    source, sources = source_registry
    github = FakeGitHub()
    github.repository = "acme/cluster-image"
    github.roles |= {"maintainer": "write", "stranger": "read"}
    with serve(github, TOKEN), docker_registry(tmp_path / "target", password=True) as target:
        settings = (
            f"registry: {target.host}\nnamespace: acme\nmirrors:\n  docker.io: {source.url}\n  quay.io: {source.url}\n"
        )
        env = {"GITHUB_API_URL": github.url, "GITHUB_REPOSITORY": github.repository}
        yield Fork(github, source, target, sources, checkout(tmp_path / "fork", settings, env))
