"""The counts of a dataset as text for a terminal of 100 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from detect.data.check_report import LABELS
from detect.data.check_text import printable
from detect.data.naming import LABEL_WORDS, UNASSIGNED

__all__ = ["stats_lines"]

_WIDTH = 100
_NAME = 22  # columns of the first column at most; stats.json has longer names whole
_GAP = "  "
_MOST_NAMED = 5  # unreadable images

_Row = Sequence[str]


def stats_lines(stats: Mapping[str, Any]) -> Iterator[str]:
    """Yield lines of at most 100 columns, without line ends.

    Args:
        stats: as `dataset_stats` returns them.
    """
    yield from _wrapped(_headline(stats))
    yield ""
    yield from _splits(stats)
    yield ""
    for attribute in stats["attributes"]:
        yield from _attribute(attribute, stats["most_values"])
        yield ""
    yield from _annotation(stats)
    yield ""
    yield from _boxes(stats["classes"])
    yield from _image_sizes(stats["image_sizes"])
    for note in stats["dataset"]["notes"]:
        yield from _wrapped(f"note: {printable(note)}")


def _headline(stats: Mapping[str, Any]) -> str:
    dataset = stats["dataset"]
    boxes = sum(one["n_boxes"] for one in stats["classes"])
    classes = _count(len(dataset["classes"]), "class", "classes")
    text = f"{dataset['name']}: {_count(stats['images']['n'], 'image')}, "
    text += f"{_count(boxes, 'box', 'boxes')} of {classes}"
    return printable(text + "".join(f"; {dataset[k]}" for k in ("licence", "origin") if dataset[k]))


def _splits(stats: Mapping[str, Any]) -> Iterator[str]:
    head = ("split", *_LABEL_HEAD, "groups", "no group", "boxes")
    rows = [
        (
            row["value"] or UNASSIGNED,
            *_labels(row),
            *(str(row[key]) for key in ("n_groups", "n_without_group", "n_boxes")),
        )
        for row in stats["splits"]
    ]
    groups = stats["groups"]
    boxes = sum(row["n_boxes"] for row in stats["splits"])
    totals = (groups["n"], groups["n_images_without"], boxes)
    yield from _aligned(head, [*rows, ("all", *_labels(stats["images"]), *map(str, totals))])
    if groups["n_in_several_splits"]:
        number = _count(groups["n_in_several_splits"], "group")
        yield f"{number} in several splits: figures on val or test would flatter"


_LABEL_HEAD = ("images", *LABELS.values(), "% fractured")


def _labels(row: Mapping[str, int]) -> tuple[str, ...]:
    labelled = row["fractured"] + row["not_fractured"]
    share = f"{row['fractured'] / labelled:.1%}" if labelled else "-"
    return (str(row["n"]), *(str(row[word]) for word in LABEL_WORDS.values()), share)


def _attribute(attribute: Mapping[str, Any], most: int) -> Iterator[str]:
    name = printable(attribute["name"])
    if attribute["values"] is None:
        number = attribute["n_values"]
        yield from _wrapped(f"{name}: {number} values, more than {most}; not broken down")
        return
    rows = [
        ("(not stated)" if row["value"] is None else printable(row["value"]), *_labels(row))
        for row in attribute["values"]
    ]
    yield from _aligned((name, *_LABEL_HEAD), rows)


def _annotation(stats: Mapping[str, Any]) -> Iterator[str]:
    shown = [row for row in stats["annotation"]["labels"] if row["n"]]
    names = dict(zip(LABEL_WORDS.values(), LABELS.values(), strict=True))
    keys = ("n", "with_boxes", "without_boxes", "not_annotated")
    rows = [(names[row["label"]], *(str(row[key]) for key in keys)) for row in shown]
    head = ("annotation", "images", "with boxes", "annotated, none", "not annotated")
    yield from _aligned(head, rows)
    share = stats["annotation"]["share_annotated"]
    if share is not None:
        yield f"{share:.1%} of the images are annotated with boxes, or as having none"
    per_image = stats["boxes_per_fractured_image"]
    if per_image["n_images"]:
        numbers = ", ".join(f"{row['boxes']} in {row['images']}" for row in per_image["counts"])
        yield from _wrapped(f"boxes of fractures per fractured image: {numbers}")


def _boxes(classes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    if not any(one["n_boxes"] for one in classes):
        return
    head = ("class", "boxes", "images", "width px", "height px", "area % of image", "width/height")
    rows = [
        (
            printable(one["name"]),
            str(one["n_boxes"]),
            str(one["n_images"]),
            _spread(one["width_px"], "{:.0f}"),
            _spread(one["height_px"], "{:.0f}"),
            _spread(one["relative_area"], "{:.2g}", 100),
            _spread(one["aspect"], "{:.2g}"),
        )
        for one in classes
    ]
    yield from _aligned(head, rows, min(_NAME, max(len(row[0]) for row in (head, *rows))))
    yield "of sizes: 5 %, median and 95 % of the boxes"
    degenerate = sum(one["n_degenerate"] for one in classes)
    if degenerate:
        yield f"{_count(degenerate, 'box', 'boxes')} without an area, left out of the sizes"
    yield ""


def _spread(values: Mapping[str, float], form: str, factor: float = 1) -> str:
    if not values["n"]:
        return "-"
    return " · ".join(_plain(form, values[key] * factor) for key in ("p05", "median", "p95"))


def _plain(form: str, value: float) -> str:
    """Format without an exponent, which `g` gives to what is large."""
    text = form.format(value)
    return f"{value:.0f}" if "e+" in text else text


def _image_sizes(sizes: Mapping[str, Any]) -> Iterator[str]:
    rows = [(f"{row['width']} × {row['height']} px", *_labels(row)) for row in sizes["most_common"]]
    if rows:
        yield from _aligned(("image size", *_LABEL_HEAD), rows)
        more = sizes["n_distinct"] - len(rows)
        if more:
            yield f"and {_count(more, 'further size')}; widths, heights in px (5 %, median, 95 %):"
            width, height = (_spread(sizes[key], "{:.0f}") for key in ("width_px", "height_px"))
            yield f"{_GAP}{width} wide, {height} high"
    unreadable = sizes["unreadable"]
    if unreadable:
        names = ", ".join(map(printable, unreadable[:_MOST_NAMED]))
        rest = f" and {len(unreadable) - _MOST_NAMED} more" * (len(unreadable) > _MOST_NAMED)
        text = f"{_count(len(unreadable), 'image')} of unreadable size: {names}{rest}"
        yield from _wrapped(f"{text}; data check says why")


def _aligned(head: _Row, rows: Sequence[_Row], name_width: int = _NAME) -> Iterator[str]:
    """Yield a table: names to the left, figures to the right.

    Tables with the same figures line up, since their names are equally wide.
    """
    widths = [max(map(len, column)) for column in zip(*(head, *rows), strict=True)]
    rest = sum(len(_GAP) + width for width in widths[1:])
    first = min(name_width, _WIDTH - rest)
    for row in (head, *rows):
        cells = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        yield _GAP.join((_cut(row[0], first).ljust(first), *cells)).rstrip()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 1] + "…"


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, _WIDTH, subsequent_indent=_GAP)


def _count(number: int, noun: str, plural: str | None = None) -> str:
    return f"{number} {noun if number == 1 else plural or noun + 's'}"
