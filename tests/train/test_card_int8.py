"""What the graph in 8 bits costs, counted at the thresholds of float32."""

from __future__ import annotations

from typing import Any

from detect.record import Failure, ModelInfo, Reading, Source, Verdict
from detect.train.card_int8 import cost_of_int8

MODEL = ModelInfo("tiny", "1", "0" * 64)


def records(*probabilities: float) -> list[Reading | Failure]:
    return [
        Reading(
            Source(f"{number}.png", None),
            Verdict("fractured", "definite", probability, "balanced", 0.5),
            (),
            MODEL,
        )
        for number, probability in enumerate(probabilities)
    ]


def metrics(sensitivity: float) -> dict[str, Any]:
    rates = {"sensitivity": {"value": sensitivity}, "specificity": {"value": 0.9}}
    points = {"balanced": {"threshold": 0.5} | rates, "confirm": {"threshold": 0.8} | rates}
    return {"subsets": {"all": {"verdict": {"operating_points": points}}}}


def test_verdicts_that_change_are_counted_at_each_operating_point() -> None:
    exact = records(0.1, 0.4, 0.5, 0.9)
    rounded = records(0.1, 0.6, 0.49, 0.85)

    cost = cost_of_int8((metrics(0.8), metrics(0.7)), (exact, rounded))

    assert cost["images"] == 4
    balanced, confirm = cost["operating_points"]["balanced"], cost["operating_points"]["confirm"]
    assert (balanced["changed"], confirm["changed"]) == (2, 0)
    assert balanced["sensitivity"] == [0.8, 0.7]


def test_what_one_of_both_could_not_read_is_not_compared() -> None:
    exact = records(0.1, 0.4)
    failed: list[Reading | Failure] = [Failure(Source("1.png", None), "corrupt", "1.png: broken")]

    cost = cost_of_int8((metrics(0.8), metrics(0.7)), (exact, records(0.9) + failed))

    assert cost["images"] == 1
    assert cost["operating_points"]["balanced"]["changed"] == 1
