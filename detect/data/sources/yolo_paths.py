"""Where the YAML file of a YOLO dataset says that the images lie."""

from __future__ import annotations

import os.path
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from detect.data.sources.files import read_text
from detect.data.sources.images import walk_images
from detect.data.sources.yolo_labels import label_path
from detect.errors import DataError

__all__ = ["KEYS", "labels_of", "leads_to_images", "split_images"]

# key in the YAML file → split
KEYS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}
_WAY_OUT = "correct or delete it; if it is of another machine, give --images FOLDER"


def split_images(
    content: Mapping[str, Any], file: Path, elsewhere: Path | None, absent: list[str]
) -> Iterator[tuple[str, list[Path]]]:
    """Yield (split, its images) for each split that the file names.

    `path` is relative to the file's folder; a split is relative to `path`. A leading `../` that
    leads nowhere is dropped, as ultralytics does for exports of Roboflow; backslashes part
    folders, too.

    Args:
        content: the YAML file's mapping.
        file: the YAML file.
        elsewhere: folder of the images, where the file's own paths lead nowhere, being of
            another machine: as much as there is of their end is looked for in it.
        absent: takes what `test` names where it is not there: Roboflow's files always name a
            test split, also where the export has none.

    Raises:
        DataError: a folder, list or image is not there, or an image is in two splits; the
            message names key or line.
    """
    root = _root(content, file, elsewhere)
    splits: dict[Path, str] = {}  # image → key
    for key, split in KEYS.items():
        images: list[Path] = []
        for entry in _entries(content, key):
            place = _locate(root, entry) or _by_end(elsewhere, entry)
            if place is None and split == "test" and splits:
                absent.append(entry)
                continue
            if place is None:
                message = f"{file}: {key} names {entry!r}, which is not in {root}"
                raise DataError(f"{message}; {_WAY_OUT}")
            images += walk_images(place) if place.is_dir() else _listed(place, root, elsewhere)
        if not images and content.get(key) is not None and not absent:
            raise DataError(f"{file}: {key} holds no image; correct it, or delete the key")
        images = list(dict.fromkeys(images))
        twice = [image for image in images if image in splits]
        if twice:
            number = f"{len(twice)} image{'s' * (len(twice) > 1)}"
            message = f"{file}: {splits[twice[0]]} and {key} share {number}, as {twice[0]}"
            message += f"; delete {key}, and part them with data split"
            raise DataError(message)
        splits |= dict.fromkeys(images, key)
        if images:
            yield split, images


def leads_to_images(content: Mapping[str, Any], file: Path) -> bool:
    """Tell whether the splits that the file names are here, at least in part.

    Args:
        content: the YAML file's mapping.
        file: the YAML file.
    """
    root = file.parent / str(content.get("path") or ".")
    entries = [entry for key in KEYS for entry in _entries(content, key)]
    return root.is_dir() and any(_locate(root, entry) is not None for entry in entries)


def labels_of(image: Path, file: Path, elsewhere: Path | None) -> Path:
    """Return the label file of an image, or where it should be.

    Args:
        image: absolute path.
        file: the YAML file.
        elsewhere: folder of the images, if not where the file says; their labels may then
            have stayed with the file.
    """
    labels = label_path(image)
    if elsewhere is not None and not labels.is_file():
        return _by_end(file.parent, str(labels)) or labels
    return labels


def _root(content: Mapping[str, Any], file: Path, elsewhere: Path | None) -> Path:
    stated = str(content.get("path") or ".")
    root = file.parent / stated
    if root.is_dir():
        return root
    if elsewhere is not None:
        return elsewhere
    raise DataError(f"{file}: path is {stated!r}, which is no folder here; {_WAY_OUT}")


def _entries(content: Mapping[str, Any], key: str) -> list[str]:
    named = content.get(key)
    if named is None:
        return []
    return [str(entry) for entry in (named if isinstance(named, list) else [named])]


def _locate(root: Path, entry: str) -> Path | None:
    forms = dict.fromkeys((entry, entry.replace("\\", "/")))
    places = [
        root / form for one in forms for form in dict.fromkeys((one, one.removeprefix("../")))
    ]
    return next((_normal(place) for place in places if place.exists()), None)


def _by_end(folder: Path | None, path: str) -> Path | None:
    """Return what lies in `folder` at the longest end of a path of another place."""
    if folder is None:
        return None
    parts = [part for part in re.split(r"[/\\]+", path) if part not in ("", ".", "..")]
    ends = (folder.joinpath(*parts[start:]) for start in range(len(parts)))
    return next((_normal(end) for end in ends if end.exists()), None)


def _normal(path: Path) -> Path:
    # not resolve(): labels lie beside the link that is named `images`, not beside its target
    return Path(os.path.normpath(path))


def _listed(file: Path, root: Path, elsewhere: Path | None) -> list[Path]:
    images = []
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        name = line.strip()
        if not name:
            continue
        image = _locate(file.parent, name) or _locate(root, name) or _by_end(elsewhere, name)
        if image is None or not image.is_file():
            message = f"{file}, line {number}: no such image {name!r}; make its paths relative to"
            raise DataError(f"{message} the list, or give --images FOLDER")
        images.append(image)
    return images
