"""What a node asks for, after either way in which Sealos fills a node's registry, is there and is the right image.

``sealos run`` takes the first way by default: it serves ``registry/`` of the unpacked image, lists the catalogue, and
copies each tag twice, with every platform and then with its own. The other is a plain copy of the directory.
"""

from __future__ import annotations

import http.client
import io
import json
import shutil
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.consumers.conftest import CONTEXTS, Built, Store
from tests.support import images
from tests.support.registries import RunningRegistry, docker_registry
from tests.support.unpacked import tar_of

pytestmark = pytest.mark.real("skopeo", "docker-registry")

_ACCEPT = ", ".join((images.OCI_INDEX, images.OCI_MANIFEST, images.DOCKER_INDEX, images.DOCKER_MANIFEST))


@dataclass(frozen=True)
class Unpacked:
    """The root of one image on this machine, and its bill of images."""

    root: Path
    bill: list[dict[str, Any]]


@pytest.fixture(scope="module")
def unpacked(built: Built, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Unpacked]:
    """Every image of the contexts as a machine with amd64 unpacks it."""
    found = {}
    for app in CONTEXTS:
        root = tmp_path_factory.mktemp(app)
        for layer in built.layout.read_manifest(built.image(app, "amd64"))["layers"]:
            with tarfile.open(fileobj=io.BytesIO(tar_of(built.layout, layer))) as tar:
                tar.extractall(root, filter="tar")
        found[app] = Unpacked(root, json.loads((root / "etc/cluster-image/images.json").read_bytes())["images"])
    return found


def get(host: str, path: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(host, timeout=10)
    try:
        connection.request("GET", path, headers={"Accept": _ACCEPT})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def asked(reference: str) -> list[tuple[str, str]]:
    """The repository and tag or digest that image-cri-shim asks for, in order (sreg/registry/crane, shim/utils.go).

    Without its domain; a digest hides the tag, which is tried next: ``latest`` where none was written.
    """
    name, _, digest = reference.partition("@")
    first, slash, rest = name.partition("/")
    if not slash or not ("." in first or ":" in first):
        rest = name if slash else f"library/{name}"
    elif "/" not in rest and first in ("docker.io", "index.docker.io"):
        rest = f"library/{rest}"
    path, _, tag = rest.partition(":")
    return ([(path, digest)] if digest else []) + [(path, tag or "latest")]


def pulled(host: str, reference: str) -> str | None:
    """The digest of the image for linux/amd64 that the node gets, or None."""
    for path, name in asked(reference):
        status, body = get(host, f"/v2/{path}/manifests/{name}")
        if status != 200:
            continue
        document = json.loads(body)
        while "manifests" in document:
            fitting = [m for m in document["manifests"] if m.get("platform", {}).get("architecture") == "amd64"]
            status, body = get(host, f"/v2/{path}/manifests/{fitting[0]['digest']}")
            if status != 200:
                break
            document = json.loads(body)
        else:
            parts = [document["config"], *document["layers"]]
            if all(get(host, f"/v2/{path}/blobs/{part['digest']}")[0] == 200 for part in parts):
                return images.digest_of(body)
    return None


def served(folder: Path, image: Unpacked) -> Iterator[tuple[RunningRegistry, str, str]]:
    """Each repository and tag of the image's registry/, served as sealctl serves it."""
    with docker_registry(folder, storage=image.root / "registry") as source:
        for repository in json.loads(get(source.host, "/v2/_catalog?n=1000")[1])["repositories"]:
            for tag in json.loads(get(source.host, f"/v2/{repository}/tags/list")[1])["tags"]:
                yield source, repository, tag


def test_every_image_arrives_tag_by_tag(
    built: Built, store: Store, unpacked: dict[str, Unpacked], tmp_path: Path
) -> None:
    with docker_registry(tmp_path / "node") as node:
        for app, image in unpacked.items():
            for source, repository, tag in served(tmp_path / app, image):
                ends = [f"docker://{host}/{repository}:{tag}" for host in (source.host, node.host)]
                for platforms in (["--all"], []):
                    options = ["-q", *platforms, "--src-tls-verify=false", "--dest-tls-verify=false"]
                    store.run("skopeo", "copy", "--override-arch=amd64", *options, *ends)
        check(node, unpacked)


def test_every_image_arrives_by_plain_copy(unpacked: dict[str, Unpacked], tmp_path: Path) -> None:
    storage = tmp_path / "storage"
    for image in unpacked.values():
        shutil.copytree(image.root / "registry", storage, dirs_exist_ok=True)
    with docker_registry(tmp_path / "node", storage=storage) as node:
        check(node, unpacked)


def check(node: RunningRegistry, unpacked: dict[str, Unpacked]) -> None:
    wanted = {entry["reference"]: entry["digest"] for image in unpacked.values() for entry in image.bill}
    assert len(wanted) > 20
    assert {reference: pulled(node.host, reference) for reference in wanted} == wanted


def test_the_rules_of_the_shim() -> None:
    assert asked("nginx") == [("library/nginx", "latest")]
    assert asked("docker.io/foo/bar:1") == [("foo/bar", "1")]
    assert asked("reg:5000/a/b") == [("a/b", "latest")]
    assert asked("localhost/a:1") == [("localhost/a", "1")]
    assert asked("q.io/a:1@sha256:x") == [("a", "sha256:x"), ("a", "1")]
    assert asked("q.io/a@sha256:x") == [("a", "sha256:x"), ("a", "latest")]
