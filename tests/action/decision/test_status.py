"""The hidden line of a status comment: what is written is read again, and only from our own account."""

from __future__ import annotations

from typing import Any

import pytest

from action.decision.status import Status, read_status, write_marker

STATUS = Status("building", 12, ("a" * 64, "b" * 64), True, 77, 5)
BOT = {"login": "github-actions[bot]", "type": "Bot"}


def comment(body: str, user: dict[str, str] = BOT) -> dict[str, Any]:
    return {"id": 5, "body": body, "user": user}


def test_what_is_written_is_read_again() -> None:
    for body in (f"{write_marker(STATUS)}\n### Building", f"{write_marker(STATUS)}\r\n### Building"):
        assert read_status(comment(body)) == STATUS


def test_the_marker_is_one_hidden_comment() -> None:
    marker = write_marker(STATUS)
    assert marker.startswith("<!-- ")
    assert marker.endswith(" -->")
    assert marker.count("--") == 2


@pytest.mark.parametrize(
    "body",
    [
        "",
        "hello",
        "hello\n" + write_marker(STATUS),
        "> " + write_marker(STATUS),
        "<!-- cluster-image {} -->",
        "<!-- cluster-image {broken -->",
        "<!-- cluster-image [] -->",
        '<!-- cluster-image {"state":"building"} -->',
        write_marker(STATUS).replace("77", '"x"'),
    ],
)
def test_anything_else_is_no_status(body: str) -> None:
    assert read_status(comment(body)) is None


@pytest.mark.parametrize(
    "user",
    [{"login": "octocat", "type": "User"}, {"login": "github-actions", "type": "User"}, {"login": "x[bot]"}, {}],
)
def test_somebody_else_writes_no_status(user: dict[str, str]) -> None:
    assert read_status(comment(write_marker(STATUS), user)) is None
    assert read_status({"id": 5, "body": write_marker(STATUS), "user": None}) is None


def test_another_account_of_ours_is_named_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IMAGEBUILD_BOT", "our-app[bot]")
    assert read_status(comment(write_marker(STATUS), {"login": "our-app[bot]"})) == STATUS
    assert read_status(comment(write_marker(STATUS))) is None


def test_only_an_approval_that_is_true_is_one() -> None:
    body = write_marker(STATUS).replace("true", '"true"')
    status = read_status(comment(body))
    assert status is not None
    assert not status.approved
