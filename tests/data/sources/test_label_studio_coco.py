"""COCO as Label Studio writes it: names of its server, and sizes before the EXIF turn."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path
from typing import Any

import pytest

from detect.data.load import load_dataset

Picture = Callable[..., Path]


def write(folder: Path, contributor: str, size: tuple[int, int], **annotation: Any) -> Path:
    name = "../ls/media/upload/1/0a1b2c3d-a.jpg"
    image = {"id": 0, "width": size[0], "height": size[1], "file_name": name}
    mark = {"id": 0, "image_id": 0, "category_id": 0, "iscrowd": 0} | annotation
    content = {
        "images": [image],
        "annotations": [mark],
        "categories": [{"id": 0, "name": "fracture"}],
        "info": {"contributor": contributor},
    }
    (folder / "result.json").write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize("size", [(40, 30), (30, 40)])  # as stored; as shown
def test_rectangles_are_of_the_picture_shown(
    tmp_path: Path, picture: Picture, size: tuple[int, int]
) -> None:
    picture(tmp_path / "a.jpg", 40, 30, orientation=6)
    folder = write(tmp_path, "Label Studio", size, bbox=[3, 4, 15, 16], segmentation=[])
    ((box,),) = [s.boxes or () for s in load_dataset(folder).samples]
    assert astuple(box.box) == (3, 4, 18, 20)


def test_outlines_are_shares_times_the_size_as_stored(tmp_path: Path, picture: Picture) -> None:
    picture(tmp_path / "a.jpg", 40, 30, orientation=6)
    # 10 to 50 % in x and 20 to 60 % in y
    points = [4, 6, 20, 6, 20, 18]
    mark = {"bbox": [4, 6, 16, 12], "segmentation": [points]}
    folder = write(tmp_path, "Label Studio", (40, 30), **mark)
    ((box,),) = [s.boxes or () for s in load_dataset(folder).samples]
    assert astuple(box.box) == pytest.approx((3, 8, 15, 24))


def test_other_tools_draw_where_they_say(tmp_path: Path, picture: Picture) -> None:
    picture(tmp_path / "a.jpg", 40, 30, orientation=6)
    folder = write(tmp_path, "somebody", (40, 30), bbox=[3, 4, 15, 16])
    ((box,),) = [s.boxes or () for s in load_dataset(folder).samples]
    assert astuple(box.box) == (10, 3, 26, 18)


def test_pictures_that_are_not_turned_stay(tmp_path: Path, picture: Picture) -> None:
    picture(tmp_path / "a.jpg", 40, 30)
    folder = write(tmp_path, "Label Studio", (40, 30), bbox=[3, 4, 15, 16])
    ((box,),) = [s.boxes or () for s in load_dataset(folder).samples]
    assert astuple(box.box) == (3, 4, 18, 20)
