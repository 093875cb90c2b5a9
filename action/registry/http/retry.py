"""When to ask again, and how long to wait first: the retry policy as data."""

from __future__ import annotations

import datetime
import email.utils
import random
from collections.abc import Callable
from dataclasses import dataclass

# Request timeout, too many requests, and the statuses that a registry, its proxy or its CDN gives while it is unwell.
# Every other 4xx is an answer, and asking again would only repeat it.
RETRIED_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
TOO_MANY = 429
THROTTLING_STATUSES = frozenset({TOO_MANY, 503})


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often a request is made, and the waits between; all times in seconds.

    A server's own ``Retry-After`` replaces the computed wait, up to ``retry_after_limit``; a server that asks for
    more is believed and the request fails at once with that figure. A request that is only asked to slow down (429) is
    made ``throttled_attempts`` times, over some two minutes: such a registry is well, and busy.
    """

    attempts: int = 6
    throttled_attempts: int = 10
    first_wait: float = 0.5
    factor: float = 2.0
    longest_wait: float = 30.0
    jitter: float = 0.25
    retry_after_limit: float = 300.0

    def wait(self, attempt: int, chance: Callable[[], float] = random.random) -> float:
        """The pause after attempt number ``attempt`` (from 1) has failed, spread so that clients part ways."""
        plain = min(self.longest_wait, self.first_wait * self.factor ** (attempt - 1))
        return plain * (1.0 + self.jitter * (2.0 * chance() - 1.0))


ONCE = RetryPolicy(attempts=1, throttled_attempts=1)


def parse_retry_after(value: str | None, now: Callable[[], float]) -> float | None:
    """Seconds that a Retry-After header asks for (RFC 9110, 10.2.3: a count or a date), or None.

    ``now`` is the wall clock, in seconds since 1970.
    """
    if value is None:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text)
    try:
        moment = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=datetime.UTC)
    return max(0.0, moment.timestamp() - now())
