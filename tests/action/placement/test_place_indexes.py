"""Whole indexes: what a node can ask for after Sealos has copied the registry directory.

Sealos's copy over HTTP is made after: the directory is served, and each tag of each repository copied twice, with all
its images and then with the one of this platform (labring/sealos, lifecycle/pkg/filesystem/registry/sync.go).
"""

from __future__ import annotations

import json
import platform
import shutil
import subprocess
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from action.errors import ClusterImageError
from action.model.findings import Finding
from action.placement.place import Placement, place
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain
from action.registry.http.retry import RetryPolicy
from action.store.directory.verify import verify
from tests.support import images
from tests.support.findings import finding
from tests.support.registries import RunningRegistry, docker_registry

pytestmark = pytest.mark.real("docker-registry", "skopeo")

HOST_ARCH = {"x86_64": "amd64", "aarch64": "arm64"}[platform.machine()]


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with docker_registry(tmp_path_factory.mktemp("source")) as running:
        yield running


def fill(context: Path, *findings: Finding, whole: bool = False) -> Placement:
    context.mkdir(exist_ok=True)
    client = RegistryClient(AnonymousKeychain(), policy=RetryPolicy(attempts=1))
    return place(context, findings, arch="amd64", client=client, whole=whole)


def get(url: str) -> dict[str, list[str] | None]:
    with urllib.request.urlopen(url, timeout=30) as response:  # noqa: S310 - a registry of this machine
        document = json.loads(response.read())
    assert isinstance(document, dict)
    return document


def synchronise(registry: RunningRegistry, node: RunningRegistry) -> None:
    for repository in get(f"{registry.url}/v2/_catalog")["repositories"] or ():
        for tag in get(f"{registry.url}/v2/{repository}/tags/list")["tags"] or ():
            for every in (["--all"], ["--override-arch", HOST_ARCH]):
                copy = ["copy", *every] if every == ["--all"] else [*every, "copy"]
                words = ["--src-tls-verify=false", "--dest-tls-verify=false"]
                names = [f"docker://{host}/{repository}:{tag}" for host in (registry.host, node.host)]
                subprocess.run(
                    ["skopeo", "--insecure-policy", *copy, *words, *names], capture_output=True, check=False
                )


def asked(node: RunningRegistry, name: str) -> str | None:
    """The digest that a node gets for ``path@digest`` or ``path:tag``; None when there is nothing."""
    command = ["skopeo", "inspect", "--raw", "--tls-verify=false", f"docker://{node.host}/{name}"]
    done = subprocess.run(command, capture_output=True, check=False)
    return images.digest_of(done.stdout) if done.returncode == 0 else None


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[RunningRegistry]:
    with docker_registry(tmp_path / "node") as node:
        yield node


def arrived(tmp_path: Path, context: Path, node: RunningRegistry) -> RunningRegistry:
    storage = tmp_path / "served"
    shutil.copytree(context / "registry", storage)
    with docker_registry(tmp_path / "local", storage=storage) as local:
        synchronise(local, node)
    return node


@pytest.mark.parametrize("oci", [True, False])
def test_an_index_without_a_tag_is_there_by_its_digest(
    source: RunningRegistry, tmp_path: Path, serve: RunningRegistry, oci: bool
) -> None:
    pinned = images.both_arches(f"pinned {oci}", oci=oci)
    if oci:
        pinned = images.index(*pinned.children, images.attestation(pinned.children[0]))
    other = images.both_arches(f"other {oci}", oci=oci)
    path = f"team/pinned-{oci}".lower()
    images.push(pinned, source.host, path, "v1")
    images.push(other, source.host, path, "latest")
    context = tmp_path / "context"
    placement = fill(context, finding(f"{source.host}/{path}@{pinned.digest}"), finding(f"{source.host}/{path}"))
    assert verify(context / "registry", arch="amd64") == []
    tag = pinned.digest.replace(":", "-")
    assert [(each.path, each.tag, each.index_digest) for each in placement.images] == [
        (path, tag, pinned.digest),
        (path, "latest", other.digest),
    ]
    assert [problem.code for problem in placement.problems] == ["digest-without-tag"]
    node = arrived(tmp_path, context, serve)
    assert asked(node, f"{path}@{pinned.digest}") == pinned.digest
    assert asked(node, f"{path}:latest") == other.children[0].digest
    assert asked(node, f"{path}@{pinned.children[0].digest}") == pinned.children[0].digest


def test_an_index_that_is_latest_is_there_by_its_digest_too(
    source: RunningRegistry, tmp_path: Path, serve: RunningRegistry
) -> None:
    pinned = images.both_arches("alone")
    images.push(pinned, source.host, "team/alone", "latest")
    context = tmp_path / "context"
    placement = fill(
        context, finding(f"{source.host}/team/alone@{pinned.digest}"), finding(f"{source.host}/team/alone")
    )
    assert placement.problems == ()
    node = arrived(tmp_path, context, serve)
    assert asked(node, f"team/alone@{pinned.digest}") == pinned.digest


def test_every_index_is_whole_on_demand(source: RunningRegistry, tmp_path: Path, serve: RunningRegistry) -> None:
    pushed = images.both_arches("demand")
    images.push(pushed, source.host, "team/demand", "v1")
    wanted = finding(f"{source.host}/team/demand:v1@{pushed.digest}")
    context = tmp_path / "context"
    fill(context, wanted)
    sparse = {path.parent.name for path in (context / "registry").rglob("data")}
    fill(context, wanted, whole=True)
    held = {f"sha256:{path.parent.name}" for path in (context / "registry").rglob("data")}
    assert held == {pushed.digest, *(child.digest for child in pushed.children), *pushed.blobs}
    assert len(sparse) == len(held) - 3  # the manifest, configuration and layer of the other platform
    assert verify(context / "registry", arch="amd64") == []
    node = arrived(tmp_path, context, serve)
    assert asked(node, f"team/demand@{pushed.digest}") == pushed.digest
    assert asked(node, f"team/demand@{pushed.children[1].digest}") == pushed.children[1].digest
    fill(context, wanted)
    assert {path.parent.name for path in (context / "registry").rglob("data")} == sparse


def test_an_index_that_would_lose_its_digest_beside_another_latest_is_refused(
    source: RunningRegistry, tmp_path: Path, serve: RunningRegistry
) -> None:
    plain = images.index(images.image(images.layer("plain", compression="none")), images.image(arch="arm64"))
    nested = images.index(images.index(images.image(label="nested")))
    for name, pinned in (("plain", plain), ("nested", nested)):
        images.push(pinned, source.host, f"team/{name}", "v1")
        images.push(images.image(label=f"{name} latest"), source.host, f"team/{name}", "latest")
        wanted = [finding(f"{source.host}/team/{name}@{pinned.digest}"), finding(f"{source.host}/team/{name}")]
        with pytest.raises(ClusterImageError) as caught:
            fill(tmp_path / name, *wanted)
        assert [problem.code for problem in caught.value.problems] == ["digest-lost"]
    # And that it would is no guess.
    context = tmp_path / "alone"
    fill(context, finding(f"{source.host}/team/plain@{plain.digest}"))
    node = arrived(tmp_path, context, serve)
    assert asked(node, f"team/plain@{plain.digest}") is None
    assert asked(node, "team/plain:latest") is not None


def test_a_whole_index_that_lacks_an_image_is_a_breach(source: RunningRegistry, tmp_path: Path) -> None:
    pushed = images.both_arches("lacking")
    images.push(pushed, source.host, "team/lacking", "v1")
    fill(tmp_path, finding(f"{source.host}/team/lacking:v1"), whole=True)
    home = tmp_path / "registry/docker/registry/v2/repositories/team/lacking/_manifests/revisions/sha256"
    shutil.rmtree(home / pushed.children[1].digest.removeprefix("sha256:"))
    codes = {problem.code for problem in verify(tmp_path / "registry", arch="amd64")}
    assert "index-under-tag" in codes
