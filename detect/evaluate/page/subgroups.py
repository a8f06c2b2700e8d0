"""The key figures of every subset."""

from __future__ import annotations

from detect.data.check_text import printable
from detect.evaluate.page.parts import (
    Block,
    Listing,
    Metrics,
    Plot,
    Row,
    Section,
    Table,
    Text,
    Words,
    say,
)
from detect.evaluate.plots.subgroups import shown_point

__all__ = ["subgroups_section"]


def subgroups_section(metrics: Metrics) -> Section:
    """Return a row per subset; doubt is said where images are too few."""
    point = shown_point(metrics.content)
    heads = ["subset", "fractured", "not", "AUROC"]
    if point is not None:
        heads += [f"{rate} at “{printable(point)}”" for rate in ("sensitivity", "specificity")]
    heads += ["ECE", "mAP50"]
    rows = tuple(_row(metrics, name, point) for name in metrics.at("subsets"))
    blocks: list[Block] = [
        Text(
            say(
                "A model may look good on the whole and fail in a part. Marked † are subsets with "
                "fewer than {} fractured images or fewer than {} others: too few to conclude from.",
                metrics.count("settings", "least_of_a_kind"),
                metrics.count("settings", "least_of_a_kind"),
            )
        ),
        Table("Key figures by subset", tuple(heads), rows, note="† too few to conclude from"),
        Plot(
            "subgroups", "Subsets with their intervals; grey where images are too few.", wide=True
        ),
        Listing("What is in each subset", tuple(_definitions(metrics))),
    ]
    return Section("subgroups", "Subgroups", tuple(blocks))


def _row(metrics: Metrics, name: str, point: str | None) -> Row:
    verdict = ("subsets", name, "verdict")
    figures = [metrics.number(*verdict, "auroc")]
    if point is not None:
        at = (*verdict, "operating_points", point)
        figures += [metrics.number(*at, "sensitivity"), metrics.number(*at, "specificity")]
    figures += [
        metrics.number(*verdict, "calibration", "ece_equal_width"),
        metrics.number("subsets", name, "boxes", "map50"),
    ]
    return Row(
        (
            (printable(name),),
            (metrics.count(*verdict, "n_fractured"),),
            (metrics.count(*verdict, "n_not_fractured"),),
            *((figure,) for figure in figures),
        ),
        doubt=metrics.at("subsets", name, "too_few_reason") or "",
    )


def _definitions(metrics: Metrics) -> list[Words]:
    words: list[Words] = []
    for name, part in metrics.at("subsets").items():
        line = f"{printable(name)}: {printable(part['definition'])}"
        if part["reason"] is not None:
            line += f"; {printable(part['reason'])}"
        words.append(say("{}; {} images", line, metrics.count("subsets", name, "n")))
    return words
