"""Items are done by several threads, handed over in order, and given up early."""

from __future__ import annotations

import threading
import time

import pytest

from detect.in_order import in_order


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_results_come_in_the_order_of_the_items(workers: int) -> None:
    def work(item: int) -> int:
        time.sleep(0.002 * (item % 3))  # so that later ones are done earlier
        return item * item

    assert list(in_order(work, range(40), workers)) == [item * item for item in range(40)]


def test_items_are_taken_a_few_ahead_alone() -> None:
    taken: list[int] = []

    def items() -> object:
        for item in range(1000):
            taken.append(item)
            yield item

    results = in_order(lambda item: item, items(), 2)  # type: ignore[arg-type, var-annotated]
    assert next(results) == 0
    assert len(taken) <= 9
    results.close()  # type: ignore[attr-defined]


def test_an_error_gives_up_what_is_not_begun() -> None:
    begun: list[int] = []

    def work(item: int) -> int:
        begun.append(item)
        if item == 3:
            raise ValueError("the fourth")
        return item

    with pytest.raises(ValueError, match="the fourth"):
        list(in_order(work, range(300), 1))
    assert len(begun) <= 8


def test_a_caller_that_stops_leaves_no_thread_behind() -> None:
    before = threading.active_count()
    results = in_order(lambda item: item, range(300), 3)
    next(results)
    assert threading.active_count() > before
    results.close()  # type: ignore[attr-defined]
    assert threading.active_count() == before
