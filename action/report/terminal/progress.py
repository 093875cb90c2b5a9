"""How placing goes, for who watches: a live line on a terminal, a line for each image in a log."""

from __future__ import annotations

import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from types import TracebackType
from typing import Self

from action.model.wording import size
from action.placement.fill import Origin, Wanted
from generator.console import Stream, workflow_command

_REDRAW_SECONDS = 0.1
_BAR = 20


class Progress:
    """Implements action.placement.fill.Watcher.

    ``live`` redraws one line; ``grouped`` folds the lines in a GitHub log. The live line is cut to ``columns``: one
    that wraps could not be taken back.
    """

    def __init__(
        self,
        stream: Stream,
        *,
        live: bool,
        grouped: bool = False,
        columns: int = 80,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stream = stream
        self._live = live
        self._grouped = grouped
        self._columns = columns
        self._clock = clock
        self._lock = threading.Lock()
        self._begun = self._drawn = clock()
        self._got: dict[str, int] = {}
        self._fetched = 0
        self._total = 0
        self._open: dict[str, int] = {}
        self._origins: dict[str, dict[Origin, int]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live:
            self._stream.draw()
        if self._grouped and self._total:
            self._stream.command(workflow_command("endgroup"))

    def planned(self, wanted: Sequence[Wanted]) -> None:
        with self._lock:
            self._begun = self._clock()
            self._total = sum(want.part.size for want in wanted)
            for want in wanted:
                for image in want.images:
                    self._open[image] = self._open.get(image, 0) + 1
                    self._origins.setdefault(image, {"fetched": 0, "cached": 0, "kept": 0})
            if self._grouped and wanted:
                title = f"placing {len(self._open)} images, {size(self._total)}"
                self._stream.command(workflow_command("group", title))

    def received(self, want: Wanted, count: int) -> None:
        with self._lock:
            digest = want.part.digest
            self._got[digest] = min(want.part.size, self._got.get(digest, 0) + count)
            self._fetched += count
            if self._live and self._clock() - self._drawn >= _REDRAW_SECONDS:
                self._draw()

    def finished(self, want: Wanted, origin: Origin) -> None:
        with self._lock:
            self._got[want.part.digest] = want.part.size
            for image in want.images:
                self._open[image] -= 1
                self._origins[image][origin] += want.part.size
                if not self._open[image]:
                    if self._live:
                        self._stream.draw()
                    self._stream.say(f"{image}: {_shares(self._origins[image])}")
            if self._live:
                self._draw()

    def _draw(self) -> None:
        self._drawn = self._clock()
        got, passed = sum(self._got.values()), max(self._drawn - self._begun, 1e-6)
        rate = self._fetched / passed
        share = got / self._total if self._total else 1.0
        left = f", {_time((self._total - got) / rate)} left" if rate > 0 else ""
        bar = ("#" * int(share * _BAR)).ljust(_BAR, ".")
        pending = sum(1 for count in self._open.values() if count)
        line = f"[{bar}] {size(got)} of {size(self._total)}, {size(int(rate))}/s{left}, {pending} images to go"
        self._stream.draw(line[: self._columns - 1])


def progress_for(stream: Stream, environment: Mapping[str, str]) -> Progress:
    """Live on a terminal; else a line for each image, folded away on a GitHub runner."""
    live = stream.is_terminal() and environment.get("TERM") != "dumb"
    columns = shutil.get_terminal_size().columns
    return Progress(stream, live=live, grouped=environment.get("GITHUB_ACTIONS") == "true", columns=columns)


def _shares(origins: Mapping[Origin, int]) -> str:
    """``1.2 MB fetched, 3.4 MB from the cache``: what came from where, or that there was nothing to do."""
    words: dict[Origin, str] = {"fetched": "fetched", "cached": "from the cache", "kept": "already there"}
    return ", ".join(f"{size(origins[origin])} {word}" for origin, word in words.items() if origins[origin])


def _time(seconds: float) -> str:
    minutes, rest = divmod(int(seconds) + 1, 60)
    return f"{minutes}:{rest:02d}"
