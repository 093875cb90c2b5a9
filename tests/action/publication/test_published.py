"""Reading what is in the registry already."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from action.model.reference import ImageReference
from action.publication import published
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain
from action.store.oci.manifest import Manifest
from tests.support import images
from tests.support.registries import RunningRegistry, docker_registry

pytestmark = pytest.mark.real("docker-registry")

TAGS = ["v1.9.0", "v1.10.0", "v1.10.0-amd64", "v1.10.0-arm64", "v2.0.0", "latest", f"sha256-{'a' * 64}"]


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as running:
        for tag in TAGS:
            images.push(images.image(), running.host, "me/web", tag)
        yield running


@pytest.mark.parametrize(
    ("tag", "before"),
    [("v1.9.0", None), ("v1.9.1", "v1.9.0"), ("v1.10.0", "v1.9.0"), ("v1.11.0", "v1.10.0"), ("v10", "v2.0.0")],
)
def test_the_version_before_is_found_in_natural_order(registry: RunningRegistry, tag: str, before: str | None) -> None:
    reference = ImageReference.parse(f"{registry.host}/me/web:{tag}")
    assert published.version_before(RegistryClient(AnonymousKeychain()), reference) == before


def test_a_repository_that_does_not_exist_has_none(registry: RunningRegistry) -> None:
    client, reference = RegistryClient(AnonymousKeychain()), ImageReference.parse(f"{registry.host}/me/none:v1")
    assert published.version_before(client, reference) is None
    assert published.find(client, reference) is None


def test_an_image_that_others_made_has_no_content_id_and_no_bill(registry: RunningRegistry) -> None:
    client, reference = RegistryClient(AnonymousKeychain()), ImageReference.parse(f"{registry.host}/me/web:v2.0.0")
    there = published.find(client, reference)
    assert there is not None
    assert published.identity(there) == ""
    assert published.bills(client, reference, there) == {}


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"annotations": 3, "manifests": {}}', b'{"manifests": [{}]}'])
def test_documents_of_any_shape_are_read_with_care(registry: RunningRegistry, body: bytes) -> None:
    client, reference = RegistryClient(AnonymousKeychain()), ImageReference.parse(f"{registry.host}/me/web:v1")
    manifest = Manifest(body, "", "")
    assert published.identity(manifest) == ""
    assert published.bills(client, reference, manifest) == {}
