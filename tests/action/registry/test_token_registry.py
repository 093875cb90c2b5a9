"""docker-registry behind a token server, both real: what is public, what wants a login, what is denied."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from action.errors import RegistryError
from action.model.reference import ImageReference
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain, Credentials, LoginKeychain
from tests.support import images
from tests.support.registries import PASSWORD, USER, docker_registry
from tests.support.token_server import TokenServer, token_server

pytestmark = pytest.mark.real("docker-registry", "openssl")

IMAGE = images.both_arches("token")


@dataclass
class Guarded:
    host: str
    tokens: TokenServer

    def reference(self, repository: str) -> ImageReference:
        return ImageReference.parse(f"{self.host}/{repository}:v1")

    def client(self, password: str | None) -> RegistryClient:
        if password is None:
            return RegistryClient(AnonymousKeychain())
        return RegistryClient(LoginKeychain(self.host, Credentials(username=USER, password=password, origin="a test")))


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    folder = tmp_path_factory.mktemp("guarded")
    with docker_registry(folder / "open") as opened:
        for repository in ("team/public", "team/secret"):
            images.push(IMAGE, opened.host, repository, "v1")
        storage = opened.storage
    with (
        token_server(folder / "tokens", login=(USER, PASSWORD), public=frozenset({"team/public"})) as tokens,
        docker_registry(folder / "guarded", storage=storage, token=tokens.registry_settings) as registry,
    ):
        yield Guarded(registry.host, tokens)


def test_what_is_public_needs_no_login(guarded: Guarded) -> None:
    guarded.tokens.scopes.clear()
    client = guarded.client(None)
    for _ in range(3):
        assert client.get_manifest(guarded.reference("team/public")).digest == IMAGE.digest
    assert guarded.tokens.scopes == ["repository:team/public:pull"]


def test_a_login_opens_the_rest(guarded: Guarded) -> None:
    client = guarded.client(PASSWORD)
    reference = guarded.reference("team/secret")
    assert client.get_manifest(reference).digest == IMAGE.digest
    layer = IMAGE.children[0].layers[0]
    assert b"".join(client.read_blob(reference, layer.digest, size=len(layer.data))) == layer.data


@pytest.mark.parametrize("repository", ["team/secret", "team/none"])
def test_what_we_may_not_read_is_a_refusal_of_the_registry(guarded: Guarded, repository: str) -> None:
    guarded.tokens.scopes.clear()
    with pytest.raises(RegistryError) as caught:
        guarded.client(None).get_manifest(guarded.reference(repository))
    assert guarded.tokens.scopes == [f"repository:{repository}:pull"], "a good token that is refused is no use again"
    assert (caught.value.status, caught.value.problems[0].code) == (401, "registry-refused")


def test_a_wrong_password_is_told_by_the_token_server(guarded: Guarded) -> None:
    with pytest.raises(RegistryError, match="refuses the login of user 'builder' from a test") as caught:
        guarded.client("wr0ng").get_manifest(guarded.reference("team/secret"))
    assert caught.value.problems[0].code == "login-refused"
