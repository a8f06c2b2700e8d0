"""Labels of images that only their boxes tell, while every class of box is kept."""

from __future__ import annotations

from dataclasses import replace

from detect.data.fractures import fractures_only
from detect.data.sample import Dataset
from detect.data.sources.files import count_note

__all__ = ["labelled_by_boxes"]


def labelled_by_boxes(dataset: Dataset) -> Dataset:
    """Return the dataset with the labels that training would see; boxes and classes stay.

    An image that nobody labelled, but that was annotated with boxes, is fractured when a
    fracture is boxed in it (see `fractures_only`). A note says how many those are.
    """
    told = fractures_only(dataset, {}).samples
    names = [
        sample.image.name
        for sample, seen in zip(dataset.samples, told, strict=True)
        if sample.fractured is None and seen.fractured is not None
    ]
    samples = tuple(
        replace(sample, fractured=seen.fractured)
        for sample, seen in zip(dataset.samples, told, strict=True)
    )
    notes = count_note(names, "without a label of their own; told by their boxes")
    return replace(dataset, samples=samples, notes=(*dataset.notes, *notes))
