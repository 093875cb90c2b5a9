"""Placing from a real registry: the directory holds exactly what was asked, and says why when it cannot."""

from __future__ import annotations

import http.server
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from action.errors import ClusterImageError
from action.model.findings import Finding
from action.placement.place import Placement, place
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain
from action.registry.http.retry import RetryPolicy
from action.store.blobs.durability import wait_for_disk
from action.store.directory.verify import verify
from generator.names import Arch
from tests.support import images
from tests.support.fault_proxy import Fault, fault_proxy
from tests.support.findings import finding
from tests.support.images import Image, Layer
from tests.support.registries import RunningRegistry, docker_registry

pytestmark = pytest.mark.real("docker-registry")

BASE = images.layer("base", 50_000)
LOST = images.layer("lost", 40_000)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with docker_registry(tmp_path_factory.mktemp("source")) as running:
        yield running


def fill(context: Path, *findings: Finding, arch: Arch = "amd64", cache: Path | None = None) -> Placement:
    client = RegistryClient(AnonymousKeychain(), policy=RetryPolicy(attempts=1))
    return place(context, findings, arch=arch, client=client, cache=cache)


def fails(context: Path, *findings: Finding, arch: Arch = "amd64") -> list[tuple[str, str | None, str]]:
    with pytest.raises(ClusterImageError) as caught:
        fill(context, *findings, arch=arch)
    tags = list((context / "registry").rglob("current/link"))
    assert not tags, "an image is seen after a failure"
    return [(problem.code, problem.file, problem.message) for problem in caught.value.problems]


def files(root: Path) -> dict[str, bytes]:
    return {str(path.relative_to(root)): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


def tags_of(context: Path) -> dict[str, str]:
    repositories = context / "registry/docker/registry/v2/repositories"
    return {
        f"{link.parents[4].relative_to(repositories)}:{link.parents[1].name}": link.read_text()
        for link in repositories.rglob("_manifests/tags/*/current/link")
    }


@pytest.mark.parametrize("arch", ["amd64", "arm64"])
@pytest.mark.parametrize("oci", [True, False])
def test_a_tag_means_the_leaf_and_the_index_is_kept(
    registry: RunningRegistry, tmp_path: Path, arch: Arch, oci: bool
) -> None:
    pushed = images.both_arches(f"leaf {oci}", BASE, oci=oci)
    images.push(pushed, registry.host, "team/leaf", f"v{oci}")
    placement = fill(tmp_path, finding(f"{registry.host}/team/leaf:v{oci}"), arch=arch)
    leaf = next(child for child in pushed.children if child.platform["architecture"] == arch)
    (inside,) = placement.images
    assert (inside.path, inside.tag, inside.digest) == ("team/leaf", f"v{oci}", leaf.digest)
    assert inside.index_digest == pushed.digest
    assert inside.found == ("images/shim/list:1",)
    assert tags_of(tmp_path) == {f"team/leaf:v{oci}": leaf.digest}
    blob = tmp_path / f"registry/docker/registry/v2/blobs/sha256/{pushed.digest[7:9]}/{pushed.digest[7:]}/data"
    assert blob.read_bytes() == pushed.body
    assert verify(tmp_path / "registry", arch=arch) == []
    assert sorted(path.name for path in (tmp_path / "registry").iterdir()) == ["docker"]


def test_the_leaf_is_found_through_nested_indexes_past_attestations(registry: RunningRegistry, tmp_path: Path) -> None:
    wanted = images.image(BASE, arch="arm64", label="nested")
    other = images.image(BASE, arch="amd64", label="nested")
    pushed = images.index(images.index(other, wanted, images.attestation(wanted)), images.attestation(other))
    images.push(pushed, registry.host, "team/nested", "v1")
    placement = fill(tmp_path, finding(f"{registry.host}/team/nested:v1"), arch="arm64")
    assert [image.digest for image in placement.images] == [wanted.digest]
    held = {f"sha256:{path.parent.name}" for path in (tmp_path / "registry").rglob("data")}
    config = images.digest_of(wanted.config)
    assert held == {wanted.digest, pushed.digest, pushed.children[0].digest, BASE.digest, config}


def test_a_tag_means_the_old_image_until_the_new_one_is_on_the_disk(
    registry: RunningRegistry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the one wait for the disk all but the tags is there; a machine that stops before has the old image whole."""
    old, new = (images.image(BASE, images.layer(label), label=label) for label in ("barrier old", "barrier new"))
    seen: list[tuple[dict[str, str], set[str]]] = []

    def noted(directory: int) -> None:
        blobs = {f"sha256:{path.parent.name}" for path in (tmp_path / "registry").rglob("data")}
        seen.append((tags_of(tmp_path), blobs))
        wait_for_disk(directory)

    monkeypatch.setattr("action.store.directory.write.wait_for_disk", noted)
    for image in (old, new):
        images.push(image, registry.host, "team/barrier", "v1")
        fill(tmp_path, finding(f"{registry.host}/team/barrier:v1"))
        assert tags_of(tmp_path) == {"team/barrier:v1": image.digest}
    (none, first), (before, second) = seen
    assert none == {}
    assert before == {"team/barrier:v1": old.digest}
    assert {old.digest, *old.blobs} <= first
    assert {new.digest, *new.blobs} <= second


def test_shared_layers_are_fetched_once(registry: RunningRegistry, tmp_path: Path) -> None:
    for name in ("one", "two"):
        images.push(images.image(BASE, images.layer(name)), registry.host, f"shared/{name}", "v1")
    placement = fill(tmp_path, *(finding(f"{registry.host}/shared/{name}:v1") for name in ("one", "two")))
    assert placement.total - placement.unique == len(BASE.data)
    assert placement.fetched == placement.unique


def test_a_second_run_fetches_nothing_and_changes_nothing(registry: RunningRegistry, tmp_path: Path) -> None:
    images.push(images.both_arches("again", BASE), registry.host, "team/again", "v1")
    wanted = finding(f"{registry.host}/team/again:v1")
    first = fill(tmp_path, wanted)
    before = files(tmp_path)
    second = fill(tmp_path, wanted)
    assert (second.fetched, second.kept) == (0, first.fetched)
    assert files(tmp_path) == before


def test_nothing_of_another_architecture_or_an_older_run_stays(registry: RunningRegistry, tmp_path: Path) -> None:
    images.push(images.both_arches("stale", BASE), registry.host, "team/stale", "v1")
    images.push(images.image(BASE, arch="amd64", label="old"), registry.host, "team/old", "v1")
    new = finding(f"{registry.host}/team/stale:v1")
    fill(tmp_path, new, finding(f"{registry.host}/team/old:v1"), arch="amd64")
    (tmp_path / "registry/docker/registry/v2/repositories/team/stale/_manifests/tags/.DS_Store").write_bytes(b"x")
    placement = fill(tmp_path, new, arch="arm64")
    assert placement.kept == len(BASE.data)
    assert [(problem.code, problem.message) for problem in placement.problems] == [
        ("removed-image", "held team/old:v1, which nothing names")
    ]
    fresh = tmp_path / "fresh"
    fresh.mkdir()
    fill(fresh, new, arch="arm64")
    assert files(tmp_path / "registry") == files(fresh / "registry")


def test_a_damaged_blob_is_fetched_again(registry: RunningRegistry, tmp_path: Path) -> None:
    images.push(images.image(BASE, label="damaged"), registry.host, "team/damaged", "v1")
    wanted = finding(f"{registry.host}/team/damaged:v1")
    fill(tmp_path, wanted)
    blob = tmp_path / f"registry/docker/registry/v2/blobs/sha256/{BASE.digest[7:9]}/{BASE.digest[7:]}/data"
    blob.write_bytes(bytes(len(BASE.data)))
    assert fill(tmp_path, wanted).fetched == len(BASE.data)
    assert blob.read_bytes() == BASE.data


def test_two_architectures_share_one_cache(registry: RunningRegistry, tmp_path: Path) -> None:
    images.push(images.both_arches("cached", BASE), registry.host, "team/cached", "v1")
    wanted = finding(f"{registry.host}/team/cached:v1")
    for arch in ("amd64", "arm64"):
        (tmp_path / arch).mkdir()
    first = fill(tmp_path / "amd64", wanted, arch="amd64", cache=tmp_path / "cache")
    second = fill(tmp_path / "arm64", wanted, arch="arm64", cache=tmp_path / "cache")
    assert (first.cached, second.cached) == (0, len(BASE.data))
    assert verify(tmp_path / "arm64/registry", arch="arm64") == []


def test_an_image_that_does_not_exist_names_it_and_who_wants_it(registry: RunningRegistry, tmp_path: Path) -> None:
    image = f"{registry.host}/team/none:v1"
    (problem,) = fails(tmp_path, finding(image, file="charts/web/templates/deploy.yaml"))
    assert problem == (
        "image-not-found",
        "charts/web/templates/deploy.yaml",
        f"the image {image} does not exist (404 MANIFEST_UNKNOWN)",
    )
    assert not (tmp_path / "registry").exists()


def test_a_likely_image_that_does_not_exist_is_demoted_with_the_reason(
    registry: RunningRegistry, tmp_path: Path
) -> None:
    image = f"{registry.host}/team/guess:v1"
    placement = fill(tmp_path, finding(image, verdict="likely"))
    (demoted,) = placement.demoted
    assert (demoted.verdict, demoted.reason) == (
        "uncertain",
        f"the image {image} does not exist (404 MANIFEST_UNKNOWN)",
    )
    assert [problem.severity for problem in placement.problems] == ["warning"]
    assert not (tmp_path / "registry").exists()


def test_a_likely_image_that_is_for_another_platform_is_demoted(registry: RunningRegistry, tmp_path: Path) -> None:
    images.push(images.image(arch="arm64", label="likely"), registry.host, "team/likely", "v1")
    placement = fill(tmp_path, finding(f"{registry.host}/team/likely:v1", verdict="likely"))
    assert "is an image for linux/arm64" in placement.demoted[0].reason


class Website(http.server.BaseHTTPRequestHandler):
    """What a guess may lead to: a host that answers everything with a page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()
        self.wfile.write(b"<html>welcome</html>")

    def log_message(self, format: str, *args: object) -> None: ...


def test_a_likely_image_of_a_host_that_is_no_registry_is_demoted(registry: RunningRegistry, tmp_path: Path) -> None:
    images.push(images.image(BASE, label="there"), registry.host, "team/there", "v1")
    with http.server.HTTPServer(("127.0.0.1", 0), Website) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        hosts = [
            "127.0.0.1:1",  # refuses
            "no-such-host.localhost:1",  # does not resolve, or refuses, as the resolver has it
            f"127.0.0.1:{server.server_port}",  # does not speak the protocol
        ]
        wanted = [finding(f"{host}/team/guess:v1", verdict="likely") for host in hosts]
        placement = fill(tmp_path, finding(f"{registry.host}/team/there:v1"), *wanted)
        server.shutdown()
    assert [image.path for image in placement.images] == ["team/there"]
    assert [str(image.reference.domain) for image in placement.demoted] == hosts
    assert all(image.verdict == "uncertain" and image.reason for image in placement.demoted)
    assert [problem.severity for problem in placement.problems] == ["warning"] * 3


def test_a_likely_image_of_a_public_registry_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    """It may well be there, and the image would lack it: a public registry that is unwell is asked again later."""
    client = RegistryClient(
        AnonymousKeychain(), policy=RetryPolicy(attempts=1), mirrors={"quay.io": "http://127.0.0.1:1"}
    )
    with pytest.raises(ClusterImageError) as caught:
        place(tmp_path, [finding("quay.io/team/likely:v1", verdict="likely")], arch="amd64", client=client)
    assert caught.value.problems[0].code == "registry-unreachable"


def test_a_certain_image_of_a_registry_that_does_not_answer_is_an_error(tmp_path: Path) -> None:
    (problem,) = fails(tmp_path, finding("127.0.0.1:1/team/sure:v1"))
    assert problem[0] == "registry-unreachable"


@pytest.mark.parametrize(
    "slow",
    [Fault("status", 429, (("Retry-After", "200"),)), Fault("stall", at=0.5, seconds=45)],
    ids=["asks for minutes", "stands still"],
)
def test_a_failure_does_not_wait_for_another_registry(registry: RunningRegistry, tmp_path: Path, slow: Fault) -> None:
    images.push(images.image(BASE, label="paused"), registry.host, "team/paused", "v1")
    images.push(images.image(LOST, label="lost"), registry.host, "team/lost", "v1")
    with (
        fault_proxy(registry.host, lambda request: slow if BASE.digest in request.path else None) as paused,
        fault_proxy(
            registry.host, lambda request: Fault("status", 404) if LOST.digest in request.path else None
        ) as lost,
    ):
        wanted = [finding(f"{host}/team/{name}:v1") for host, name in ((paused.host, "paused"), (lost.host, "lost"))]
        begun = time.monotonic()
        with pytest.raises(ClusterImageError) as caught:
            place(tmp_path, wanted, arch="amd64", client=RegistryClient(AnonymousKeychain()))
    assert time.monotonic() - begun < 30
    assert [problem.message.split()[1] for problem in caught.value.problems] == ["answers"]


def test_every_image_that_is_missing_is_told_at_once(registry: RunningRegistry, tmp_path: Path) -> None:
    names = [f"{registry.host}/team/none{number}:v1" for number in range(8)]
    problems = fails(tmp_path, *(finding(name, line=number) for number, name in enumerate(names, 1)))
    assert [message.split()[2] for _, _, message in problems] == names


def test_an_uncertain_image_is_not_placed(tmp_path: Path) -> None:
    assert fill(tmp_path, finding("docker.io/library/nginx:1", verdict="uncertain")) == Placement()


@pytest.mark.parametrize(
    ("pushed", "code", "words"),
    [
        (images.image(arch="arm64", label="single"), "wrong-platform", "linux/arm64 by its own configuration"),
        (images.index(images.image(arch="s390x")), "no-platform", "offers linux/s390x"),
        (
            images.image(config_type="application/vnd.cncf.helm.config.v1+json"),
            "unsupported-image",
            "holds application/vnd.cncf.helm.config.v1+json",
        ),
        (
            images.image(layer_type="application/vnd.oci.image.layer.v1.tar+encrypted"),
            "unsupported-image",
            "unknown type application/vnd.oci.image.layer.v1.tar+encrypted",
        ),
    ],
)
def test_what_no_node_could_run_is_refused_with_the_reason(
    registry: RunningRegistry, tmp_path: Path, pushed: Image, code: str, words: str
) -> None:
    images.push(pushed, registry.host, "team/refused", pushed.digest[7:19])
    (problem,) = fails(tmp_path, finding(f"{registry.host}/team/refused:{pushed.digest[7:19]}"))
    assert problem[0] == code
    assert words in problem[2]


@pytest.mark.real("zstd")
def test_layers_keep_their_compression(registry: RunningRegistry, tmp_path: Path) -> None:
    layers: list[Layer] = [images.layer(kind, 9000, kind) for kind in ("gzip", "zstd", "none")]
    images.push(images.image(*layers), registry.host, "team/packed", "v1")
    fill(tmp_path, finding(f"{registry.host}/team/packed:v1"))
    blobs = tmp_path / "registry/docker/registry/v2/blobs/sha256"
    for layer in layers:
        assert (blobs / layer.digest[7:9] / layer.digest[7:] / "data").read_bytes() == layer.data


def test_two_registries_with_one_path_and_tag_collide(registry: RunningRegistry, tmp_path: Path) -> None:
    images.push(images.image(label="here"), registry.host, "x/y", "1")
    with docker_registry(tmp_path / "other") as other:
        images.push(images.image(label="there"), other.host, "x/y", "1")
        context = tmp_path / "context"
        context.mkdir()
        (problem,) = fails(context, finding(f"{registry.host}/x/y:1"), finding(f"{other.host}/x/y:1"))
    assert problem[0] == "same-place"
    assert registry.host in problem[2]
    assert other.host in problem[2]


def test_a_name_with_tag_and_digest_is_stored_under_both(registry: RunningRegistry, tmp_path: Path) -> None:
    old, new = images.image(label="pin old"), images.image(label="pin new")
    images.push(old, registry.host, "team/pin", "v1")
    images.push(new, registry.host, "team/pin", "v1")
    fill(tmp_path, finding(f"{registry.host}/team/pin:v1@{old.digest}"))
    assert tags_of(tmp_path) == {"team/pin:v1": old.digest}
    (problem,) = fails(
        tmp_path / "both",
        finding(f"{registry.host}/team/pin:v1"),
        finding(f"{registry.host}/team/pin:v1@{old.digest}"),
    )
    assert problem[0] == "same-place"


def test_a_digest_alone_is_latest_unless_that_is_taken(registry: RunningRegistry, tmp_path: Path) -> None:
    pinned, latest = images.image(label="only digest"), images.image(label="latest")
    images.push(pinned, registry.host, "team/digest", "v1")
    images.push(latest, registry.host, "team/digest", "latest")
    by_digest = finding(f"{registry.host}/team/digest@{pinned.digest}")
    fill(tmp_path, by_digest)
    assert tags_of(tmp_path) == {"team/digest:latest": pinned.digest}
    placement = fill(tmp_path, by_digest, finding(f"{registry.host}/team/digest"))
    assert tags_of(tmp_path) == {
        "team/digest:latest": latest.digest,
        f"team/digest:{pinned.digest.replace(':', '-')}": pinned.digest,
    }
    assert [problem.code for problem in placement.problems] == ["digest-without-tag"]
