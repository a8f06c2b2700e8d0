"""The boxes' figures, and whether verdicts are right for the right reason."""

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
from detect.evaluate.plots.boxes import band_words
from detect.evaluate.subset_title import MARK

__all__ = ["boxes_section", "reasons_section"]

_BOXES = ("subsets", "all", "boxes")
_REASONS = ("subsets", "all", "reasons")
_MOST_LISTED = 200  # incoherent images; metrics.json lists all
_PRECISIONS = (
    ("map50", "mAP50"),
    ("map75", "mAP75"),
    ("map50_95", "mAP50-95"),
    ("ar1", "AR at 1 box per image"),
    ("ar10", "AR at 10 boxes per image"),
    ("ar100", "AR at 100 boxes per image"),
)
_DENOMINATORS = {
    "all": "all images, normals included",
    "normals": "images without a fracture alone",
}


def boxes_section(metrics: Metrics) -> Section:
    """Return average precision, FROC in all its variants, and sensitivity by size."""
    loose = metrics.text("settings", "froc_iou").text
    rows = [Row(((words,), (metrics.number(*_BOXES, key),))) for key, words in _PRECISIONS]
    rows += [
        Row(((f"AP, a box counting from IoU {loose} on",), (metrics.number(*_BOXES, "ap_iou"),))),
        Row(
            (
                ("AP, a box counting if its centre lies in the fracture",),
                (metrics.number(*_BOXES, "ap_centre"),),
            )
        ),
    ]
    outlined = (*_BOXES, "evidence_outlines")
    rows.append(
        Row(
            (
                ("regions outlined from the evidence map, centre in a fracture",),
                (
                    metrics.number(*outlined, "centre_in_fracture"),
                    " of ",
                    metrics.count(*outlined, "n"),
                ),
            )
        )
    )
    blocks: list[Block] = [
        Text(
            say(
                "On {} images, {} of them with {} annotated fractures, the detector gave {} boxes, "
                "down to a score that carries no information. Images without a fracture are "
                "included: every box there counts as false.",
                metrics.count(*_BOXES, "n_images"),
                metrics.count(*_BOXES, "n_images_with_boxes"),
                metrics.count(*_BOXES, "n_truth_boxes"),
                metrics.count(*_BOXES, "n_detections"),
            )
        ),
        Table("Average precision and recall", ("figure", "value"), tuple(rows)),
        *(_froc(metrics, name) for name in _DENOMINATORS),
        Plot(
            "froc",
            "FROC: fractures found against false boxes per image. Readers mark loosely, so a box "
            f"counts from IoU {loose} on, or if its centre lies in the fracture.",
            wide=True,
        ),
        Plot("precision_recall", "Precision and recall of boxes at IoU 0.5 (COCO)."),
        _sizes(metrics),
        Plot("sizes", "Fractures found by their size."),
    ]
    return Section("boxes", "Boxes: are fractures found where they are?", tuple(blocks))


def _froc(metrics: Metrics, denominator: str) -> Table:
    rows = []
    for number in range(len(metrics.at(*_BOXES, "froc", "iou", denominator, "points"))):
        at = {
            name: (*_BOXES, "froc", name, denominator, "points", number)
            for name in ("iou", "centre")
        }
        rows.append(
            Row(
                (
                    (metrics.text(*at["iou"], "false_positives_per_image"),),
                    (metrics.number(*at["iou"], "threshold"),),
                    (metrics.number(*at["iou"], "sensitivity"),),
                    (metrics.number(*at["iou"], "image_sensitivity"),),
                    (metrics.number(*at["centre"], "sensitivity"),),
                    (metrics.number(*at["centre"], "image_sensitivity"),),
                )
            )
        )
    loose = metrics.text("settings", "froc_iou").text
    return Table(
        f"FROC, false boxes counted on {_DENOMINATORS[denominator]}",
        (
            "false boxes per image",
            "score from",
            f"fractures found, IoU ≥ {loose}",
            f"images with one found, IoU ≥ {loose}",
            "fractures found, by centre",
            "images with one found, by centre",
        ),
        tuple(rows),
    )


def _sizes(metrics: Metrics) -> Table:
    at = (*_BOXES, "by_size")
    least = metrics.at("settings", "least_of_a_kind")
    rows = [
        Row(
            (
                (f"{band['name']} ({band_words(band)})",),
                (metrics.count(*at, "bands", number, "n"),),
                (metrics.number(*at, "bands", number, "sensitivity"),),
            ),
            doubt=f"too few: {band['n']} fractures; {least} are wanted"
            if band["n"] < least
            else "",
        )
        for number, band in enumerate(metrics.at(*at, "bands"))
    ]
    unknown = metrics.at(*at, "n_unknown_size")
    note = f"{MARK} too few to conclude from." if any(row.doubt for row in rows) else ""
    if unknown:
        note += f" {unknown} more lie in images whose size nobody knows."
    rate = metrics.text(*at, "false_positives_per_image").text
    return Table(
        f"Fractures found by their share of the image, at {rate} false boxes per image",
        ("size", "fractures", "sensitivity"),
        tuple(rows),
        note.strip(),
    )


def reasons_section(metrics: Metrics) -> Section:
    """Return whether what was shown on true positives is the fracture, and contradictions."""
    incoherent = metrics.at(*_REASONS, "incoherent")
    shares = (
        ("touching", "some shown region overlaps a true fracture"),
        ("centre_in_fracture", "the centre of some shown region lies in a true fracture"),
    )
    rows = [Row(((words,), (metrics.number(*_REASONS, key),))) for key, words in shares]
    clustered = ("subsets", "all", "clustered")
    if metrics.at(*clustered) is not None:
        rows += [
            Row(((f"{words}, interval by group",), (metrics.number(*clustered, "reasons", key),)))
            for key, words in shares
        ]
    blocks: list[Block] = [
        Text(
            say(
                "A verdict may be right by luck: fractured, but for what lies elsewhere. Of {} "
                "images rightly called fractured, {} have annotated boxes; on these, at the "
                "operating point of the records:",
                metrics.count(*_REASONS, "n_true_positive"),
                metrics.count(*_REASONS, "n_with_annotated_boxes"),
            )
        ),
        Table("What was shown on them", ("figure", "share"), tuple(rows)),
    ]
    if not incoherent:
        blocks.append(
            Text(say("Verdict and boxes contradict each other on no image, as it should be."))
        )
        return Section("reasons", "Right for the right reason?", tuple(blocks))
    items: list[Words] = [
        say(f"{printable(one['path'])}: {one['why']}") for one in incoherent[:_MOST_LISTED]
    ]
    if len(incoherent) > _MOST_LISTED:
        items.append(say(f"and {len(incoherent) - _MOST_LISTED} more; metrics.json lists all"))
    title = f"Images on which verdict and boxes contradict each other ({len(incoherent)})"
    blocks.append(Listing(title, tuple(items)))
    return Section("reasons", "Right for the right reason?", tuple(blocks))
