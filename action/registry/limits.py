"""How many requests run at once against each host: additive increase, multiplicative decrease.

A permit is held from the moment a request is sent until its body has been read. Nobody waits for a second permit
while holding one, so permits cannot deadlock.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

# One refusal comes as a burst, one for each request in flight; a burst lowers the limit once.
_BURST_SECONDS = 1.0


@dataclass(slots=True)
class _Host:
    limit: float
    running: int = 0
    open_at: float = 0.0
    lowered_at: float = float("-inf")


class Permit:
    """The right to have one request in flight; give it back with ``release`` (again is harmless)."""

    def __init__(self, limits: HostLimits, host: str) -> None:
        self._limits: HostLimits | None = limits
        self._host = host

    def release(self) -> None:
        limits, self._limits = self._limits, None
        if limits is not None:
            limits.give_back(self._host)


class HostLimits:
    """One limit per host, between 1 and ``ceiling``; safe to use from many threads."""

    def __init__(
        self,
        ceiling: int = 6,
        *,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._ceiling = float(max(1, ceiling))
        self._clock = clock
        self._sleep = sleep
        self._hosts: dict[str, _Host] = {}
        self._changed = threading.Condition()

    def take(self, host: str) -> Permit:
        """Wait for a free place, and for the end of a pause that the host asked for."""
        while True:
            with self._changed:
                state = self._state(host)
                pause = state.open_at - self._clock()
                if pause <= 0:
                    if state.running < int(state.limit):
                        state.running += 1
                        return Permit(self, host)
                    self._changed.wait()
                    continue
            self._sleep(pause)

    def give_back(self, host: str) -> None:
        with self._changed:
            self._state(host).running -= 1
            self._changed.notify_all()

    def succeeded(self, host: str) -> None:
        """Raise the limit by one for about as many successes as it allows at once."""
        with self._changed:
            state = self._state(host)
            state.limit = min(self._ceiling, state.limit + 1.0 / state.limit)
            self._changed.notify_all()

    def throttled(self, host: str, pause: float) -> None:
        """The host said 429 or 503: halve its limit, and let nobody ask it for ``pause`` seconds."""
        with self._changed:
            state = self._state(host)
            now = self._clock()
            if now - state.lowered_at >= _BURST_SECONDS:
                state.limit = max(1.0, state.limit / 2.0)
                state.lowered_at = now
            state.open_at = max(state.open_at, now + pause)

    def limit_of(self, host: str) -> int:
        with self._changed:
            return int(self._state(host).limit)

    def _state(self, host: str) -> _Host:
        return self._hosts.setdefault(host, _Host(self._ceiling))
