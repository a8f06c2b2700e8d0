"""One COCO JSON file, read strictly.

Form: https://cocodataset.org/#format-data ("object detection"). Of an annotation the `bbox`
counts, x, y, width, height in pixels; where it is missing or has no area, the box around the
`segmentation` does. Keypoints, areas and captions are not read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detect.data.sources.attribute_names import attribute_name
from detect.data.sources.files import finite, read_json
from detect.data.sources.mask_boxes import box_of_segmentation
from detect.errors import DataError
from detect.record import Box

__all__ = ["Category", "CocoBox", "CocoFile", "CocoImage", "Identity", "read_coco_file"]

Identity = int | str  # unique in its list


@dataclass(frozen=True, slots=True)
class Category:
    """A class of boxes."""

    name: str
    parent: str | None  # `supercategory`


@dataclass(frozen=True, slots=True)
class CocoBox:
    """One annotation."""

    category: Identity
    box: Box  # pixels of the picture of the image's stated size
    crowd: bool  # `iscrowd`: around several objects
    outlined: bool  # has a segmentation


@dataclass(frozen=True, slots=True)
class CocoImage:
    """One image with its annotations."""

    identity: Identity
    name: str  # `file_name`: bare, a path, or an address
    size: tuple[float, float] | None  # width, height in pixels; None: not stated
    boxes: tuple[CocoBox, ...]
    licence: str | None
    attributes: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class CocoFile:
    """What one file holds."""

    path: Path
    images: tuple[CocoImage, ...]  # in its order
    categories: Mapping[Identity, Category]  # by ascending identity
    origin: str | None
    contributor: str | None  # the tool that wrote the file, where it says so


def read_coco_file(path: Path) -> CocoFile:
    """Read a COCO file.

    Raises:
        DataError: unreadable, or an entry is missing or malformed; the message names it.
    """
    content = read_json(path)
    if not isinstance(content, dict):
        raise DataError(f"{path}: not COCO: no mapping with images, annotations and categories")
    categories = {
        identity: Category(
            _name(entry, "name", where), _text_or_none(entry.get("supercategory"), where)
        )
        for identity, entry, where in _identified(content, "categories", "category", path)
    }
    licences = _licences(content, path)
    images = {
        identity: (entry, where)
        for identity, entry, where in _identified(content, "images", "image", path)
    }
    names: dict[str, Identity] = {}
    for identity, (entry, where) in images.items():
        name = _name(entry, "file_name", where)
        if name in names:
            message = f"{where}: {name!r} is image {names[name]!r} already; remove one of them"
            raise DataError(message)
        names[name] = identity
    boxes: dict[Identity, list[CocoBox]] = {identity: [] for identity in images}
    for entry, where in _annotations(content, path):
        image = _key(entry, "image_id", where)
        if image not in images:
            raise DataError(f"{where}: no image has the id {image!r}; correct it")
        category = _key(entry, "category_id", where)
        if category not in categories:
            raise DataError(f"{where}: no category has the id {category!r}; correct it")
        crowd, outlined = entry.get("iscrowd") in (1, True), bool(entry.get("segmentation"))
        boxes[image].append(CocoBox(category, _box(entry, where), crowd, outlined))
    return CocoFile(
        path=path,
        images=tuple(
            CocoImage(
                identity=identity,
                name=name,
                size=_size(*images[identity]),
                boxes=tuple(boxes[identity]),
                licence=_licence(images[identity][0], licences),
                attributes=_attributes(*images[identity]),
            )
            for name, identity in names.items()
        ),
        categories=dict(sorted(categories.items(), key=_ascending)),
        origin=_origin(content.get("info")),
        contributor=_contributor(content.get("info")),
    )


def _ascending(item: tuple[Identity, Category]) -> tuple[bool, Identity]:
    return isinstance(item[0], str), item[0]  # numbers do not compare with texts


def _entries(content: Mapping[str, Any], key: str, path: Path) -> Iterator[tuple[Any, str]]:
    """Yield (entry, file and place of it) of a list of mappings."""
    entries = content.get(key)
    if not isinstance(entries, list):
        raise DataError(f"{path}: not COCO: no list of {key}; export the file again")
    for place, entry in enumerate(entries):
        if not isinstance(entry, dict):
            raise DataError(f"{path}, {key}[{place}]: {entry!r:.40} is no mapping; correct it")
        yield entry, f"{path}, {key}[{place}]"


def _identified(
    content: Mapping[str, Any], key: str, noun: str, path: Path
) -> Iterator[tuple[Identity, dict[str, Any], str]]:
    seen: set[Identity] = set()
    for entry, place in _entries(content, key, path):
        identity = _key(entry, "id", place)
        where = f"{path}, {noun} {identity!r}"
        if identity in seen:
            raise DataError(f"{where}: the id occurs twice in {key}; correct one of them")
        seen.add(identity)
        yield identity, entry, where


def _annotations(content: Mapping[str, Any], path: Path) -> Iterator[tuple[dict[str, Any], str]]:
    # an id is for messages only: that it is there and unique matters to nobody
    for entry, place in _entries(content, "annotations", path):
        yield entry, f"{path}, annotation {entry['id']!r:.40}" if "id" in entry else place


def _key(entry: Mapping[str, Any], key: str, where: str) -> Identity:
    value = entry.get(key)
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise DataError(f"{where}: {key} is {value!r:.40}; it must be a whole number or a text")
    return value


def _name(entry: Mapping[str, Any], key: str, where: str) -> str:
    value = str(_key(entry, key, where)).strip()
    if not value:
        raise DataError(f"{where}: {key} is empty; correct it")
    return value


def _text_or_none(value: object, where: str) -> str | None:
    if value is None or isinstance(value, str):
        return value
    raise DataError(f"{where}: {value!r:.40} is no text; correct it")


def _size(entry: Mapping[str, Any], where: str) -> tuple[float, float] | None:
    stated = (entry.get("width"), entry.get("height"))
    if any(value in (None, 0) for value in stated):
        return None
    width, height = (finite(value, where) for value in stated)
    if width <= 0 or height <= 0:
        raise DataError(f"{where}: its size is {width:g} × {height:g}; correct it")
    return width, height


def _box(entry: Mapping[str, Any], where: str) -> Box:
    bbox, segmentation = entry.get("bbox"), entry.get("segmentation")
    box = None
    if bbox:
        if not isinstance(bbox, list) or len(bbox) != 4:
            message = f"{where}: bbox is {bbox!r:.60}; it must be [x, y, width, height]"
            raise DataError(message)
        x, y, width, height = (finite(value, where) for value in bbox)
        box = Box(x, y, x + width, y + height)
    if segmentation and (box is None or box.x1 >= box.x2 or box.y1 >= box.y2):
        box = box_of_segmentation(segmentation, where) or box
    if box is None:
        raise DataError(f"{where}: neither a bbox nor a segmentation; draw it, or remove it")
    return box


def _licences(content: Mapping[str, Any], path: Path) -> dict[Identity, str]:
    """Return the name (else the address) of each licence; tools leave both empty."""
    if content.get("licenses") is None:
        return {}
    return {
        identity: name
        for identity, entry, where in _identified(content, "licenses", "licence", path)
        if (
            name := _text_or_none(entry.get("name"), where)
            or _text_or_none(entry.get("url"), where)
        )
    }


def _licence(entry: Mapping[str, Any], licences: Mapping[Identity, str]) -> str | None:
    identity = entry.get("license")
    return licences.get(identity) if isinstance(identity, int | str) else None


def _attributes(entry: Mapping[str, Any], where: str) -> dict[str, str]:
    """Return an image's `attributes`, which annotation tools add to the form."""
    content = entry.get("attributes") or {}
    if not isinstance(content, dict):
        raise DataError(f"{where}: attributes is no mapping; correct it")
    return {
        attribute_name(name, "coco"): ("yes" if value else "no")
        if isinstance(value, bool)
        else str(value)
        for name, value in content.items()
        if name.strip() and isinstance(value, bool | int | float | str) and value != ""
    }


def _origin(info: object) -> str | None:
    if not isinstance(info, dict):
        return None
    stated = [info.get("description"), info.get("url")]
    return ", ".join(text for text in stated if isinstance(text, str) and text) or None


def _contributor(info: object) -> str | None:
    stated = info.get("contributor") if isinstance(info, dict) else None
    return stated if isinstance(stated, str) else None
