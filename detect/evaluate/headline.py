"""The few figures by which systems are set side by side, and seeds of one recipe summed up.

In `metrics.json`, `summary` holds one entry per recipe that has several seeds:

    recipe, systems           its NAME, and the names of its systems
    figures                   {figure: {n, mean, low, high}}: over the n systems for which it is
                              defined, the mean and the range; null where there is none. That is
                              how much training anew changes a figure, and no confidence interval
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean
from typing import Any

__all__ = ["figure_name", "headline", "headline_paths", "summarise"]


def headline(metrics: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the key figures of a system over all images, each {value, interval, …}.

    Keys are auroc, average_precision, sensitivity_at_specificity, sensitivity_NAME and
    specificity_NAME of each operating point, ece, brier, map50, map50_95, froc_RATE; with a
    prevalence in the settings also ppv_NAME and npv_NAME at it.

    Args:
        metrics: of one system, as `evaluate_records` returns them.
    """
    figures: dict[str, dict[str, Any]] = {}
    for key, path in headline_paths(metrics).items():
        found: Any = metrics
        for part in path:
            found = found[part]
        figures[key] = found
    return figures


def headline_paths(metrics: Mapping[str, Any]) -> dict[str, tuple[str | int, ...]]:
    """Return where in the metrics each figure of `headline` is: keys and indices.

    Args:
        metrics: as for `headline`.
    """
    verdict, boxes = ("subsets", "all", "verdict"), ("subsets", "all", "boxes")
    whole = metrics["subsets"]["all"]
    paths: dict[str, tuple[str | int, ...]] = {
        "auroc": (*verdict, "auroc"),
        "average_precision": (*verdict, "average_precision"),
        "sensitivity_at_specificity": (*verdict, "sensitivity_at_specificity", "sensitivity"),
    }
    for name in whole["verdict"]["operating_points"]:
        for rate in ("sensitivity", "specificity"):
            paths[f"{rate}_{name}"] = (*verdict, "operating_points", name, rate)
        if metrics["settings"]["prevalence"] is not None:
            for rate in ("ppv", "npv"):
                paths[f"{rate}_{name}"] = (
                    *verdict,
                    "operating_points",
                    name,
                    "at_prevalence",
                    rate,
                )
    paths |= {
        "ece": (*verdict, "calibration", "ece_equal_width"),
        "brier": (*verdict, "calibration", "brier"),
        "map50": (*boxes, "map50"),
        "map50_95": (*boxes, "map50_95"),
    }
    for number, point in enumerate(whole["boxes"]["froc"]["iou"]["all"]["points"]):
        key = f"froc_{point['false_positives_per_image']:g}"
        paths[key] = (*boxes, "froc", "iou", "all", "points", number, "sensitivity")
    return paths


def figure_name(key: str, settings: Mapping[str, Any]) -> str:
    """Return the words for a key of `headline`.

    Args:
        key: one of its keys.
        settings: of the metrics.
    """
    plain = {
        "auroc": "AUROC",
        "average_precision": "average precision",
        "sensitivity_at_specificity": f"sens@spec {settings['specificity']:g}",
        "ece": "ECE",
        "brier": "Brier",
        "map50": "mAP50",
        "map50_95": "mAP50-95",
    }
    if key in plain:
        return plain[key]
    kind, _, name = key.partition("_")
    if kind in ("ppv", "npv"):
        return f"{kind.upper()} if {settings['prevalence']:g} fractured, {name}"
    return f"FROC {name}" if kind == "froc" else f"{kind}, {name}"


def summarise(systems: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return mean and range of the key figures for each recipe with several seeds.

    Args:
        systems: metrics of each, with `system` as `detect.evaluate.systems` has it.
    """
    recipes: dict[str, list[Mapping[str, Any]]] = {}
    for metrics in systems:
        if metrics["system"]["recipe"] is not None:
            recipes.setdefault(metrics["system"]["recipe"], []).append(metrics)
    return [
        {
            "recipe": recipe,
            "systems": [metrics["system"]["name"] for metrics in seeds],
            "figures": _ranges([headline(metrics) for metrics in seeds]),
        }
        for recipe, seeds in recipes.items()
    ]


def _ranges(seeds: Sequence[Mapping[str, Mapping[str, Any]]]) -> dict[str, dict[str, Any]]:
    figures = dict.fromkeys(name for seed in seeds for name in seed)
    ranges = {}
    for figure in figures:
        found = [seed[figure]["value"] for seed in seeds if figure in seed]
        values = [value for value in found if value is not None]
        ranges[figure] = {
            "n": len(values),
            "mean": fmean(values) if values else None,
            "low": min(values, default=None),
            "high": max(values, default=None),
        }
    return ranges
