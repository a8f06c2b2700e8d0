"""Of all that people box on radiographs, only the fractures: one class, whatever the dataset.

Sets also box metal, soft tissue or written marks (GRAZPEDWRI-DX does). Everything after the
loading asks for fractures alone, so this is the one place that tells them from the rest.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from detect.data.sample import Dataset, LabelledBox, Sample
from detect.data.sources.labels import FRACTURE, fracture_classes
from detect.errors import DataError

__all__ = ["fracture_names", "fractures_only"]


def fracture_names(names: Sequence[str], classes: Mapping[str, str | None]) -> frozenset[str]:
    """Return which classes of a dataset are fractures.

    Args:
        names: the dataset's classes.
        classes: class → "fracture", or None for one that is none; empty: told by the names.
    """
    if classes:
        return frozenset(name for name, use in classes.items() if use == FRACTURE)
    return fracture_classes(names)


def fractures_only(dataset: Dataset, classes: Mapping[str, str | None]) -> Dataset:
    """Return the dataset with the one class `fracture`; other boxes are dropped.

    An image that nobody labelled is fractured when a fracture is boxed in it, and not when it
    was annotated without one. A label stays; where it says fractured and only other things
    are boxed, the place of the fracture is unknown (`boxes is None`).

    Args:
        dataset: as `load_dataset` returns it.
        classes: class → "fracture", or None for one that is none; may hold classes of other
            datasets; empty: told by the names (see `fracture_classes`).

    Raises:
        DataError: boxes are drawn, and a class of the dataset is not in `classes`.
    """
    if classes:
        missing = [name for name in dataset.classes if name not in classes]
        if missing and any(sample.boxes for sample in dataset.samples):
            message = f"{dataset.root}: {', '.join(missing)}: not in the recipe's classes"
            raise DataError(f"{message}; add each to `classes:`, as fracture or null")
    fractures = fracture_names(dataset.classes, classes)
    dropped = Counter(
        entry.label
        for sample in dataset.samples
        for entry in sample.boxes or ()
        if entry.label not in fractures
    )
    notes = tuple(
        f"boxes of {name} are not used, since it is no fracture: {number}"
        for name, number in sorted(dropped.items())
    )
    return replace(
        dataset,
        classes=(FRACTURE,),
        samples=tuple(_only(sample, fractures) for sample in dataset.samples),
        notes=(*dataset.notes, *notes),
    )


def _only(sample: Sample, fractures: frozenset[str]) -> Sample:
    if sample.boxes is None:
        return sample
    kept = tuple(
        LabelledBox(entry.box, FRACTURE) for entry in sample.boxes if entry.label in fractures
    )
    if sample.fractured is None:
        return replace(sample, fractured=bool(kept), boxes=kept)
    if sample.fractured and sample.boxes and not kept:
        return replace(sample, boxes=None)
    return replace(sample, boxes=kept)
