"""The table of rules, row by row: one change to a request that passes, and what the gate makes of it."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from action.decision.approval import LEVELS, Listing, at_least, digest, title_app
from action.decision.case import Decision, Facts
from action.decision.gate import decide, first_look
from action.github.event import Event, Issue, Person
from action.request.parse import parse
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


def labeled(body: str = COMMAND, by: str = "maintainer", label: str = "accepted", title: str = TITLE) -> Event:
    on = issue(title, body)
    return Event("issues", "labeled", on, body, on.author, Person(by), label)


def opened(body: str = COMMAND, title: str = TITLE, labels: tuple[str, ...] = ()) -> Event:
    on = issue(title, body, labels)
    return Event("issues", "opened", on, body, on.author, on.author)


LEVELS_HERE = {"owner": "admin", "maintainer": "write", "helper": "triage", "reader": "read"}


def digests(text: str, title: str = TITLE) -> frozenset[str]:
    return frozenset(digest(title, request) for request in parse("", text).requests)


def listed(event: Event, source: int = 0, **values: Any) -> Listing:
    """The text of an event with the list that shows all of it."""
    asked = digests(event.text, event.issue.title)
    return Listing(**{"source": source, "asked": asked, "asker": event.asker.login, "shown": asked, **values})


def ask(event: Event, settings: Settings = Settings(), **facts: Any) -> Decision:  # noqa: B008 (immutable)
    """Decide; a label finds a list of what the issue's text asks for, unless ``facts`` say otherwise."""
    parsed = parse(event.issue.title, event.text)
    listings = (listed(event),) if event.action == "labeled" and parsed.requests else ()
    values = {"parsed": parsed, "issue": event.issue, "levels": LEVELS_HERE, "listings": listings, **facts}
    return decide(event, settings, Facts(**values))


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
        (labeled(by="helper"), "refuse", "label-not-trusted"),
        (labeled(by="reader"), "refuse", "label-not-trusted"),
        (labeled(by="author"), "refuse", "label-not-trusted"),
        (labeled(label="bug"), "ignore", "other-label"),
        (labeled(by="triage[bot]"), "ignore", "bot"),
        (labeled("no command here"), "answer", "no-command"),
        (labeled("no command here", title="a bug"), "ignore", "no-command"),
        (labeled(COMMAND + " --force"), "refuse", "force-not-allowed"),
        (labeled(COMMAND + " --force", by="owner"), "refuse", "force-not-allowed"),
        (labeled(title="helm"), "answer", "title-mismatch"),
        (opened(), "wait", "waiting"),
        (opened(COMMAND + " --force"), "refuse", "force-not-allowed"),
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


def test_a_label_lets_pass_exactly_what_a_list_shows() -> None:
    event = labeled()
    for shown, code in [
        (digests(COMMAND), "accepted"),
        (None, "not-listed"),
        (frozenset(), "changed"),
        (digests(COMMAND + ",v9"), "changed"),
        (digests("/imagebuild_apps helm v3.8.1"), "changed"),
        (digests(COMMAND + " --dry-run"), "changed"),
        (digests(COMMAND, "【Auto-build】coredns"), "changed"),
    ]:
        decision = ask(event, listings=(listed(event, shown=shown),))
        assert decision.code == code
        assert decision.outcome == ("build" if code == "accepted" else "wait")
        assert decision.requests
        assert decision.edited == ((0,) if code == "changed" else ())
    assert ask(comment()).outcome == "build"  # a maintainer's own words need no list


def test_what_no_list_shows_is_left_out_beside_what_one_shows() -> None:
    event = labeled("/imagebuild_apps helm v6,v7")
    parsed = parse("", f"{event.text}\n{COMMAND}")
    shown = Listing(5, digests(COMMAND), "stranger", digests(COMMAND))
    decision = ask(event, parsed=parsed, listings=(listed(event, shown=None), shown))
    assert decision.outcome == "build"
    assert [request.version for request in decision.requests] == ["v3.8.2"]
    assert [problem.code for problem in decision.problems] == ["not-listed", "not-listed"]


def test_an_edited_comment_is_left_out_as_a_whole() -> None:
    event = labeled("see below")
    text = "/imagebuild_apps helm v1,v3"
    outdated = Listing(5, digests(text), "stranger", digests("/imagebuild_apps helm v1,v2"))
    decision = ask(event, parsed=parse("", text), listings=(outdated,))
    assert (decision.outcome, decision.code, decision.edited) == ("answer", "not-listed", (5,))


@pytest.mark.parametrize("shown", ["v1", "v1,v2,v3", "v2,v3", "v1,v2 --dry-run", "v1,v2 --arch=amd64"])
def test_no_half_of_an_edited_comment_is_built_beside_a_comment_that_was_not(shown: str) -> None:
    """More, less or something else than its list shows: what both say is not built either."""
    text = "/imagebuild_apps helm v1,v2"
    edited = Listing(5, digests(text), "stranger", digests(f"/imagebuild_apps helm {shown}"))
    kept = Listing(6, digests(COMMAND), "stranger", digests(COMMAND))
    decision = ask(labeled("see below"), parsed=parse("", f"{text}\n{COMMAND}"), listings=(edited, kept))
    assert (decision.outcome, decision.edited) == ("build", (5,))
    assert [request.version for request in decision.requests] == ["v3.8.2"]
    assert [problem.code for problem in decision.problems] == ["not-listed", "not-listed"]


def test_a_second_attempt_needs_no_second_list() -> None:
    """The answer to several texts stands in one comment, which has the digests of all of them."""
    event = labeled()
    more = digests("/imagebuild_apps helm v3.8.2,v9")
    assert ask(event, listings=(listed(event, shown=more, again=True),)).outcome == "build"
    assert (
        ask(event, listings=(listed(event, shown=digests("/imagebuild_apps helm v9"), again=True),)).code == "changed"
    )


def test_two_texts_that_contradict_each_other_are_built_in_neither_way() -> None:
    first, second = "/imagebuild_dockerimages helm v1 A=1", "/imagebuild_dockerimages helm v1 A=2\n" + COMMAND
    requests = parse("", first).requests + parse("", second).requests
    event = labeled(first)
    both = (listed(event), Listing(5, digests(second), "stranger", digests(second)))
    decision = ask(event, parsed=parse("", first)._replace(requests=requests), listings=both)
    assert [(request.type, request.version) for request in decision.requests] == [("apps", "v3.8.2")]
    assert [problem.code for problem in decision.problems] == ["conflicting-requests"]
    alone = (
        listed(event),
        Listing(5, digests(second) - digests(COMMAND), "stranger", digests(second) - digests(COMMAND)),
    )
    assert ask(event, parsed=parse("", first)._replace(requests=requests[:2]), listings=alone).code == (
        "conflicting-requests"
    )


def test_force_needs_the_role_of_who_wrote_it() -> None:
    forced = COMMAND + " --force"
    event = labeled("see below", by="owner")
    for asker, outcome in (("owner", "build"), ("maintainer", "refuse"), ("stranger", "refuse")):
        listing = Listing(5, digests(forced), asker, digests(forced))
        assert ask(event, parsed=parse("", forced), listings=(listing,)).outcome == outcome
    assert ask(comment(forced + "\n/imagebuild_apps helm v1")).requests[0].version == "v1"


def test_a_closed_issue_builds_for_those_who_may_build() -> None:
    closed = issue()._replace(closed=True)
    attempts = dict.fromkeys(digests(COMMAND), 1)
    assert ask(comment(login="stranger"), issue=closed, attempts=attempts).code == "closed"
    assert ask(comment(login="stranger"), issue=closed._replace(labels=())).code == "closed"
    assert ask(comment(), issue=closed).outcome == "build"


def test_what_was_published_or_tried_often_is_repeated_by_those_who_may_write() -> None:
    [key] = digests(COMMAND)
    lenient = Settings(min_permission="triage")
    table: list[tuple[dict[str, Any], str]] = [
        ({"attempts": {key: 1}}, "accepted"),
        ({"attempts": {key: 2}}, "accepted"),
        ({"attempts": {key: 3}}, "tried-before"),
        ({"attempts": {key: 1}, "published": frozenset({key})}, "published-before"),
    ]
    for facts, code in table:
        assert ask(comment(login="stranger"), **facts).code == code
        assert ask(comment(login="helper"), lenient, **facts).code == code
        assert ask(labeled(by="helper"), lenient, **facts).code == code
        assert ask(comment(), **facts).outcome == "build"


def test_the_issue_as_it_is_now_decides_about_label_and_title() -> None:
    assert ask(comment(), issue=issue(labels=())).code == "waiting"
    assert ask(comment(), issue=issue("【Auto-build】coredns")).code == "title-mismatch"


def test_a_stranger_may_repeat_what_was_approved_and_nothing_else() -> None:
    def approved(title: str, text: str) -> dict[str, int]:
        return dict.fromkeys(digests(text, title), 1)

    stranger = comment(login="stranger")
    assert ask(stranger, attempts=approved(TITLE, COMMAND)).outcome == "build"
    for title, text in [
        (TITLE, "/imagebuild_apps helm v3.8.3"),
        (TITLE, COMMAND + " --arch=amd64"),
        (TITLE, "/imagebuild_dockerimages helm v3.8.2"),
        ("【Auto-build】coredns", COMMAND),
    ]:
        assert ask(stranger, attempts=approved(title, text)).code == "not-allowed"
    two = comment("/imagebuild_apps helm v3.8.2,v3.8.3", login="stranger")
    assert ask(two, attempts=approved(TITLE, COMMAND)).code == "not-allowed"


def test_the_digest_is_bound_to_everything_that_is_built() -> None:
    texts = [
        "/imagebuild_dockerimages helm v1",
        "/imagebuild_apps helm v1",
        "/imagebuild_dockerimages helm v2",
        "/imagebuild_dockerimages helm v1 A=1",
        "/imagebuild_dockerimages helm v1 A=2",
        "/imagebuild_dockerimages helm v1 --arch=amd64",
        "/imagebuild_dockerimages helm v1 --dry-run",
        "/imagebuild_dockerimages helm v1 --force",
        '/imagebuild_dockerimages helm v1 --force="x"',
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
        decision = ask(labeled(by="someone"), Settings(min_permission=wanted), levels={"someone": level})
        needed = max(LEVELS.index(wanted), LEVELS.index("triage"))
        assert (decision.outcome == "build") == (LEVELS.index(level) >= needed)
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
