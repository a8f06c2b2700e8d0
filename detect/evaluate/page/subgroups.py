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
from detect.evaluate.subset_title import MARK, subset_title

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
                f"A model may look good on the whole and fail in a part. Marked {MARK} are "
                "subsets with "
                "fewer than {} fractured images or fewer than {} others: too few to conclude from.",
                metrics.count("settings", "least_of_a_kind"),
                metrics.count("settings", "least_of_a_kind"),
            )
        ),
        Table("Key figures by subset", tuple(heads), rows, note=_note(metrics)),
        *_by_group(metrics, point),
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
            (subset_title(name),),
            (metrics.count(*verdict, "n_fractured"),),
            (metrics.count(*verdict, "n_not_fractured"),),
            *((figure,) for figure in figures),
        ),
        doubt=metrics.at("subsets", name, "too_few_reason") or "",
    )


def _note(metrics: Metrics) -> str:
    """Return what the mark means, and why which subsets have no image."""
    empty = "; ".join(
        f"{subset_title(name)} ({printable(part['reason'])})"
        for name, part in metrics.at("subsets").items()
        if part["reason"] is not None
    )
    return f"{MARK} too few to conclude from." + f" Without an image: {empty}." * bool(empty)


def _by_group(metrics: Metrics, point: str | None) -> list[Block]:
    """Return the rates with both kinds of interval, where images have groups."""
    if point is None or metrics.at("subsets", "all", "clustered") is None:
        return []
    rates = ("sensitivity", "specificity")
    heads = [f"{rate}, interval {way}" for rate in rates for way in ("by Wilson", "by group")]
    rows = []
    for name in metrics.at("subsets"):
        places = (("verdict",), ("clustered",))
        cells = [
            (metrics.number("subsets", name, *place, "operating_points", point, rate),)
            for rate in rates
            for place in places
        ]
        doubt = metrics.at("subsets", name, "too_few_reason") or ""
        rows.append(Row(((subset_title(name),), *cells), doubt=doubt))
    return [
        Table(
            f"Intervals of the rates at “{printable(point)}”",
            ("subset", *heads),
            tuple(rows),
            note="Wilson's intervals take images as independent. Those by group are of the "
            "bootstrap, which draws the images of a group (a patient) together; where groups hold "
            "several images, trust these.",
        )
    ]


def _definitions(metrics: Metrics) -> list[Words]:
    words: list[Words] = []
    for name, part in metrics.at("subsets").items():
        raw = printable(name)
        line = f"{subset_title(name)} (in metrics.json: {raw}): {printable(part['definition'])}"
        if part["reason"] is not None:
            line += f"; {printable(part['reason'])}"
        words.append(say("{}; {} images", line, metrics.count("subsets", name, "n")))
    return words
