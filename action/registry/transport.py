"""Session: requests to registries over one pool, with login, retry, timeouts, limits and careful redirects."""

from __future__ import annotations

import threading
import time
import urllib.parse
import weakref
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

import urllib3
from urllib3.exceptions import HTTPError

from action.errors import Problem, RegistryError
from action.registry.credentials.auth import Keychain
from action.registry.credentials.authorizer import Authorizer, Scopes, refused_login
from action.registry.http.hosts import is_loopback, web_address
from action.registry.http.limits import JOBS, HostLimits, Kind
from action.registry.http.naps import Naps
from action.registry.http.pools import Pools
from action.registry.http.refusal import hopeless, redacted, refusal, unreachable
from action.registry.http.response import Broken, Response, Timeouts, reason_of
from action.registry.http.retry import RETRIED_STATUSES, THROTTLING_STATUSES, TOO_MANY, RetryPolicy, parse_retry_after

Body = bytes | Callable[[], Iterable[bytes]] | None

BUFFER_LIMIT = 4 << 20  # bytes of a body that is read whole; distribution specification: manifests up to 4 MiB
_REFUSAL_LIMIT = 64 << 10  # bytes of an error's explanation
_REDIRECT_LIMIT = 16 << 10  # bytes of a redirect's body that are worth a connection
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_REDIRECTS = 8
_MAX_LOGINS = 3  # in one request: no token yet, a token that ran out, and one for a registry that restarted
_AGENT = "cluster-image/1 (+https://github.com/labring-actions/cluster-image)"


class _Sending(NamedTuple):
    """One request, as often as it is sent. A body that is not bytes is opened anew for each try."""

    method: str
    url: str
    host: str
    headers: dict[str, str]
    body: Body = None
    kind: Kind = "small"


class Session:
    """The way to every registry; safe to share between threads.

    ``jobs`` is the most requests of a kind in flight against one host. ``sleep`` and the clocks are parameters so that
    tests count waits instead of waiting.
    """

    def __init__(
        self,
        keychain: Keychain,
        *,
        policy: RetryPolicy | None = None,
        timeouts: Timeouts | None = None,
        jobs: int = JOBS,
        sleep: Callable[[float], None] | None = None,
        clock: Callable[[], float] = time.monotonic,
        wall_clock: Callable[[], float] = time.time,
    ) -> None:
        self.policy = policy or RetryPolicy()
        self._naps = Naps()
        self._open: weakref.WeakSet[Response] = weakref.WeakSet()
        self._lock = threading.Lock()
        self.sleep = sleep or self._naps.sleep
        self.limits = HostLimits(jobs, clock=clock, sleep=self.sleep)
        self.jobs = jobs
        self._wall_clock = wall_clock
        self._authorizer = Authorizer(keychain, self._ask_for_token, clock=clock)
        self._pools = Pools(2 * jobs, timeouts or Timeouts(), clock)

    def request(
        self,
        method: str,
        url: str,
        *,
        host: str,
        scopes: Scopes = (),
        headers: Mapping[str, str] | None = None,
        body: Body = None,
        expect: Collection[int] = (200,),
        stream: bool = False,
        policy: RetryPolicy | None = None,
        kind: Kind = "small",
    ) -> Response:
        """Ask until there is an answer that ``expect`` names, as often as the policy allows; raises RegistryError.

        ``host`` is the registry whose login and limit apply, ``scopes`` what a token must allow. Without ``stream``
        the body is read here, as a part of what is retried, into ``Response.body``, and the response is closed; with
        it the caller reads ``chunks()`` and closes. ``kind`` is whose limit applies at the host.
        """
        sending = _Sending(method, url, host, dict(headers or {}), body, kind)

        def attempt() -> Response:
            response = self._logged_in(sending, scopes)
            if response.status in expect and stream:
                return response
            return _read_whole(response)

        response = self._retried(sending, attempt, expect, policy or self.policy)
        if response.status in expect:
            return response
        raise self._refused(sending, scopes, response)

    def interrupt(self) -> None:
        """Wake whoever waits for a registry now, between requests or in a body: their requests fail."""
        self._naps.interrupt()
        with self._lock:
            waiting = list(self._open)
        for response in waiting:
            response.cut()

    def _retried(
        self, sending: _Sending, attempt: Callable[[], Response], expect: Collection[int], policy: RetryPolicy
    ) -> Response:
        """The first answer that is expected, or that asking again would not change; raises when none came."""
        failures = throttles = 0
        while True:
            try:
                response = attempt()
            except (HTTPError, OSError, Broken) as error:
                failures += 1
                way_out = hopeless(error)
                if way_out is not None or failures >= policy.attempts:
                    reason = reason_of(error)
                    raise unreachable(sending.method, sending.host, sending.url, reason, failures, way_out) from error
                self.sleep(policy.wait(failures))
                continue
            if response.status in expect or response.status not in RETRIED_STATUSES:
                return response
            if response.status == TOO_MANY:
                throttles += 1
            else:
                failures += 1
            pause = self._pause(sending, response, policy, throttles if response.status == TOO_MANY else failures)
            if failures >= policy.attempts or throttles >= policy.throttled_attempts:
                return response
            self.sleep(pause)

    def _pause(self, sending: _Sending, response: Response, policy: RetryPolicy, count: int) -> float:
        asked = parse_retry_after(response.headers.get("Retry-After"), self._wall_clock)
        pause = policy.wait(count) if asked is None else asked
        if pause > policy.retry_after_limit:
            problem = Problem(
                "registry-throttled",
                f"{sending.host} asks to wait {pause:.0f} s before {sending.method} {redacted(sending.url)} "
                f"({response.status}); the limit here is {policy.retry_after_limit:.0f} s",
                "try again after that time, or log in: most registries allow more to a known user",
            )
            raise RegistryError(problem, status=response.status)
        if response.status in THROTTLING_STATUSES:
            self.limits.throttled(sending.host, sending.kind, pause)
        return pause

    def _logged_in(self, sending: _Sending, scopes: Scopes) -> Response:
        """One attempt; a 401 is answered with a login, and the same request again."""
        for count in range(1, _MAX_LOGINS + 1):
            # No permit is held here: a token may have to be fetched, from a host with a limit of its own.
            used = self._authorizer.header(sending.host, scopes)
            response = self._send(sending, used)
            if response.status != 401 or count == _MAX_LOGINS:
                break
            _read_whole(response)
            if not self._authorizer.renew(sending.host, scopes, response.headers.get("WWW-Authenticate"), used):
                break
        return response

    def _send(self, sending: _Sending, authorization: str | None) -> Response:
        """Send once and follow redirects; the permit goes with the response, or is given back."""
        permit = self.limits.take(sending.host, sending.kind)
        try:
            raw, url = self._follow(sending, authorization)
        except BaseException:
            permit.release()
            raise
        if raw.status < 400:
            self.limits.succeeded(sending.host, sending.kind)
        response = Response(raw, url, permit)
        with self._lock:
            self._open.add(response)
        return response

    def _follow(self, sending: _Sending, authorization: str | None) -> tuple[urllib3.BaseHTTPResponse, str]:
        """The login goes to the origin that was asked first, and to no other."""
        url = sending.url
        for _ in range(_MAX_REDIRECTS):
            headers = {"User-Agent": _AGENT, "Accept-Encoding": "identity", **sending.headers}
            if authorization is not None and _origin(url) == _origin(sending.url):
                headers["Authorization"] = authorization
            body = sending.body() if callable(sending.body) else sending.body
            raw = self._pools.send(sending.method, url, headers, body)
            target = raw.headers.get("Location")
            if raw.status not in _REDIRECTS or target is None or sending.method not in ("GET", "HEAD"):
                return raw, url
            _let_go(raw, url)
            url = _followed(sending.host, url, target)
        raise _refused_redirect(sending.host, f"redirects more than {_MAX_REDIRECTS} times")

    def _refused(self, sending: _Sending, scopes: Scopes, response: Response) -> RegistryError:
        if response.status == 401 and not self._authorizer.gives_tokens(sending.host):
            return refused_login(sending.host, self._authorizer.credentials(sending.host, scopes), 401)
        return refusal(sending.method, sending.host, response.url, response.status, response.body)

    def _ask_for_token(
        self, method: str, url: str, *, headers: dict[str, str], authorization: str | None, body: bytes | None
    ) -> tuple[int, bytes]:
        """One retried request to a token server, whose limit and pauses are its own."""
        sending = _Sending(method, url, urllib.parse.urlsplit(url).netloc, headers, body)
        response = self._retried(sending, lambda: _read_whole(self._send(sending, authorization)), (200,), self.policy)
        if response.status in RETRIED_STATUSES:
            raise refusal(method, sending.host, url, response.status, response.body)
        return response.status, response.body


def _read_whole(response: Response) -> Response:
    """Of a refusal the beginning is enough: its status is the news."""
    with response:
        if response.status < 400:
            response.buffer(BUFFER_LIMIT)
        else:
            response.buffer_start(_REFUSAL_LIMIT)
    return response


def _let_go(raw: urllib3.BaseHTTPResponse, url: str) -> None:
    """Be done with a redirect: its connection serves again when the rest of the body is short, and says so."""
    with Response(raw, url, None) as response:
        if raw.length_remaining is not None and raw.length_remaining <= _REDIRECT_LIMIT:
            response.buffer_start(_REDIRECT_LIMIT)


def _origin(url: str) -> tuple[str, str]:
    parts = urllib.parse.urlsplit(url)
    return parts.scheme, parts.netloc


def _followed(host: str, url: str, target: str) -> str:
    """Where a redirect leads; never from an encrypted connection to a plain one."""
    joined = web_address(host, target, url)
    scheme, netloc = _origin(joined)
    if scheme == "http" and url.startswith("https:") and not is_loopback(netloc):
        raise _refused_redirect(host, f"redirects from HTTPS to plain HTTP at {netloc}")
    return joined


def _refused_redirect(host: str, what: str) -> RegistryError:
    return RegistryError(Problem("bad-redirect", f"{host} {what}", "ask the registry's operator, or use a mirror"))
