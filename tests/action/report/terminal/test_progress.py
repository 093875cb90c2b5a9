"""The progress view: what a terminal shows, what a log keeps."""

from __future__ import annotations

import io

from action.placement.fill import Wanted
from action.report.terminal.progress import Progress, progress_for
from action.store.oci.manifest import Part
from generator.console import Stream

BASE = Wanted(Part("layer", "sha256:aa", 3_000_000), (), ("one", "two"))
TOP = Wanted(Part("layer", "sha256:bb", 1_000_000), (), ("two",))


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_log_has_a_line_for_each_image_when_it_is_whole() -> None:
    stream = io.StringIO()
    with Progress(Stream(lambda: stream), live=False) as progress:
        progress.planned([BASE, TOP])
        progress.received(BASE, 3_000_000)
        progress.finished(BASE, "fetched")
        progress.finished(TOP, "cached")
    assert stream.getvalue().splitlines() == ["one: 3.0 MB fetched", "two: 3.0 MB fetched, 1.0 MB from the cache"]


def test_a_github_log_is_folded() -> None:
    stream = io.StringIO()
    with progress_for(Stream(lambda: stream), {"GITHUB_ACTIONS": "true"}) as progress:
        progress.planned([TOP])
        progress.finished(TOP, "kept")
    assert stream.getvalue().splitlines() == [
        "::group::placing 1 images, 1.0 MB",
        "two: 1.0 MB already there",
        "::endgroup::",
    ]


def test_nothing_to_place_prints_nothing() -> None:
    stream = io.StringIO()
    with progress_for(Stream(lambda: stream), {"GITHUB_ACTIONS": "true"}) as progress:
        progress.planned([])
    assert stream.getvalue() == ""


def test_a_terminal_shows_bytes_rate_and_time_left() -> None:
    stream, now = Terminal(), [0.0]
    with Progress(Stream(lambda: stream), live=True, clock=lambda: now[0]) as progress:
        progress.planned([BASE, TOP])
        now[0] = 1.0
        progress.received(BASE, 1_000_000)
        assert stream.getvalue().endswith("1.0 MB of 4.0 MB, 1.0 MB/s, 0:04 left, 2 images to go")
        before = stream.getvalue()
        now[0] = 1.05
        progress.received(BASE, 10)
        assert stream.getvalue() == before, "redrawn ten times a second at most"
    assert stream.getvalue().endswith("\r\x1b[2K")


def test_what_came_wrong_and_again_is_not_counted_twice() -> None:
    stream, now = Terminal(), [0.0]
    progress = Progress(Stream(lambda: stream), live=True, clock=lambda: now[0])
    progress.planned([TOP])
    for _ in range(3):
        now[0] += 1.0
        progress.received(TOP, 900_000)
    assert "1.0 MB of 1.0 MB" in stream.getvalue()


def test_a_dumb_terminal_gets_the_log() -> None:
    stream = Terminal()
    with progress_for(Stream(lambda: stream), {"TERM": "dumb"}) as progress:
        progress.planned([TOP])
        progress.finished(TOP, "fetched")
    assert stream.getvalue() == "two: 1.0 MB fetched\n"


def test_the_live_line_never_wraps() -> None:
    stream, now = Terminal(), [0.0]
    progress = Progress(Stream(lambda: stream), live=True, columns=40, clock=lambda: now[0])
    progress.planned([BASE])
    now[0] = 1.0
    progress.received(BASE, 1)
    assert len(stream.getvalue().removeprefix("\r\x1b[2K")) == 39
