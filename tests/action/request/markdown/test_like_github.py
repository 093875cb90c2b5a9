"""Our reading of Markdown against that of cmark-gfm, the renderer of GitHub's comments, on random texts."""

from __future__ import annotations

import random
import re
from html.parser import HTMLParser

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options

from action.request.markdown.lines import PARAGRAPH, Span, read_places

_PIECES = [
    *("> ", ">", "- ", "-", "1. ", "2. ", "10) ", "* ", "+ ", "   ", "    ", "\t", "- [ ] ", "[^1]: ", "x[^1]"),
    *("```", "~~~", "````", "#", "# ", "===", "---", "***", "|", "|---|", "---|---", ":-:", "a|b", "\\|"),
    *("<!--", "-->", "<b>", "</b>", "<div>", "</div>", "<style>", "</style>", "<script>", "<?", "?>", "<![CDATA["),
    *("]]>", '<a b="', "<a", "/>", "<http://x y", "<https:x>", "&lt;", "`", "``", "[a]: ", "[a]:", "(", "](", "["),
    *("![", "]", ")", "'", '"', "x", "/u", " ", "\\", "text", "**"),
]
_TAILS = ["", "", "", "`", " -->", ' "', ")", ' ">', "<!--"]
# Blocks whose text is no plain text; the browser's own parser puts text in a list item into `li`.
_APART = {"blockquote", "code", "pre", "h1", "h2", "h3", "h4", "h5", "h6", "table", "section"}


class _Shown(HTMLParser):
    """Collects the marks that start a line of a paragraph."""

    def __init__(self) -> None:
        super().__init__()
        self.stack: list[str] = []
        self.marks: set[str] = set()
        self.at_start = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.stack.append(tag)
        self.at_start = self.at_start or tag in {"p", "li"}

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """``<br />`` and ``<img />`` hold nothing."""

    def handle_endtag(self, tag: str) -> None:
        while self.stack and self.stack.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        for number, part in enumerate(data.split("\n")):
            self.at_start = self.at_start or number > 0
            if part:
                if self.at_start and part.lstrip(" ").startswith("/mark") and not _APART & set(self.stack):
                    self.marks.add(part.split()[0])
                self.at_start = False


def _shown_by_github(text: str) -> set[str]:
    html = cmarkgfm.markdown_to_html_with_extensions(
        text, options=Options.CMARK_OPT_FOOTNOTES, extensions=["table", "strikethrough", "autolink"]
    )
    parser = _Shown()
    parser.feed(html)
    parser.close()
    return parser.marks


def _shown_by_us(text: str) -> set[str]:
    lines = text.split("\n")
    words = {
        index: match.span(1) for index, line in enumerate(lines) if (match := re.match(r"[ \t]*/(mark)[0-9]", line))
    }
    places = read_places(lines, {index: Span(*span) for index, span in words.items()}) if words else None
    shown = [index for index, place in places.by_line.items() if place == PARAGRAPH] if places else []
    return {lines[index].strip(" \t").split(" ")[0] for index in shown}


def _random_text(source: random.Random) -> str:
    lines: list[str] = []
    for number in range(source.randint(1, 9)):
        kind = source.random()
        if kind < 0.2:
            lines.append("")
        elif kind < 0.55:
            blanks = "".join(source.choice([" ", "  ", "    ", "\t"]) for _ in range(source.choice([0, 0, 0, 1, 2])))
            lines.append(f"{blanks}/mark{number} a v1{source.choice(_TAILS)}")
        else:
            lines.append("".join(source.choice(_PIECES) for _ in range(source.randint(1, 5))))
    return "\n".join(lines)


@pytest.mark.parametrize(
    "text",
    [
        "[1]: (\n(\n/mark0\n)",
        '[a]: x(y\n"\n/mark0\n"',
        "[a]:<\\\n/mark0",
        "[a]:\\\n/mark0",
        "- a\n  :-:\nx\n\n    /mark0",
        "- a\n  :-:\n  x\n\n      /mark0",
        "- [ ] ![`\n<!--~~~\n<style>|---\n/mark0",
        "- [ ] ![`\n<!--~~~\n/mark0\n<style>|---\n/mark1",
        "/mark0\n|>\n--",
        "2. [^1]:    /\n/mark0",
        "1. ?\n<b>\n\n\t/mark0",
        "[a]::\n0) >\n\n\t/mark0",
        "[a]:>\n<b>\n<script\n\n/mark0",
        "<!T|\n--\n\n/mark0",
        ">[a]:>\n/mark0",
        "<textarea>\n\n```\n</textarea>\n\n/mark0",
        "<!-->\n/mark0\n-->",
        "x <!-->\n/mark0\n-->",
        "x <!--a--b\n/mark0\n-->",
        "x <!--->\n/mark0\n-->",
        'a <b\u3000c="\n/mark0\n">',
        'a <b\fc="\n/mark0\n">',
        "![" * 150 + "\n/mark0\n" + "](/u)" * 150,
        "> " * 30 + "```\n" + "> " * 30 + "/mark0",
    ],
)
def test_a_text_that_once_hid_a_line_or_might(text: str) -> None:
    assert _shown_by_us(text) <= _shown_by_github(text)


@pytest.mark.parametrize("seed", range(8))
def test_what_we_read_github_shows(seed: int) -> None:
    """Never a line that GitHub does not show as text; and hardly ever not one that it does."""
    source = random.Random(seed)  # noqa: S311 (texts to try, no secret)
    shown = missed = 0
    for _ in range(500):
        text = _random_text(source)
        theirs, ours = _shown_by_github(text), _shown_by_us(text)
        assert ours <= theirs, f"{text!r}: read {sorted(ours - theirs)}, which are not shown as text"
        shown += len(theirs)
        missed += len(theirs - ours)
    assert shown > 300
    assert missed < shown / 10  # most of them beside a link's definition, of which these texts are full


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 140))
def test_what_we_read_github_shows_for_long(seed: int) -> None:
    source = random.Random(seed)  # noqa: S311
    for _ in range(2_500):
        text = _random_text(source)
        assert _shown_by_us(text) <= _shown_by_github(text), repr(text)
