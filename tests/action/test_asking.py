"""From an event to the outputs and comments, through the real verbs and a GitHub API on loopback."""

from __future__ import annotations

import json
from typing import Any

import pytest

from action.decision.status import read_status
from action.errors import ClusterImageError, Problem
from generator.names import ARCHES
from tests.support.asking import ACCEPTED, COMMAND, TITLE, Stage, write_build, write_publication, write_results
from tests.support.github_api import Call


def calls(made: list[Call]) -> list[str]:
    return [f"{call.method} {call.path}" for call in made]


def test_a_comment_becomes_one_published_answer(stage: Stage) -> None:
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    outputs = stage.comment(COMMAND)
    assert outputs["decision"] == "build"
    [batch] = outputs["batches"]
    assert [(row["app"], row["version"], row["arch"]) for row in batch["rows"]] == [
        ("hello", "v1.0.0", "amd64"),
        ("hello", "v1.0.0", "arm64"),
    ]
    assert batch["targets"] == [
        {"type": "apps", "app": "hello", "version": "v1.0.0", "arches": ["amd64", "arm64"], "build_args": {}}
    ]
    assert batch["force"] == ""
    [body] = stage.github.bodies()
    assert "🔨 Building" in body
    assert "https://github.example/acme/cluster-image/actions/runs/77" in body
    write_results(stage.root / "results")
    stage.report(outputs)
    [body] = stage.github.bodies()
    assert "🚀 Published" in body
    assert "ghcr.io/acme/hello:v1.0.0\nghcr.io/acme/hello@sha256:aaaa" in body
    assert [content for _, content in stage.github.reactions] == ["eyes", "rocket"]
    # in this order, and nothing else: seen, looked up, told, told how it ended
    assert calls(stage.github.calls) == [
        "POST /issues/comments/1001/reactions",
        "GET /issues/1",
        "GET /issues/1/comments",
        "GET /collaborators/maintainer/permission",
        "POST /issues/1/comments",
        "GET /issues/1/comments",
        "PATCH /issues/comments/1002",
        "POST /issues/comments/1001/reactions",
    ]


def test_talk_asks_nothing_of_the_api(stage: Stage) -> None:
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    outputs = stage.comment("thank you")
    assert outputs == {"decision": "ignored", "batches": [], "plan": ""}
    assert stage.github.calls == []


@pytest.mark.parametrize(("login", "kind"), [("renovate[bot]", "Bot"), ("helper", "Bot"), ("x[bot]", "User")])
def test_a_bot_is_not_even_answered(stage: Stage, login: str, kind: str) -> None:
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    assert stage.comment(COMMAND, login=login, kind=kind)["decision"] == "ignored"
    assert stage.github.calls == []


def test_a_pull_request_is_not_even_answered(stage: Stage) -> None:
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)["pull_request"] = {"url": "..."}
    assert stage.comment(COMMAND)["decision"] == "ignored"
    assert stage.github.calls == []


@pytest.mark.parametrize(
    ("title", "text", "login", "said"),
    [
        ("【Auto-build】helm", COMMAND, "maintainer", "this issue is about 'helm'"),
        ("a title", COMMAND, "maintainer", "open an issue with the title 【Auto-build】hello"),
        (TITLE, COMMAND, "stranger", "you have the role 'none'"),
        (TITLE, COMMAND, "helper", "you have the role 'triage'"),
        (TITLE, "/imagebuild_apps hallo v1.0.0", "maintainer", "did you mean hello"),
        (TITLE, "/imagebuild_apps hello v9", "maintainer", "hello has no version v9"),
        (TITLE, "/imagebuild_dockerimages hello v1.0.0", "maintainer", "serves apps and configs"),
        (TITLE, "/imagebuild_apps hello v1.0.0 amd64", "maintainer", "--arch=amd64"),
        (TITLE, "/imagebuild_apps h\u0435llo v1.0.0", "maintainer", "U+0435 CYRILLIC SMALL LETTER IE"),
        (TITLE, "/imagebuild hello v1.0.0", "maintainer", "there is no command"),
        (TITLE, "```\n" + COMMAND + "\n```", "maintainer", "stands in a code block"),
        (TITLE, COMMAND + " --force", "maintainer", "--force needs the role 'maintain'"),
    ],
)
def test_a_refusal_is_answered_with_its_reason(stage: Stage, title: str, text: str, login: str, said: str) -> None:
    stage.github.add_issue(title=title, labels=ACCEPTED)
    outputs = stage.comment(text, login=login)
    assert outputs["batches"] == []
    assert outputs["plan"] == ""
    [body] = stage.github.bodies()
    assert said in body
    assert [content for _, content in stage.github.reactions] == ["eyes", "-1"]


def test_without_the_label_the_request_waits_and_then_builds_in_the_same_comment(stage: Stage) -> None:
    assert stage.open(COMMAND)["decision"] == "waiting"
    assert "waiting for a maintainer" in stage.github.bodies()[0]
    assert stage.label()["decision"] == "build"
    [body] = stage.github.bodies()
    assert "🔨 Building" in body
    status = read_status(stage.github.comments[1][-1])
    assert status is not None
    assert status.approved


def test_a_label_that_was_set_by_a_template_or_a_stranger_opens_nothing(stage: Stage) -> None:
    stage.open(COMMAND)
    assert stage.label(by="asker")["decision"] == "refused"
    assert "was set by someone with the role 'none'" in stage.github.bodies()[1]
    assert stage.label()["decision"] == "build"  # the list is still there for someone who may


@pytest.mark.parametrize("edit", [{"body": "/imagebuild_apps hello v6.6.6"}, {"title": "【Auto-build】helm"}])
def test_an_issue_edited_after_the_label_is_not_built(stage: Stage, edit: dict[str, str]) -> None:
    stage.open(COMMAND)
    assert stage.label(edit=edit)["decision"] == "refused"
    assert "was edited" in stage.github.bodies()[0]
    assert stage.label()["decision"] in ("waiting", "answered")  # first the list, or why there is none


def test_an_issue_edited_after_its_list_was_shown_needs_the_label_twice(stage: Stage) -> None:
    """Validated, quietly edited, then accepted by somebody who read only our list."""
    stage.open(COMMAND)
    stage.github.issues[1]["body"] = COMMAND + " --arch=arm64"
    assert stage.label()["decision"] == "waiting"
    [body] = stage.github.bodies()
    assert "takes the label `accepted` away and sets it again" in body
    assert "`--arch=arm64`" in body
    outputs = stage.label()
    assert [row["arch"] for row in outputs["batches"][0]["rows"]] == ["arm64"]


def test_an_issue_that_was_corrected_after_an_error_gets_a_list_first(stage: Stage) -> None:
    stage.open("/imagebuild_apps hello")
    stage.github.issues[1]["body"] = COMMAND
    assert stage.label()["decision"] == "waiting"
    assert "No list had shown these requests" in stage.github.bodies()[0]
    assert stage.label()["decision"] == "build"


def test_what_a_stranger_asked_in_a_comment_is_built_when_the_label_comes(stage: Stage) -> None:
    stage.github.add_issue(title=TITLE, body="```\n/imagebuild_apps helm v3.8.2\n```")
    assert stage.comment(COMMAND, login="asker")["decision"] == "waiting"
    outputs = stage.label()
    assert outputs["decision"] == "build"
    assert [target["app"] for target in outputs["plan"]["targets"]] == ["hello"]
    [body] = stage.github.bodies()
    assert "🔨 Building" in body


def test_two_comments_that_wait_are_built_together_and_again(stage: Stage) -> None:
    """The older answer tells how it goes, the other points to it; a second attempt of the run takes both again."""
    stage.github.add_issue(title="【Auto-build】helm", body="see below")
    stage.comment("/imagebuild_dockerimages helm v1", login="asker")
    stage.comment("/imagebuild_dockerimages helm v2", login="asker")
    stage.run(77)
    outputs = stage.label()
    assert [target["version"] for target in outputs["plan"]["targets"]] == ["v1", "v2"]
    first, second = stage.github.bodies()
    assert "🔨 Building" in first
    assert "[this answer](#issuecomment-1002)" in second
    stage.report(outputs)
    assert stage.github.reactions[-1] == ("issues/comments/1001", "-1")
    stage.run(77, attempt=2, by="maintainer")
    assert {target["version"] for target in stage.label()["plan"]["targets"]} == {"v1", "v2"}
    assert len(stage.github.bodies()) == 2
    assert stage.comment("/imagebuild_dockerimages helm v2", login="asker")["decision"] == "build"


def test_broken_settings_are_told(stage: Stage) -> None:
    (stage.root / "imagebuild.yaml").write_text("labels: x\n")
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    with pytest.raises(ClusterImageError, match="labels"):
        stage.comment(COMMAND)
    [body] = stage.github.bodies()
    assert "imagebuild.yaml:1: labels is no setting\n  -> did you mean 'label'?" in body


def test_a_waiting_comment_that_was_edited_stays_out(stage: Stage) -> None:
    stage.github.add_issue(title=TITLE, body="nothing here")
    stage.comment(COMMAND, login="asker")
    stage.github.comments[1][0]["body"] = "/imagebuild_apps hello v1.0.0 --arch=arm64"
    assert stage.label()["batches"] == []
    outdated, label = stage.github.bodies()
    assert "This comment no longer asks for what was listed here" in outdated
    assert "hello v1.0.0 was on no list when the label was set" in label
    assert stage.label()["batches"] == []


def test_a_forged_status_comment_approves_nothing(stage: Stage) -> None:
    """Anybody can copy the hidden line of a status comment; only in a comment of our own account it counts."""
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    stage.comment(COMMAND)
    [ours] = stage.github.bodies()
    stage.github.comments[1] = []
    stage.github.add_comment(1, ours, {"login": "asker", "type": "User"})
    assert stage.comment(COMMAND, login="asker")["decision"] == "refused"


def test_a_stranger_may_ask_again_for_what_was_accepted(stage: Stage) -> None:
    stage.open(COMMAND)
    stage.report(stage.label())  # a failure: nothing of it is there
    assert stage.comment(COMMAND, login="asker")["decision"] == "build"
    assert stage.comment("/imagebuild_apps hello v1.0.0 --arch=arm64", login="asker")["decision"] == "refused"
    stage.github.issues[1]["title"] = "[Auto-build] helm"
    assert stage.comment(COMMAND, login="asker")["decision"] == "answered"


def test_the_same_request_twice_is_built_once(stage: Stage) -> None:
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    stage.run(77)
    assert stage.comment(COMMAND)["decision"] == "build"
    stage.run(78)
    outputs = stage.comment(COMMAND)
    assert (outputs["decision"], outputs["batches"], outputs["plan"]) == ("answered", [], "")
    body = stage.github.bodies()[1]
    assert "Already being built" in body
    assert "/actions/runs/77" in body
    assert "#issuecomment-1002" in body
    stage.run(79)
    assert stage.comment(COMMAND + " --arch=arm64")["decision"] == "build"


def test_two_runs_that_start_together_agree_on_the_older(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither sees the other when it looks first; whose status comment is younger steps back."""
    from action.github.api import GitHubApi

    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    stage.run(77)
    stage.comment(COMMAND)
    looked = GitHubApi.comments
    looks: list[int] = []

    def blind_at_first(self: GitHubApi, number: int) -> list[dict[str, Any]]:
        looks.append(number)
        return looked(self, number) if len(looks) > 1 else []

    monkeypatch.setattr(GitHubApi, "comments", blind_at_first)
    stage.run(78)
    assert stage.comment(COMMAND)["batches"] == []
    assert "Already being built" in stage.github.bodies()[1]
    assert stage.github.writes()[-1].method == "PATCH"


@pytest.mark.parametrize("state", ["completed", ""])
def test_a_run_that_has_ended_or_is_gone_is_not_joined(stage: Stage, state: str) -> None:
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    stage.run(77)
    stage.comment(COMMAND)
    stage.run(78)
    stage.github.runs[77] = state
    assert stage.comment(COMMAND)["decision"] == "build"


def test_a_rerun_asks_again_and_answers_in_the_same_comment(stage: Stage) -> None:
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    comment = stage.github.add_comment(1, COMMAND, {"login": "maintainer", "type": "User"})
    event = {"action": "created", "issue": stage.github.issues[1], "comment": comment, "sender": comment["user"]}
    stage.run(77)
    stage.report(stage.plan("issue_comment", event))
    stage.run(77, attempt=2, by="owner")
    assert stage.plan("issue_comment", event)["decision"] == "build"
    [body] = stage.github.bodies()
    assert "🔨 Building" in body
    stage.run(77, attempt=3, by="helper")
    assert stage.plan("issue_comment", event)["decision"] == "refused"
    stage.run(77, attempt=3, by="maintainer")
    stage.github.roles["maintainer"] = "read"
    assert stage.plan("issue_comment", event)["decision"] == "refused"


def test_force_goes_with_its_reason_and_only_with_its_images(stage: Stage) -> None:
    stage.github.add_issue(title="【Auto-build】helm", labels=ACCEPTED)
    text = '/imagebuild_apps helm v1 --force="the base image has changed"\n/imagebuild_apps helm v2'
    outputs = stage.comment(text, login="owner")
    assert [(batch["force"], batch["rows"][0]["version"]) for batch in outputs["batches"]] == [
        ("the base image has changed", "v1"),
        ("", "v2"),
    ]


def test_a_dry_run_says_what_would_be_built(stage: Stage) -> None:
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    outputs = stage.comment(COMMAND + " --dry-run")
    assert outputs["batches"] == []
    [body] = stage.github.bodies()
    assert "🧪 Dry run" in body
    assert "| `ghcr.io/acme/hello:v1.0.0` | `apps` | amd64, arm64 | `applications/hello/v1.0.0` |" in body


def test_a_dry_run_beside_a_build(stage: Stage) -> None:
    stage.github.add_issue(title="【Auto-build】helm", labels=ACCEPTED)
    outputs = stage.comment("/imagebuild_apps helm v1\n/imagebuild_apps helm v2 --dry-run")
    assert [target["version"] for target in outputs["plan"]["targets"]] == ["v1"]
    [body] = stage.github.bodies()
    assert "without `--dry-run` it would be" in body


def test_what_is_wrong_beside_what_is_built_is_told_at_both_ends(stage: Stage) -> None:
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    outputs = stage.comment(f"{COMMAND}\n/imagebuild_apps hello v9")
    assert "hello has no version v9" in stage.github.bodies()[0]
    write_results(stage.root / "results")
    stage.report(outputs)
    assert "hello has no version v9" in stage.github.bodies()[0]


def test_build_arguments_and_one_architecture_reach_the_rows(stage: Stage) -> None:
    stage.github.add_issue(title="[Auto-build] helm", labels=ACCEPTED)
    outputs = stage.comment('/imagebuild_dockerimages helm v3.8.2 Key1=Value1,Key2="a, b=c" --arch=arm64')
    [row] = outputs["batches"][0]["rows"]
    assert (row["arch"], row["build_args"]) == ("arm64", {"Key1": "Value1", "Key2": "a, b=c"})


def test_help_lists_the_catalogue(stage: Stage) -> None:
    stage.github.add_issue(title="a question")
    assert stage.comment("/imagebuild_help", login="stranger")["decision"] == "answered"
    [body] = stage.github.bodies()
    assert "| `hello` | apps | `v1.0.0` |" in body
    assert "| `helm` | dockerimages | `latest` |" in body
    assert [content for _, content in stage.github.reactions] == ["eyes"]


@pytest.mark.parametrize(
    ("call", "status"),
    [
        (("GET", "/collaborators/maintainer/permission"), 500),
        (("GET", "/collaborators/maintainer/permission"), 403),
        (("GET", "/issues/1"), 410),
        (("GET", "/issues/1/comments"), 500),
    ],
)
def test_what_cannot_be_looked_up_is_a_no(
    stage: Stage, call: tuple[str, str], status: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("urllib3.util.retry.Retry.sleep", lambda *_: None)
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    stage.github.failures[call] = status
    with pytest.raises(ClusterImageError):
        stage.comment(COMMAND)
    assert stage.outputs() == {"decision": "refused", "batches": [], "plan": ""}
    [body] = stage.github.bodies()
    assert "nothing is built, because the request could not be checked" in body
    assert stage.github.reactions[-1][1] == "-1"


def test_an_answer_that_cannot_be_written_fails_the_job(stage: Stage) -> None:
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    stage.github.failures["POST", "/issues/1/comments"] = 403
    with pytest.raises(ClusterImageError, match="issues: write"):
        stage.comment("/imagebuild_apps hello")
    assert stage.outputs()["batches"] == []


def test_a_reaction_that_cannot_be_made_is_only_a_warning(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    stage.github.failures["POST", "/issues/comments/1001/reactions"] = 422
    assert stage.comment(COMMAND)["decision"] == "build"
    assert "warning: GitHub answered POST" in capsys.readouterr().err


def test_a_missing_result_is_answered_as_a_failure(stage: Stage) -> None:
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    outputs = stage.comment(COMMAND)
    write_build(stage.root / "results", "amd64")
    stage.report(outputs)
    [body] = stage.github.bodies()
    assert "👎 Nothing was published" in body
    assert "| arm64 | 🚫 no result |" in body
    assert "| amd64 | 📦 built, not published |" in body
    assert "the job ended without a result" in body
    assert stage.github.reactions[-1][1] == "-1"


def test_a_run_that_was_cancelled_is_answered(stage: Stage) -> None:
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    stage.report(stage.comment(COMMAND))
    [body] = stage.github.bodies()
    assert body.count("the job ended without a result") == len(ARCHES)
    assert "comment the same command again" in body


def test_a_failed_build_is_answered_with_its_reason_and_remedy(stage: Stage) -> None:
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    outputs = stage.comment(COMMAND)
    results = stage.root / "results"
    write_build(results, "amd64")
    problem = Problem("init-failed", "init.sh ended with 9: no such release", "look at the address", "init.sh", 3)
    write_build(results, "arm64", digest=None, problems=(problem,))
    refusal = Problem("incomplete", "hello v1.0.0 is not published without arm64")
    write_publication(results, digest=None, platforms=(), problems=(refusal,))
    stage.report(outputs)
    [body] = stage.github.bodies()
    assert "init.sh:3: init.sh ended with 9: no such release\n  -> look at the address" in body
    assert "is not published without arm64" in body
    assert "ghcr.io/acme/hello:v1.0.0" not in body


def test_a_status_comment_that_was_deleted_is_written_anew(stage: Stage) -> None:
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    outputs = stage.comment(COMMAND)
    stage.github.comments[1] = []
    write_results(stage.root / "results")
    stage.report(outputs)
    assert "🚀 Published" in stage.github.bodies()[0]


def test_the_summary_has_the_same_tables(stage: Stage) -> None:
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    outputs = stage.comment(COMMAND)
    write_results(stage.root / "results")
    stage.report(outputs)
    summary = (stage.root / "summary").read_text()
    assert "### Decision: build" in summary
    assert "| `hello:v1.0.0` | all | ✅ published |" in summary


def test_a_dispatch_selects_rows_and_reports_without_an_issue(stage: Stage) -> None:
    event = {"inputs": {"type": "apps", "app": "hello", "version": "", "arch": "arm64", "force": ""}}
    outputs = stage.plan("workflow_dispatch", event)
    assert [row["arch"] for row in outputs["batches"][0]["rows"]] == ["arm64"]
    stage.report(outputs)
    assert stage.github.calls == []
    assert "🚫 no result" in (stage.root / "summary").read_text()


def test_a_dispatch_of_nothing_is_an_error(stage: Stage) -> None:
    with pytest.raises(ClusterImageError, match="nothing in the tree matches"):
        stage.plan("workflow_dispatch", {"inputs": {"app": "nothing"}})
    assert stage.outputs()["batches"] == []


def test_a_plan_that_is_too_long_is_refused_before_anything_is_promised(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("action.cli.plan.OUTPUT_LIMIT", 100)
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    with pytest.raises(ClusterImageError, match="more than one job may hand to another"):
        stage.comment(COMMAND)
    [body] = stage.github.bodies()
    assert "ask for fewer images at a time" in body
    assert json.dumps(stage.outputs()["batches"]) == "[]"
