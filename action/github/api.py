"""GitHub: REST calls."""

from __future__ import annotations

import os
import re
import urllib.parse
from typing import Any

from action.errors import InputError, Problem
from action.github.calls import Caller, GitHubError
from action.model.shape import whole_text

API_VERSION = "2022-11-28"
MAX_PAGES = 50
_WRITES = 3
# What the answer to a permission request calls the roles, the highest first.
_PERMISSIONS = {"admin": "admin", "maintain": "maintain", "push": "write", "triage": "triage", "pull": "read"}


class GitHubApi:
    """The calls that a request needs, on one repository (``owner/name``)."""

    def __init__(self, api_url: str, repository: str, token: str) -> None:
        self.repository = repository
        headers = {
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": API_VERSION,
            "User-Agent": "cluster-image",
        }
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._call = Caller(f"{api_url.rstrip('/')}/repos/{repository}", headers).call

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
        # role_name is exact, but may be a name that an organisation chose for a role of its own; what that may do is
        # in the account's permissions. permission knows only the coarse levels.
        role = str(answer.get("role_name") or "")
        if role in _PERMISSIONS.values():
            return role
        user = answer.get("user")
        permissions = user.get("permissions") if isinstance(user, dict) else None
        if isinstance(permissions, dict):
            return next((level for name, level in _PERMISSIONS.items() if permissions.get(name) is True), "none")
        return str(answer.get("permission", "none"))

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
        """Write a comment; returns its id. One whose answer was lost is looked for before it is written again."""
        for _ in range(_WRITES):
            try:
                return _id(self._call("POST", f"/issues/{number}/comments", {"body": whole_text(body)}, again=False))
            except GitHubError as error:
                if not error.maybe_done:
                    raise
                failed = error
            written = [
                each
                for each in self.comments(number)
                if isinstance(each, dict) and each.get("body") == whole_text(body)
            ]
            if written:
                return _id(written[-1])
        raise failed

    def edit_comment(self, comment_id: int, body: str) -> None:
        """Replace the text of a comment of our own."""
        self._call("PATCH", f"/issues/comments/{comment_id}", {"body": whole_text(body)})

    def react(self, number: int, comment_id: int, content: str) -> None:
        """React to a comment, or to the issue itself when ``comment_id`` is 0."""
        place = f"/issues/comments/{comment_id}" if comment_id else f"/issues/{number}"
        self._call("POST", f"{place}/reactions", {"content": content})

    def is_ancestor(self, commit: str, of: str) -> bool:
        """Whether ``of`` comes after ``commit`` in the history."""
        names = "...".join(urllib.parse.quote(name, safe="") for name in (commit, of))
        return _object(self._call("GET", f"/compare/{names}?per_page=1")).get("status") == "ahead"

    def is_running(self, run_id: int) -> bool:
        """Whether a workflow run has not ended. One that cannot be looked up has: nothing may wait for it."""
        try:
            return _object(self._call("GET", f"/actions/runs/{run_id}")).get("status") != "completed"
        except GitHubError:
            return False


def _object(answer: object) -> dict[str, Any]:
    if not isinstance(answer, dict):
        raise GitHubError(Problem("github-error", "GitHub answered with something that is no JSON object"))
    return answer


def _id(answer: object) -> int:
    number = _object(answer).get("id")
    if not isinstance(number, int):
        raise GitHubError(Problem("github-error", "GitHub answered with a comment that has no id"))
    return number
