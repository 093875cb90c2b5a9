"""Pushing blobs and manifests, through a network that loses things, to a real registry."""

from __future__ import annotations

import hashlib
import io
import random
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from action.errors import InputError, RegistryError
from action.model.reference import ImageReference
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain, Credentials, LoginKeychain
from action.registry.http.retry import RetryPolicy
from action.registry.push import Opener, Pusher, Sent
from action.registry.transport import Session
from tests.support import images
from tests.support.dropping_proxy import DroppingProxy, dropping_proxy
from tests.support.registries import PASSWORD, USER, RunningRegistry, docker_registry
from tests.support.token_server import token_server
from tests.support.upload_server import upload_server

pytestmark = pytest.mark.real("docker-registry")

MEBI = 1 << 20
FAST = RetryPolicy(first_wait=0.001, longest_wait=0.002)


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with docker_registry(tmp_path_factory.mktemp("registry")) as running:
        yield running


@pytest.fixture
def proxy(registry: RunningRegistry) -> Iterator[DroppingProxy]:
    with dropping_proxy(registry.host) as running:
        yield running


def blob(seed: str, size: int) -> tuple[str, bytes]:
    data = random.Random(seed).randbytes(size)  # noqa: S311 - the same bytes in every run
    return f"sha256:{hashlib.sha256(data).hexdigest()}", data


def opener(data: bytes) -> Opener:
    def open_at(offset: int) -> Iterable[bytes]:
        stream = io.BytesIO(data[offset:])
        while chunk := stream.read(MEBI):
            yield chunk

    return open_at


def pusher(host: str, path: str, *mount_from: str) -> Pusher:
    client = RegistryClient(AnonymousKeychain(), policy=FAST)
    return Pusher(client, ImageReference.parse(f"{host}/{path}:v1"), mount_from)


def stored(registry: RunningRegistry, path: str, digest: str) -> bytes:
    """The blob as anyone can read it."""
    client = RegistryClient(AnonymousKeychain())
    return b"".join(client.read_blob(ImageReference.parse(f"{registry.host}/{path}:v1"), digest))


@pytest.mark.parametrize("size", [0, 1, 1000, MEBI, MEBI + 1, 5 * MEBI])
def test_every_size_arrives_once(registry: RunningRegistry, size: int) -> None:
    digest, data = blob(f"size-{size}", size)
    assert pusher(registry.host, f"size/{size}").push_blob(digest, size, opener(data)) == Sent("sent", size)
    assert stored(registry, f"size/{size}", digest) == data
    assert pusher(registry.host, f"size/{size}").push_blob(digest, size, opener(data)) == Sent("there", 0)


def test_a_blob_of_another_repository_is_mounted(registry: RunningRegistry) -> None:
    digest, data = blob("mount", 3 * MEBI)
    pusher(registry.host, "mount/one").push_blob(digest, len(data), opener(data))
    sent = pusher(registry.host, "mount/two", "mount/none", "mount/one").push_blob(digest, len(data), opener(data))
    assert sent == Sent("mounted", 0)
    assert stored(registry, "mount/two", digest) == data


def test_a_broken_upload_goes_on_where_it_broke() -> None:
    digest, data = blob("resume", 12 * MEBI)
    with upload_server() as server:
        server.drops = [3 * MEBI, 4 * MEBI, 100]
        assert pusher(server.host, "it").push_blob(digest, len(data), opener(data)) == Sent("sent", len(data))
        assert server.blobs[digest] == data
        assert server.received == len(data)


def test_a_broken_upload_that_the_registry_does_not_keep_starts_again(
    registry: RunningRegistry, proxy: DroppingProxy
) -> None:
    digest, data = blob("again", 8 * MEBI)
    proxy.drops = [3 * MEBI, 4 * MEBI]
    assert pusher(proxy.host, "again/it").push_blob(digest, len(data), opener(data)).how == "sent"
    assert stored(registry, "again/it", digest) == data
    assert len([line for line in proxy.requests if line.startswith("PATCH")]) == 3


def test_a_small_upload_is_started_again(registry: RunningRegistry, proxy: DroppingProxy) -> None:
    digest, data = blob("small", 1000)
    proxy.drops = [10, 0]
    assert pusher(proxy.host, "small/it").push_blob(digest, len(data), opener(data)).how == "sent"
    assert stored(registry, "small/it", digest) == data


def test_an_upload_that_the_registry_forgot_is_started_again(registry: RunningRegistry, proxy: DroppingProxy) -> None:
    digest, data = blob("forgot", 3 * MEBI)
    proxy.drops = [MEBI]
    proxy.answers = [("GET .*uploads/", b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")]
    assert pusher(proxy.host, "forgot/it").push_blob(digest, len(data), opener(data)).how == "sent"
    assert stored(registry, "forgot/it", digest) == data


def test_an_answer_that_was_lost_does_no_harm(registry: RunningRegistry, proxy: DroppingProxy) -> None:
    """The registry has everything, but the client does not know it."""
    digest, data = blob("lost", 2 * MEBI)
    proxy.answers = [("PUT .*digest=", b"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n")]
    assert pusher(proxy.host, "lost/it").push_blob(digest, len(data), opener(data)).how == "sent"
    assert stored(registry, "lost/it", digest) == data


def test_an_upload_that_never_gets_further_is_given_up(proxy: DroppingProxy) -> None:
    digest, data = blob("never", 2 * MEBI)
    proxy.drops = [0] * 100
    with pytest.raises(RegistryError):
        pusher(proxy.host, "never/it").push_blob(digest, len(data), opener(data))
    assert len(proxy.drops) > 80


def test_bytes_that_are_not_the_digest_are_refused(registry: RunningRegistry) -> None:
    digest, _ = blob("right", 100)
    with pytest.raises(RegistryError) as caught:
        pusher(registry.host, "wrong/it").push_blob(digest, 100, opener(b"x" * 100))
    assert caught.value.registry_code == "DIGEST_INVALID"


def test_a_blob_that_shrank_is_told(registry: RunningRegistry) -> None:
    digest, data = blob("shrank", 2 * MEBI)
    with pytest.raises(InputError, match="changed while"):
        pusher(registry.host, "shrank/it").push_blob(digest, len(data), opener(data[:-1]))


def test_an_upload_is_not_taken_to_another_host(registry: RunningRegistry, proxy: DroppingProxy) -> None:
    digest, data = blob("elsewhere", 100)
    elsewhere = b"HTTP/1.1 202 Accepted\r\nLocation: http://elsewhere.example/upload\r\nContent-Length: 0\r\n\r\n"
    proxy.answers = [("POST", elsewhere)]
    with pytest.raises(RegistryError, match="another host, elsewhere.example"):
        pusher(proxy.host, "elsewhere/it").push_blob(digest, len(data), opener(data))


def test_a_link_that_another_push_is_just_writing_is_read_again(registry: RunningRegistry) -> None:
    """distribution 2.8 empties a blob's link before it writes it anew, and refuses what names the blob meanwhile."""
    image = images.image(images.layer("shared"))
    for digest, data in image.blobs.items():
        pusher(registry.host, "busy").push_blob(digest, len(data), opener(data))
    links = registry.storage / "docker/registry/v2/repositories/busy/_layers/sha256"
    link = links / image.layers[0].digest.removeprefix("sha256:") / "link"
    content = link.read_bytes()
    link.write_bytes(b"")

    def meanwhile(seconds: float) -> None:
        link.write_bytes(content)

    session = Session(AnonymousKeychain(), policy=FAST, sleep=meanwhile)
    client = RegistryClient(AnonymousKeychain(), session=session)
    pushed = Pusher(client, ImageReference.parse(f"{registry.host}/busy:v1"))
    assert pushed.push_manifest(image.body, image.media_type, image.digest, "v1").digest == image.digest
    assert pushed.manifest("v1") is not None


def test_a_login_is_used_and_a_wrong_one_is_told(tmp_path: Path) -> None:
    digest, data = blob("login", 2 * MEBI)
    with docker_registry(tmp_path, password=True) as running:
        reference = ImageReference.parse(f"{running.host}/login/it:v1")
        login = LoginKeychain(running.host, Credentials(username=USER, password=PASSWORD))
        sent = Pusher(RegistryClient(login, policy=FAST), reference).push_blob(digest, len(data), opener(data))
        assert sent.how == "sent"
        wrong = LoginKeychain(running.host, Credentials(username=USER, password="no"))
        with pytest.raises(RegistryError) as caught:
            Pusher(RegistryClient(wrong, policy=FAST), reference).push_blob(digest, len(data), opener(data))
        assert "no" not in caught.value.problems[0].message.split()


def test_a_token_for_pushing_and_for_what_is_mounted(tmp_path: Path) -> None:
    digest, data = blob("token", 2 * MEBI)
    with (
        token_server(tmp_path / "tokens", login=(USER, PASSWORD)) as tokens,
        docker_registry(tmp_path / "registry", token=tokens.registry_settings) as running,
    ):
        login = LoginKeychain(running.host, Credentials(username=USER, password=PASSWORD))
        client = RegistryClient(login, policy=FAST)
        one, two = (ImageReference.parse(f"{running.host}/team/{name}:v1") for name in ("one", "two"))
        assert Pusher(client, one).manifest("v1") is None
        assert Pusher(client, one).push_blob(digest, len(data), opener(data)).how == "sent"
        assert Pusher(client, two, ["team/one"]).push_blob(digest, len(data), opener(data)).how == "mounted"
        assert set(tokens.scopes) == {
            "repository:team/one:pull,push",
            "repository:team/two:pull,push",
            "repository:team/one:pull",
        }
