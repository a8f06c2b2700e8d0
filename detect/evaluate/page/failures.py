"""The figures with failed images left out, and with each counted as read wrongly, side by side."""

from __future__ import annotations

from detect.data.check_text import printable
from detect.evaluate.page.parts import Block, Figure, Metrics, Row, Table, Text, say
from detect.evaluate.page.verdict import COUNTS, RATES

__all__ = ["failures_as_errors"]

_VERDICT = ("subsets", "all", "verdict")
_BOXES = ("subsets", "all", "boxes")
_PRECISIONS = (
    ("map50", "mAP50"),
    ("map50_95", "mAP50-95"),
    ("ar100", "AR at 100 boxes per image"),
)


def failures_as_errors(metrics: Metrics) -> list[Block]:
    """Return a table of the verdict and one of the boxes, or why failures change neither."""
    verdict = metrics.at(*_VERDICT)
    tables: list[Block] = []
    if verdict["with_failures_as_errors"] is not None:
        tables.append(_worst_ranked(metrics))
    if verdict["operating_points"] and (
        verdict["n_failed_fractured"] or verdict["n_failed_not_fractured"]
    ):
        tables.append(_verdict(metrics))
    if metrics.at(*_BOXES, "of_images_read") is not None:
        tables.append(_boxes(metrics))
    else:
        words = "No failed image has an annotated fracture that boxes would have had to find."
        tables.append(Text(say(words), "note"))
    return tables


def _verdict(metrics: Metrics) -> Table:
    names = list(metrics.at(*_VERDICT, "operating_points"))
    places = [
        (*_VERDICT, "operating_points", name, *where)
        for name in names
        for where in ((), ("with_failures_as_errors",))
    ]
    heads = [
        f"{printable(name)}, {way}" for name in names for way in ("images read", "failures wrong")
    ]
    rows = [
        Row(((words,), *((word(*at, key),) for at in places)))
        for figures, word in ((COUNTS, metrics.count), (RATES, metrics.number))
        for key, words in figures
    ]
    return Table(
        "The verdict with failures counted as wrong",
        ("", *heads),
        tuple(rows),
        note="A failed image that is fractured counts as missed, another one as a false alarm, at "
        "every threshold. Of the failed images whose truth is known.",
    )


def _worst_ranked(metrics: Metrics) -> Table:
    ways = ((), ("with_failures_as_errors",))
    auroc, precision, brier = "auroc", "average_precision", "brier"
    read = {auroc: (auroc,), precision: (precision,), brier: ("calibration", brier)}
    rows = [
        Row(
            (
                (words,),
                *(
                    (metrics.number(*_VERDICT, *way, *((key,) if way else read[key])),)
                    for way in ways
                ),
            )
        )
        for key, words in (
            (auroc, "AUROC, DeLong"),
            (precision, "average precision"),
            (brier, "Brier score"),
        )
    ]
    return Table(
        "Ranking and calibration with failures counted as wrong",
        ("", "images read", "failures wrong"),
        tuple(rows),
        note="A failed image counts as the worst answer that there is: probability 0 if it is "
        "fractured, else 1.",
    )


def _boxes(metrics: Metrics) -> Table:
    rows = [_pair(metrics, words, key) for key, words in _PRECISIONS]
    for name, found in (("iou", _loose(metrics)), ("centre", "by centre")):
        points = metrics.at(*_BOXES, "froc", name, "all", "points")
        for key, what in (("sensitivity", "fractures"), ("image_sensitivity", "images with one")):
            for number, point in enumerate(points):
                rate = f"{point['false_positives_per_image']:g}"
                words = f"{what} found, {found}, at {rate} false boxes per image"
                rows.append(_pair(metrics, words, "froc", name, "all", "points", number, key))
    return Table(
        "Boxes with failures counted as wrong",
        ("", "images read", "failures wrong"),
        tuple(rows),
        note="A fracture on a failed image counts as missed; so it does in all other figures of "
        "boxes on this page. False boxes are divided by the images read alone, since a failed "
        "one would only lower their number per image.",
    )


def _loose(metrics: Metrics) -> str:
    return f"IoU ≥ {metrics.text('settings', 'froc_iou').text}"


def _pair(metrics: Metrics, words: str, *path: str | int) -> Row:
    figures: list[Figure] = [
        metrics.number(*_BOXES, *where, *path) for where in (("of_images_read",), ())
    ]
    return Row(((words,), *((figure,) for figure in figures)))
