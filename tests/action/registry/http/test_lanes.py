"""Lanes: order and results are kept, one lane does not wait for another, a failure stops what has not begun."""

from __future__ import annotations

import threading

from action.registry.http.lanes import in_lanes


def test_results_come_in_the_order_of_the_items() -> None:
    futures = in_lanes(
        lambda number: number * 2, list(range(20)), lambda number: str(number % 3), jobs=2, stop=lambda: None
    )
    assert [future.result() for future in futures] == [number * 2 for number in range(20)]


def test_a_lane_that_stands_still_holds_up_no_other() -> None:
    free = threading.Event()

    def work(item: str) -> str:
        if item == "slow":
            assert free.wait(10)
        elif item == "last":
            free.set()
        return item

    items = ["slow", *(f"fast{number}" for number in range(5)), "last"]
    futures = in_lanes(work, items, lambda item: "a" if item == "slow" else "b", jobs=1, stop=lambda: None)
    assert [future.result() for future in futures] == items


def test_a_failure_stops_what_has_not_begun() -> None:
    begun: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        if number == 0:
            raise ValueError

    futures = in_lanes(work, list(range(50)), lambda number: "", jobs=1, stop=lambda: None)
    assert isinstance(futures[0].exception(), ValueError)
    assert len(begun) < 50
    assert futures[-1].cancelled()


def test_work_that_waits_is_told_to_stop_until_it_has() -> None:
    told = threading.Event()

    def work(item: str) -> None:
        if item == "fails":
            raise ValueError
        assert told.wait(10)

    futures = in_lanes(work, ["waits", "fails"], lambda item: item, jobs=1, stop=told.set)
    assert futures[0].exception() is None
