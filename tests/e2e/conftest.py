"""What a run of the emitted workflows meets: a GitHub API, a registry to pull from, one to push to."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.e2e.fork import TOKEN, Fork
from tests.support import images
from tests.support.act import checkout
from tests.support.github_api import FakeGitHub, serve
from tests.support.registries import RunningRegistry, docker_registry

GUESTBOOK = {
    "library/nginx": "1.27.5",
    "library/busybox": "1.37.0",
    "valkey/valkey": "8.1.3-alpine",
    "oliver006/redis_exporter": "v1.74.0",
    "nicolaka/netshoot": "v0.14",
}
Source = tuple[RunningRegistry, dict[str, images.Image]]


@pytest.fixture(scope="session")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Source]:
    """A registry with the images of the guestbook, for both architectures, sharing a base layer."""
    with docker_registry(tmp_path_factory.mktemp("source")) as registry:
        base = images.layer("base", 50_000)
        sources = {}
        for number, (repository, tag) in enumerate(GUESTBOOK.items()):
            sources[repository] = images.both_arches(repository, base, oci=number % 2 == 0)
            images.push(sources[repository], registry.host, repository, tag)
        yield registry, sources


@pytest.fixture
def fork(tmp_path_factory: pytest.TempPathFactory, source: Source) -> Iterator[Fork]:
    """A fork in which ``maintainer`` may write and ``stranger`` may only read."""
    folder = tmp_path_factory.mktemp("fork")
    registry, sources = source
    github = FakeGitHub()
    github.repository = "acme/cluster-image"
    github.roles |= {"maintainer": "write", "stranger": "read"}
    with serve(github, TOKEN), docker_registry(folder / "target", password=True) as target:
        settings = (
            f"registry: {target.host}\nnamespace: acme\n"
            f"mirrors:\n  docker.io: {registry.url}\n  quay.io: {registry.url}\n"
        )
        env = {"GITHUB_API_URL": github.url, "GITHUB_REPOSITORY": github.repository}
        yield Fork(github, registry, target, sources, checkout(folder / "checkout", settings, env))
