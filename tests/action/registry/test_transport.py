"""The session against a registry that misbehaves: what is asked again, how often, after which wait, as whom."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from action.errors import RegistryError
from action.model.reference import ImageReference
from action.registry.client import RegistryClient
from action.registry.credentials.auth import AnonymousKeychain, Credentials, Keychain, LoginKeychain
from action.registry.http.response import Timeouts
from action.registry.http.retry import RetryPolicy
from action.registry.transport import Session
from tests.support import images
from tests.support.fault_proxy import Decide, Fault, FaultProxy, Request, fault_proxy
from tests.support.registries import PASSWORD, USER, RunningRegistry, docker_registry

pytestmark = pytest.mark.real("docker-registry")

LAYER = images.layer("transport", 400_000)
IMAGE = images.image(LAYER, label="transport")
BASIC = "Basic YnVpbGRlcjpzM2NyZXQ="


@pytest.fixture(scope="module")
def registry(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningRegistry]:
    with docker_registry(tmp_path_factory.mktemp("source")) as running:
        for repository in ("a/b", "c/d"):
            images.push(IMAGE, running.host, repository, "v1")
        yield running


class Waits:
    """A sleep that only notes what it was asked for."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.now = 1000.0

    def __call__(self, seconds: float) -> None:
        self.seconds.append(seconds)
        self.now += seconds

    def clock(self) -> float:
        return self.now


def client_of(keychain: Keychain | None = None, waits: Waits | None = None, **policy: float) -> RegistryClient:
    waits = waits or Waits()
    session = Session(
        keychain or AnonymousKeychain(),
        policy=RetryPolicy(jitter=0.0, **policy),  # type: ignore[arg-type]
        timeouts=Timeouts(connect=2.0, read=0.3, slow_after=0.5),
        sleep=waits,
        clock=waits.clock,
        wall_clock=waits.clock,
    )
    return RegistryClient(AnonymousKeychain(), session=session)


def reference(proxy: FaultProxy, repository: str = "a/b") -> ImageReference:
    return ImageReference.parse(f"{proxy.host}/{repository}:v1")


def first(count: int, fault: Fault, part: str = "/v2/") -> Decide:
    """``fault`` for the first ``count`` requests whose path has ``part``."""
    left = [count]

    def decide(request: Request) -> Fault | None:
        if part not in request.path or not left[0]:
            return None
        left[0] -= 1
        return fault

    return decide


def login(proxy: FaultProxy) -> LoginKeychain:
    return LoginKeychain(proxy.host, Credentials(username=USER, password=PASSWORD, origin="a test"))


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_what_may_pass_is_asked_again_after_growing_waits(registry: RunningRegistry, status: int) -> None:
    waits = Waits()
    with fault_proxy(registry.host, first(3, Fault("status", status))) as proxy:
        assert client_of(waits=waits).get_manifest(reference(proxy)).digest == IMAGE.digest
        assert proxy.asked("/manifests/") == 4
    assert waits.seconds == [0.5, 1.0, 2.0]


@pytest.mark.parametrize("status", [400, 403, 404, 405, 410, 451, 501])
def test_an_answer_is_not_asked_for_again(registry: RunningRegistry, status: int) -> None:
    waits = Waits()
    with fault_proxy(registry.host, first(9, Fault("status", status))) as proxy:
        with pytest.raises(RegistryError) as caught:
            client_of(waits=waits).get_manifest(reference(proxy))
        assert len(proxy.requests) == 1
    assert (caught.value.status, caught.value.registry_code, waits.seconds) == (status, "TOOMANYREQUESTS", [])


def test_the_policy_bounds_the_attempts(registry: RunningRegistry) -> None:
    with fault_proxy(registry.host, first(99, Fault("reset"))) as proxy:
        with pytest.raises(RegistryError, match=r"cannot be read .* tried 4 times"):
            client_of(attempts=4).get_manifest(reference(proxy))
        assert len(proxy.requests) == 4


def test_a_registry_that_is_only_busy_is_given_two_minutes(registry: RunningRegistry) -> None:
    waits = Waits()
    with fault_proxy(registry.host, first(9, Fault("status", 429))) as proxy:
        assert client_of(waits=waits).get_manifest(reference(proxy)).digest == IMAGE.digest
    assert sum(waits.seconds) == 121.5
    with (
        fault_proxy(registry.host, first(99, Fault("status", 429))) as proxy,
        pytest.raises(RegistryError, match="answers 429") as caught,
    ):
        client_of().get_manifest(reference(proxy))
    assert len(proxy.requests) == 10
    assert "log in" in caught.value.problems[0].hint


def test_retry_after_replaces_the_wait_and_holds_back_everyone(registry: RunningRegistry) -> None:
    waits = Waits()
    fault = Fault("status", 429, (("Retry-After", "120"),))
    with fault_proxy(registry.host, first(1, fault)) as proxy:
        client = client_of(waits=waits)
        assert client.get_manifest(reference(proxy)).digest == IMAGE.digest
        assert waits.seconds == [120.0]
        assert client.session.limits.limit_of(proxy.host, "small") < 6


def test_a_retry_after_beyond_the_limit_fails_at_once_with_the_figure(registry: RunningRegistry) -> None:
    waits = Waits()
    fault = Fault("status", 429, (("Retry-After", "3600"),))
    with (
        fault_proxy(registry.host, first(1, fault)) as proxy,
        pytest.raises(RegistryError, match=r"asks to wait 3600 s .*; the limit here is 300 s") as caught,
    ):
        client_of(waits=waits).get_manifest(reference(proxy))
    assert caught.value.problems[0].code == "registry-throttled"
    assert waits.seconds == []


@pytest.mark.parametrize(
    "fault",
    [
        Fault("reset"),
        Fault("truncate", at=0.4),
        Fault("truncate", at=0.0),
        Fault("short-length", at=0.7),
        Fault("stall", at=0.2, seconds=0.6),
        Fault("redirect"),
    ],
    ids=lambda fault: f"{fault.kind} {fault.at}",
)
def test_a_broken_blob_goes_on_where_it_broke(registry: RunningRegistry, fault: Fault) -> None:
    with fault_proxy(registry.host, first(2, fault, "/blobs/")) as proxy:
        whole = b"".join(client_of().read_blob(reference(proxy), LAYER.digest, size=len(LAYER.data)))
        assert whole == LAYER.data
        ranges = [request.range for request in proxy.requests if "/blobs/" in request.path]
        if fault.at > 0.0 and fault.kind not in ("reset", "redirect"):
            assert ranges[:2] == [None, f"bytes={int(len(LAYER.data) * fault.at)}-"]


def test_a_blob_that_never_goes_on_fails_after_the_policys_attempts(registry: RunningRegistry) -> None:
    with fault_proxy(registry.host, first(99, Fault("truncate", at=0.0), "/blobs/")) as proxy:
        with pytest.raises(RegistryError, match="tried 5 times"):
            list(client_of(attempts=5).read_blob(reference(proxy), LAYER.digest, size=len(LAYER.data)))
        assert proxy.asked("/blobs/") == 5


def test_a_manifest_that_comes_wrong_is_asked_for_again(registry: RunningRegistry) -> None:
    with fault_proxy(registry.host, first(2, Fault("corrupt"), "/manifests/")) as proxy:
        assert client_of().get_manifest(reference(proxy)).body == IMAGE.body
    with (
        fault_proxy(registry.host, first(9, Fault("corrupt"), "/manifests/")) as proxy,
        pytest.raises(RegistryError, match="whose digest is") as caught,
    ):
        client_of().get_manifest(reference(proxy))
    assert caught.value.problems[0].code == "wrong-digest"


def test_a_token_is_shared_by_all_who_ask_the_same(registry: RunningRegistry) -> None:
    with fault_proxy(registry.host, tokens=True, login=BASIC) as proxy:
        client = client_of(login(proxy))
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(client.get_manifest, [reference(proxy)] * 12))
        client.get_manifest(reference(proxy, "c/d"))
        assert proxy.issued == 2
        assert all(request.authorization == BASIC for request in proxy.requests if "/token" in request.path)
        unauthorised = [request for request in proxy.requests if request.authorization is None]
        assert len(unauthorised) <= 6, "once the host is known to want tokens, one is fetched first"


def test_a_token_that_is_refused_in_mid_flight_is_renewed_once_for_all(registry: RunningRegistry) -> None:
    seen = [0]

    def decide(request: Request) -> Fault | None:
        seen[0] += "/manifests/" in request.path
        return Fault("unauthorized") if seen[0] == 10 else None

    with fault_proxy(registry.host, decide, tokens=True) as proxy:
        client = client_of()
        with ThreadPoolExecutor(6) as pool:
            assert {m.digest for m in pool.map(client.get_manifest, [reference(proxy)] * 30)} == {IMAGE.digest}
        assert proxy.issued == 2


def test_a_token_is_renewed_before_it_runs_out(registry: RunningRegistry) -> None:
    waits = Waits()
    with fault_proxy(registry.host, tokens=True, life=100) as proxy:
        client = client_of(waits=waits)
        client.get_manifest(reference(proxy))
        waits.now += 80
        client.get_manifest(reference(proxy))
        assert proxy.issued == 1
        waits.now += 15
        client.get_manifest(reference(proxy))
        assert proxy.issued == 2


def test_token_requests_are_retried(registry: RunningRegistry) -> None:
    with fault_proxy(registry.host, first(3, Fault("status", 503), "/token"), tokens=True) as proxy:
        assert client_of().get_manifest(reference(proxy)).digest == IMAGE.digest
        assert proxy.asked("/token") == 4


def test_an_identity_token_is_exchanged(registry: RunningRegistry) -> None:
    with fault_proxy(registry.host, tokens=True, login="refresh-me") as proxy:
        keychain = LoginKeychain(proxy.host, Credentials(identity_token="refresh-me"))
        assert client_of(keychain).get_manifest(reference(proxy)).digest == IMAGE.digest
        assert proxy.asked("/token", "POST") == 1


def test_a_token_server_that_refuses_the_login_is_one_clear_message(registry: RunningRegistry) -> None:
    with (
        fault_proxy(registry.host, tokens=True, login="Basic another") as proxy,
        pytest.raises(RegistryError) as caught,
    ):
        client_of(login(proxy)).get_manifest(reference(proxy))
    (problem,) = caught.value.problems
    assert problem.code == "login-refused"
    assert "user 'builder' from a test (401)" in problem.message
    assert PASSWORD not in str(caught.value)


def test_the_login_does_not_follow_a_redirect_to_another_host(registry: RunningRegistry) -> None:
    with fault_proxy(registry.host, first(9, Fault("redirect"), "/blobs/"), tokens=True) as proxy:
        blob = b"".join(client_of().read_blob(reference(proxy), LAYER.digest, size=len(LAYER.data)))
        assert blob == LAYER.data
        assert [request.authorization for request in proxy.at_other] == [None]


def test_a_redirect_without_end_is_refused(registry: RunningRegistry) -> None:
    with fault_proxy(registry.host) as proxy:
        loop = Fault("status", 307, (("Location", f"http://{proxy.host}/v2/a/b/manifests/v1"),))
        proxy.decide = lambda request: loop
        with pytest.raises(RegistryError, match="redirects more than 8 times"):
            client_of().get_manifest(reference(proxy))


@pytest.mark.parametrize("target", ["ftp://other/x", "file:///etc/passwd"])
def test_a_redirect_to_no_web_address_is_refused(registry: RunningRegistry, target: str) -> None:
    fault = Fault("status", 307, (("Location", target),))
    with (
        fault_proxy(registry.host, first(1, fault)) as proxy,
        pytest.raises(RegistryError, match="not a web address"),
    ):
        client_of().get_manifest(reference(proxy))


def test_a_host_that_nobody_answers_for_is_named() -> None:
    with pytest.raises(RegistryError, match=r"127\.0\.0\.1:1 cannot be read .*refused"):
        client_of(attempts=2).get_manifest(ImageReference.parse("127.0.0.1:1/a/b:v1"))
