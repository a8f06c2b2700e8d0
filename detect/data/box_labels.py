"""Labels of images that only their boxes tell, while every class of box is kept."""

from __future__ import annotations

from dataclasses import replace

from detect.data.fractures import fractures_only
from detect.data.sample import Dataset
from detect.data.sources.files import count_note
from detect.data.sources.labels import says_fracture

__all__ = ["labelled_by_boxes"]

_NO_BOX = "not fractured, told by having no box of one; leave out those at which nobody has looked"


def labelled_by_boxes(dataset: Dataset) -> Dataset:
    """Return the dataset with the labels that training would see; boxes and classes stay.

    An image that nobody labelled, but that was annotated with boxes, is fractured when a
    fracture is boxed in it (see `fractures_only`). Notes say how many those are, how many are
    normal for want of a box alone, and where no class's name speaks of a fracture.
    """
    told = fractures_only(dataset, {}).samples
    names: dict[bool, list[str]] = {True: [], False: []}
    for sample, seen in zip(dataset.samples, told, strict=True):
        if sample.fractured is None and seen.fractured is not None:
            names[seen.fractured].append(sample.image.name)
    samples = tuple(
        replace(sample, fractured=seen.fractured)
        for sample, seen in zip(dataset.samples, told, strict=True)
    )
    notes = [
        *count_note(names[True], "fractured, told by their boxes"),
        *count_note(names[False], _NO_BOX),
    ]
    boxed = {entry.label for sample in dataset.samples for entry in sample.boxes or ()}
    if boxed and not any(map(says_fracture, dataset.classes)):
        what = (
            f"no class speaks of a fracture, so all are taken for one: {', '.join(sorted(boxed))}"
        )
        notes.append(f"{what}; if one is none, say so with `classes:` in a recipe: --config")
    return replace(dataset, samples=samples, notes=(*dataset.notes, *notes))
