"""GRAZPEDWRI-DX, in the form in which its authors publish it, or arranged for ultralytics.

Nagy et al., "A pediatric wrist trauma X-ray dataset (GRAZPEDWRI-DX) for machine learning",
Sci Data 9, 222 (2022), doi 10.1038/s41597-022-01328-z; figshare 14825193; CC BY 4.0.

    dataset.csv                      a row per image, see `grazpedwri_table`
    images_part1/ … images_part4/    16-bit PNG; often put together in images/
    folder_structure/                boxes of nine classes, see `grazpedwri_boxes`

or a YAML file with images/ and labels/ as ultralytics wants them, and `dataset.csv` beside it
or one folder above. Either way the group is the patient of `dataset.csv`, since most
have several images. A fracture that only another view shows is none in this image:
`fracture_visible` and the boxes say so, `ao_classification` is of the wrist.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from detect.data.sample import Dataset, Sample
from detect.data.sources import yolo
from detect.data.sources.files import count_note, read_yaml
from detect.data.sources.grazpedwri_boxes import Annotations
from detect.data.sources.grazpedwri_table import (
    TABLE,
    Row,
    filestem_in,
    is_table,
    patient_in,
    read_rows,
)
from detect.data.sources.images import displayed_sizes, walk_images
from detect.data.sources.labels import fracture_classes
from detect.data.sources.options import PLAIN, ImportOptions
from detect.data.sources.splits import split_in_path
from detect.data.sources.tree import list_folders
from detect.data.sources.yolo_paths import leads_to_images
from detect.errors import DataError

__all__ = ["load", "recognise"]

METAL = "metal"


def recognise(path: Path) -> bool:
    """Tell whether `path` has GRAZPEDWRI-DX's `dataset.csv`, or is a YOLO form of it below one."""
    return _table(path) is not None


def load(path: Path, options: ImportOptions = PLAIN) -> Dataset:
    """Read GRAZPEDWRI-DX; of images the header is read for their size.

    A fracture's box decides that an image is fractured. Without one `fracture_visible` does: where
    it says yes, the place is unknown, and the image's verdict alone is used. Images of which only
    the row or only the file is here are noted, so half of the download will do.

    Args:
        path: the folder that holds `dataset.csv`, or a YOLO folder or YAML file below; absolute.
        options: `images`, if the pictures lie elsewhere; whether to draw a bar.

    Raises:
        DataError: a file is missing or malformed, or no image is here.
    """
    table = _table(path)
    if table is None:
        raise DataError(f"{path / TABLE}: no table with filestem and patient_id; put it there")
    rows = read_rows(table)
    found: dict[str, list[str]] = defaultdict(list)
    file = None if options.images else _arranged(path)
    if file is not None:
        dataset = yolo.load(file, options)
    else:
        dataset = _published(path if path.is_dir() else path.parent, rows, options, found)
    fractures = fracture_classes(dataset.classes)
    samples = [_told(sample, rows, fractures, found) for sample in dataset.samples]
    here = {_stem(sample.image, rows) for sample in samples}
    found["in dataset.csv, but not here; left out"] = [stem for stem in rows if stem not in here]
    notes = [note for what, names in found.items() for note in count_note(names, what)]
    return Dataset(
        name=table.parent.name,
        root=dataset.root,
        classes=dataset.classes,
        samples=tuple(samples),
        licence="CC BY 4.0",
        origin="GRAZPEDWRI-DX, doi 10.1038/s41597-022-01328-z, figshare 14825193",
        notes=(*dataset.notes, *notes),
    )


def _table(path: Path) -> Path | None:
    folder = path if path.is_dir() else path.parent
    if path.is_dir() and is_table(folder / TABLE):
        return folder / TABLE
    if yolo.recognise(path):
        return next((f / TABLE for f in (folder, folder.parent) if is_table(f / TABLE)), None)
    return None


def _arranged(path: Path) -> Path | None:
    """Return the YAML file of a YOLO dataset whose images are here; the published one has none."""
    folders = [path]
    if path.is_dir() and not _image_folders(path):
        folders += list_folders(path)
    files = [file for folder in folders for file in yolo.yaml_files(folder)]
    leading = [file for file in files if leads_to_images(read_yaml(file), file)]
    if len(leading) > 1:
        message = f"{path}: several YOLO files ({', '.join(map(str, leading))})"
        raise DataError(f"{message}; give the one that is meant")
    return leading[0] if leading else None


def _image_folders(root: Path) -> list[Path]:
    return [folder for folder in list_folders(root) if folder.name.lower().startswith("images")]


def _published(
    root: Path, rows: Mapping[str, Row], options: ImportOptions, found: dict[str, list[str]]
) -> Dataset:
    annotations = Annotations(root, found)
    folders = [options.images.absolute()] if options.images else (_image_folders(root) or [root])
    first: dict[str, Path] = {}
    for image in (image for folder in folders for image in walk_images(folder)):
        if first.setdefault(image.stem, image) is not image:
            found["lies here twice; taken once"].append(image.name)
    images = [image for image in first.values() if _stem(image, rows) is not None]
    strangers = [image.name for image in first.values() if _stem(image, rows) is None]
    found["neither in dataset.csv nor named like its images; left out"] = strangers
    if not images:
        message = f"{root}: none of the {len(rows)} images of {TABLE} is in "
        message += ", ".join(map(str, folders))
        raise DataError(f"{message}; unpack images_part1.zip … there, or give --images FOLDER")
    samples = []
    for image, size in zip(images, displayed_sizes(images, options), strict=True):
        boxes = annotations.of(image, _stem(image, rows) or image.stem, size)
        below = image.relative_to(next(f for f in folders if image.is_relative_to(f)))
        samples.append(Sample(image, split_in_path(below), None, None, boxes))
    return Dataset(root.name, root, annotations.classes, tuple(samples))


def _stem(image: Path, rows: Mapping[str, Row]) -> str | None:
    """Return the image's name in `dataset.csv`, or what it should be; None for other pictures."""
    return image.stem if image.stem in rows else filestem_in(image.stem)


def _told(
    sample: Sample,
    rows: Mapping[str, Row],
    fractures: frozenset[str],
    found: dict[str, list[str]],
) -> Sample:
    """Return the sample with what its row says."""
    name, boxes = sample.image.name, sample.boxes
    boxed = any(entry.label in fractures for entry in boxes or ())
    row = rows.get(_stem(sample.image, rows) or "")
    attributes = {} if row is None else dict(row.attributes)
    if any(entry.label == METAL for entry in boxes or ()):
        if attributes.get("hardware") == "no":
            found["metal is boxed, but its row says none; hardware=yes"].append(name)
        attributes["hardware"] = "yes"
    if row is None:
        found["not in dataset.csv; kept, patient by name"].append(name)
        fractured = True if boxed else None
        group = patient_in(sample.image.stem) or sample.group
        return replace(sample, group=group, fractured=fractured, attributes=attributes)
    fractured = boxed or row.visible
    conflict = None
    if boxed and not row.visible:
        conflict = "a fracture is boxed, but fracture_visible says none; the box counts"
    elif row.visible and not boxed:
        conflict = "fracture_visible, but no fracture is boxed; its verdict alone is used"
        boxes = boxes or None
    elif not fractured:
        if row.classified:
            found["a fracture by AO, but not visible in this view; not fractured"].append(name)
        boxes = boxes or ()
    if conflict is not None:
        found[conflict].append(name)
    if row.uncertain:
        found["diagnosis_uncertain; labelled like the others"].append(name)
    return replace(
        sample,
        group=row.patient,
        fractured=fractured,
        boxes=boxes,
        attributes=attributes,
        conflict=conflict,
    )
