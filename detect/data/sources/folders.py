"""Folders named after the label: yes or no for each image, and no boxes.

    [{train,val,test}/]{fractured,not fractured}/**/<image>

Spellings as in `labels.folder_label` and `splits.split_named`. An image in a `not fractured`
folder is annotated without boxes (`boxes == ()`), since having none is what normal means; one in
a `fractured` folder was never annotated with boxes (`boxes is None`). This module is the one
place that decides so for yes/no datasets.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from detect.data.sample import Dataset, Sample
from detect.data.sources.images import walk_images
from detect.data.sources.labels import FRACTURE, folder_label
from detect.data.sources.splits import split_named
from detect.errors import DataError

__all__ = ["load", "recognise"]

_Labelled = tuple[str | None, bool, Path]  # split, fractured, folder


def recognise(path: Path) -> bool:
    """Tell whether `path` has a fractured and a not fractured folder, or splits of such."""
    if not path.is_dir():
        return False
    return {fractured for _, fractured, _ in _labelled(path)} == {True, False}


def load(path: Path) -> Dataset:
    """Read a yes/no dataset; no file is opened.

    Args:
        path: the folder that holds the label folders, or the splits; absolute.

    Raises:
        DataError: a folder cannot be listed, or there is no image at all.
    """
    samples: list[Sample] = []
    notes = []
    for split, fractured, folder in _labelled(path):
        images = walk_images(folder)
        label = "fractured" if fractured else "not fractured"
        notes.append(
            f"{folder.relative_to(path)}: {len(images)} images, {label}, split {split or 'none'}"
        )
        boxes = None if fractured else ()
        samples.extend(Sample(image, split, None, fractured, boxes) for image in images)
    if not samples:
        raise DataError(f"{path}: the label folders hold no image; put the images there")
    return Dataset(path.name, path, (FRACTURE,), tuple(samples), notes=tuple(notes))


def _labelled(path: Path) -> Iterator[_Labelled]:
    for folder in _subfolders(path):
        fractured = folder_label(folder.name)
        split = split_named(folder.name)
        if fractured is not None:
            yield None, fractured, folder
        elif split is not None:
            for inner in _subfolders(folder):
                fractured = folder_label(inner.name)
                if fractured is not None:
                    yield split, fractured, inner


def _subfolders(path: Path) -> list[Path]:
    try:
        return sorted(entry for entry in path.iterdir() if entry.is_dir())
    except OSError as error:
        raise DataError(f"{path}: cannot be listed ({error.strerror}); check it") from error
