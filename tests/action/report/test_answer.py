"""The verb report answers whatever happens: at the worst in a new comment, or in the summary."""

from __future__ import annotations

import pytest

from action.errors import ClusterImageError
from tests.support.asking import ACCEPTED, COMMAND, TITLE, Stage, write_build
from tests.support.github_api import Fault

STATUS = ("PATCH", "/issues/comments/1002")


def building(stage: Stage) -> dict[str, object]:
    """A request was let through, and one of its two builds has ended; the comment says "Building"."""
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    outputs = stage.comment(COMMAND)
    write_build(stage.root / "results", "amd64")
    assert "Building" in stage.github.bodies()[0]
    return outputs


@pytest.mark.parametrize("status", [403, 404, 422, 500, 502])
def test_a_comment_that_cannot_be_edited_is_followed_by_a_new_one(stage: Stage, status: int) -> None:
    outputs = building(stage)
    stage.github.failures[STATUS] = status
    stage.report(outputs)
    assert len(stage.github.bodies()) == 2
    assert "Nothing was published" in stage.github.bodies()[1]


@pytest.mark.parametrize("status", [403, 429, 500, 502, 503])
def test_one_refused_call_leaves_no_answer_open(stage: Stage, status: int) -> None:
    outputs = building(stage)
    stage.github.faults[STATUS] = [Fault(status, {"Retry-After": "1"})]
    stage.report(outputs)
    (body,) = stage.github.bodies()
    assert "Nothing was published" in body


def test_an_answer_that_cannot_be_written_at_all_is_in_the_summary(stage: Stage) -> None:
    outputs = building(stage)
    stage.github.failures = {STATUS: 500, ("POST", "/issues/1/comments"): 500}
    with pytest.raises(ClusterImageError, match="with 500"):
        stage.report(outputs)
    assert "Nothing was published" in (stage.root / "summary").read_text()


def test_a_defect_is_told_and_then_fails_the_job(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    outputs = building(stage)

    def broken(*_: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr("action.cli.report.result", broken)
    with pytest.raises(ZeroDivisionError):
        stage.report(outputs)
    (body,) = stage.github.bodies()
    assert "This is a defect of cluster-image" in body
    assert stage.github.reactions[-1][1] == "-1"
