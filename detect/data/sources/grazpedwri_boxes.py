"""The files in which GRAZPEDWRI-DX states its boxes, and whether they agree.

    folder_structure/yolov5/meta.yaml, labels/<filestem>.txt     shares of the picture's size
    folder_structure/pascalvoc/<filestem>.xml                    whole pixels

People unpack `folder_structure.zip` with or without its outer folder, or move the labels beside
the images as ultralytics wants them. `supervisely/` holds the same boxes and is not read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

from detect.data.sample import LabelledBox
from detect.data.sources.files import read_yaml
from detect.data.sources.voc_file import read_voc_file
from detect.data.sources.yolo import read_classes
from detect.data.sources.yolo_labels import label_path, read_boxes
from detect.errors import DataError

__all__ = ["CLASSES", "Annotations"]

CLASSES = (
    "boneanomaly",
    "bonelesion",
    "foreignbody",
    "fracture",
    "metal",
    "periostealreaction",
    "pronatorsign",
    "softtissue",
    "text",
)
# in pixels of an edge: PASCAL VOC's are whole
ROUNDING = 1.5
_AGREE = f"boxes of YOLO and PASCAL VOC agree to within {ROUNDING} px"
_DISAGREE = "boxes of YOLO and PASCAL VOC disagree; YOLO's are used"

Boxes = tuple[LabelledBox, ...]


class Annotations:
    """All boxes below a folder, to be found by their image."""

    def __init__(self, root: Path, found: dict[str, list[str]]) -> None:
        """Look where the label files lie.

        Args:
            root: folder of the dataset.
            found: remark → names of images; added to.
        """
        self._root, self._found = root, found
        self._yolo = _first(root, "folder_structure/yolov5/labels", "yolov5/labels", "labels")
        self._voc = _first(root, "folder_structure/pascalvoc", "pascalvoc")
        self._names: dict[Path, tuple[str, ...]] = {}  # folder of label files → their classes

    @property
    def classes(self) -> tuple[str, ...]:
        """Class names of all boxes returned so far, in index order."""
        return next(iter(self._names.values()), CLASSES)

    def of(self, image: Path, stem: str, size: tuple[int, int] | None) -> Boxes | None:
        """Return an image's boxes in pixels; None where no file of it is there, or no size.

        Args:
            image: the picture; its own label file, where ultralytics looks, comes first.
            stem: by which the published files call it.
            size: its width and height after the EXIF turn.

        Raises:
            DataError: a file is malformed, or two disagree about the classes.
        """
        if size is None:
            self._found["its size cannot be read; boxes not used"].append(image.name)
            return None
        voc_file = self._voc / f"{stem}.xml" if self._voc else None
        voc = _read_voc(voc_file) if voc_file is not None and voc_file.is_file() else None
        places = [label_path(image), *([self._yolo / f"{stem}.txt"] if self._yolo else [])]
        labels = next((place for place in places if place.is_file()), None)
        if labels is None:
            return self._of_voc(voc, image.name, size)
        classes = self._classes_of(labels.parent)
        boxes = read_boxes(image, size, labels, classes, self._found)
        if any(b.box.x1 >= b.box.x2 or b.box.y1 >= b.box.y2 for b in boxes or ()):
            self._found["a box has no area; boxes not used"].append(image.name)
            return None
        if boxes is not None and voc is not None:
            same = _agree(boxes, [box for box in voc[1] if box.label in classes])
            self._found[_AGREE if same else _DISAGREE].append(image.name)
        return boxes

    def _of_voc(
        self, voc: tuple[tuple[float, float] | None, Boxes] | None, name: str, size: tuple[int, int]
    ) -> Boxes | None:
        if voc is None:
            self._found["without a label file; labelled by its row alone"].append(name)
            return None
        stated, boxes = voc
        if size != stated:
            self._found["PASCAL VOC states another size; its boxes are not used"].append(name)
            return None
        self._found["without a YOLO file; boxes of PASCAL VOC are used"].append(name)
        return tuple(box for box in boxes if box.label in self.classes)

    def _classes_of(self, labels: Path) -> tuple[str, ...]:
        """Return the names of the YAML file nearest above the label files; the published else."""
        if labels not in self._names:
            above = [labels, *(p for p in labels.parents if p.is_relative_to(self._root))]
            files = [file for folder in above for file in sorted(folder.glob("*.y*ml"))]
            named = ((read_yaml(file), file) for file in files)
            told = (read_classes(content, file) for content, file in named if "names" in content)
            self._names[labels] = next(told, CLASSES)
            if len(set(self._names.values())) > 1:
                message = f"{self._root}: label files in {', '.join(map(str, self._names))} have"
                raise DataError(f"{message} different classes; give the folder that is meant")
        return self._names[labels]


def _first(root: Path, *places: str) -> Path | None:
    return next((root / place for place in places if (root / place).is_dir()), None)


def _read_voc(path: Path) -> tuple[tuple[float, float] | None, Boxes]:
    """Return (width, height) and the boxes that a PASCAL VOC file states."""
    file = read_voc_file(path)
    return file.size, tuple(LabelledBox(entry.box, entry.label) for entry in file.objects)


def _agree(one: Sequence[LabelledBox], other: Sequence[LabelledBox]) -> bool:
    """Tell whether each box of one has a box of the same class in the other, and no one is left."""
    left = list(other)
    for box in one:
        match = next((entry for entry in left if _close(box, entry)), None)
        if match is None:
            return False
        left.remove(match)
    return not left


def _close(one: LabelledBox, other: LabelledBox) -> bool:
    return one.label == other.label and all(
        abs(a - b) <= ROUNDING for a, b in zip(astuple(one.box), astuple(other.box), strict=True)
    )
