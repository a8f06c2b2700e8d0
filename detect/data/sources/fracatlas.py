"""FracAtlas, in the form in which its authors publish it.

Abedeen et al., "FracAtlas: A Dataset for Fracture Classification, Localization and
Segmentation of Musculoskeletal Radiographs", Sci Data 10, 521 (2023),
doi 10.1038/s41597-023-02432-4; figshare 22363012; CC BY 4.0.

    dataset.csv                              a row per image: regions, views, fractured …
    images/{Fractured,Non_fractured}/        the same label once more, as a folder
    Annotations/COCO JSON/COCO_fracture_masks.json     fractured images only; exact boxes
    Annotations/PASCAL VOC/<stem>.xml        every image; COCO's boxes rounded down, 0-based
    Annotations/YOLO/<stem>.txt              every image; COCO's boxes to four decimals
    split.csv                                optional, ours: image_id, split, group

Boxes are in the frame of the turned picture where a file has an EXIF orientation: the sizes
that COCO and VOC state are those after the turn. The published split is not read: it holds
fractured images only, so nothing about a verdict can be measured with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from detect.data.sample import SPLITS, Dataset, LabelledBox, Sample
from detect.data.sources.files import count_note, read_table
from detect.data.sources.fracatlas_boxes import Annotation, compared, read_coco, read_voc, read_yolo
from detect.data.sources.images import list_images
from detect.data.sources.labels import FRACTURE
from detect.data.sources.tree import list_folders
from detect.errors import DataError
from detect.record import Box

__all__ = ["load", "recognise"]

REGIONS = ("hand", "leg", "hip", "shoulder")
VIEWS = ("frontal", "lateral", "oblique")
COUNT = "fracture_count"
FLAGS = (*REGIONS, "mixed", "hardware", "multiscan", "fractured", *VIEWS)
FOLDERS = {"Fractured": True, "Non_fractured": False}

Split = tuple[str, str]  # split, group


def recognise(path: Path) -> bool:
    """Tell whether `path`, or the one folder that does in it, has FracAtlas' form."""
    return path.is_dir() and _root(path) is not None


def _root(path: Path) -> Path | None:
    """Return the folder of the dataset: the published archive wraps it in one."""
    fitting = [folder for folder in (path, *list_folders(path)) if _fits(folder)]
    return fitting[0] if path in fitting or len(fitting) == 1 else None


def _fits(path: Path) -> bool:
    return (
        (path / "dataset.csv").is_file()
        and (path / "Annotations").is_dir()
        and any((path / "images" / name).is_dir() for name in FOLDERS)
    )


def load(path: Path) -> Dataset:
    """Read FracAtlas; no pixel is decoded.

    The label of an image is told three times: by its boxes, its row and its folder. Boxes win.
    Without boxes, row and folder must agree, or the label is unknown. An image that is
    fractured but has no box counts as never annotated (`boxes is None`).

    Args:
        path: the folder that holds `dataset.csv`, or the one above; absolute.

    Raises:
        DataError: a file is missing or malformed; the line names it.
    """
    path = _root(path) or path
    rows = _read_rows(path / "dataset.csv")
    splits = _read_splits(path / "split.csv")
    files = _find_images(path / "images")
    coco = read_coco(path / "Annotations" / "COCO JSON" / "COCO_fracture_masks.json")
    found: dict[str, list[str]] = defaultdict(list)
    samples = []
    for name in sorted(files):
        image, folder_label = files[name]
        boxes = _boxes(path / "Annotations", name, coco, found)
        row = rows.get(name)
        if row and boxes and row.get(COUNT, "") not in ("", str(len(boxes))):
            found[f"{COUNT} is not the number of boxes; the boxes count"].append(name)
        label, conflict = _label(boxes, row, folder_label)
        if conflict is not None:
            found[conflict].append(name)
        elif label and not boxes:
            found["fractured, but without a box; its verdict alone is used"].append(name)
        if label is not False and not boxes:
            boxes = None
        split, group = splits.get(name, (None, None))
        attributes = {} if row is None else _attributes(row)
        samples.append(Sample(image, split, group, label, boxes, attributes, conflict))
    missing = [name for name in rows if name not in files]
    found["in dataset.csv, but without a file; left out"] = missing
    found["in COCO, but without a file; left out"] = [name for name in coco if name not in files]
    found["not in dataset.csv; kept by folder"] = [name for name in files if name not in rows]
    if splits:
        unassigned = [name for name in files if name not in splits]
        found["without a row in split.csv; in no split"] = unassigned
    notes = [note for what, names in found.items() for note in count_note(names, what)]
    return Dataset(
        name=path.name,
        root=path,
        classes=(FRACTURE,),
        samples=tuple(samples),
        licence="CC BY 4.0",
        origin="FracAtlas, doi 10.1038/s41597-023-02432-4, figshare 22363012",
        notes=tuple(notes),
    )


def _read_rows(path: Path) -> dict[str, dict[str, str]]:
    rows: dict[str, dict[str, str]] = {}
    for line, row in read_table(path, ("image_id", *FLAGS)):
        bad = [flag for flag in FLAGS if row[flag] not in ("0", "1")]
        if bad:
            message = f"{path}, line {line}: {bad[0]} is {row[bad[0]]!r}; it must be 0 or 1"
            raise DataError(message)
        rows[_new_name(row["image_id"], rows, f"{path}, line {line}")] = row
    return rows


def _read_splits(path: Path) -> dict[str, Split]:
    splits: dict[str, Split] = {}
    if not (path.exists() or path.is_symlink()):  # a broken link must not pass for no split
        return splits
    for line, row in read_table(path, ("image_id", "split", "group")):
        if row["split"] not in SPLITS:
            message = f"{path}, line {line}: split is {row['split']!r}"
            raise DataError(f"{message}; it must be one of {', '.join(SPLITS)}")
        name = _new_name(row["image_id"], splits, f"{path}, line {line}")
        splits[name] = (row["split"], row["group"])
    return splits


def _new_name(name: str, seen: Mapping[str, object], where: str) -> str:
    if not name or "/" in name or "\\" in name:
        raise DataError(f"{where}: image_id is {name!r}; it must be a bare file name")
    if name in seen:
        raise DataError(f"{where}: {name} has a row already; remove one of them")
    return name


def _find_images(folder: Path) -> dict[str, tuple[Path, bool]]:
    files: dict[str, tuple[Path, bool]] = {}
    for name, fractured in FOLDERS.items():
        if not (folder / name).is_dir():
            continue
        for image in list_images(folder / name):
            if image.name in files:
                message = f"{image}: lies in both folders of {folder}; remove one of them"
                raise DataError(message)
            files[image.name] = (image, fractured)
    return files


def _boxes(
    folder: Path, name: str, coco: Mapping[str, Annotation], found: dict[str, list[str]]
) -> tuple[LabelledBox, ...] | None:
    """Return the boxes of one image, COCO before VOC; note whether the three files agree."""
    stem = Path(name).stem
    voc, yolo = folder / "PASCAL VOC" / f"{stem}.xml", folder / "YOLO" / f"{stem}.txt"
    stated = {"COCO": coco[name]} if name in coco else {}
    if voc.is_file():
        stated["PASCAL VOC"] = read_voc(voc)
    if not stated:
        found["neither in COCO nor in PASCAL VOC"].append(name)
        return None
    used = next(iter(stated.values()))
    if yolo.is_file():
        stated["YOLO"] = read_yolo(yolo, used)
    if used.boxes:  # normal images are not in COCO, and often not in the others
        for kind in ("COCO", "PASCAL VOC", "YOLO"):
            if kind not in stated:
                found[f"with boxes, but not in {kind}"].append(name)
    compared(stated, name, found)
    return tuple(LabelledBox(Box(*box), FRACTURE) for box in used.boxes)


def _label(
    boxes: tuple[LabelledBox, ...] | None, row: Mapping[str, str] | None, folder: bool
) -> tuple[bool | None, str | None]:
    """Return the label, and what contradicts it."""
    table = folder if row is None else row["fractured"] == "1"
    if boxes:
        says = {"its row says not fractured": table, "lies in Non_fractured": folder}
        against = [what for what, agrees in says.items() if not agrees]
        if not against:
            return True, None
        return True, f"has a box, but {' and '.join(against)}; the box counts"
    if table != folder:
        return None, "row and folder disagree, and no box decides; unknown"
    return table, None


def _attributes(row: Mapping[str, str]) -> dict[str, str]:
    regions = [name for name in REGIONS if row[name] == "1"]
    views = [name for name in VIEWS if row[name] == "1"]
    attributes = {
        # each of its own, too: `region` does not say which a mixed one shows
        **{name: "yes" if row[name] == "1" else "no" for name in REGIONS},
        "hardware": "yes" if row["hardware"] == "1" else "no",
        "multiscan": "yes" if row["multiscan"] == "1" else "no",
    }
    if row["mixed"] == "1" or len(regions) > 1:
        attributes["region"] = "mixed"
    elif regions:
        attributes["region"] = regions[0]
    if row.get(COUNT):
        attributes[COUNT] = row[COUNT]
    if views:
        attributes["view"] = views[0] if len(views) == 1 else "mixed"
    return attributes
