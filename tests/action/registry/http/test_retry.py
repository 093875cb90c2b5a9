"""The retry policy, Retry-After, the challenges and the per-host limits: all without waiting."""

from __future__ import annotations

import threading

import pytest

from action.errors import InputError
from action.registry.credentials.challenge import Challenge, parse_challenge
from action.registry.http.hosts import Endpoint, endpoint, is_loopback
from action.registry.http.limits import HostLimits
from action.registry.http.refusal import redacted
from action.registry.http.retry import RetryPolicy, parse_retry_after


def test_waits_double_up_to_the_longest() -> None:
    policy = RetryPolicy(first_wait=1, longest_wait=8)
    assert [policy.wait(attempt, lambda: 0.5) for attempt in range(1, 7)] == [1, 2, 4, 8, 8, 8]
    assert (policy.wait(1, lambda: 0.0), policy.wait(1, lambda: 1.0)) == (0.75, 1.25)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("7", 7.0),
        (" 0 ", 0.0),
        ("Thu, 01 Jan 1970 00:16:50 GMT", 10.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("٣", None),
    ],
)
def test_retry_after_is_a_count_or_a_date(header: str | None, seconds: float | None) -> None:
    assert parse_retry_after(header, lambda: 1000.0) == seconds


@pytest.mark.parametrize(
    ("header", "challenge"),
    [
        ("", None),
        ("Negotiate", None),
        ('Basic realm="x"', Challenge("basic", "x")),
        (
            'Bearer realm="https://auth.io/token",service="registry.io",scope="repository:a/b:pull,push"',
            Challenge("bearer", "https://auth.io/token", "registry.io", "repository:a/b:pull,push"),
        ),
        ('bearer Realm="https://a.io/t" , error="x"', Challenge("bearer", "https://a.io/t", error="x")),
        ('Basic realm="x", Bearer realm="https://a.io/t"', Challenge("bearer", "https://a.io/t")),
        ("Bearer service=x", None),
    ],
)
def test_challenges(header: str, challenge: Challenge | None) -> None:
    assert parse_challenge(header) == challenge


def test_a_limit_halves_once_for_a_burst_and_climbs_back() -> None:
    now = [0.0]
    limits = HostLimits(8, clock=lambda: now[0], sleep=lambda seconds: None)
    for _ in range(8):
        limits.throttled("a", "small", 0)
    assert limits.limit_of("a", "small") == 3
    now[0] = 2.0
    limits.throttled("a", "small", 0)
    assert limits.limit_of("a", "small") == 1
    for _ in range(3):
        limits.succeeded("a", "small")
    assert limits.limit_of("a", "small") == 3
    for _ in range(100):
        limits.succeeded("a", "small")
    assert (limits.limit_of("a", "small"), limits.limit_of("b", "small")) == (8, 6)


def test_small_requests_find_their_place_at_once_and_layers_by_and_by() -> None:
    limits = HostLimits()
    for _ in range(10):
        limits.succeeded("a", "small")
        limits.succeeded("a", "large")
    assert (limits.limit_of("a", "small"), limits.limit_of("a", "large")) == (16, 7)
    for _ in range(1000):
        limits.succeeded("a", "large")
    assert limits.limit_of("a", "large") == 16
    limits.throttled("a", "small", 0)
    assert (limits.limit_of("a", "small"), limits.limit_of("a", "large")) == (8, 16)
    limits.succeeded("a", "small")
    assert limits.limit_of("a", "small") == 8


def test_a_limit_never_falls_below_one() -> None:
    now = [0.0]
    limits = HostLimits(2, clock=lambda: now[0], sleep=lambda seconds: None)
    for _ in range(10):
        now[0] += 10
        limits.throttled("a", "large", 0)
    assert limits.limit_of("a", "large") == 1


def test_nobody_asks_a_host_during_its_pause() -> None:
    now, slept = [0.0], []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        now[0] += seconds

    limits = HostLimits(2, clock=lambda: now[0], sleep=sleep)
    limits.throttled("a", "large", 30)
    limits.take("b", "small").release()
    assert slept == []
    limits.take("a", "small").release()
    assert slept == [30]


def test_permits_bound_what_runs_at_once_and_are_given_back_once() -> None:
    limits = HostLimits(2)
    first, second = limits.take("a", "small"), limits.take("a", "small")
    third = threading.Thread(target=limits.take, args=("a", "small"), daemon=True)
    third.start()
    third.join(0.05)
    assert third.is_alive()
    limits.take("a", "large").release()
    first.release()
    first.release()
    third.join(5)
    assert not third.is_alive()
    fourth = threading.Thread(target=limits.take, args=("a", "small"), daemon=True)
    fourth.start()
    fourth.join(0.05)
    assert fourth.is_alive()
    second.release()
    fourth.join(5)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost:5000", True),
        ("127.0.0.1", True),
        ("[::1]:5000", True),
        ("127.0.0.1.evil.com", False),
        ("10.0.0.1", False),
    ],
)
def test_loopback(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback


def test_endpoints() -> None:
    mirrors = {"docker.io": "https://mirror.local/hub", "quay.io": "http://cache:5000/v2/"}
    assert endpoint("docker.io", mirrors=mirrors, insecure=()) == Endpoint(
        "mirror.local", "https://mirror.local", "hub/"
    )
    assert endpoint("quay.io", mirrors=mirrors, insecure=()) == Endpoint("cache:5000", "http://cache:5000", "")
    assert endpoint("docker.io", mirrors={}, insecure=()) == Endpoint("docker.io", "https://registry-1.docker.io")
    assert endpoint("r.local", mirrors={}, insecure=("r.local",)).base == "http://r.local"
    assert endpoint("localhost:5000", mirrors={}, insecure=()).base == "http://localhost:5000"
    with pytest.raises(InputError, match="is not a URL"):
        endpoint("docker.io", mirrors={"docker.io": "mirror.local"}, insecure=())


def test_urls_lose_what_may_be_secret() -> None:
    assert redacted("https://me:pw@cdn.io/a/b?X-Signature=secret#x") == "https://cdn.io/a/b"
