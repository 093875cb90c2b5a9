"""The finished directory in use: served by docker-registry, pulled by skopeo, and copied as Sealos copies it."""

from __future__ import annotations

import json
import subprocess
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from action.placement.place import Placement, place
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain
from action.store.directory.verify import verify
from tests.support import images
from tests.support.findings import finding
from tests.support.registries import RunningRegistry, docker_registry

pytestmark = pytest.mark.real("docker-registry", "skopeo", "zstd")

BASE = images.layer("served base", 40_000)
AMD64 = images.image(BASE, images.layer("zstd", 5000, "zstd"), label="zstd")
IMAGES = {
    "library/oci-index:v1": images.both_arches("oci", BASE),
    "library/schema2-list:v1": images.both_arches("schema 2", BASE, oci=False),
    "team/single:v1": images.image(BASE, label="single"),
    "team/single:v2": images.image(BASE, label="second tag"),
    "team/single/below:v1": images.image(BASE, label="nested path", oci=False),
    "team/zstd:v1": images.index(AMD64, images.attestation(AMD64)),
    "team/nested:v1": images.index(images.index(images.image(BASE, label="deep")), images.image(arch="arm64")),
}


@dataclass(frozen=True)
class Served:
    context: Path
    placement: Placement
    registry: RunningRegistry
    pinned: str


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("served")
    context = folder / "context"
    context.mkdir()
    with docker_registry(folder / "source") as source:
        for name, image in IMAGES.items():
            images.push(image, source.host, *name.split(":"))
        pinned = images.image(BASE, label="pinned")
        images.push(pinned, source.host, "team/pinned", "any")
        wanted = [finding(f"{source.host}/{name}") for name in IMAGES]
        wanted.append(finding(f"{source.host}/team/pinned@{pinned.digest}"))
        placement = place(context, wanted, arch="amd64", client=RegistryClient(AnonymousKeychain()))
    assert verify(context / "registry", arch="amd64") == []
    with docker_registry(folder / "server", storage=context / "registry") as running:
        yield Served(context, placement, running, pinned.digest)


def skopeo(*arguments: str) -> str:
    done = subprocess.run(["skopeo", *arguments], capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


def get_json(url: str) -> dict[str, object]:
    with urllib.request.urlopen(url, timeout=10) as response:  # noqa: S310 (loopback)
        return dict(json.load(response))


def raw_digest(reference: str) -> str:
    return images.digest_of(skopeo("inspect", "--raw", "--tls-verify=false", f"docker://{reference}").encode())


def leaf_of(name: str) -> str:
    """The digest of the amd64 image below a name of IMAGES, read from what was pushed."""

    def below(image: images.Image) -> Iterator[images.Image]:
        yield image
        for child in image.children:
            yield from below(child)

    leaves = [image for image in below(IMAGES[name]) if not image.children]
    return next(leaf.digest for leaf in leaves if leaf.platform["architecture"] == "amd64")


def test_every_image_is_pulled_by_tag_with_the_digest_of_its_source(served: Served, tmp_path: Path) -> None:
    for number, name in enumerate(IMAGES):
        reference = f"{served.registry.host}/{name}"
        assert raw_digest(reference) == leaf_of(name)
        target = tmp_path / str(number)
        skopeo("copy", "-q", "--preserve-digests", "--src-tls-verify=false", f"docker://{reference}", f"dir:{target}")
        assert images.digest_of((target / "manifest.json").read_bytes()) == leaf_of(name)


def test_every_image_is_pulled_by_digest(served: Served, tmp_path: Path) -> None:
    for number, image in enumerate(served.placement.images):
        reference = f"{served.registry.host}/{image.path}@{image.digest}"
        target = tmp_path / str(number)
        skopeo("copy", "-q", "--src-tls-verify=false", f"docker://{reference}", f"dir:{target}")


def test_indexes_are_there_by_their_digest_byte_for_byte(served: Served) -> None:
    found = {image.index_digest for image in served.placement.images} - {None}
    assert found == {image.digest for image in IMAGES.values() if image.children}
    for image in served.placement.images:
        if image.index_digest:
            reference = f"{served.registry.host}/{image.path}@{image.index_digest}"
            assert raw_digest(reference) == image.index_digest


def test_an_image_wanted_by_digest_only_has_the_tag_that_nodes_fall_back_to(served: Served) -> None:
    assert raw_digest(f"{served.registry.host}/team/pinned:latest") == served.pinned


def test_catalogue_and_tags_list_what_was_placed_and_nothing_else(served: Served) -> None:
    catalogue = get_json(f"{served.registry.url}/v2/_catalog?n=1000")["repositories"]
    assert catalogue == sorted({image.path for image in served.placement.images})
    tags = get_json(f"{served.registry.url}/v2/team/single/tags/list")["tags"]
    assert sorted(tags) == ["v1", "v2"]  # type: ignore[call-overload]


@pytest.mark.parametrize("password", [False, True])
def test_what_sealos_copies_when_it_runs_is_complete(served: Served, tmp_path: Path, password: bool) -> None:
    """Sealos lists the catalogue, then copies each tag twice: with every platform, then with its own."""
    login = ["--dest-creds=builder:s3cret"] if password else []
    with docker_registry(tmp_path / "node", password=password) as node:
        repositories = get_json(f"{served.registry.url}/v2/_catalog?n=1000")["repositories"]
        for repository in repositories:  # type: ignore[attr-defined]
            for tag in get_json(f"{served.registry.url}/v2/{repository}/tags/list")["tags"]:  # type: ignore[attr-defined]
                for options in (["--all"], []):
                    skopeo(
                        "copy",
                        "-q",
                        *options,
                        *login,
                        "--src-tls-verify=false",
                        "--dest-tls-verify=false",
                        f"docker://{served.registry.host}/{repository}:{tag}",
                        f"docker://{node.host}/{repository}:{tag}",
                    )
        for image in served.placement.images:
            link = node.storage / f"docker/registry/v2/repositories/{image.path}/_manifests/tags/{image.tag}"
            assert (link / "current/link").read_text() == image.digest
    assert verify(served.context / "registry", arch="amd64") == [], "serving changes nothing"
