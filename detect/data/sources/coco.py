"""A COCO dataset: one JSON file, or one a split, and images.

    annotations/instances_{train,val,test}….json, images/…      CVAT, Datumaro, COCO itself
    {train,valid,test}/_annotations.coco.json, beside images    Roboflow
    result.json, images/…                                       Label Studio
    any.json                                                    the file itself

An image that is listed without annotations was annotated and has none. A split is told by the
name of the JSON file, else by the folder that it lies in (below the one given), else by the
folder of the image. No image has a label of its own (`fractured is None`): `fractures_only`
tells it from the boxes. What a size that is not the image's means, see `drawn`.

Roboflow adds a category that nothing is annotated as, and that the others name as their
parent: it is dropped.
"""

from __future__ import annotations

import mmap
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from detect.data.sample import Dataset, LabelledBox
from detect.data.sources.coco_file import CocoFile, read_coco_file
from detect.data.sources.drawn import Drawn, Findings, drawn_sample
from detect.data.sources.images import displayed_sizes
from detect.data.sources.label_studio_coco import LABEL_STUDIO, upright
from detect.data.sources.label_studio_images import TaskImages
from detect.data.sources.labels import fracture_classes
from detect.data.sources.options import PLAIN, ImportOptions
from detect.data.sources.roboflow import original_of
from detect.data.sources.splits import split_in_path, split_in_stem, split_named
from detect.errors import DataError

__all__ = ["load", "recognise"]

_HEAD = re.compile(rb"\s*(\xef\xbb\xbf)?\s*\{")
_SIGNS = tuple(
    re.compile(rb'"%b"\s*:\s*\[' % key) for key in (b"images", b"annotations", b"categories")
)
_ROBOFLOW_FILE = "_annotations.coco.json"
_INSTANCES = "instances_"
_ANNOTATIONS = "annotations"
_IMAGES = "images"


def recognise(path: Path) -> bool:
    """Tell whether `path` is a COCO file, or a folder with such."""
    return any(True for _ in _coco_files(path))


def load(path: Path, options: ImportOptions = PLAIN) -> Dataset:
    """Read a COCO dataset; of images with boxes the header is read for their size.

    Args:
        path: the folder, or one JSON file; absolute.
        options: `images`, where they lie elsewhere.

    Raises:
        DataError: a file is missing or malformed, an image is listed twice or may be one of
            several, or no image is there.
    """
    paths = [path] if path.is_file() else list(_coco_files(path))
    if not paths:
        message = f"{path}: no JSON file with images, annotations and categories in it"
        raise DataError(f"{message}; give the file itself")
    files = [read_coco_file(file) for file in paths]
    classes = _classes(files)
    if not classes:
        raise DataError(f"{paths[0]}: no category, so that nobody can tell what the boxes show")
    root = _root(path)
    images = TaskImages(options.images or root)
    findings = Findings()
    drawn = _drawn(files, root, images, findings)
    boxed = [entry.image for entry in drawn if entry.boxes]
    shown = dict(zip(boxed, displayed_sizes(boxed, options), strict=True))
    fractures = fracture_classes(classes)
    origins = dict.fromkeys(file.origin for file in files if file.origin)
    licences = dict.fromkeys(i.licence for file in files for i in file.images if i.licence)
    return Dataset(
        name=root.name,
        root=root,
        classes=classes,
        samples=tuple(
            drawn_sample(entry, shown.get(entry.image), fractures, findings) for entry in drawn
        ),
        licence="; ".join(licences) or None,
        origin="; ".join(origins) or None,
        notes=findings.notes(),
    )


def _coco_files(path: Path) -> Iterator[Path]:
    """Yield the COCO files in a folder, and where exports put them below it."""
    if path.is_file():
        if _is_coco(path):
            yield path
        return
    if not path.is_dir():
        return
    below = sorted(
        folder
        for folder in path.iterdir()
        if folder.is_dir() and (folder.name.casefold() == _ANNOTATIONS or split_named(folder.name))
    )
    for folder in (path, *below):
        found = [file for file in sorted(folder.glob("*.json")) if _is_coco(file)]
        # beside them may lie person_keypoints_… and panoptic_… of the same images
        yield from [file for file in found if file.name.startswith(_INSTANCES)] or found


def _is_coco(file: Path) -> bool:
    """Tell whether a file looks like COCO, without parsing what may be a gigabyte."""
    if not file.is_file() or file.stat().st_size == 0:
        return False
    with (
        file.open("rb") as stream,
        mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        return bool(_HEAD.match(content)) and all(sign.search(content) for sign in _SIGNS)


def _root(path: Path) -> Path:
    folder = path.parent if path.is_file() else path
    return folder.parent if folder.name.casefold() == _ANNOTATIONS else folder


def _classes(files: Sequence[CocoFile]) -> tuple[str, ...]:
    names = []
    for file in files:
        used = {box.category for image in file.images for box in image.boxes}
        children = defaultdict(list)
        for identity, category in file.categories.items():
            children[category.parent].append(identity)
        for identity, category in file.categories.items():
            is_parent = any(child != identity for child in children[category.name])
            if identity in used or not is_parent:
                names.append(category.name)
    return tuple(dict.fromkeys(names))


def _drawn(
    files: Sequence[CocoFile], root: Path, named: TaskImages, findings: Findings
) -> list[Drawn]:
    """Return each image that is here, with its boxes."""
    images = named.images
    found: dict[Path, str] = {}  # image → the entry that names it
    drawn = []
    several = len({image.licence for file in files for image in file.images}) > 1
    for file in files:
        near = _near(file.path, images.folder)
        for image in file.images:
            where = f"{file.path}, image {image.identity!r}"
            path = named.find(image.name, where, near)
            if path is None:
                findings.add("listed, but without a file; left out", image.name)
                continue
            if path in found:
                message = f"{where}: {image.name!r} means {path}, and so does {found[path]}"
                raise DataError(f"{message}; remove one, or give only one of the files")
            found[path] = where
            if any(box.crowd for box in image.boxes):
                findings.add("a box is around several objects (iscrowd); kept", path.name)
            if file.contributor == LABEL_STUDIO:
                image = upright(image, path)
            licence = {"licence": image.licence} if several and image.licence else {}
            drawn.append(
                Drawn(
                    image=path,
                    boxes=tuple(
                        LabelledBox(box.box, file.categories[box.category].name)
                        for box in image.boxes
                    ),
                    stated=image.size,
                    split=_split(file.path, root) or split_in_path(path.relative_to(images.folder)),
                    group=original_of(path),
                    attributes={**licence, **image.attributes},
                )
            )
    if not drawn:
        listed = [(file.path, image.name) for file in files for image in file.images]
        if not listed:
            raise DataError(f"{files[0].path}: lists no image; export it again")
        raise images.none_found(*listed[0])
    for path in images.paths:
        if path not in found:
            findings.add("in no COCO file; left out", path.name)
    return drawn


def _near(file: Path, folder: Path) -> list[Path]:
    """Return where the images of a file lie, the likeliest folder first."""
    subset = file.stem.removeprefix(_INSTANCES)
    return [
        file.parent,
        file.parent / _IMAGES,
        folder / _IMAGES / subset,
        folder / subset,
        folder / _IMAGES,
    ]


def _split(file: Path, root: Path) -> str | None:
    if file.name == _ROBOFLOW_FILE:
        return split_named(file.parent.name)  # also where just that folder was given
    return split_in_stem(file.stem) or split_in_path(file.relative_to(root))
