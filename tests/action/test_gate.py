"""The table of rules, row by row: one change to a request that passes, and what the gate makes of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from action.approval import LEVELS, at_least, digest, title_app
from action.command import parse
from action.event import Event, Issue, Person
from action.gate import Decision, Facts, decide, first_look
from generator.errors import Problem

COMMAND = "/imagebuild_apps helm v3.8.2"
TITLE = "【Auto-build】helm"


class Settings(NamedTuple):
    label: str = "accepted"
    title_guard: bool = True
    min_permission: str = "write"


def issue(title: str = TITLE, body: str = "", labels: tuple[str, ...] = ("accepted",), *, pr: bool = False) -> Issue:
    return Issue(1, title, body, labels, Person("author"), pull_request=pr)


def comment(text: str = COMMAND, login: str = "maintainer", on: Issue | None = None, action: str = "created") -> Event:
    person = Person(login)
    return Event("issue_comment", action, on or issue(), text, person, person, comment_id=5)


def labeled(body: str = COMMAND, by: str = "helper", label: str = "accepted", title: str = TITLE) -> Event:
    on = issue(title, body)
    return Event("issues", "labeled", on, body, on.author, Person(by), label)


def opened(body: str = COMMAND, title: str = TITLE, labels: tuple[str, ...] = ()) -> Event:
    on = issue(title, body, labels)
    return Event("issues", "opened", on, body, on.author, on.author)


LEVELS_HERE = {"owner": "admin", "maintainer": "write", "helper": "triage", "reader": "read"}


def ask(event: Event, settings: Settings = Settings(), **facts: Any) -> Decision:  # noqa: B008 (immutable)
    parsed = parse(event.issue.title, event.text)
    return decide(event, settings, Facts(**{"parsed": parsed, "issue": event.issue, "levels": LEVELS_HERE, **facts}))


@pytest.mark.parametrize(
    ("event", "outcome", "code"),
    [
        (comment(), "build", "accepted"),
        (comment(login="owner"), "build", "accepted"),
        (comment(login="helper"), "refuse", "not-allowed"),
        (comment(login="reader"), "refuse", "not-allowed"),
        (comment(login="stranger"), "refuse", "not-allowed"),
        (comment(action="edited"), "ignore", "other-event"),
        (comment(action="deleted"), "ignore", "other-event"),
        (comment(on=issue(pr=True)), "ignore", "pull-request"),
        (comment(login="renovate[bot]"), "ignore", "bot"),
        (comment("thank you"), "ignore", "no-command"),
        (comment("> " + COMMAND + "\n\nwhat is that?"), "ignore", "no-command"),
        (comment("```\n" + COMMAND + "\n```"), "answer", "not-read"),
        (comment("/imagebuild_help", login="stranger", on=issue("a question", labels=())), "answer", "help"),
        (comment("/imagebuild_app helm v1", login="stranger"), "answer", "wrong-request"),
        (comment("/imagebuild_apps helm v1 amd64"), "answer", "wrong-request"),
        (comment(on=issue(labels=())), "wait", "waiting"),
        (comment(on=issue(labels=("bug",))), "wait", "waiting"),
        (comment(on=issue(labels=("Accepted",))), "build", "accepted"),
        (comment(on=issue("【Auto-build】coredns")), "answer", "title-mismatch"),
        (comment(on=issue("helm")), "answer", "title-mismatch"),
        (comment(on=issue("[Auto-build] helm")), "build", "accepted"),
        (comment(COMMAND + " --force"), "refuse", "force-not-allowed"),
        (comment(COMMAND + " --force", login="owner"), "build", "accepted"),
        (labeled(), "build", "accepted"),
        (labeled(by="reader"), "refuse", "label-not-trusted"),
        (labeled(by="author"), "refuse", "label-not-trusted"),
        (labeled(label="bug"), "ignore", "other-label"),
        (labeled(by="triage[bot]"), "ignore", "bot"),
        (labeled("no command here"), "answer", "no-command"),
        (labeled("no command here", title="a bug"), "ignore", "no-command"),
        (labeled(COMMAND + " --force"), "refuse", "force-not-allowed"),
        (labeled(COMMAND + " --force", by="owner"), "build", "accepted"),
        (labeled(title="helm"), "answer", "title-mismatch"),
        (opened(), "wait", "waiting"),
        (opened(labels=("accepted",)), "ignore", "labeled-follows"),
        (opened("please"), "answer", "no-command"),
        (opened("please", title="a bug"), "ignore", "no-command"),
        (opened("```\n" + COMMAND + "\n```"), "answer", "not-read"),
        (opened("/imagebuild_apps helm"), "answer", "wrong-request"),
    ],
)
def test_row(event: Event, outcome: str, code: str) -> None:
    decision = ask(event)
    assert (decision.outcome, decision.code) == (outcome, code)
    assert bool(decision.requests) == (outcome in ("build", "wait"))
    assert decision.steps


def test_only_an_explicit_yes_builds() -> None:
    """With nothing looked up at all, nothing is built: a fact that is missing is a no."""
    for event in (comment(), labeled()):
        assert ask(event, levels={}).outcome == "refuse"
    assert ask(comment(), levels={"maintainer": "a role of our own"}).outcome == "refuse"


def test_a_bot_is_one_by_its_type_too() -> None:
    event = comment()._replace(asker=Person("helper", "Bot"))
    assert ask(event).code == "bot"


def test_an_issue_that_was_edited_meanwhile_needs_the_label_again() -> None:
    for now in (issue(body=COMMAND + "\n"), issue("【Auto-build】helm ", COMMAND)):
        assert ask(labeled(), issue=now).code == "edited"
    assert ask(labeled(), issue=issue(body=COMMAND)).outcome == "build"


def test_what_was_edited_in_after_the_list_was_shown_waits_again() -> None:
    """Shown, edited, then labelled: the maintainer has seen another list than what the issue says."""

    def shown(text: str, title: str = TITLE) -> frozenset[str]:
        return frozenset(digest(title, request) for request in parse("", text).requests)

    assert ask(labeled(), shown=shown(COMMAND)).outcome == "build"
    assert ask(labeled(), shown=shown(COMMAND + ",v9")).outcome == "build"
    for list_shown in (shown("/imagebuild_apps helm v3.8.1"), shown(COMMAND, "【Auto-build】coredns"), frozenset()):
        decision = ask(labeled(), shown=list_shown)
        assert (decision.outcome, decision.code) == ("wait", "changed")
        assert decision.requests
    assert ask(comment(), shown=frozenset()).outcome == "build"  # a maintainer's own words need no list


def test_the_issue_as_it_is_now_decides_about_label_and_title() -> None:
    assert ask(comment(), issue=issue(labels=())).code == "waiting"
    assert ask(comment(), issue=issue("【Auto-build】coredns")).code == "title-mismatch"


def test_a_stranger_may_repeat_what_was_approved_and_nothing_else() -> None:
    def approved(title: str, text: str) -> frozenset[str]:
        return frozenset(digest(title, request) for request in parse("", text).requests)

    stranger = comment(login="stranger")
    assert ask(stranger, approved=approved(TITLE, COMMAND)).outcome == "build"
    for title, text in [
        (TITLE, "/imagebuild_apps helm v3.8.3"),
        (TITLE, COMMAND + " --arch=amd64"),
        (TITLE, "/imagebuild_dockerimages helm v3.8.2"),
        ("【Auto-build】coredns", COMMAND),
    ]:
        assert ask(stranger, approved=approved(title, text)).code == "not-allowed"
    two = comment("/imagebuild_apps helm v3.8.2,v3.8.3", login="stranger")
    assert ask(two, approved=approved(TITLE, COMMAND)).code == "not-allowed"


def test_the_digest_is_bound_to_everything_that_is_built() -> None:
    texts = [
        "/imagebuild_dockerimages helm v1",
        "/imagebuild_apps helm v1",
        "/imagebuild_dockerimages helm v2",
        "/imagebuild_dockerimages helm v1 A=1",
        "/imagebuild_dockerimages helm v1 A=2",
        "/imagebuild_dockerimages helm v1 --arch=amd64",
    ]
    digests = [digest(TITLE, parse("", text).requests[0]) for text in texts]
    digests.append(digest("helm", parse("", texts[0]).requests[0]))
    assert len(set(digests)) == len(digests)
    again = parse("", "hello\n" + texts[0]).requests[0]
    assert digest("【Auto-build】helm  ", again) == digests[0]


def test_a_rerun_is_asked_for_its_own_permission() -> None:
    assert ask(comment(), rerun_by="reader").code == "rerun-not-allowed"
    assert ask(comment(), rerun_by="nobody").code == "rerun-not-allowed"
    assert ask(comment(), rerun_by="owner").outcome == "build"


def test_what_is_right_is_built_beside_what_is_wrong() -> None:
    decision = ask(comment(f"{COMMAND}\n/imagebuild_apps coredns v1\n/imagebuild_apps helm"))
    assert [request.app for request in decision.requests] == ["helm"]
    assert sorted(problem.code for problem in decision.problems) == ["missing-version", "title-mismatch"]


def test_a_request_that_names_nothing_is_answered_with_its_line() -> None:
    unresolved = {0: Problem("unknown-app", "there is no application helm", "did you mean helmet?")}
    decision = ask(comment("hello\n" + COMMAND), unresolved=unresolved)
    assert decision.outcome == "answer"
    assert [(problem.code, problem.line) for problem in decision.problems] == [("unknown-app", 2)]


@pytest.mark.parametrize("wanted", LEVELS)
def test_min_permission_decides_who_may_ask(wanted: str) -> None:
    for level in LEVELS:
        decision = ask(comment(login="someone"), Settings(min_permission=wanted), levels={"someone": level})
        assert (decision.outcome == "build") == (LEVELS.index(level) >= LEVELS.index(wanted))
    assert not at_least("unheard-of", wanted)


def test_a_stranger_is_answered_only_so_often() -> None:
    for event in (comment(login="stranger"), comment("/imagebuild_help", login="reader"), opened()):
        assert ask(event, answers=20).code == "too-many-answers"
        assert ask(event, answers=19).code != "too-many-answers"
    assert ask(comment(), answers=500).outcome == "build"
    assert ask(labeled(), answers=500).outcome == "build"


def test_without_the_title_guard_any_title_will_do() -> None:
    assert ask(comment(on=issue("a title")), Settings(title_guard=False)).outcome == "build"


@pytest.mark.parametrize(
    ("title", "app"),
    [
        ("【Auto-build】helm", "helm"),
        ("【Auto-build】 helm ", "helm"),
        ("[Auto-build] helm", "helm"),
        ("[Auto-build]helm", "helm"),
        ("【Auto-build】", None),
        ("【Auto-build】..", None),
        ("【Auto-build】helm v3.8.2", None),
        ("【Auto-build】Helm", None),
        ("【auto-build】helm", None),
        ("【Auto-build】h\u0435lm", None),
        ("【Auto\u2011build】helm", None),
        ("【Auto-build】helm\u200b", None),
        ("\u200b【Auto-build】helm", None),
        ("Re: 【Auto-build】helm", None),
        ("【Auto-build】kubesphere hosted", None),
        ("helm", None),
        ("", None),
    ],
)
def test_the_application_of_a_title(title: str, app: str | None) -> None:
    assert title_app(title) == app


def test_the_first_look_needs_no_facts_for_talk_bots_and_pull_requests() -> None:
    for event in (comment("hi"), comment(login="a[bot]"), comment(on=issue(pr=True)), labeled(label="bug")):
        looked = first_look(event, Settings(), parse("", event.text))
        assert looked is not None
        assert looked.outcome == "ignore"
    assert first_look(comment(), Settings(), parse("", COMMAND)) is None
    assert first_look(labeled("nothing", title="x"), Settings(), parse("", "nothing")) is None


def test_a_refusal_names_what_is_needed_and_what_to_do() -> None:
    for event in (comment(login="reader"), labeled(by="reader"), comment(COMMAND + " --force")):
        [problem] = ask(event).problems
        assert problem.message
        assert problem.hint
