"""Where the YAML file of a YOLO dataset says that the images lie."""

from __future__ import annotations

import os.path
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from detect.data.sources.files import read_text
from detect.data.sources.images import walk_images
from detect.errors import DataError

__all__ = ["KEYS", "leads_to_images", "split_images"]

# key in the YAML file → split
KEYS = {"train": "train", "val": "val", "valid": "val", "validation": "val", "test": "test"}


def split_images(content: Mapping[str, Any], file: Path) -> Iterator[tuple[str, list[Path]]]:
    """Yield (split, its images) for each split that the file names.

    `path` is relative to the file's folder; a split is relative to `path`. A leading `../` that
    leads nowhere is dropped, as ultralytics does for exports of Roboflow.

    Args:
        content: the YAML file's mapping.
        file: the YAML file.

    Raises:
        DataError: a folder, list or image is not there; the message names key or line.
    """
    root = file.parent / str(content.get("path") or ".")
    if not root.is_dir():
        raise DataError(f"{file}: path is {root}, which is no folder here; correct or delete it")
    for key, split in KEYS.items():
        entries = content.get(key)
        if entries is None:
            continue
        images: list[Path] = []
        for entry in entries if isinstance(entries, list) else [entries]:
            place = _locate(root, str(entry))
            if place is None:
                message = f"{file}: {key} names {entry}, which is not in {root}; correct it"
                raise DataError(message)
            images += walk_images(place) if place.is_dir() else _listed(place, root)
        if not images:
            raise DataError(f"{file}: {key} holds no image; correct it, or delete the key")
        yield split, list(dict.fromkeys(images))


def leads_to_images(content: Mapping[str, Any], file: Path) -> bool:
    """Tell whether the splits that the file names are here, at least in part.

    Args:
        content: the YAML file's mapping.
        file: the YAML file.
    """
    root = file.parent / str(content.get("path") or ".")
    entries = [content[key] for key in KEYS if content.get(key) is not None]
    listed = [one for entry in entries for one in (entry if isinstance(entry, list) else [entry])]
    return root.is_dir() and any(_locate(root, str(entry)) is not None for entry in listed)


def _locate(root: Path, entry: str) -> Path | None:
    places = [root / entry]
    if entry.startswith("../"):
        places.append(root / entry.removeprefix("../"))
    return next((_normal(place) for place in places if place.exists()), None)


def _normal(path: Path) -> Path:
    # not resolve(): labels lie beside the link that is named `images`, not beside its target
    return Path(os.path.normpath(path))


def _listed(file: Path, root: Path) -> list[Path]:
    images = []
    for number, line in enumerate(read_text(file).splitlines(), start=1):
        name = line.strip()
        if not name:
            continue
        image = next((p for p in (file.parent / name, root / name) if p.is_file()), None)
        if image is None:
            message = f"{file}, line {number}: no such image {name}; correct the list"
            raise DataError(f"{message}, or make its paths relative to it")
        images.append(_normal(image))
    return images
