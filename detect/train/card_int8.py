"""The graph in 8 bits: what it costs, and the card's section on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from detect.record import Failure, Reading
from detect.train.manifest import key_figures

__all__ = ["cost_of_int8", "int8_section"]

_FIGURES = {
    "auroc": "AUROC",
    "sensitivity_at_specificity_0.90": "sensitivity at specificity 0.90",
    "ece": "ECE",
    "map50": "mAP50",
    "froc_0.5": "fractures found at 0.5 false positives per image",
}


def cost_of_int8(
    metrics: tuple[dict[str, Any], dict[str, Any]],
    records: tuple[Sequence[Reading | Failure], Sequence[Reading | Failure]],
) -> dict[str, Any]:
    """Compare verdicts at the operating points, whose thresholds are those of float32.

    Args:
        metrics: `metrics.json` of one split, in float32 and in 8 bits.
        records: of the same split, alike.

    Returns:
        `images` that were read twice; `operating_points` {name: {`changed` verdicts,
        `sensitivity` and `specificity`, each in float32 and in 8 bits}}.
    """
    exact, rounded = (
        {
            (record.source.path, record.source.frame): record.verdict.probability
            for record in each
            if isinstance(record, Reading)
        }
        for each in records
    )
    both = exact.keys() & rounded.keys()
    points = [each["subsets"]["all"]["verdict"]["operating_points"] for each in metrics]
    return {
        "images": len(both),
        "operating_points": {
            name: {
                "changed": sum(
                    (exact[key] >= point["threshold"]) != (rounded[key] >= point["threshold"])
                    for key in both
                ),
                **{
                    rate: [each[name][rate]["value"] for each in points]
                    for rate in ("sensitivity", "specificity")
                },
            }
            for name, point in points[0].items()
        },
    }


def int8_section(training: dict[str, Any], val: dict[str, Any]) -> str:
    """Return Markdown, empty for a bundle without such a graph.

    Args:
        training: of the manifest; `int8` as `rebuild` fills it.
        val: `metrics.json` of val, of the graph in float32.
    """
    made = training.get("int8")
    if made is None:
        return ""
    exact = key_figures(val)
    rows = "\n".join(
        f"| {words} | {_text(exact.get(name))} | {_text(made['val'].get(name))} |"
        for name, words in _FIGURES.items()
    )
    return (
        "## In 8 bits\n\n"
        "`--runtime openvino-int8` computes most sums in 8 bits: faster, off unless asked for.\n"
        f"Scales come from {made['calibrated_on']} images of train; calibration and thresholds are "
        "those of float32.\n\n"
        f"| figure on val | float32 | int8 |\n|---|---|---|\n{rows}\n\n"
        f"{_verdicts(made)}"
    )


def _verdicts(made: dict[str, Any]) -> str:
    if "operating_points" not in made:  # of an older version
        return ""
    rows = "\n".join(
        f"| {name} | {found['changed']} of {made['images']} | "
        + " | ".join(" → ".join(map(_text, found[rate])) for rate in ("sensitivity", "specificity"))
        + " |"
        for name, found in made["operating_points"].items()
    )
    return (
        "| operating point on val | verdicts that change | sensitivity, float32 → int8 | "
        f"specificity, float32 → int8 |\n|---|---|---|---|\n{rows}\n\n"
    )


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
