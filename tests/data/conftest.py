"""Small picture files for datasets that tests write, and a report of a check made by hand."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detect.data.check_report import Balance, CheckReport, FullReport, Problem
from detect.data.sample import Dataset, LabelledBox, Sample
from detect.record import Box

Picture = Callable[..., Path]


@pytest.fixture
def picture() -> Picture:
    """Write a picture: `picture(path, width, height, seed, orientation)`; the suffix decides."""

    def write(
        path: Path, width: int = 40, height: int = 30, seed: int = 0, orientation: int = 1
    ) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 255, (height, width), np.uint8)
        exif = Image.Exif()
        if orientation != 1:
            exif[0x0112] = orientation
        Image.fromarray(pixels).save(path, exif=exif)
        return path

    return write


@pytest.fixture
def checked(tmp_path: Path, picture: Picture) -> FullReport:
    """A report by hand, of images whose names are hostile, with a box that sticks out."""
    root = tmp_path / "set"
    names = (
        "a/<script>alert(1)<&.png",
        "a/\"quoted\" 'twice'.png",
        os.fsdecode(b"a/caf\xe9\x1b[31m\n.png"),
        "b/plain.png",
        "b/cut.jpg",
    )
    images = [picture(root / name, 60, 80, seed=seed) for seed, name in enumerate(names)]
    images[4].write_bytes(images[4].read_bytes()[:1500])
    outside = picture(tmp_path / "elsewhere.png", seed=9)
    samples = (
        Sample(images[0], "train", "p<1>", True, (LabelledBox(Box(-9, 10, 30, 40), "fracture"),)),
        Sample(images[1], "test", "p<1>", True, None),
        Sample(images[2], "val", None, False, ()),
        Sample(images[3], "test", "p2", None, None, {"region": "hand"}),
        Sample(images[4], "train", "p3", False, ()),
        Sample(outside, None, None, False, ()),
    )
    dataset = Dataset("<b>set</b> & co", root, ("fracture",), samples, notes=("a <i>note</i>",))
    problems = (
        Problem("unreadable", (images[4],), f"1 file corrupt: {images[4].name}"),
        Problem("box_outside", (images[0],), f"1 image: sticks out: {images[0].name}"),
        Problem(
            "near_duplicate_leak",
            tuple(images[:4]),
            f"2 pictures: {images[0].name} = {images[1].name}, {images[2].name} = plain.png",
            sets=((images[0], images[1]), (images[2], images[3])),
        ),
        Problem("split_unfit", (), "val: no image has a box"),
        Problem("no_split", (outside,), "1 image: in no split"),
    )
    balances = (
        Balance(
            "split",
            "Images by <split>",
            ("split", "images", "share fractured", "odds"),
            (("train", 2, 0.5, 1.25), ("val", 1, 0.0, None), ("test <b>", 2, None, 17.5)),
        ),
    )
    quick = CheckReport(dataset.name, 6, problems[:2], samples[:4])
    return FullReport(dataset, quick, problems, balances)
