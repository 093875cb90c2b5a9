"""Work in threads, by lanes: a slow or paused host holds up its own lane and no other."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack
from typing import TypeVar

_PATIENCE = 0.2  # seconds
Item = TypeVar("Item")
Result = TypeVar("Result")


def in_lanes(
    work: Callable[[Item], Result],
    items: Sequence[Item],
    lane_of: Callable[[Item], str],
    *,
    jobs: int,
    stop: Callable[[], None],
) -> list[Future[Result]]:
    """Run ``work`` on every item, in order within each lane and ``jobs`` at once; all futures are done on return.

    At the first exception, and when the user interrupts, what has not begun is cancelled; what has is waited for, and
    ``stop`` is called again and again until it has ended, so ``work`` should look out for that.
    """
    lanes: dict[str, list[int]] = defaultdict(list)
    for number, item in enumerate(items):
        lanes[lane_of(item)].append(number)
    futures: dict[int, Future[Result]] = {}
    with ExitStack() as stack:
        for numbers in lanes.values():
            pool = stack.enter_context(ThreadPoolExecutor(max(1, min(jobs, len(numbers)))))
            futures |= {number: pool.submit(work, items[number]) for number in numbers}
        try:
            wait(futures.values(), return_when=FIRST_EXCEPTION)
        finally:
            for future in futures.values():
                future.cancel()  # without effect on what has begun or ended
            while wait(futures.values(), timeout=0).not_done:
                stop()
                wait(futures.values(), timeout=_PATIENCE)
    return [futures[number] for number in range(len(items))]


def failures(futures: Sequence[Future[Result]]) -> list[BaseException]:
    """What went wrong, in the order of the items; what was cancelled because of it is left out."""
    return [error for future in futures if not future.cancelled() and (error := future.exception())]
