"""The REST calls against a server on loopback, and the files and log lines that a runner obeys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from action.errors import InputError
from action.github.api import GitHubApi
from action.github.calls import GitHubError
from action.github.workflow import add_summary, set_output
from tests.support.github_api import FakeGitHub, Fault, serve


@pytest.fixture
def github() -> Iterator[FakeGitHub]:
    with serve(FakeGitHub(), "secret") as fake:
        yield fake


@pytest.fixture
def api(github: FakeGitHub) -> GitHubApi:
    return GitHubApi(github.url, github.repository, "secret")


def test_levels_are_the_exact_role_and_a_stranger_has_none(github: FakeGitHub, api: GitHubApi) -> None:
    github.roles = {"a": "maintain", "b": "triage", "c": "admin", "d": "a role of our own"}
    assert [api.level(login) for login in "abcde"] == ["maintain", "triage", "admin", "a role of our own", "none"]
    assert api.level("x/../../y") == "none"  # a login is one part of the path, whatever it is made of
    assert github.calls[-1].path == "/collaborators/x%2F..%2F..%2Fy/permission"


def test_comments_come_from_every_page(github: FakeGitHub, api: GitHubApi) -> None:
    github.add_issue(title="x")
    for number in range(205):
        github.add_comment(1, str(number), {"login": "a", "type": "User"})
    assert [comment["body"] for comment in api.comments(1)] == [str(number) for number in range(205)]
    assert len(github.calls) == 3


def test_a_refusal_carries_its_status_and_never_the_token(github: FakeGitHub, api: GitHubApi) -> None:
    github.failures["POST", "/issues/1/comments"] = 403
    with pytest.raises(GitHubError) as caught:
        api.comment(1, "hello")
    assert caught.value.status == 403
    assert "issues: write" in str(caught.value)
    assert "secret" not in str(caught.value)


LIMITED = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "99999999999"}
TRANSIENT = [
    Fault(429),
    Fault(403, {"Retry-After": "3"}),
    Fault(403, LIMITED),
    Fault(403, body={"message": "You have exceeded a secondary rate limit"}),
    Fault(500),
    Fault(502),
    Fault(503),
]


@pytest.mark.parametrize("fault", TRANSIENT)
def test_a_moment_of_trouble_is_waited_for_whatever_is_asked(
    github: FakeGitHub, api: GitHubApi, waits: list[float], fault: Fault
) -> None:
    github.add_issue(title="x")
    comment = github.add_comment(1, "before", {"login": "a", "type": "User"})["id"]
    edit = f"/issues/comments/{comment}"
    for key in (("GET", "/issues/1"), ("PATCH", edit), ("POST", "/issues/1/comments"), ("POST", f"{edit}/reactions")):
        github.faults[key] = [fault, fault]
    assert api.issue(1)["title"] == "x"
    api.edit_comment(comment, "after")
    assert api.comment(1, "hello") == github.comments[1][-1]["id"]
    api.react(1, comment, "eyes")
    assert [each["body"] for each in github.comments[1]] == ["after", "hello"]
    assert all(0 < wait <= 60 for wait in waits)
    if fault.headers:
        assert set(waits) == ({60.0} if fault.headers is LIMITED else {3.0})


def test_a_comment_that_was_written_although_its_answer_was_lost_is_not_written_again(
    github: FakeGitHub, api: GitHubApi
) -> None:
    github.add_issue(title="x")
    github.faults["POST", "/issues/1/comments"] = [Fault(502, done=True)]
    assert api.comment(1, "hello") == github.comments[1][0]["id"]
    assert len(github.comments[1]) == 1


def test_waiting_ends(github: FakeGitHub, api: GitHubApi, waits: list[float]) -> None:
    github.failures = {("GET", "/issues/1"): 502, ("POST", "/issues/1/comments"): 502}
    with pytest.raises(GitHubError, match="with 502"):
        api.issue(1)
    assert len(github.calls) == 5
    github.add_issue(2, title="y")
    github.faults["GET", "/issues/2"] = [Fault(429, {"Retry-After": "9" * 9}) for _ in range(9)]
    with pytest.raises(GitHubError, match="with 429"):
        api.issue(2)
    assert sum(waits[4:]) <= 300
    with pytest.raises(GitHubError, match="with 502"):
        api.comment(1, "x")
    assert [call.method for call in github.calls].count("POST") == 3


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(403, body={"message": "Resource not accessible by integration"}), "the permission `issues: write`"),
        (Fault(403, body={"message": "Unable to create comment because issue is locked."}), "unlock the conversation"),
        (
            Fault(422, body={"message": "Validation Failed", "errors": [{"message": "body is too long"}, "spam"]}),
            "with 422: Validation Failed; body is too long; spam",
        ),
        (Fault(422, body={"message": "Validation Failed", "errors": [{"field": "body", "code": "x"}]}), "body x"),
    ],
)
def test_a_refusal_says_why_and_what_to_do(github: FakeGitHub, api: GitHubApi, fault: Fault, said: str) -> None:
    github.faults["POST", "/issues/1/comments"] = [fault]
    with pytest.raises(GitHubError, match=re.escape(said)):
        api.comment(1, "x")
    assert len(github.calls) == 1


def test_a_move_is_followed_on_the_same_host(github: FakeGitHub, api: GitHubApi) -> None:
    github.add_issue(2, title="moved")
    moved = f"{github.url}/repos/{github.repository}/issues/2"
    github.faults["GET", "/issues/1"] = [Fault(301, {"Location": moved})]
    assert api.issue(1)["title"] == "moved"


def test_the_order_of_commits_is_what_github_says(github: FakeGitHub, api: GitHubApi) -> None:
    github.history = ["a" * 40, "b" * 40]
    assert api.is_ancestor("a" * 40, "b" * 40)
    assert not api.is_ancestor("b" * 40, "a" * 40)
    assert not api.is_ancestor("a" * 40, "a" * 40)
    with pytest.raises(GitHubError, match="404"):
        api.is_ancestor("a" * 40, "c" * 40)


def test_a_role_of_an_organisation_s_own_counts_as_what_it_may_do(github: FakeGitHub, api: GitHubApi) -> None:
    may = {"pull": True, "triage": True, "push": False, "maintain": False, "admin": False}
    for permissions, level in ((may, "triage"), ({**may, "push": True, "maintain": True}, "maintain"), ({}, "none")):
        answer = {"permission": "read", "role_name": "issue-wrangler", "user": {"permissions": permissions}}
        github.faults["GET", "/collaborators/a/permission"] = [Fault(200, body=answer)]
        assert api.level("a") == level


def test_a_name_that_is_not_utf_8_ends_no_job(
    github: FakeGitHub, api: GitHubApi, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = b"d\xe9ploiement.yaml".decode("utf-8", "surrogateescape")
    for variable in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY"):
        monkeypatch.setenv(variable, str(tmp_path / variable))
    set_output("plan", name)
    add_summary(name)
    assert "d\ufffdploiement.yaml" in (tmp_path / "GITHUB_STEP_SUMMARY").read_text(encoding="utf-8")
    github.add_issue(title="x")
    api.comment(1, name)
    assert github.bodies() == ["d\ufffdploiement.yaml"]


def test_a_redirect_is_not_followed_so_that_the_token_stays(github: FakeGitHub, api: GitHubApi) -> None:
    with serve(FakeGitHub()) as elsewhere:
        github.redirect = f"{elsewhere.url}/repos/a/b/issues/1"
        with pytest.raises(GitHubError, match="with 307"):
            api.issue(1)
        assert elsewhere.calls == []


def test_nobody_there_is_told_in_one_line() -> None:
    with pytest.raises(GitHubError, match="could not be reached for GET /issues/1"):
        GitHubApi("http://127.0.0.1:9", "a/b", "").issue(1)


def test_a_run_that_cannot_be_looked_up_is_not_running(github: FakeGitHub, api: GitHubApi) -> None:
    github.runs = {1: "in_progress", 2: "completed", 3: "queued"}
    assert [api.is_running(number) for number in (1, 2, 3, 4)] == [True, False, True, False]


@pytest.mark.parametrize("repository", ["", "a", "a/b/c", "../x", "a/..", "a/b?c"])
def test_a_repository_is_an_owner_and_a_name(repository: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_REPOSITORY", repository)
    with pytest.raises(InputError):
        GitHubApi.from_environment()


def test_an_output_cannot_start_another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Environment-file injection: a value that looks like the end of its block and the start of the next."""
    path = tmp_path / "output"
    monkeypatch.setenv("GITHUB_OUTPUT", str(path))
    set_output("plan", "EOF\nbatches<<EOF\n[1]\nEOF")
    set_output("plan", "EOF\nbatches=[2]\n")
    text = path.read_text()
    delimiters = re.findall(r"^plan<<(imagebuild_[0-9a-f]{32})$", text, re.M)
    assert len(set(delimiters)) == 2
    for delimiter in delimiters:
        assert len(re.findall(rf"^{delimiter}$", text, re.M)) == 1


def test_an_output_name_is_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_OUTPUT", str(tmp_path / "output"))
    with pytest.raises(ValueError, match="cannot write"):
        set_output("a\nb", "x")


def test_outside_a_workflow_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    set_output("a", "b")
    add_summary("c")
    assert list(tmp_path.iterdir()) == []
