"""Who asks, and for what: each event through the emitted workflow, what GitHub was asked, what the registry holds."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.e2e.fork import ARCHES, TOKEN, Fork
from tests.support.act import Run
from tests.support.registries import PASSWORD, USER

pytestmark = [pytest.mark.real("act", "docker-registry", "skopeo")]
COMMAND = "/imagebuild_apps hello v1.0.0"
TAGS = ["v1.0.0", "v1.0.0-amd64", "v1.0.0-arm64"]


def writes(fork: Fork) -> list[str]:
    """What GitHub was asked to change, in order."""
    return [f"{call.method} {call.path}" for call in fork.github.writes()]


def answer(fork: Fork, run: Run) -> None:
    """The last job of the workflow, with what the others have handed over."""
    fork.phase("report", plan=run.output("plan"), results=str(fork.tree.artifacts), token=TOKEN)


def built(fork: Fork) -> list[str]:
    """The tags in the registry, but for those that stand for the referrers API."""
    return [tag for tag in fork.tags("acme/hello") if not tag.startswith("sha256-")]


def test_an_issue_that_a_maintainer_accepts_is_built(fork: Fork) -> None:
    issue = fork.issue("hello", f"I need it offline.\r\n\r\n{COMMAND}\r\n", labels=())
    assert fork.open(issue).code == 0
    assert built(fork) == []
    issue["labels"] = [{"name": "accepted"}]
    run = fork.label(issue)
    assert run.code == 0, run.log
    assert built(fork) == TAGS
    comment = "/issues/comments/1001"
    assert writes(fork) == [
        "POST /issues/1/reactions",
        "POST /issues/1/comments",
        "POST /issues/1/reactions",
        f"PATCH {comment}",
        f"PATCH {comment}",
        "POST /issues/1/reactions",
    ]
    assert [content for _, content in fork.github.reactions] == ["eyes", "eyes", "rocket"]


def test_two_versions_of_one_command_are_two_images(fork: Fork) -> None:
    directory = fork.tree.path / "applications" / "hello"
    (directory / "v1.0.0").rename(directory / "latest")
    fork.tree.commit()
    run = fork.comment(fork.issue("hello"), "/imagebuild_apps hello v1.0.0,v2.0.0")
    assert run.code == 0, run.log
    assert built(fork) == [*TAGS, *(tag.replace("1", "2", 1) for tag in TAGS)]
    (said,) = fork.github.bodies()
    assert "hello:v1.0.0" in said
    assert "hello:v2.0.0" in said


def test_a_title_about_another_application_is_answered(fork: Fork) -> None:
    run = fork.comment(fork.issue("helm"), COMMAND)
    assert run.code == 0, run.log
    assert built(fork) == []
    (said,) = fork.github.bodies()
    assert "asks for 'hello', but this issue is about 'helm'" in said


def test_without_the_label_nothing_is_built(fork: Fork) -> None:
    run = fork.comment(fork.issue("hello", labels=()), COMMAND)
    assert run.code == 0, run.log
    assert built(fork) == []
    (said,) = fork.github.bodies()
    assert "waiting for a maintainer" in said


def test_a_stranger_is_refused(fork: Fork) -> None:
    run = fork.comment(fork.issue("hello"), COMMAND, login="stranger")
    assert run.code == 0, run.log
    assert built(fork) == []
    (said,) = fork.github.bodies()
    assert "asking for a build needs 'write'" in said


def test_a_bot_is_not_even_answered(fork: Fork) -> None:
    run = fork.comment(fork.issue("hello"), COMMAND, login="helper[bot]", kind="Bot")
    assert run.code == 0, run.log
    assert built(fork) == []
    assert writes(fork) == []


def test_talk_starts_nothing(fork: Fork) -> None:
    run = fork.comment(fork.issue("hello"), "How large is it?", login="stranger")
    assert run.code == 0, run.log
    assert fork.github.calls == []
    assert run.jobs == set()


def test_an_issue_that_was_edited_after_the_label_was_set_is_not_built(fork: Fork) -> None:
    issue = fork.issue("hello", COMMAND)
    fork.github.issues[1] = {**issue, "body": "/imagebuild_apps helm v3.8.2"}
    run = fork.label(issue)
    assert run.code == 0, run.log
    assert built(fork) == []
    (said,) = fork.github.bodies()
    assert "was edited" in said


def test_the_same_request_again_leaves_what_is_published_as_it_is(fork: Fork) -> None:
    issue = fork.issue("hello")
    assert fork.comment(issue, COMMAND).code == 0
    before = fork.platforms("acme/hello:v1.0.0")
    run = fork.comment(issue, COMMAND)
    assert run.code == 0, run.log
    assert fork.platforms("acme/hello:v1.0.0") == before
    assert len(fork.github.bodies()) == 2


def test_what_everybody_may_read_is_not_even_built_again(fork: Fork) -> None:
    """The build job has no login, so it sees only what is public."""
    settings = fork.tree.path / "imagebuild.yaml"
    settings.write_text(settings.read_text().replace(fork.target.host, fork.source.host))
    fork.tree.commit()
    issue = fork.issue("hello")
    assert fork.comment(issue, COMMAND).code == 0
    again = fork.comment(issue, COMMAND)
    assert again.code == 0, again.log
    first, second = fork.github.bodies()
    assert "nothing was built or sent" in second
    assert "nothing was built" not in first
    fork.github.roles["maintainer"] = "maintain"
    forced = fork.comment(issue, f'{COMMAND} --force="to be sure"')
    assert forced.code == 0, forced.log
    assert "nothing was built" not in fork.github.bodies()[2]
    assert "to be sure" in fork.github.bodies()[2]


def test_a_registry_that_is_down_is_told(fork: Fork) -> None:
    settings = fork.tree.path / "imagebuild.yaml"
    settings.write_text(settings.read_text().replace(fork.target.host, "127.0.0.1:9"))
    fork.tree.commit()
    run = fork.comment(fork.issue("hello"), COMMAND)
    assert run.code == 1
    answer(fork, run)
    (said,) = fork.github.bodies()
    assert "127.0.0.1:9" in said
    assert "Nothing was published" in said
    assert [content for _, content in fork.github.reactions] == ["eyes", "-1"]


def test_one_architecture_that_fails_is_no_index(fork: Fork) -> None:
    script = Path(fork.tree.path / "applications/hello/v1.0.0/init.sh")
    script.write_text(script.read_text().replace("b7 ;;", "b7; echo no such release >&2; exit 9 ;;"))
    fork.tree.commit()
    run = fork.comment(fork.issue("hello"), COMMAND)
    assert run.code == 1
    login = {"username": USER, "password": PASSWORD}
    target = json.dumps(json.loads(run.output("batches"))[0]["targets"][0])
    result = str(fork.tree.artifacts / "result@apps@hello@v1.0.0")
    fork.phase("publish", target=target, layouts=str(fork.tree.artifacts), output=result, **login)
    answer(fork, run)
    assert "v1.0.0" not in built(fork)
    (said,) = fork.github.bodies()
    assert "no such release" in said
    assert all(arch in said for arch in ARCHES)
