"""How many requests run at once against each host: a start, growth with success, and a fall when the host asks for it.

A permit is held from the moment a request is sent until its body has been read. Nobody waits for a second permit
while holding one, so permits cannot deadlock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["small", "large"]
"""What a request is about: some kilobytes, which cost a round trip, or a layer, which costs bandwidth."""

JOBS = 16  # requests at once for each kind and host, at most
_START = 6  # what every registry that we know of is comfortable with
# One refusal comes as a burst, one for each request in flight; a burst lowers the limit once.
_BURST_SECONDS = 1.0


_LARGE = 1 << 20  # bytes from which a blob is a matter of bandwidth


def kind_of(size: int | None) -> Kind:
    """The kind of a request for ``size`` bytes; of an unknown size, it may be a layer."""
    return "small" if size is not None and size < _LARGE else "large"


@dataclass(slots=True)
class _Place:
    """One kind of request at one host; ``refused`` once the host has asked for fewer."""

    limit: float
    refused: bool = False
    running: int = 0
    lowered_at: float = float("-inf")


class Permit:
    """The right to have one request in flight; give it back with ``release`` (again is harmless)."""

    def __init__(self, limits: HostLimits, host: str, kind: Kind) -> None:
        self._limits: HostLimits | None = limits
        self._host = host
        self._kind: Kind = kind

    def release(self) -> None:
        limits, self._limits = self._limits, None
        if limits is not None:
            limits.give_back(self._host, self._kind)


class HostLimits:
    """One limit for each host and kind, between 1 and ``ceiling``; safe to use from many threads.

    A limit starts at six. For small requests each success raises it by one until the host refuses for the first time,
    as many of them are over before a slower rise would matter; afterwards, and for layers always, it takes about as
    many successes as run at once.
    """

    def __init__(
        self,
        ceiling: int = JOBS,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._ceiling = float(max(1, ceiling))
        self._clock = clock
        self._sleep = sleep
        self._places: dict[tuple[str, Kind], _Place] = {}
        self._open_at: dict[str, float] = {}
        self._changed = threading.Condition()

    def take(self, host: str, kind: Kind) -> Permit:
        """Wait for a free place, and for the end of a pause that the host asked for."""
        while True:
            with self._changed:
                place = self._place(host, kind)
                pause = self._open_at.get(host, 0.0) - self._clock()
                if pause <= 0:
                    if place.running < int(place.limit):
                        place.running += 1
                        return Permit(self, host, kind)
                    self._changed.wait()
                    continue
            self._sleep(pause)

    def give_back(self, host: str, kind: Kind) -> None:
        with self._changed:
            self._place(host, kind).running -= 1
            self._changed.notify_all()

    def succeeded(self, host: str, kind: Kind) -> None:
        """Raise the limit, as the class says."""
        with self._changed:
            place = self._place(host, kind)
            step = 1.0 if kind == "small" and not place.refused else 1.0 / place.limit
            place.limit = min(self._ceiling, place.limit + step)
            self._changed.notify_all()

    def throttled(self, host: str, kind: Kind, pause: float) -> None:
        """The host said 429 or 503: halve its limit for the kind, and let nobody ask it for ``pause`` seconds."""
        with self._changed:
            place = self._place(host, kind)
            now = self._clock()
            place.refused = True
            if now - place.lowered_at >= _BURST_SECONDS:
                place.limit = max(1.0, place.limit / 2.0)
                place.lowered_at = now
            self._open_at[host] = max(self._open_at.get(host, 0.0), now + pause)

    def limit_of(self, host: str, kind: Kind) -> int:
        with self._changed:
            return int(self._place(host, kind).limit)

    def _place(self, host: str, kind: Kind) -> _Place:
        return self._places.setdefault((host, kind), _Place(min(self._ceiling, float(_START))))
