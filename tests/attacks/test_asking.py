"""Attempts to have something built that no maintainer saw, or without end; each was a success once.

The stranger is ``asker``; ``maintainer`` has the role ``write``, ``chief`` has ``maintain``.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.asking import ACCEPTED, COMMAND, TITLE, Stage, write_results

pytestmark = pytest.mark.slow

HELM = "【Auto-build】helm"
LISTED = "/imagebuild_dockerimages helm v3.8.2"
HIDDEN = "[1]: (\n(\n{}\n)"


@pytest.fixture(autouse=True)
def _chief(stage: Stage) -> None:
    stage.github.roles["chief"] = "maintain"


def edit(stage: Stage, body: str) -> None:
    """Edit the issue's text, which starts no run."""
    stage.github.issues[1]["body"] = body


def built(outputs: dict[str, Any]) -> list[tuple[str, dict[str, str], str]]:
    """Version, build arguments and force of everything that is built."""
    return [
        (target["version"], target["build_args"], batch["force"])
        for batch in outputs["batches"]
        for target in batch["targets"]
    ]


def shown(stage: Stage) -> str:
    """Everything that our comments show."""
    return "\n".join(stage.github.bodies())


@pytest.mark.parametrize("text", ["{}", HIDDEN], ids=["visible", "hidden"])
def test_a_text_edited_in_below_a_listed_comment(stage: Stage, text: str) -> None:
    """The list shows the comment; the body behind it came later."""
    stage.open("please", title=HELM)
    edit(stage, text.format("/imagebuild_dockerimages helm v6.6.6 BASE_URL=http://evil.example"))
    stage.comment(LISTED, login="asker")
    assert built(stage.label()) == [("v3.8.2", {}, "")]


@pytest.mark.parametrize("by", ["maintainer", "chief"])
@pytest.mark.parametrize("text", ["{}", HIDDEN], ids=["visible", "hidden"])
def test_the_same_image_asked_for_in_a_worse_way_behind_the_list(stage: Stage, text: str, by: str) -> None:
    stage.open("please", title=HELM)
    edit(stage, text.format(f'{LISTED} BASE_URL=http://evil.example --force="x"'))
    stage.comment(LISTED, login="asker")
    assert built(stage.label(by=by)) == [("v3.8.2", {}, "")]


def test_a_body_edited_just_before_the_label(stage: Stage) -> None:
    stage.open("please", title=HELM)
    edit(stage, LISTED)
    outputs = stage.label()
    assert (outputs["decision"], built(outputs)) == ("waiting", [])
    assert "`helm:v3.8.2`" in shown(stage)
    assert built(stage.label()) == [("v3.8.2", {}, "")]


def test_a_body_edited_after_a_first_build(stage: Stage) -> None:
    stage.open(COMMAND)
    outputs = stage.label()
    write_results(stage.root / "results")
    stage.report(outputs)
    edit(stage, f"{COMMAND} --arch=arm64")
    assert built(stage.label()) == []


def test_a_dry_run_edited_away(stage: Stage) -> None:
    stage.open(f"{COMMAND} --dry-run")
    assert "`--dry-run`" in shown(stage)
    edit(stage, COMMAND)
    outputs = stage.label()
    assert (outputs["decision"], built(outputs)) == ("waiting", [])


def test_a_dry_run_repeated_as_a_build(stage: Stage) -> None:
    stage.open(f"{LISTED}\n/imagebuild_dockerimages helm v4 --dry-run", title=HELM)
    assert built(stage.label()) == [("v3.8.2", {}, "")]
    outputs = stage.comment("/imagebuild_dockerimages helm v4", login="asker")
    assert (outputs["decision"], built(outputs)) == ("refused", [])


@pytest.mark.parametrize("where", ["issue", "comment"])
@pytest.mark.parametrize("force", ["--force", '--force="x"'])
def test_force_edited_in_after_the_list(stage: Stage, where: str, force: str) -> None:
    if where == "issue":
        stage.open(COMMAND)
        edit(stage, f"{COMMAND} {force}")
    else:
        stage.open("please")
        stage.comment(COMMAND, login="asker")
        stage.github.comments[1][-2]["body"] = f"{COMMAND} {force}"
    assert built(stage.label(by="chief")) == []
    assert built(stage.label(by="chief")) == []


def test_force_asked_for_by_a_stranger_is_never_listed(stage: Stage) -> None:
    outputs = stage.open(f'{COMMAND} --force="x"')
    assert outputs["decision"] == "refused"
    assert built(stage.label(by="chief")) == []


def test_force_of_someone_who_may_is_shown_with_its_reason(stage: Stage) -> None:
    stage.open("please")
    stage.comment(f'{COMMAND} --force="the base image has changed"', login="chief")
    assert '`--force="the base image has changed"`' in shown(stage)
    assert built(stage.label()) == [("v1.0.0", {}, "the base image has changed")]


def test_half_of_an_edited_comment(stage: Stage) -> None:
    stage.open("please", title=HELM)
    stage.comment("/imagebuild_dockerimages helm v1,v2", login="asker")
    stage.github.comments[1][-2]["body"] = "/imagebuild_dockerimages helm v1,v3"
    assert built(stage.label()) == []
    assert "no longer asks for what was listed here" in shown(stage)
    assert built(stage.label()) == []


def test_a_list_that_came_after_the_label(stage: Stage) -> None:
    """The comment's run looked at the issue just before the label was set, and wrote its list just after."""
    stage.open("please", title=HELM)
    stage.comment(LISTED, login="asker")
    stage.github.comments[1][-1]["updated_at"] = "2026-01-01T10:00:01Z"
    stage.github.issues[1]["updated_at"] = "2026-01-01T10:00:00Z"
    assert built(stage.label()) == []
    stage.github.issues[1]["updated_at"] = "2026-01-01T10:00:02Z"
    assert built(stage.label()) == [("v3.8.2", {}, "")]


def test_a_second_attempt_of_the_run_that_wrote_the_list(stage: Stage) -> None:
    """A list counts for a label that came after it; running the same run again is no label."""
    stage.github.add_issue(title=TITLE, body=COMMAND)
    stage.run(77)
    assert stage.label()["decision"] == "waiting"
    stage.run(77, attempt=2, by="maintainer")
    assert stage.label()["decision"] == "waiting"
    stage.run(78)
    assert built(stage.label()) == [("v1.0.0", {}, "")]


def test_the_label_of_a_weaker_role_than_the_settings_ask_for(stage: Stage) -> None:
    (stage.root / "imagebuild.yaml").write_text("min_permission: admin\n")
    stage.open(COMMAND)
    for by in ("helper", "maintainer", "chief"):
        assert built(stage.label(by=by)) == []
    assert built(stage.label(by="owner")) == [("v1.0.0", {}, "")]


def test_a_line_that_nobody_can_see(stage: Stage) -> None:
    """A maintainer comments what a stranger gave him to copy."""
    stage.github.add_issue(title=HELM, labels=ACCEPTED)
    outputs = stage.comment(HIDDEN.format(LISTED))
    assert built(outputs) == []
    assert "was not read" in shown(stage)


def test_repeats_after_a_success_build_nothing(stage: Stage) -> None:
    stage.open(COMMAND)
    outputs = stage.label()
    write_results(stage.root / "results")
    stage.report(outputs)
    for number in range(5):
        outputs = stage.comment(COMMAND, login=f"stranger{number}")
        assert (outputs["decision"], built(outputs)) == ("refused", [])
    assert "was published from this issue already" in shown(stage)
    assert built(stage.comment(COMMAND)) == [("v1.0.0", {}, "")]


def test_repeats_of_failures_end(stage: Stage) -> None:
    stage.open(COMMAND)
    stage.run(1)
    stage.report(stage.label())
    stage.github.runs[1] = "completed"
    builds = 0
    for number in range(2, 12):
        stage.run(number)
        outputs = stage.comment(COMMAND, login=f"stranger{number}")
        builds += len(built(outputs))
        if outputs["plan"]:
            stage.report(outputs)
        stage.github.runs[number] = "completed"
    assert builds == 2
    assert "was tried 3 times from this issue" in shown(stage)


def test_repeats_in_a_closed_issue_build_nothing(stage: Stage) -> None:
    stage.open(COMMAND)
    stage.report(stage.label())
    stage.github.issues[1]["state"] = "closed"
    outputs = stage.comment(COMMAND, login="asker")
    assert (outputs["decision"], built(outputs)) == ("refused", [])
    assert "this issue is closed" in shown(stage)


@pytest.mark.parametrize("name", ["BUILDKIT_SYNTAX", "BUILDKIT_INLINE_CACHE", "HTTPS_PROXY", "http_proxy", "NO_PROXY"])
def test_an_argument_that_steers_the_builder(stage: Stage, name: str) -> None:
    stage.github.add_issue(title=HELM, labels=ACCEPTED)
    outputs = stage.comment(f"{LISTED} A=1,{name}=evil.example/frontend:1")
    assert built(outputs) == []
    assert "is not for a request to choose" in shown(stage)
