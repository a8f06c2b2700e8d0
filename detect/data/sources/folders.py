"""Folders named after the label: yes or no for each image, and no boxes.

    [{train,val,test}/][{elbow,hand,…}/]{fractured,not fractured}/**/<image>

Spellings as in `labels.folder_label`, `splits.split_named` and `regions.region_named`; split and
region may change places. Around it may lie folders that say nothing, as archives and Kaggle's
`Bone_Fracture_Binary_Classification/Bone_Fracture_Binary_Classification/` have them: they are
looked through, as long as one alone leads to labels.

An image in a `not fractured` folder is annotated without boxes (`boxes == ()`), since having none
is what normal means; one in a `fractured` folder was never annotated with boxes (`boxes is
None`). This module is the one place that decides so for yes/no datasets.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from detect.data.sample import Dataset, Sample
from detect.data.sources.files import count_note
from detect.data.sources.images import walk_images
from detect.data.sources.labels import FRACTURE, folder_label, says_finding
from detect.data.sources.regions import region_named
from detect.data.sources.splits import split_named
from detect.data.sources.tree import list_folders
from detect.errors import DataError

__all__ = ["load", "recognise"]

_DEPTH = 3  # wrapping folders, one in another
_MOST = 8  # folders side by side; of more, none is the wrapping of a dataset
_FINDING = (
    "positive and negative are taken for fractured and not fractured; in sets made from MURA "
    "they mean abnormal and normal, which is not the same"
)


@dataclass(frozen=True, slots=True)
class _Place:
    """A folder of images, and what the names on the way to it say."""

    folder: Path
    split: str | None = None
    region: str | None = None
    fractured: bool | None = None


def recognise(path: Path) -> bool:
    """Tell whether `path` leads to folders of both labels; files are not looked at."""
    if not path.is_dir():
        return False
    return {place.fractured for place in _flat(_leading(_Place(path), _DEPTH))} == {True, False}


def load(path: Path) -> Dataset:
    """Read a yes/no dataset; no file is opened.

    Args:
        path: the folder that holds the label folders, splits or regions, or wraps it; absolute.

    Raises:
        DataError: a folder cannot be listed, several lead to labels, there is a label alone, or
            no image at all.
    """
    ways = _leading(_Place(path), _DEPTH)
    if len(ways) > 1:
        several = ", ".join(str(way.folder) for way, _ in ways)
        message = f"{path}: holds several datasets: {several}; give the one that is meant"
        raise DataError(f"{message}, or each with a --data of its own")
    places = _flat(ways)
    if {place.fractured for place in places} != {True, False}:
        message = f"{path}: no folders fractured and not_fractured, or splits of such"
        raise DataError(f"{message}; rename those that mean it")
    samples: list[Sample] = []
    notes = []
    for place in places:
        images = walk_images(place.folder)
        samples.extend(_sample(image, place) for image in images)
        label = "fractured" if place.fractured else "not fractured"
        region = f", {place.region}" if place.region else ""
        notes.append(
            f"{place.folder.relative_to(path)}: {len(images)} images, {label}, "
            f"split {place.split or 'none'}{region}"
        )
    if not samples:
        raise DataError(f"{path}: the label folders hold no image; put the images there")
    known = {sample.image for sample in samples}
    others = [image for image in walk_images(path) if image not in known]
    silent = [image.name for image in others if not _is_litter(image.relative_to(path))]
    notes += count_note(silent, "in no folder named after a label; left out")
    if any(says_finding(place.folder.name) for place in places):
        notes.append(_FINDING)
    return Dataset(path.name, path, (FRACTURE,), tuple(samples), notes=tuple(notes))


def _is_litter(place: Path) -> bool:
    return any(part.startswith((".", "__MACOSX")) for part in place.parts)


def _sample(image: Path, place: _Place) -> Sample:
    boxes = None if place.fractured else ()
    attributes = {"region": place.region} if place.region else {}
    return Sample(image, place.split, None, place.fractured, boxes, attributes)


_Ways = list[tuple[_Place, list[_Place]]]  # what holds a dataset, and its label folders


def _leading(place: _Place, depth: int) -> _Ways:
    """Return the folders, at or below `place`, that hold a dataset, each with its label folders.

    Folders whose names say something make a dataset together; where there is none, each of the
    others may hold one, down to `depth` such folders.
    """
    labelled, silent = [], []
    for folder in list_folders(place.folder):
        inner = _told(place, folder)
        if inner is None:
            silent.append(replace(place, folder=folder))
        elif inner.fractured is not None:
            labelled.append(inner)
        else:
            labelled += _flat(_leading(inner, depth))
    if labelled:
        return [(place, labelled)]
    if depth == 0 or len(silent) > _MOST:
        return []
    # not links, which may lead up
    wraps = [inner for inner in silent if not inner.folder.is_symlink()]
    return [way for inner in wraps for way in _leading(inner, depth - 1)]


def _told(place: _Place, folder: Path) -> _Place | None:
    """Return the place with what the folder's name says, or None if that is nothing new."""
    fractured = folder_label(folder.name)
    if fractured is not None:
        return replace(place, folder=folder, fractured=fractured)
    split = split_named(folder.name)
    if split is not None and place.split is None:
        return replace(place, folder=folder, split=split)
    region = region_named(folder.name)
    if region is not None and place.region is None:
        return replace(place, folder=folder, region=region)
    return None


def _flat(ways: _Ways) -> list[_Place]:
    return [place for _, places in ways for place in places]
