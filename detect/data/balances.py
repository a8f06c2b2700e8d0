"""How images, labels and boxes of a dataset spread over splits, attributes and sizes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np

from detect.data.check_report import Balance
from detect.data.sample import SPLITS, Sample
from detect.data.shortcuts import label_balance, traits_with_values

__all__ = ["balances_of"]

_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
_NO_SPLIT = "none"

Size = tuple[int, int]


def balances_of(
    samples: Sequence[Sample], sizes: Sequence[Size | None], classes: Sequence[str]
) -> tuple[Balance, ...]:
    """Return the tables: split, class, box area, each attribute, and three views of image size.

    Args:
        samples: of a dataset.
        sizes: width and height of each image in pixels; None: it could not be read.
        classes: of its boxes.
    """
    labels = [sample.fractured for sample in samples]
    splits = [sample.split or _NO_SPLIT for sample in samples]
    present = [split for split in (*SPLITS, _NO_SPLIT) if split in splits]
    by_split = label_balance("split", "split", splits, labels)
    rows = sorted(by_split.rows, key=lambda row: present.index(str(row[0])))
    return (
        Balance(by_split.name, by_split.title, by_split.header, tuple(rows)),
        _classes(samples, present, classes),
        _box_areas(samples, sizes, present),
        *(
            label_balance(name, title, values, labels)
            for _, name, title, values in traits_with_values(samples, sizes)
        ),
    )


def _classes(samples: Sequence[Sample], splits: Sequence[str], classes: Sequence[str]) -> Balance:
    boxes = Counter(
        (entry.label, sample.split or _NO_SPLIT)
        for sample in samples
        for entry in sample.boxes or ()
    )
    images = Counter(
        label for sample in samples for label in {entry.label for entry in sample.boxes or ()}
    )
    rows: list[tuple[str | int, ...]] = [
        (
            name,
            images[name],
            sum(boxes[name, split] for split in splits),
            *(boxes[name, split] for split in splits),
        )
        for name in dict.fromkeys((*classes, *images))
    ]
    header = ("class", "images", "boxes", *(f"boxes in {split}" for split in splits))
    return Balance("class", "Boxes of each class", header, tuple(rows))


def _box_areas(
    samples: Sequence[Sample], sizes: Sequence[Size | None], splits: Sequence[str]
) -> Balance:
    rows = []
    for split in splits:
        shares = [
            max(0.0, entry.box.x2 - entry.box.x1)
            * max(0.0, entry.box.y2 - entry.box.y1)
            / (size[0] * size[1])
            for sample, size in zip(samples, sizes, strict=True)
            if size is not None and (sample.split or _NO_SPLIT) == split
            for entry in sample.boxes or ()
        ]
        quantiles = np.quantile(shares, _QUANTILES).tolist() if shares else [None] * 5
        rows.append((split, len(shares), *quantiles))
    header = ("split", "boxes", *(f"{quantile:.0%} quantile" for quantile in _QUANTILES))
    return Balance("box_area", "Share of the image that a box covers", header, tuple(rows))
