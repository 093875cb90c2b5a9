"""The Authorization header of each request: learns what a host asks for, and shares and renews its tokens.

Token protocol: distribution specification, "Token Authentication Specification" and "OAuth2 Token Authentication".
"""

from __future__ import annotations

import base64
import re
import threading
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from action.errors import Problem, RegistryError
from action.model.json_text import read_json
from action.registry.credentials.auth import Credentials, Keychain
from action.registry.credentials.challenge import Challenge, parse_challenge
from action.registry.credentials.realm import check_realm

Scopes = tuple[str, ...]

_DEFAULT_LIFE = 60.0  # seconds, of a token that does not say (token specification, "expires_in")
_CLIENT = "cluster-image"
_TOKEN = re.compile(r"[\x21-\x7e]+")


class TokenRequest(Protocol):
    """Makes one retried request to a token server; returns status and body."""

    def __call__(
        self, method: str, url: str, *, headers: dict[str, str], authorization: str | None, body: bytes | None
    ) -> tuple[int, bytes]: ...


class _Token(NamedTuple):
    header: str
    until: float


@dataclass(slots=True, kw_only=True)
class _Known:
    """What is known of one host and set of scopes; ``lock`` lets one thread fetch while the others wait for it."""

    lock: threading.Lock
    token: _Token | None = None


def pull_scope(repository: str) -> Scopes:
    return (f"repository:{repository}:pull",)


def push_scope(repository: str, *mounted_from: str) -> Scopes:
    """May push to ``repository``, and mount blobs from the other repositories."""
    return (f"repository:{repository}:pull,push", *(f"repository:{other}:pull" for other in mounted_from))


class Authorizer:
    """Tokens are shared by every thread that asks the same host for the same scopes."""

    def __init__(self, keychain: Keychain, ask: TokenRequest, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._keychain = keychain
        self._ask = ask
        self._clock = clock
        self._challenges: dict[str, Challenge] = {}
        self._realms: set[tuple[str, str, bool]] = set()  # hosts and realms found good, and whether nobody logs in
        self._known: dict[tuple[str, Scopes], _Known] = {}
        self._lock = threading.Lock()

    def header(self, host: str, scopes: Scopes) -> str | None:
        """The header to send first: None until the host has asked for one, a token before it runs out."""
        credentials = self.credentials(host, scopes)
        if credentials.registry_token:
            return f"Bearer {credentials.registry_token}"
        challenge = self._challenges.get(host)
        if challenge is None:
            return None
        if challenge.scheme == "basic":
            return None if credentials.anonymous else _basic(credentials)
        known = self._entry(host, scopes)
        with known.lock:
            if known.token is None or known.token.until <= self._clock():
                known.token = self._fetch(host, scopes, challenge, credentials)
            return known.token.header

    def renew(self, host: str, scopes: Scopes, offered: str | None, used: str | None) -> bool:
        """Take in a 401: ``used`` is the header that was refused. True when another try can make sense."""
        challenge = parse_challenge(offered or "")
        credentials = self.credentials(host, scopes)
        if challenge is None or credentials.registry_token:
            return False
        self._challenges[host] = challenge._replace(scope="", error="")
        if challenge.scheme == "basic":
            return not credentials.anonymous
        if used is not None and challenge.error == "insufficient_scope":
            return False  # the token is good, and does not allow this: another one would say the same
        known = self._entry(host, scopes)
        with known.lock:
            if known.token is None or known.token.header == used:
                known.token = self._fetch(host, scopes, challenge, credentials)
        return True

    def gives_tokens(self, host: str) -> bool:
        """Whether the host works with tokens: then a 401 is about one repository, not about the login."""
        challenge = self._challenges.get(host)
        return challenge is not None and challenge.scheme == "bearer"

    def credentials(self, host: str, scopes: Scopes) -> Credentials:
        repository = scopes[0].split(":")[1] if scopes else ""
        return self._keychain.resolve(host, repository)

    def _entry(self, host: str, scopes: Scopes) -> _Known:
        with self._lock:
            return self._known.setdefault((host, scopes), _Known(lock=threading.Lock()))

    def _fetch(self, host: str, scopes: Scopes, challenge: Challenge, credentials: Credentials) -> _Token:
        asked = (host, challenge.realm, credentials.anonymous)
        if asked not in self._realms:
            check_realm(host, challenge.realm, credentials)
            self._realms.add(asked)
        scope = list(dict.fromkeys([*scopes, *challenge.scope.split()]))
        asked_at = self._clock()
        if credentials.identity_token:
            form = [("grant_type", "refresh_token"), ("service", challenge.service), ("client_id", _CLIENT)]
            form += [("scope", " ".join(scope)), ("refresh_token", credentials.identity_token)]
            status, body = self._ask(
                "POST",
                challenge.realm,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                authorization=None,
                body=urllib.parse.urlencode(form).encode(),
            )
        else:
            query = [("service", challenge.service)] if challenge.service else []
            query += [("account", credentials.username)] if not credentials.anonymous else []
            query += [("scope", one) for one in scope]
            joint = "&" if "?" in challenge.realm else "?"
            status, body = self._ask(
                "GET",
                f"{challenge.realm}{joint}{urllib.parse.urlencode(query)}",
                headers={},
                authorization=None if credentials.anonymous else _basic(credentials),
                body=None,
            )
        if status in (401, 403):
            raise refused_login(host, credentials, status)
        if status != 200:
            raise _bad_answer(host, status)
        return _read_token(host, body, asked_at)


def refused_login(host: str, credentials: Credentials, status: int) -> RegistryError:
    """The one message for a login that does not work, or that is missing."""
    if credentials.anonymous:
        message, code = f"{host} asks for a login, and none is configured for it ({status})", "login-needed"
        hint = f"log in with `docker login {host}` or `skopeo login {host}`, or give a username and a password"
    else:
        who = f"of user {credentials.username!r}" if credentials.username else "by identity token"
        message, code = f"{host} refuses the login {who} from {credentials.origin} ({status})", "login-refused"
        hint = f"check the user name and the password, then log in again with `docker login {host}`"
    return RegistryError(Problem(code, message, hint), status=status, registry_code="UNAUTHORIZED")


def _read_token(host: str, body: bytes, asked_at: float) -> _Token:
    try:
        answer = read_json(body)
        token = answer.get("token") or answer["access_token"]  # type: ignore[attr-defined, index]
        life = float(answer.get("expires_in") or _DEFAULT_LIFE)  # type: ignore[attr-defined]
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        raise _bad_answer(host, 200) from None
    if not isinstance(token, str) or not _TOKEN.fullmatch(token):  # what no header can carry; and it is never shown
        raise _bad_answer(host, 200)
    return _Token(f"Bearer {token}", asked_at + life * 0.9)  # renewed before the server's clock says so


def _bad_answer(host: str, status: int) -> RegistryError:
    message = f"the token server of {host} answers {status} without a token"
    return RegistryError(Problem("bad-token-answer", message, "try again later"), status=status)


def _basic(credentials: Credentials) -> str:
    text = f"{credentials.username}:{credentials.password}"
    return "Basic " + base64.b64encode(text.encode()).decode()
