"""The client against a real registry: what it reads is what was pushed."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from action.errors import RegistryError
from action.model.reference import ImageReference
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain, Credentials, LoginKeychain
from tests.support import images
from tests.support.registries import PASSWORD, USER, RunningRegistry, docker_registry

pytestmark = pytest.mark.real("docker-registry")


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with docker_registry(tmp_path_factory.mktemp("open")) as running:
        yield running


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with docker_registry(tmp_path_factory.mktemp("locked"), password=True) as running:
        images.push(images.image(label="locked"), running.host, "a/b", "v1", login=(USER, PASSWORD))
        yield running


def client_for(host: str, password: str) -> RegistryClient:
    return RegistryClient(LoginKeychain(host, Credentials(username=USER, password=password, origin="a test")))


@pytest.mark.parametrize("oci", [True, False])
def test_manifests_come_byte_for_byte_by_tag_and_by_digest(registry: RunningRegistry, oci: bool) -> None:
    pushed = images.both_arches(f"bytes {oci}", oci=oci)
    images.push(pushed, registry.host, "team/app", "v1")
    client = RegistryClient(AnonymousKeychain())
    by_tag = client.get_manifest(ImageReference.parse(f"{registry.host}/team/app:v1"))
    by_digest = client.get_manifest(ImageReference.parse(f"{registry.host}/team/app@{pushed.digest}"))
    assert by_tag == by_digest == (pushed.body, pushed.media_type, pushed.digest)


def test_a_head_tells_digest_type_and_size_or_that_nothing_is_there(registry: RunningRegistry) -> None:
    pushed = images.image(label="head")
    images.push(pushed, registry.host, "team/head", "v1")
    client = RegistryClient(AnonymousKeychain())
    found = client.head_manifest(ImageReference.parse(f"{registry.host}/team/head:v1"))
    assert found == (pushed.digest, pushed.media_type, len(pushed.body))
    assert client.head_manifest(ImageReference.parse(f"{registry.host}/team/head:v2")) is None


def test_blobs_are_read_whole_or_from_an_offset(registry: RunningRegistry) -> None:
    layer = images.layer("big", 3_000_000)
    images.push(images.image(layer), registry.host, "team/blob", "v1")
    client = RegistryClient(AnonymousKeychain())
    reference = ImageReference.parse(f"{registry.host}/team/blob:v1")
    whole = b"".join(client.read_blob(reference, layer.digest, size=len(layer.data)))
    rest = b"".join(client.read_blob(reference, layer.digest, 1_234_567))
    assert whole == layer.data
    assert rest == layer.data[1_234_567:]
    assert client.blob_exists(reference, layer.digest)
    assert not client.blob_exists(reference, images.digest_of(b"no such blob"))


def test_a_mirror_stands_in_for_the_host_with_its_path(registry: RunningRegistry) -> None:
    pushed = images.image(label="mirrored")
    images.push(pushed, registry.host, "hub/library/nginx", "1.25")
    client = RegistryClient(AnonymousKeychain(), mirrors={"docker.io": f"{registry.url}/hub"})
    assert client.get_manifest(ImageReference.parse("nginx:1.25")).digest == pushed.digest


def test_the_right_password_opens_a_locked_registry(locked: RunningRegistry) -> None:
    manifest = client_for(locked.host, PASSWORD).get_manifest(ImageReference.parse(f"{locked.host}/a/b:v1"))
    assert manifest.media_type == images.OCI_MANIFEST


def test_a_refused_login_is_one_clear_message_without_the_password(locked: RunningRegistry) -> None:
    with pytest.raises(RegistryError) as caught:
        client_for(locked.host, "wr0ng").get_manifest(ImageReference.parse(f"{locked.host}/a/b:v1"))
    (problem,) = caught.value.problems
    assert problem.code == "login-refused"
    assert problem.message == f"{locked.host} refuses the login of user 'builder' from a test (401)"
    assert "wr0ng" not in str(caught.value)


def test_a_missing_login_says_how_to_log_in(locked: RunningRegistry) -> None:
    with pytest.raises(RegistryError, match="asks for a login") as caught:
        RegistryClient(AnonymousKeychain()).get_manifest(ImageReference.parse(f"{locked.host}/a/b:v1"))
    assert caught.value.problems[0].hint.startswith(f"log in with `docker login {locked.host}`")


def test_a_manifest_that_is_not_there_carries_status_and_code(registry: RunningRegistry) -> None:
    with pytest.raises(RegistryError) as caught:
        RegistryClient(AnonymousKeychain()).get_manifest(ImageReference.parse(f"{registry.host}/team/none:v1"))
    assert (caught.value.status, caught.value.registry_code) == (404, "MANIFEST_UNKNOWN")
