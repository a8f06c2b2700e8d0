"""A Pascal VOC dataset: an XML file an image.

    Annotations/**/*.xml, JPEGImages/ or images/     Pascal VOC, CVAT, Label Studio
    ImageSets/Main/{train,val,test}.txt              optional: which image is in which split
    {train,valid,test}/*.xml, beside the images      Roboflow
    *.xml, beside the images                         labelImg

The image of `a.xml` is the one called `a`, as everywhere in this form; only where there is
none does `filename` count. A file without an object says that its image was annotated and has
none; an image without a file says nothing, since labelImg writes none where nothing was drawn:
it is kept, without label and boxes. For the corners see `voc_file`, for sizes that are not the
image's see `drawn`. `pose`, `truncated` and `occluded` are not read.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain, islice
from pathlib import Path, PureWindowsPath

from detect.data.sample import Dataset, LabelledBox, Sample
from detect.data.sources.drawn import Drawn, Findings, drawn_sample
from detect.data.sources.images import displayed_sizes
from detect.data.sources.labels import FRACTURE, fracture_classes
from detect.data.sources.locate import Images
from detect.data.sources.options import PLAIN, ImportOptions
from detect.data.sources.roboflow import original_of
from detect.data.sources.splits import split_named
from detect.data.sources.voc_file import VocFile, read_voc_file
from detect.data.sources.voc_splits import VocSplits, voc_name
from detect.errors import DataError

__all__ = ["load", "recognise"]

_SIGN = re.compile(rb"<annotation[\s>]")  # not CVAT's own <annotations>
_HEAD_BYTES = 4096
_TRIED = 3  # files of a folder that are looked into, before it counts as another form's
_ANNOTATIONS = "annotations"
_PICTURES = ("JPEGImages", "images", "")  # folders of images; the last: none of their own


def recognise(path: Path) -> bool:
    """Tell whether `path` is a folder with Pascal VOC files."""
    return any(
        _SIGN.search(_head(file))
        for folder in _folders(path)
        for file in islice(_xml_files(folder), _TRIED)
    )


def load(path: Path, options: ImportOptions = PLAIN) -> Dataset:
    """Read a Pascal VOC dataset; of images with boxes the header is read for their size.

    Args:
        path: the folder; absolute.
        options: `images`, where they lie elsewhere.

    Raises:
        DataError: a file is missing or malformed, two describe one image, one may describe
            several, or no image is there.
    """
    files = [read_voc_file(file) for folder in _folders(path) for file in _xml_files(folder)]
    if not files:
        raise DataError(f"{path}: no XML file in it, in Annotations, train, valid or test")
    root = path.parent if path.name.casefold() == _ANNOTATIONS else path
    images = Images(options.images or root)
    findings = Findings()
    splits = VocSplits(root, images.folder)
    found = _found(files, root, images, findings)
    drawn = [
        Drawn(
            image=image,
            boxes=tuple(LabelledBox(entry.box, entry.label) for entry in file.objects),
            stated=file.size,
            split=splits.of(file.path) or splits.of(image),
            group=original_of(image),
        )
        for image, file in found.items()
    ]
    names = sorted({entry.label for file in files for entry in file.objects})
    boxed = [entry.image for entry in drawn if entry.boxes]
    shown = dict(zip(boxed, displayed_sizes(boxed, options), strict=True))
    fractures = fracture_classes(names)
    samples = [drawn_sample(e, shown.get(e.image), fractures, findings) for e in drawn]
    # not elsewhere: masks, too, are pictures
    folders = {image.parent for image in found}
    for image in images.paths:
        if image not in found and image.parent in folders:
            findings.add("without an annotation file; unlabelled", image.name)
            samples.append(Sample(image, splits.of(image), original_of(image), None, None))
    for name in splits.unused():
        findings.add("in a list of ImageSets, but neither image nor annotations", name)
    return Dataset(
        name=root.name,
        root=root,
        classes=tuple(names) or (FRACTURE,),
        samples=tuple(samples),
        notes=findings.notes(),
    )


def _folders(path: Path) -> list[Path]:
    """Return the folders that may hold annotation files: `path`, and some below it."""
    if not path.is_dir():
        return []
    below = [folder for folder in sorted(path.iterdir()) if folder.is_dir()]
    splits = [folder for folder in below if split_named(folder.name)]
    inner = [folder for split in splits for folder in sorted(split.iterdir()) if folder.is_dir()]
    return [path, *splits, *filter(_holds_annotations, chain(below, inner))]


def _holds_annotations(folder: Path) -> bool:
    return folder.name.casefold() == _ANNOTATIONS


def _xml_files(folder: Path) -> list[Path]:
    pattern = "**/*.xml" if _holds_annotations(folder) else "*.xml"
    files = sorted(folder.glob(pattern))
    return [file for file in files if not file.name.startswith(".") and file.is_file()]


def _head(file: Path) -> bytes:
    with file.open("rb") as stream:
        return stream.read(_HEAD_BYTES)


def _found(
    files: Sequence[VocFile], root: Path, images: Images, findings: Findings
) -> dict[Path, VocFile]:
    """Return each image that is here, and the file that describes it."""
    found: dict[Path, VocFile] = {}
    for file in files:
        image = _image(file, root, images)
        if image is None:
            findings.add("annotated, but without a file; left out", file.path.name)
            continue
        if image in found:
            message = f"{file.path}: is of {image}, and so is {found[image].path}"
            raise DataError(f"{message}; remove one of them")
        found[image] = file
        if any(entry.difficult for entry in file.objects):
            findings.add("a box is marked difficult; kept", image.name)
    if not found:
        raise images.none_found(root, files[0].image_name or files[0].path.stem)
    return found


def _image(file: VocFile, root: Path, images: Images) -> Path | None:
    where, stem, near = str(file.path), file.path.stem, _near(file.path, root, images.folder)
    image = None
    name = file.image_name or ""
    stated = PureWindowsPath(name)  # parts at slashes of either kind
    if stated.stem == stem:  # of several images that differ by their suffix, it is this one
        image = images.find(stated.name, where, near, elsewhere=False)
    return (
        image
        or images.find_stem(stem, where, near, elsewhere=False)
        or images.find_stem(voc_name(file.path, root), where)
        or images.find(name, where, near)
    )


def _near(file: Path, root: Path, folder: Path) -> list[Path]:
    """Return where the image of a file lies: beside it, or in the folder that mirrors its own."""
    parts = file.parent.relative_to(root).parts
    near = [file.parent]
    for place, part in enumerate(parts):
        if part.casefold() == _ANNOTATIONS:
            mirrors = (Path(*parts[:place], kind, *parts[place + 1 :]) for kind in _PICTURES)
            near += [base / mirror for mirror in mirrors for base in (folder, root)]
    return [*near, *(folder / kind for kind in _PICTURES)]
