"""What lies between us and a registry: certificates, proxies, wrong names, bodies that trickle."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from action.errors import RegistryError
from action.model.reference import ImageReference
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain
from action.registry.http.retry import RetryPolicy
from tests.support import images
from tests.support.fault_proxy import Fault, fault_proxy
from tests.support.registries import RunningRegistry, docker_registry
from tests.support.tls_authority import make_authority

NGINX = ImageReference.parse("nginx:1.25")
LAYER = images.layer("network", 8 << 20)
IMAGE = images.image(LAYER, label="network")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    return make_authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def encrypted(tmp_path_factory: pytest.TempPathFactory, authority: tuple[Path, Path]) -> Iterator[RunningRegistry]:
    folder = tmp_path_factory.mktemp("encrypted")
    with docker_registry(folder / "plain") as plain:
        images.push(IMAGE, plain.host, "library/nginx", "1.25")
    with docker_registry(folder / "encrypted", storage=plain.storage, certificate=authority) as running:
        yield running


def client(url: str) -> RegistryClient:
    policy = RetryPolicy(attempts=3, first_wait=0.001)
    return RegistryClient(AnonymousKeychain(), mirrors={"docker.io": url}, policy=policy)


@pytest.mark.real("docker-registry", "openssl")
def test_a_certificate_of_a_known_authority_is_accepted(
    encrypted: RunningRegistry, authority: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[0]))
    assert client(f"https://{encrypted.host}").get_manifest(NGINX).digest == IMAGE.digest


@pytest.mark.real("docker-registry", "openssl")
def test_a_layer_comes_over_tls_in_pieces_that_are_worth_their_cost(
    encrypted: RunningRegistry, authority: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """One piece for each record of TLS, 16 KiB at most, took three times the processor."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority[0]))
    pieces = list(client(f"https://{encrypted.host}").read_blob(NGINX, LAYER.digest, size=len(LAYER.data)))
    assert b"".join(pieces) == LAYER.data
    assert len(LAYER.data) / len(pieces) >= 128 << 10


@pytest.mark.real("docker-registry", "openssl")
def test_an_unknown_certificate_is_refused_at_once_with_the_way_out(encrypted: RunningRegistry) -> None:
    with pytest.raises(RegistryError, match=r"tried once\): .*certificate verify failed") as caught:
        client(f"https://{encrypted.host}").get_manifest(NGINX)
    assert "SSL_CERT_FILE" in caught.value.problems[0].hint


def test_plain_http_where_https_was_meant_says_so_at_once() -> None:
    with fault_proxy("127.0.0.1:1") as proxy, pytest.raises(RegistryError, match="tried once") as caught:
        client(f"https://{proxy.host}").get_manifest(NGINX)
    assert "it speaks plain HTTP" in caught.value.problems[0].hint


def test_a_proxy_of_the_environment_is_used_but_not_for_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    with fault_proxy("127.0.0.1:1", lambda request: Fault("status", 404)) as proxy:
        monkeypatch.setenv("http_proxy", f"http://me:s%40cret@{proxy.host}")
        monkeypatch.setenv("no_proxy", "direct.test")
        with pytest.raises(RegistryError, match="answers 404"):
            client("http://registry.test").get_manifest(NGINX)
        with pytest.raises(RegistryError, match="cannot be read"):
            client("http://127.0.0.1:1").get_manifest(NGINX)
        assert [request.path for request in proxy.requests] == ["http://registry.test/v2/library/nginx/manifests/1.25"]
