"""Markdown that nothing inside can break out of, checked with GitHub's own renderer."""

from __future__ import annotations

import re

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import given, settings
from hypothesis import strategies as st

from action.report.comment.markdown import COMMENT_LIMIT, CUT, Block, code, compose, details, fenced, table

HOSTILE = [
    "```\n@everyone\n```",
    "````\n# heading",
    "~~~",
    "</details><script>alert(1)</script>",
    "<!--",
    "-->",
    "@octocat #1 owner/repo#2 https://evil.example",
    "![x](https://evil.example/track.png)",
    "a | b `c` \\| d",
    "`",
    "``x",
    "\\",
    "\\`",
    "x\r\ny\rz",
    "\u202eevil",
    "| --- |",
    " `a` ",
    "",
    "\x00\x1b[31m",
]


def _html(markdown: str) -> str:
    extensions = ["table", "strikethrough", "autolink"]
    return str(
        cmarkgfm.markdown_to_html_with_extensions(markdown, options=Options.CMARK_OPT_UNSAFE, extensions=extensions)
    )


def _outside_code(html: str) -> str:
    return re.sub(r"<code[^>]*>.*?</code>", "<code/>", html, flags=re.S)


@pytest.mark.parametrize("text", HOSTILE)
def test_a_fence_holds_whatever_is_in_it(text: str) -> None:
    html = _html(f"before\n\n{fenced(text)}\n\nafter")
    assert _outside_code(html) == "<p>before</p>\n<pre><code/></pre>\n<p>after</p>\n"


@pytest.mark.parametrize("text", HOSTILE)
def test_a_cell_holds_whatever_is_in_it(text: str) -> None:
    html = _html(table(("image", "digest"), [(code(text), "x")]))
    body = _outside_code(html).partition("<tbody>")[2]
    assert body.count("<td>") == 2
    assert "<td>x</td>" in body
    assert re.sub(r"</?(?:td|tr|tbody|table)>|\s|x|<code/>", "", body) in ("", "``")


@settings(max_examples=300, deadline=None, derandomize=True)
@given(st.text(alphabet=st.sampled_from(list("`~\n\r <>!-@#|\\ax[]()&")), max_size=60))
def test_no_text_gets_out_of_a_fence(text: str) -> None:
    html = _html(f"before\n\n{fenced(text)}\n\nafter")
    assert _outside_code(html) == "<p>before</p>\n<pre><code/></pre>\n<p>after</p>\n"


def test_a_fence_is_cut_at_a_line() -> None:
    text = fenced("\n".join(f"line {number}" for number in range(1000)), limit=200)
    assert len(text) < 300
    assert re.search(r"line \d+\n\[\d+ more lines\]\n```$", text)
    assert fenced("x" * 500, limit=100).endswith("```")


def test_blocks_that_do_not_fit_are_left_out_whole() -> None:
    blocks = [f"block {number} " + "x" * 1000 for number in range(100)]
    text = compose(blocks)
    assert len(text) <= COMMENT_LIMIT
    assert text.endswith(CUT)
    assert text.split("\n\n")[:-1] == blocks[: text.count("block ")]


def test_a_short_form_takes_the_place_of_a_block_that_does_not_fit() -> None:
    text = compose([Block("x" * 500, "short"), "after"], limit=200)
    assert text == f"short\n\nafter\n\n{CUT}"


def test_what_fits_is_not_said_to_be_cut() -> None:
    assert compose(["a", Block("b", "c")]) == "a\n\nb"


def test_the_limit_counts_what_github_counts() -> None:
    """A character beyond the basic plane is two for a counter of UTF-16: four bytes each still fit."""
    text = compose([fenced("\U0001f680" * 70_000, limit=59_000)])
    assert len(text) <= COMMENT_LIMIT
    assert len(text.encode()) < 262_144


def test_details_are_a_block_of_their_own() -> None:
    html = _html(details("2 images", table(("a",), [("b",)])))
    assert "<td>b</td>" in html
    assert html.rstrip().endswith("</details>")
