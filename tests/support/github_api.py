"""A GitHub API on loopback that keeps a few issues, and records everything that it is asked.

A request that it has no answer for fails the test that started it, and so does a write without a token.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

BOT = {"login": "github-actions[bot]", "type": "Bot"}


class Call(NamedTuple):
    """One request: ``path`` is below ``/repos/<owner>/<name>``, without its query."""

    method: str
    path: str
    data: Any = None


class Fault(NamedTuple):
    """One answer that is not the right one; with ``done`` the call is carried out all the same."""

    status: int
    headers: Mapping[str, str] = {}
    body: Mapping[str, Any] = {"message": "this call is told to fail once"}
    done: bool = False


class FakeGitHub:
    """The state behind the API, for tests to fill before and to read after."""

    repository = "acme/cluster-image"

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.unmatched: list[Call] = []
        self.issues: dict[int, dict[str, Any]] = {}
        self.comments: dict[int, list[dict[str, Any]]] = {}
        self.reactions: list[tuple[str, str]] = []
        self.roles: dict[str, str] = {}
        self.runs: dict[int, str] = {}
        self.history: list[str] = []
        self.failures: dict[tuple[str, str], int] = {}
        self.faults: dict[tuple[str, str], list[Fault]] = {}
        self.redirect = ""
        self.url = ""
        self._next_id = 1000
        self._lock = threading.Lock()

    def add_issue(
        self, number: int = 1, *, title: str, body: str = "", labels: tuple[str, ...] = (), author: str = "asker"
    ) -> dict[str, Any]:
        """An issue as both the API and an event show it."""
        issue = {
            "number": number,
            "title": title,
            "body": body,
            "state": "open",
            "labels": [{"name": label} for label in labels],
            "user": {"login": author, "type": "User"},
        }
        self.issues[number] = issue
        self.comments.setdefault(number, [])
        return issue

    def add_comment(self, number: int, body: str, user: dict[str, str]) -> dict[str, Any]:
        """A comment, with the next free id."""
        with self._lock:
            self._next_id += 1
            comment = {"id": self._next_id, "body": body, "user": user}
            self.comments.setdefault(number, []).append(comment)
        return comment

    def bodies(self, number: int = 1) -> list[str]:
        """The text of every comment that the bot wrote."""
        return [comment["body"] for comment in self.comments[number] if comment["user"] == BOT]

    def writes(self) -> list[Call]:
        """What was asked to be changed, in order."""
        return [call for call in self.calls if call.method != "GET"]

    def answer(self, call: Call, query: str) -> tuple[int, Any]:
        """Status and JSON for one request."""
        status = self.failures.get((call.method, call.path))
        if status is not None:
            return status, {"message": "this call is told to fail"}
        for method, pattern, handler in _ROUTES:
            match = re.fullmatch(pattern, call.path)
            if method == call.method and match:
                return handler(self, match[1], call.data, query)
        self.unmatched.append(call)
        return 501, {"message": "no answer for this request"}

    def _issue(self, number: str, data: Any, query: str) -> tuple[int, Any]:
        issue = self.issues.get(int(number))
        return (200, issue) if issue else (404, {"message": "Not Found"})

    def _comments(self, number: str, data: Any, query: str) -> tuple[int, Any]:
        match = re.search(r"\bpage=(\d+)", query)
        page = int(match[1]) if match else 1
        return 200, self.comments.get(int(number), [])[100 * (page - 1) : 100 * page]

    def _comment(self, number: str, data: Any, query: str) -> tuple[int, Any]:
        if len(data["body"]) > 65_536:
            return 422, {"message": "Validation Failed: body is too long (maximum is 65536 characters)"}
        return 201, self.add_comment(int(number), data["body"], BOT)

    def _one_comment(self, comment_id: str, data: Any, query: str) -> tuple[int, Any]:
        every = (comment for comments in self.comments.values() for comment in comments)
        found = next((comment for comment in every if comment["id"] == int(comment_id)), None)
        return (200, found) if found else (404, {"message": "Not Found"})

    def _edit(self, comment_id: str, data: Any, query: str) -> tuple[int, Any]:
        for comment in (comment for comments in self.comments.values() for comment in comments):
            if comment["id"] == int(comment_id):
                comment["body"] = data["body"]
                return 200, comment
        return 404, {"message": "Not Found"}

    def _react(self, place: str, data: Any, query: str) -> tuple[int, Any]:
        self.reactions.append((place, data["content"]))
        return 201, {"id": 1, "content": data["content"]}

    def _level(self, login: str, data: Any, query: str) -> tuple[int, Any]:
        role = self.roles.get(login)
        if role is None:
            return 404, {"message": f"{login} is not a user"}
        coarse = {"maintain": "write", "triage": "read"}.get(role, role)
        return 200, {"permission": coarse, "role_name": role}

    def _run(self, run_id: str, data: Any, query: str) -> tuple[int, Any]:
        status = self.runs.get(int(run_id))
        return (200, {"status": status}) if status else (404, {"message": "Not Found"})

    def _compare(self, names: str, data: Any, query: str) -> tuple[int, Any]:
        """``history`` has the commits that are known, the oldest first."""
        base, _, head = names.partition("...")
        if base not in self.history or head not in self.history:
            return 404, {"message": "Not Found"}
        behind = self.history.index(head) < self.history.index(base)
        return 200, {"status": "identical" if base == head else "behind" if behind else "ahead"}


_ROUTES: tuple[tuple[str, str, Callable[[FakeGitHub, str, Any, str], tuple[int, Any]]], ...] = (
    ("GET", r"/issues/(\d+)", FakeGitHub._issue),
    ("GET", r"/issues/(\d+)/comments", FakeGitHub._comments),
    ("POST", r"/issues/(\d+)/comments", FakeGitHub._comment),
    ("GET", r"/issues/comments/(\d+)", FakeGitHub._one_comment),
    ("PATCH", r"/issues/comments/(\d+)", FakeGitHub._edit),
    ("POST", r"/(issues/(?:comments/)?\d+)/reactions", FakeGitHub._react),
    ("GET", r"/collaborators/([^/]+)/permission", FakeGitHub._level),
    ("GET", r"/actions/runs/(\d+)", FakeGitHub._run),
    ("GET", r"/compare/(.+)", FakeGitHub._compare),
)


@contextmanager
def serve(github: FakeGitHub, token: str = "") -> Iterator[FakeGitHub]:
    """Serve on a free port of loopback; on leaving, fail when something was asked that has no answer."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            data = json.loads(self.rfile.read(length)) if length else None
            path, _, query = self.path.partition("?")
            prefix = f"/repos/{github.repository}"
            call = Call(self.command, path.removeprefix(prefix) if path.startswith(prefix) else path, data)
            github.calls.append(call)
            authorised = bool(self.headers.get("Authorization")) and token in self.headers["Authorization"]
            faults = github.faults.get((call.method, call.path), [])
            fault = faults.pop(0) if faults else None
            answer: object
            if call.method != "GET" and not authorised:
                status, answer = 401, {"message": "Requires authentication"}
            elif fault is None or fault.done:
                status, answer = github.answer(call, query)
            if fault is not None:
                status, answer = fault.status, fault.body
            body = json.dumps(answer).encode()
            self.send_response(307 if github.redirect else status)
            for name, value in fault.headers.items() if fault else ():
                self.send_header(name, value)
            if github.redirect:
                self.send_header("Location", github.redirect)
            self.send_header("Content-Type", "application/json; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve

        def log_message(self, format: str, *args: object) -> None:
            """Nothing: the calls are recorded."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    github.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield github
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
    assert not github.unmatched, f"asked, and no answer: {github.unmatched}"
