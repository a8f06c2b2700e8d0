"""YOLO label files as annotation tools export them: with a list of class names, without splits.

    classes.txt, images/…, labels/….txt, notes.json            Label Studio
    classes.txt beside images and their .txt, or in labels/    labelImg
    obj.names, obj_train_data/… (images and their .txt)        CVAT ("YOLO 1.1"), Darknet

One name a line, in index order. The lines of label files are those of `yolo_labels`. Where
only labels were exported, images are looked for by name, also without the eight hexadecimal
digits that Label Studio puts before names. Splits are told by names of folders.

These tools write a file for each image that was annotated, if need be an empty one. So, other
than under a data.yaml, an image without a file was not annotated: its boxes are unknown.
"""

from __future__ import annotations

import os
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from detect.data.sample import Dataset
from detect.data.sources.drawn import Drawn, Findings, drawn_sample
from detect.data.sources.files import count_note, read_text
from detect.data.sources.images import displayed_sizes
from detect.data.sources.label_studio_images import TaskImages
from detect.data.sources.labels import fracture_classes
from detect.data.sources.options import PLAIN, ImportOptions
from detect.data.sources.roboflow import original_of
from detect.data.sources.splits import split_in_path, split_named
from detect.data.sources.tree import list_folders
from detect.data.sources.yolo_labels import label_path, read_boxes
from detect.errors import DataError

__all__ = ["load", "recognise"]

_CLASS_FILES = ("classes.txt", "labels/classes.txt", "obj.names")
_OWN_FOLDERS = re.compile(r"obj_(?P<subset>.+)_data", re.IGNORECASE)  # CVAT, one a subset
_LABELS = "labels"
_LINE = re.compile(r"\s*\d+(\s+[-+.\deE]+){4,}\s*")


def recognise(path: Path) -> bool:
    """Tell whether `path` is a folder with a list of class names and label files, or that list."""
    file = _class_file(path)
    return file is not None and any(True for _ in _label_files(_root(file)))


def load(path: Path, options: ImportOptions = PLAIN) -> Dataset:
    """Read an export; of labelled images the header is read for their size.

    Args:
        path: the folder, or the list of class names in it; absolute.
        options: `images`, where they lie elsewhere.

    Raises:
        DataError: a file is missing or malformed, or no image has a label file.
    """
    file = _class_file(path)
    if file is None:
        raise DataError(f"{path}: no {', '.join(_CLASS_FILES)}; give the folder that has one")
    root = _root(file)
    classes = _read_names(file)
    images = TaskImages(options.images or root)
    found: dict[str, list[str]] = defaultdict(list)
    labels = _labels_by_image(root, images, found)
    if not labels:
        first = next(_label_files(root), None)
        if first is None:
            raise DataError(f"{root}: no label file; export them again, as labels/NAME.txt")
        raise images.images.none_found(root, f"{first.stem}.*")
    unlabelled = [image.name for image in images.images.paths if image not in labels]
    found["without a label file, so not annotated; left out"] = unlabelled
    findings = Findings()
    fractures = fracture_classes(classes)
    samples = []
    sizes = displayed_sizes(list(labels), options)
    for (image, file_of_it), size in zip(labels.items(), sizes, strict=True):
        boxes = read_boxes(image, size, file_of_it, classes, found)
        if boxes is not None:
            split = _split(image.relative_to(images.images.folder))
            drawn = Drawn(image, boxes, None, split, original_of(image))
            samples.append(drawn_sample(drawn, size, fractures, findings))
    notes = [note for what, names in found.items() for note in count_note(names, what)]
    return Dataset(
        name=root.name,
        root=root,
        classes=classes,
        samples=tuple(samples),
        notes=(*notes, *findings.notes()),
    )


def _class_file(path: Path) -> Path | None:
    if path.is_file():
        return path if path.name in {Path(name).name for name in _CLASS_FILES} else None
    return next((path / name for name in _CLASS_FILES if (path / name).is_file()), None)


def _root(file: Path) -> Path:
    return file.parent.parent if file.parent.name == _LABELS else file.parent


def _read_names(file: Path) -> tuple[str, ...]:
    names = tuple(line.strip() for line in read_text(file).splitlines() if line.strip())
    if not names:
        raise DataError(f"{file}: is empty; write a class name a line, in index order")
    if len(set(names)) != len(names):
        raise DataError(f"{file}: holds a class twice; rename one")
    return names


def _label_files(root: Path) -> Iterator[Path]:
    """Yield the label files of a folder, sorted: those below labels/, or the ones in it."""
    for place, folders, names in os.walk(root / _LABELS):
        folders.sort()
        yield from (Path(place) / name for name in sorted(names) if _may_be_label(name))
    folders_of_cvat = [f for f in list_folders(root) if _OWN_FOLDERS.fullmatch(f.name)]
    for folder in (root, *folders_of_cvat):
        beside = sorted(file for file in folder.glob("*.txt") if _may_be_label(file.name))
        yield from (file for file in beside if file.is_file() and _is_label(file))


def _may_be_label(name: str) -> bool:
    return name.endswith(".txt") and name != "classes.txt" and not name.startswith(".")


def _is_label(file: Path) -> bool:
    """Tell whether a text among others is a label file; an empty one is."""
    with file.open("rb") as stream:
        line = stream.readline(1000).decode("utf-8", errors="replace")
    return not line.strip() or _LINE.fullmatch(line) is not None


def _labels_by_image(
    root: Path, images: TaskImages, found: dict[str, list[str]]
) -> dict[Path, Path]:
    """Return the label file of each image that has one, by path of the image."""
    own = {label_path(image): image for image in images.images.paths}
    labels: dict[Path, Path] = {}
    for file in _label_files(root):
        image = own.get(file) or images.find_stem(file.stem, str(file))
        if image is None:
            found["label file without its image; left out"].append(file.name)
        elif image in labels:
            message = f"{file}: labels {image}, and so does {labels[image]}; remove one of them"
            raise DataError(message)
        else:
            labels[image] = file
    return dict(sorted(labels.items()))


def _split(image: Path) -> str | None:
    subsets = [match["subset"] for match in map(_OWN_FOLDERS.fullmatch, image.parts) if match]
    return split_named(subsets[0]) if subsets else split_in_path(image)
