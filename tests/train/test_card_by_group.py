"""Rates with intervals by group, as the model card has them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from detect.train.card_by_group import rates_by_group

RATES = ("sensitivity", "specificity", "ppv", "npv", "accuracy")


def test_each_split_and_point_has_its_rates_by_group(
    measured: Callable[..., dict[str, Any]],
) -> None:
    splits = {"val": measured(1, split="val"), "test": measured(2, failed=3)}
    said, table = rates_by_group(splits).strip().split("\n\n")[:2]
    assert "bootstrap of groups" in said
    lines = [[cell.strip() for cell in line.strip("|").split("|")] for line in table.split("\n")]
    assert lines[0][:4] == ["split", "operating point", "sensitivity", "specificity"]
    assert lines[0][4:] == ["PPV", "NPV", "accuracy"]
    assert len(lines) == 2 + 2 * 3
    bounded = 0
    for split, metrics in splits.items():
        by_group = metrics["subsets"]["all"]["clustered"]["operating_points"]
        for name, point in by_group.items():
            (line,) = [line for line in lines if line[:2] == [split, name]]
            for rate, cell in zip(RATES, line[2:], strict=True):
                estimate = point[rate]
                assert cell.startswith(f"{estimate['value']:.3f} ")
                if estimate["interval"] is not None:
                    low, high = estimate["interval"]
                    assert cell.endswith(f" [{low:.3f}, {high:.3f}]")
                    bounded += 1
    assert bounded > 20


def test_without_groups_nothing_is_said() -> None:
    metrics = {"subsets": {"all": {"clustered": None}}}
    assert rates_by_group({"val": metrics}) == ""
    assert rates_by_group({"val": {"subsets": {"all": {}}}}) == ""  # schema 1.2
