"""The card's section on the graph in 8 bits: what it costs."""

from __future__ import annotations

from typing import Any

from detect.train.manifest import key_figures

__all__ = ["int8_section"]

_FIGURES = {
    "auroc": "AUROC",
    "sensitivity_at_specificity_0.90": "sensitivity at specificity 0.90",
    "ece": "ECE",
    "map50": "mAP50",
    "froc_0.5": "fractures found at 0.5 false positives per image",
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
    )


def _text(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"
