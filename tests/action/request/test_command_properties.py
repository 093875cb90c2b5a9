"""What must hold of any text at all: no crash, no hang, and no request that is not literally in the text."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from action.request.command_line import COMMANDS
from action.request.parse import MAX_TEXT, parse
from generator.names import ARCHES, app_fault, version_fault

_PIECES = st.sampled_from(
    [
        *COMMANDS,
        "/imagebuild_help",
        "helm",
        "v3.8.2",
        "v1,v2",
        "Key1=Value1",
        'A="b, c=\\"d"',
        "--arch=amd64",
        "--dry-run",
        '--force="why"',
        " ",
        "\t",
        "\n",
        "\r\n",
        "\r",
        "```",
        "> ",
        "- ",
        "<!--",
        "-->",
        "<details>",
        "    ",
        "`",
        "\u200b",
        "\u0435",
        "\ud800",
        "..",
        '"',
        "\\",
        ",",
        "=",
    ]
)
_TEXTS = st.one_of(st.text(), st.lists(st.one_of(_PIECES, st.text(max_size=3)), max_size=40).map("".join))


@settings(max_examples=600, deadline=None, derandomize=True)
@given(_TEXTS, _TEXTS)
def test_every_request_is_literally_in_the_text(title: str, body: str) -> None:
    parsed = parse(title, body)
    lines = body.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for request in parsed.requests:
        line = lines[request.line - 1]
        words = line.replace("\t", " ").split(" ")
        words = [word for word in words if word]
        assert words[:2] == [f"/imagebuild_{request.type}", request.app]
        assert request.version in words[2].split(",")
        assert app_fault(request.app) is None
        assert version_fault(request.version) is None
        assert set(request.arches) <= set(ARCHES)
        for key, value in request.build_args.items():
            assert f"{key}=" in line
            assert value.replace("\\", "\\\\").replace('"', '\\"') in line or value in line.replace(
                '\\"', '"'
            ).replace("\\\\", "\\")
    for problem in (*parsed.errors, *parsed.notes):
        if problem.line is not None:
            assert 1 <= problem.line <= len(lines)
            assert 1 <= (problem.column or 1) <= len(lines[problem.line - 1]) + 1


@pytest.mark.soak
@settings(max_examples=20_000, deadline=None)
@given(_TEXTS, _TEXTS)
def test_every_request_is_literally_in_the_text_for_long(title: str, body: str) -> None:
    test_every_request_is_literally_in_the_text.hypothesis.inner_test(title, body)  # type: ignore[attr-defined]


@settings(max_examples=300, deadline=None, derandomize=True)
@given(_TEXTS)
def test_line_endings_decide_nothing(body: str) -> None:
    """CR, CRLF and LF are the same to every rule."""
    plain = body.replace("\r\n", "\n").replace("\r", "\n")
    assert parse("", plain) == parse("", plain.replace("\n", "\r\n")) == parse("", plain.replace("\n", "\r"))


@settings(max_examples=300, deadline=None, derandomize=True)
@given(_TEXTS)
def test_a_fence_hides_everything(body: str) -> None:
    parsed = parse("", "~~~~~~\n" + body.replace("~", "-"))
    assert (parsed.requests, parsed.errors, parsed.help) == ((), (), False)


# Each of these, repeated, would take minutes in a scanner that looks back or tries again.
_LOADS = [
    *("> " * 20 + "\n", "- ", "- a\n", "1. ", "|-|\n", "[^1]: ", "``` \n", "\n", "\r", "x\n", "\t", "    ", "*", "\\"),
    *(
        '<a b="',
        "<a ",
        "<a \n",
        "<!--",
        "<?",
        "<![CDATA[",
        "<details>\n",
        "`",
        "`a``b",
        "[",
        "![",
        "](",
        "](((",
        'a](b "',
    ),
    *("[a]: ", "[a]: b\n", '[a]: b "', '"', "\ufeff", "/imagebuild\n", "/image ", "/imagebuild_apps a v1 "),
    *("/imagebuild_help\n", "/imagebuild_apps a " + "v," * 500 + "\n"),
    "/imagebuild_dockerimages a v " + "k=" * 500 + "\n",
]


@pytest.mark.parametrize("load", _LOADS)
def test_the_longest_text_is_read_at_once(load: str) -> None:
    """A fraction of a second each; the limit is generous because only another order of growth would pass it."""
    text = ("/imagebuild_apps helm v1\n" + load * (MAX_TEXT // len(load)))[:MAX_TEXT]
    start = time.process_time()
    parse("", text)
    assert time.process_time() - start < 10
