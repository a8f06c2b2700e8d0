"""MURA-v1.1, in the form in which Stanford gives it out.

Rajpurkar et al., "MURA: Large Dataset for Abnormality Detection in Musculoskeletal
Radiographs", arXiv 1712.06957. It needs a research use agreement, so nobody can fetch it for
the user.

    {train,valid}/XR_ELBOW/patient00011/study1_negative/image1.png
    {train,valid}_image_paths.csv       a path a line
    {train,valid}_labeled_studies.csv   path of the study,1 (positive) or 0

A positive study is abnormal, which is not the same as fractured: hardware, arthrosis and
lesions count as well. So it becomes the attribute `abnormal`, and `fractured` stays unknown
until the user says what it means. CSV paths may have any prefix before `train/` or `valid/`.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from detect.data.sample import Dataset, Sample
from detect.data.sources.files import count_note, read_text
from detect.data.sources.images import walk_images
from detect.data.sources.labels import FRACTURE
from detect.data.sources.splits import split_named
from detect.data.sources.tree import list_folders
from detect.errors import DataError

__all__ = ["load", "recognise"]

_REGION = re.compile(r"XR_([A-Z]+)", re.IGNORECASE)
_STUDY = re.compile(r"(study\d+)(?:_(positive|negative))?", re.IGNORECASE)
_PATH = re.compile(
    r"(?:^|/)(?P<split>\w+)/(?P<study>XR_\w+/patient\w+/study\w+)(?P<image>/[^/]+)?$"
)
_ABNORMAL = {"positive": "yes", "negative": "no", "1": "yes", "0": "no"}
_MEANING = (
    "positive studies are abnormal (fracture, hardware, arthrosis, lesions), which is not the same "
    "as fractured; to take it for that all the same: --fractured-if abnormal=yes"
)

Place = tuple[str, str]  # folder of the split, and a path below it


def recognise(path: Path) -> bool:
    """Tell whether `path`, or the folder `MURA-v1.1` in it, has splits, regions and patients."""
    return path.is_dir() and any(
        patient.name.startswith("patient")
        for _, region in _regions(_root(path))
        for patient in list_folders(region)
    )


def load(path: Path) -> Dataset:
    """Read MURA; no image is opened.

    Args:
        path: the folder that holds `train` and `valid`, or the one above; absolute.

    Raises:
        DataError: a folder cannot be listed, a CSV file is malformed, or there is no image.
    """
    root = _root(path)
    studies = dict(_studies(root))
    listed = set(_listed(root))
    found: dict[str, list[str]] = defaultdict(list)
    samples = []
    here: set[Place] = set()
    for split, folder in _regions(root):
        for image in walk_images(folder):
            place = (split, image.relative_to(root / split).as_posix())
            sample = _sample(image, place, studies, found)
            if sample is None:
                continue
            here.add(place)
            samples.append(sample)
            if listed and place not in listed:
                found["not in the list of images; kept"].append("/".join(place))
    if not samples:
        raise DataError(f"{root}: no XR_…/patient…/study…/ folder holds an image; unpack it again")
    found["in the list of images, but not here"] = ["/".join(place) for place in listed - here]
    notes = [note for what, names in found.items() for note in count_note(names, what)]
    return Dataset(
        name=root.name,
        root=root,
        classes=(FRACTURE,),
        samples=tuple(samples),
        licence="Stanford University School of Medicine MURA Dataset Research Use Agreement",
        origin="MURA-v1.1, arXiv 1712.06957, https://stanfordmlgroup.github.io/competitions/mura",
        notes=(_MEANING, *notes, _patients(samples)),
    )


def _root(path: Path) -> Path:
    inner = sorted(path.glob("MURA-v1*"))
    return inner[0] if len(inner) == 1 and inner[0].is_dir() else path


def _regions(root: Path) -> Iterator[tuple[str, Path]]:
    """Yield (name of the split's folder, folder of a region)."""
    for split in list_folders(root):
        if split_named(split.name) is not None:
            for folder in list_folders(split):
                if _REGION.fullmatch(folder.name):
                    yield split.name, folder


def _sample(
    image: Path, place: Place, studies: dict[Place, str], found: dict[str, list[str]]
) -> Sample | None:
    split, below = place
    parts = below.split("/")
    study = _STUDY.fullmatch(parts[2]) if len(parts) == 4 else None
    region = _REGION.fullmatch(parts[0])
    if study is None or region is None:
        found["not in XR_…/patient…/study…/; left out"].append("/".join(place))
        return None
    attributes = {"region": region[1].lower(), "study": study[1].lower()}
    folder = _ABNORMAL[study[2].lower()] if study[2] else None
    table = studies.get((split, "/".join(parts[:3])))
    if folder and table and folder != table:
        found["folder and labeled_studies.csv disagree; abnormal unknown"].append("/".join(place))
    elif folder or table:
        attributes["abnormal"] = folder or table or ""
    else:
        found["neither folder nor labeled_studies.csv says abnormal or not"].append("/".join(place))
    return Sample(image, split_named(split), parts[1], None, None, attributes)


def _studies(root: Path) -> Iterator[tuple[Place, str]]:
    for file in sorted(root.glob("*_labeled_studies.csv")):
        for line, fields in _lines(file):
            match = _PATH.search(fields[0].rstrip("/")) if len(fields) == 2 else None
            if match is None or fields[1] not in _ABNORMAL:
                message = f"{file}, line {line}: {','.join(fields)!r} is no study's path and 1 or 0"
                raise DataError(f"{message}; correct this line")
            yield (match["split"], match["study"]), _ABNORMAL[fields[1]]


def _listed(root: Path) -> Iterator[Place]:
    for file in sorted(root.glob("*_image_paths.csv")):
        for line, fields in _lines(file):
            match = _PATH.search(fields[0])
            if match is None or match["image"] is None:
                message = f"{file}, line {line}: {fields[0]!r} is no image's path"
                raise DataError(f"{message}; correct this line")
            if not match["image"].startswith("/."):  # macOS' `._image1.png` is no image
                yield match["split"], match["study"] + match["image"]


def _lines(file: Path) -> Iterator[tuple[int, list[str]]]:
    """Yield (number, fields) of each line; the published files have no header, copies may."""
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        fields = [field.strip().strip('"').replace("\\", "/") for field in line.split(",")]
        header = number == 1 and "/" not in fields[0]
        if line.strip() and not header:
            yield number, fields


def _patients(samples: list[Sample]) -> str:
    splits: dict[str, set[str | None]] = defaultdict(set)
    for sample in samples:
        splits[sample.group or ""].add(sample.split)
    shared = sorted(patient for patient, places in splits.items() if len(places) > 1)
    if not shared:
        return f"{len(splits)} patients, none of them in two splits"
    return f"{len(shared)} of {len(splits)} patients are in two splits ({', '.join(shared[:5])})"
