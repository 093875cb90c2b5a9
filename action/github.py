"""GitHub: REST calls, and the files and log lines by which a step talks to its runner."""

from __future__ import annotations

import json
import os
import re
import secrets
import urllib.parse
from pathlib import Path
from typing import Any

import urllib3

from action.errors import ClusterImageError, InputError, Problem
from generator.errors import escape_log as escape_log  # ours and every boundary's

API_VERSION = "2022-11-28"
MAX_PAGES = 50
MAX_BODY = 16 * 1024 * 1024
# Writing twice is worse than not at all: only calls that read are repeated (and any call that never got through).
_RETRY = urllib3.Retry(
    total=4,
    connect=4,
    read=2,
    status=3,
    backoff_factor=0.5,
    status_forcelist=(429, 500, 502, 503, 504),
    raise_on_status=False,
)
_TIMEOUT = urllib3.Timeout(connect=10, read=30)


class GitHubError(ClusterImageError):
    """The API refused or could not be reached. ``status`` is None when no response came."""

    def __init__(self, problem: Problem, status: int | None = None) -> None:
        super().__init__(problem)
        self.status = status


class GitHubApi:
    """The calls that a request needs, on one repository (``owner/name``)."""

    def __init__(self, api_url: str, repository: str, token: str) -> None:
        self.repository = repository
        self._base = f"{api_url.rstrip('/')}/repos/{repository}"
        self._http = urllib3.PoolManager(retries=_RETRY, timeout=_TIMEOUT)
        self._headers = {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": API_VERSION,
            "User-Agent": "cluster-image",
        }
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    @classmethod
    def from_environment(cls) -> GitHubApi:
        """The API and the repository of the running workflow."""
        token = os.environ.get("IMAGEBUILD_TOKEN") or os.environ.get("GITHUB_TOKEN") or ""
        repository = os.environ.get("GITHUB_REPOSITORY", "")
        if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*/(?!\.\.?$)[A-Za-z0-9_.-]+", repository):
            hint = "this verb runs in a workflow, or with GITHUB_REPOSITORY=owner/name"
            raise InputError(Problem("no-repository", f"GITHUB_REPOSITORY is {repository!r}", hint))
        return cls(os.environ.get("GITHUB_API_URL") or "https://api.github.com", repository, token)

    def issue(self, number: int) -> dict[str, Any]:
        """The issue as it is now."""
        return _object(self._call("GET", f"/issues/{number}"))

    def level(self, login: str) -> str:
        """The role of an account in the repository; ``none`` for a stranger."""
        try:
            answer = _object(self._call("GET", f"/collaborators/{urllib.parse.quote(login, safe='')}/permission"))
        except GitHubError as error:
            if error.status == 404:
                return "none"
            raise
        # role_name is exact, but may be a name that an organisation chose; permission knows only the coarse levels
        role = str(answer.get("role_name") or "")
        return (
            role if role in {"read", "triage", "write", "maintain", "admin"} else str(answer.get("permission", "none"))
        )

    def comments(self, number: int) -> list[dict[str, Any]]:
        """Every comment of an issue, oldest first."""
        found: list[dict[str, Any]] = []
        for page in range(1, MAX_PAGES + 1):
            batch = self._call("GET", f"/issues/{number}/comments?per_page=100&page={page}")
            if not isinstance(batch, list):
                raise GitHubError(
                    Problem("github-error", "GitHub answered with something that is no list of comments")
                )
            found += batch
            if len(batch) < 100:
                break
        return found

    def comment(self, number: int, body: str) -> int:
        """Write a comment; returns its id."""
        return int(_object(self._call("POST", f"/issues/{number}/comments", {"body": body}))["id"])

    def edit_comment(self, comment_id: int, body: str) -> None:
        """Replace the text of a comment of our own."""
        self._call("PATCH", f"/issues/comments/{comment_id}", {"body": body})

    def react(self, number: int, comment_id: int, content: str) -> None:
        """React to a comment, or to the issue itself when ``comment_id`` is 0."""
        place = f"/issues/comments/{comment_id}" if comment_id else f"/issues/{number}"
        self._call("POST", f"{place}/reactions", {"content": content})

    def is_running(self, run_id: int) -> bool:
        """Whether a workflow run has not ended. One that cannot be looked up has: nothing may wait for it."""
        try:
            return _object(self._call("GET", f"/actions/runs/{run_id}")).get("status") != "completed"
        except GitHubError:
            return False

    def _call(self, method: str, path: str, data: dict[str, Any] | None = None) -> object:
        what = f"{method} {path.partition('?')[0]}"
        try:
            response = self._http.request(
                method,
                self._base + path,
                headers=self._headers,
                json=data,
                redirect=False,
                preload_content=False,
            )
            body = response.read(MAX_BODY + 1)
            response.release_conn()
        except urllib3.exceptions.HTTPError as error:
            message = f"GitHub could not be reached for {what}: {type(error).__name__}"
            raise GitHubError(Problem("github-unreachable", message, "run the job again")) from error
        if response.status >= 300 or len(body) > MAX_BODY:
            raise GitHubError(_refusal(what, response.status, body), response.status)
        try:
            return json.loads(body or b"null")
        except ValueError as error:
            message = f"GitHub answered {what} with something that is no JSON"
            raise GitHubError(Problem("github-error", message), response.status) from error


def _object(answer: object) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise GitHubError(Problem("github-error", "GitHub answered with something that is no JSON object"))
    return answer


def _refusal(what: str, status: int, body: bytes) -> Problem:
    try:
        said = str(json.loads(body)["message"])
    except (ValueError, KeyError, TypeError):
        said = ""
    writes = not what.startswith("GET")
    hint = "the job needs the permission `issues: write`" if writes and status == 403 else ""
    return Problem("github-error", f"GitHub answered {what} with {status}{f': {said[:200]}' if said else ''}", hint)


def set_output(name: str, value: str) -> None:
    """Write an output of the step (nothing happens outside a workflow).

    https://docs.github.com/en/actions/reference/workflow-commands-for-github-actions: the delimiter is random, so that
    no value can end its own block and start another output.
    """
    _append("GITHUB_OUTPUT", _block(name, value))


def add_summary(markdown: str) -> None:
    """Append to the summary of the job (nothing happens outside a workflow)."""
    _append("GITHUB_STEP_SUMMARY", markdown + "\n")


def _block(name: str, value: str) -> str:
    delimiter = f"imagebuild_{secrets.token_hex(16)}"
    if delimiter in value or not re.fullmatch(r"[a-z][a-z0-9_-]*", name):
        raise ValueError(f"cannot write the output {name!r}")
    return f"{name}<<{delimiter}\n{value}\n{delimiter}\n"


def _append(variable: str, text: str) -> None:
    path = os.environ.get(variable)
    if path:
        with Path(path).open("a", encoding="utf-8", newline="\n") as file:
            file.write(text)
