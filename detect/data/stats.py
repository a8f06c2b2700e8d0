"""What is in a dataset, counted. Nothing is dropped: what is not known is counted as such.

`stats.json`, schema version 1.0. "Counts" are n, fractured, not_fractured, unknown: images in
all and by label. "Quantiles" are n, min, p05, p25, median, p75, p95, max; all but n are null
where n is 0. A `value` of null stands for: not stated.

    schema_version, kind   "1.0", "dataset_stats"
    version                of this program
    dataset                name, root (the folder's name), licence, origin, classes, notes
    images                 counts
    splits                 [{value (train, val, test or null), counts, n_groups,
                           n_without_group, n_boxes}], those with images
    groups                 n, n_images_without, n_in_several_splits, images_per_group (quantiles)
    attributes             [{name, n_values, n_unknown, values}], region first, then by name;
                           values: [{value, counts}], most frequent first, null last; null where
                           n_values exceeds `most_values`
    most_values            attributes with more values than these are not broken down
    annotation             share_annotated (of all images, with boxes or as having none; null
                           without images), and labels [{label, n, with_boxes, without_boxes,
                           not_annotated}]: images by what is known of their boxes
    fracture_classes       classes whose boxes are taken for fractures, in index order
    boxes_per_fractured_image   n_images (fractured and annotated), n_not_annotated, and counts
                           [{boxes, images}], by number of boxes of fracture_classes
    classes                [{name, n_boxes, n_images, n_degenerate (without an area; in none of
                           the quantiles), width_px, height_px, relative_area (of its image,
                           0..1), aspect (width / height)}], in index order; quantiles
    image_sizes            n_read, unreadable [path], width_px, height_px, megapixels (quantiles),
                           n_distinct, most_common [{width, height, counts}], at most ten; pixels
                           as displayed
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from detect import __version__
from detect.data.box_values import BoxValues, Size, box_values, quantiles
from detect.data.check_text import path_in
from detect.data.naming import LABEL_WORDS
from detect.data.sample import SPLITS, Dataset, Sample
from detect.data.sources.labels import fracture_classes

__all__ = ["REGION", "STATS_SCHEMA_VERSION", "dataset_stats"]

STATS_SCHEMA_VERSION = "1.0"
REGION = "region"  # the attribute that readers of every form call so
_MOST_VALUES = 20
_MOST_SIZES = 10


def dataset_stats(dataset: Dataset, sizes: Sequence[Size | None]) -> dict[str, Any]:
    """Return the content of `stats.json`, as plain JSON types, without NaN.

    Args:
        dataset: any; splits, groups, boxes and attributes may be missing.
        sizes: width and height of the image of each sample, pixels, as displayed; None where
            it cannot be read.
    """
    samples = dataset.samples
    return {
        "schema_version": STATS_SCHEMA_VERSION,
        "kind": "dataset_stats",
        "version": __version__,
        "dataset": {
            "name": dataset.name,
            "root": dataset.root.name,
            "licence": dataset.licence,
            "origin": dataset.origin,
            "classes": list(dataset.classes),
            "notes": list(dataset.notes),
        },
        "images": _counts(samples),
        "splits": _splits(samples),
        "groups": _groups(samples),
        "most_values": _MOST_VALUES,
        "attributes": _attributes(samples),
        "annotation": _annotation(samples),
        **_fractures(dataset),
        "classes": _classes(dataset, box_values(dataset, sizes)),
        "image_sizes": _image_sizes(dataset, sizes),
    }


def _counts(samples: Sequence[Sample]) -> dict[str, int]:
    labels = Counter(sample.fractured for sample in samples)
    return {"n": len(samples), **{word: labels[label] for label, word in LABEL_WORDS.items()}}


def _splits(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    rows = []
    for split in (*SPLITS, None):
        inside = [sample for sample in samples if sample.split == split]
        groups = [sample.group for sample in inside]
        if inside:
            rows.append(
                {
                    "value": split,
                    **_counts(inside),
                    "n_groups": len({*groups} - {None}),
                    "n_without_group": groups.count(None),
                    "n_boxes": sum(len(sample.boxes or ()) for sample in inside),
                }
            )
    return rows


def _groups(samples: Iterable[Sample]) -> dict[str, Any]:
    splits: dict[str, list[str | None]] = defaultdict(list)
    without = 0
    for sample in samples:
        if sample.group is None:
            without += 1
        else:
            splits[sample.group].append(sample.split)
    return {
        "n": len(splits),
        "n_images_without": without,
        "n_in_several_splits": sum(len({*inside} - {None}) > 1 for inside in splits.values()),
        "images_per_group": quantiles(np.array([*map(len, splits.values())], np.float64)),
    }


def _attributes(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    names = {name for sample in samples for name in sample.attributes}
    return [
        _attribute(name, samples) for name in sorted(names, key=lambda name: (name != REGION, name))
    ]


def _attribute(name: str, samples: Sequence[Sample]) -> dict[str, Any]:
    by_value: dict[str | None, list[Sample]] = defaultdict(list)
    for sample in samples:
        by_value[sample.attributes.get(name)].append(sample)
    n_values = len(by_value.keys() - {None})
    # the unknown last, for they are no value
    ordered = sorted(by_value, key=lambda value: (value is None, -len(by_value[value]), value))
    rows = [{"value": value, **_counts(by_value[value])} for value in ordered]
    return {
        "name": name,
        "n_values": n_values,
        "n_unknown": len(by_value.get(None, ())),
        "values": rows if n_values <= _MOST_VALUES else None,
    }


def _annotation(samples: Sequence[Sample]) -> dict[str, Any]:
    rows = []
    for label, word in LABEL_WORDS.items():
        inside = [sample for sample in samples if sample.fractured is label]
        rows.append(
            {
                "label": word,
                "n": len(inside),
                "with_boxes": sum(bool(sample.boxes) for sample in inside),
                "without_boxes": sum(sample.boxes == () for sample in inside),
                "not_annotated": sum(sample.boxes is None for sample in inside),
            }
        )
    annotated = sum(sample.boxes is not None for sample in samples)
    return {"share_annotated": annotated / len(samples) if samples else None, "labels": rows}


def _fractures(dataset: Dataset) -> dict[str, Any]:
    classes = fracture_classes(dataset.classes)
    fractured = [sample for sample in dataset.samples if sample.fractured]
    numbers = Counter(
        sum(entry.label in classes for entry in sample.boxes)
        for sample in fractured
        if sample.boxes is not None
    )
    return {
        "fracture_classes": [name for name in dataset.classes if name in classes],
        "boxes_per_fractured_image": {
            "n_images": numbers.total(),
            "n_not_annotated": len(fractured) - numbers.total(),
            "counts": [{"boxes": boxes, "images": numbers[boxes]} for boxes in sorted(numbers)],
        },
    }


def _classes(dataset: Dataset, values: BoxValues) -> list[dict[str, Any]]:
    images = Counter(
        label for sample in dataset.samples for label in {e.label for e in sample.boxes or ()}
    )
    degenerate = Counter(values.degenerate)
    rows = []
    for name in dataset.classes:
        boxes = values.of(values.labels == name)
        rows.append(
            {
                "name": name,
                "n_boxes": len(boxes.labels) + degenerate[name],
                "n_images": images[name],
                "n_degenerate": degenerate[name],
                "width_px": quantiles(boxes.sides[:, 0]),
                "height_px": quantiles(boxes.sides[:, 1]),
                "relative_area": quantiles(boxes.relative_areas),
                "aspect": quantiles(boxes.aspects),
            }
        )
    return rows


def _image_sizes(dataset: Dataset, sizes: Sequence[Size | None]) -> dict[str, Any]:
    by_size: dict[Size, list[Sample]] = defaultdict(list)
    unreadable = []
    for sample, size in zip(dataset.samples, sizes, strict=True):
        if size is None:
            unreadable.append(path_in(dataset, sample.image))
        else:
            by_size[size].append(sample)
    known = np.array([size for size in sizes if size is not None], np.float64).reshape(-1, 2)
    ordered = sorted(by_size, key=lambda size: (-len(by_size[size]), size))
    return {
        "n_read": len(known),
        "unreadable": unreadable,
        "width_px": quantiles(known[:, 0]),
        "height_px": quantiles(known[:, 1]),
        "megapixels": quantiles(known.prod(axis=1) / 1e6),
        "n_distinct": len(by_size),
        "most_common": [
            {"width": size[0], "height": size[1], **_counts(by_size[size])}
            for size in ordered[:_MOST_SIZES]
        ],
    }
