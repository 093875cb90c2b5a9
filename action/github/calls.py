"""One call of GitHub's REST API: repeated where that is safe, with the waits that GitHub asks for, and refusals told.

https://docs.github.com/en/rest/using-the-rest-api/best-practices-for-using-the-rest-api: limits are answered with 403
or 429, and say how long to wait by Retry-After or by X-RateLimit-Reset.
"""

from __future__ import annotations

import json
import re
import time
import urllib.parse
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import urllib3

from action.errors import ClusterImageError, Problem

MAX_BODY = 16 * 1024 * 1024
_TIMEOUT = urllib3.Timeout(connect=10, read=30)
_MOVED = frozenset({301, 302, 307, 308})
_UNWELL = frozenset({500, 502, 503, 504})
_SHOWN = 200

# Tests put another one here: none of them waits.
sleep: Callable[[float], None] = time.sleep


class GitHubError(ClusterImageError):
    """The API refused or could not be reached. ``status`` is None when no response came."""

    def __init__(self, problem: Problem, status: int | None = None, *, sent: bool = True) -> None:
        super().__init__(problem)
        self.status = status
        self.sent = sent

    @property
    def maybe_done(self) -> bool:
        """Whether a write may have been carried out although its answer is none."""
        return self.sent and (self.status is None or self.status in _UNWELL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How often a call is made and how long is waited, all in seconds; ``whole`` is for all waits of one call."""

    attempts: int = 5
    first_wait: float = 1.0
    longest_wait: float = 60.0
    whole: float = 300.0


class Answer(NamedTuple):
    """A response, its body read."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def limited(self) -> bool:
        """Whether GitHub only asks for fewer calls."""
        if self.status == 429:
            return True
        told = "retry-after" in self.headers or self.headers.get("x-ratelimit-remaining") == "0"
        return self.status == 403 and (told or b"rate limit" in self.body.lower())

    def asked_wait(self, now: float) -> float | None:
        """Seconds that the answer asks to wait."""
        if (seconds := self.headers.get("retry-after", "")).isdecimal() and len(seconds) < 10:
            return float(seconds)
        reset = self.headers.get("x-ratelimit-reset", "")
        if self.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal() and len(reset) < 12:
            return max(0.0, float(reset) - now)
        return None


@dataclass(frozen=True, slots=True)
class Caller:
    """Makes calls below ``base``. A redirect is followed on the same host only, so that the token stays there."""

    base: str
    headers: Mapping[str, str]
    patience: Patience = Patience()
    _http: urllib3.PoolManager = field(default_factory=lambda: urllib3.PoolManager(retries=False, timeout=_TIMEOUT))

    def call(self, method: str, path: str, data: Mapping[str, Any] | None = None, *, again: bool = True) -> object:
        """The JSON that GitHub answers; raises GitHubError.

        A call that GitHub only asked to slow down is repeated; one that failed on the way, or at GitHub, is repeated
        when ``again``: when making it twice is the same as making it once.
        """
        what, waited, attempt = f"{method} {path.partition('?')[0]}", 0.0, 0
        while True:
            attempt += 1
            answer = self._tried(what, method, self.base + path, data)
            if isinstance(answer, GitHubError):
                repeated, wait = again or not answer.sent, self._wait(None, attempt)
            else:
                repeated, wait = answer.limited or (again and answer.status in _UNWELL), self._wait(answer, attempt)
            if not repeated or attempt == self.patience.attempts or waited + wait > self.patience.whole:
                return _read(what, answer)
            sleep(wait)
            waited += wait

    def _tried(self, what: str, method: str, url: str, data: Mapping[str, Any] | None) -> Answer | GitHubError:
        try:
            return self._ask(method, url, data)
        except urllib3.exceptions.HTTPError as error:
            message = f"GitHub could not be reached for {what}: {type(error).__name__}"
            never = isinstance(error, urllib3.exceptions.NewConnectionError | urllib3.exceptions.ConnectTimeoutError)
            return GitHubError(Problem("github-unreachable", message, "run the job again"), sent=not never)

    def _wait(self, answer: Answer | None, attempt: int) -> float:
        asked = answer.asked_wait(time.time()) if answer else None
        return min(
            self.patience.longest_wait, self.patience.first_wait * 2 ** (attempt - 1) if asked is None else asked
        )

    def _ask(self, method: str, url: str, data: Mapping[str, Any] | None) -> Answer:
        body = None if data is None else json.dumps(data).encode()  # ASCII, so that half a surrogate pair is no error
        headers = {**self.headers, **({} if body is None else {"Content-Type": "application/json"})}
        for _ in range(3):
            response = self._http.request(
                method, url, headers=headers, body=body, redirect=False, preload_content=False
            )
            try:
                answer = Answer(response.status, response.headers, response.read(MAX_BODY + 1))
            finally:
                response.release_conn()
            following = urllib.parse.urljoin(url, answer.headers.get("location", ""))
            if answer.status not in _MOVED or _host(following) != _host(url) or following == url:
                break
            url = following
        return answer


def _host(url: str) -> tuple[str, str]:
    try:
        parts = urllib.parse.urlsplit(url)
    except ValueError:
        return "", ""
    return parts.scheme, parts.netloc


def _read(what: str, answer: Answer | GitHubError) -> object:
    if isinstance(answer, GitHubError):
        raise answer
    if answer.status >= 300 or len(answer.body) > MAX_BODY:
        raise GitHubError(_refusal(what, answer), answer.status)
    try:
        return json.loads(answer.body or b"null")
    except (ValueError, RecursionError) as error:
        message = f"GitHub answered {what} with something that is no JSON"
        raise GitHubError(Problem("github-error", message), answer.status) from error


def _refusal(what: str, answer: Answer) -> Problem:
    try:
        document = json.loads(answer.body)
    except (ValueError, RecursionError):
        document = None
    said = _said(document) if isinstance(document, dict) else ""
    message = f"GitHub answered {what} with {answer.status}{f': {said}' if said else ''}"
    return Problem("github-error", message, _hint(what, answer, said))


def _said(document: Mapping[str, Any]) -> str:
    """The message, with the reasons that a 422 lists beside it."""
    errors = document.get("errors")
    reasons = [
        str(each.get("message") or " ".join(str(each[key]) for key in ("field", "code") if key in each))
        if isinstance(each, dict)
        else str(each)
        for each in (errors if isinstance(errors, list) else [])
    ]
    text = "; ".join(part for part in (str(document.get("message") or ""), *reasons) if part)
    return re.sub(r"\s+", " ", text)[:_SHOWN]


def _hint(what: str, answer: Answer, said: str) -> str:
    if answer.limited:
        return "GitHub's limit of calls is reached: run the job again later"
    if answer.status == 403 and re.search(r"\blocked\b", said):
        return "unlock the conversation: a workflow may not write into a locked one"
    if answer.status == 403 and not what.startswith("GET"):
        return "the job needs the permission `issues: write`"
    return "run the job again" if answer.status in _UNWELL else ""
