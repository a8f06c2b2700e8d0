"""Seeds of one recipe, summed up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from detect.evaluate.cases import Truth
from detect.evaluate.headline import figure_name, headline, summarise
from detect.evaluate.report import evaluate_records
from detect.evaluate.settings import Settings
from detect.evaluate.table import format_table
from detect.record import Box

SETTINGS = Settings({"balanced": 0.5}, fp_rates=(0.1, 1.0), n_resamples=20)


def seed(reading: Any, recipe: str | None, name: str, *probabilities: float) -> dict[str, Any]:
    """Metrics of one system on two fractured images and two others."""
    truths = [Truth(f"{n}", None, n < 2, (Box(0, 0, 9, 9),) if n < 2 else ()) for n in range(4)]
    records = [reading(f"{n}", probability) for n, probability in enumerate(probabilities)]
    metrics = evaluate_records(truths, records, SETTINGS)
    return {**metrics, "system": {"name": name, "recipe": recipe}}


def test_mean_and_range_are_over_the_seeds_of_a_recipe(reading: Any) -> None:
    systems = [
        seed(reading, "ours", "ours 1", 0.9, 0.8, 0.1, 0.2),
        seed(reading, None, "other", 0.1, 0.1, 0.9, 0.9),
        seed(reading, "ours", "ours 2", 0.9, 0.15, 0.1, 0.2),
        seed(reading, "ours", "ours 3", 0.9, 0.4, 0.1, 0.6),
    ]
    (summary,) = summarise(systems)
    assert (summary["recipe"], summary["systems"]) == ("ours", ["ours 1", "ours 2", "ours 3"])
    auroc = summary["figures"]["auroc"]
    assert (auroc["n"], auroc["low"], auroc["high"]) == (3, 0.75, 1.0)
    assert auroc["mean"] == pytest.approx((1 + 0.75 + 0.75) / 3)
    assert summary["figures"]["sensitivity_balanced"]["mean"] == pytest.approx(2 / 3)
    assert summary["figures"]["map50"] == {"n": 3, "mean": 0, "low": 0, "high": 0}


def test_the_figures_are_those_of_the_metrics(reading: Any) -> None:
    metrics = seed(reading, None, "a", 0.9, 0.4, 0.1, 0.6)
    figures = headline(metrics)
    assert list(figures) == [
        *("auroc", "average_precision", "sensitivity_at_specificity"),
        *("sensitivity_balanced", "specificity_balanced", "ece", "brier"),
        *("map50", "map50_95", "froc_0.1", "froc_1"),
    ]
    assert figures["brier"]["value"] == pytest.approx((0.1**2 + 0.6**2 + 0.1**2 + 0.6**2) / 4)
    assert figures["specificity_balanced"]["value"] == 0.5


def test_predictive_values_at_a_prevalence_are_key_figures_where_one_is_asked_for(
    reading: Any,
) -> None:
    truths = [Truth(f"{n}", None, n < 2, None) for n in range(4)]
    records = [reading(f"{n}", p) for n, p in enumerate((0.9, 0.4, 0.1, 0.6))]
    metrics = evaluate_records(truths, records, replace(SETTINGS, prevalence=0.2))
    figures = headline(metrics)
    # sensitivity and specificity are 1/2: by Bayes' rule PPV is the prevalence itself
    assert figures["ppv_balanced"]["value"] == pytest.approx(0.2)
    assert figures["npv_balanced"]["value"] == pytest.approx(0.8)
    assert figure_name("ppv_balanced", metrics["settings"]) == "PPV if 0.2 fractured, balanced"
    assert "ppv_balanced" not in headline(evaluate_records(truths, records, SETTINGS))
    lines = format_table(metrics).splitlines()
    (at,) = (n for n, line in enumerate(lines) if line.startswith("where 0.2 of images"))
    assert lines[at].split()[-1] == "balanced"
    assert lines[at + 1].split()[:2] == ["PPV", "0.200"]
    assert lines[at + 2].split()[:2] == ["NPV", "0.800"]


def test_an_undefined_figure_has_no_mean(reading: Any) -> None:
    truths = [Truth("0", None, False, ())]
    metrics = evaluate_records(truths, [reading("0", 0.2)], SETTINGS)
    systems = [{**metrics, "system": {"name": f"x {n}", "recipe": "x"}} for n in (1, 2)]
    (summary,) = summarise(systems)
    assert summary["figures"]["auroc"] == {"n": 0, "mean": None, "low": None, "high": None}
    assert summary["figures"]["brier"]["n"] == 2


def test_without_seeds_there_is_no_summary(reading: Any) -> None:
    assert summarise([seed(reading, None, "a", 0.9, 0.4, 0.1, 0.6)]) == []
