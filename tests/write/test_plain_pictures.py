"""Pictures for annotation tools: the pixels that were read, under names that lead back."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from annotation_samples import BROKEN, DEEP, ODD, PATIENT, readings_of, write_images
from PIL import Image, ImageOps

from detect.errors import NotWrittenError
from detect.read import read
from detect.record import Reading, Source
from detect.write.originals import Originals
from detect.write.plain_pictures import PlainPictures

Save = Callable[[Source], str]


@pytest.fixture
def images(tmp_path: Path) -> Path:
    write_images(tmp_path / "images")
    return tmp_path / "images"


@pytest.fixture
def pictures(tmp_path: Path, images: Path) -> PlainPictures:
    (tmp_path / "out").mkdir()
    return PlainPictures(tmp_path / "out", Originals(lambda name: images / name))


def test_each_picture_shows_the_pixels_that_were_read(
    tmp_path: Path, images: Path, pictures: PlainPictures
) -> None:
    names = {}
    for record in readings_of(images):
        if isinstance(record, Reading):
            source = record.source
            names[source.path, source.frame] = name = pictures.save(source)
            frames = {r.source.frame: r.pixels for r in read(images / source.path, source.path)}
            with Image.open(tmp_path / "out" / name) as image:
                shown = np.asarray(ImageOps.exif_transpose(image).convert("L"))
            assert np.array_equal(shown, frames[source.frame]), name
    pictures.close()
    assert names == {
        ("a/plain.jpg", None): "a/plain.jpg",
        ("a/plain.png", None): "a/plain.png.png",  # plain.txt is that of plain.jpg
        (ODD, None): ODD,
        ("turned.jpg", None): "turned.jpg",
        (DEEP, None): DEEP,
        ("pages.tif", 1): "pages.tif.frame1.png",
        ("pages.tif", 2): "pages.tif.frame2.png",
        ("hand.dcm", None): "hand.dcm.png",
        **{("multi", frame): f"multi.frame{frame}.png" for frame in (1, 2, 3)},
    }
    assert (tmp_path / "out" / ODD).read_bytes() == (images / ODD).read_bytes()
    assert (tmp_path / "out" / DEEP).read_bytes() != (images / DEEP).read_bytes()


def test_nothing_of_a_dicom_header_is_in_its_picture(
    tmp_path: Path, images: Path, pictures: PlainPictures
) -> None:
    assert PATIENT.encode() in (images / "hand.dcm").read_bytes()
    (record,) = (r for r in readings_of(images) if r.source.path == "hand.dcm")
    content = (tmp_path / "out" / pictures.save(record.source)).read_bytes()
    assert PATIENT.encode() not in content
    with Image.open(tmp_path / "out" / "hand.dcm.png") as image:
        assert image.info == {}


def source_of(images: Path, name: str) -> Source:
    return next(r.source for r in readings_of(images) if r.source.path == name)


def test_a_third_image_of_one_name_is_told(images: Path, pictures: PlainPictures) -> None:
    for name in ("a/plain.jpg", "a/plain.png"):
        pictures.save(source_of(images, name))
    with pytest.raises(NotWrittenError, match=r"^a/plain\.png: other images have its name"):
        pictures.save(source_of(images, "a/plain.png"))


def test_a_moved_or_changed_image_is_told(images: Path, pictures: PlainPictures) -> None:
    source = source_of(images, "hand.dcm")
    with pytest.raises(NotWrittenError, match="hash differs"):
        pictures.save(replace(source, sha256="0" * 64))
    (images / "hand.dcm").unlink()
    with pytest.raises(NotWrittenError, match="--images"):
        pictures.save(source)


def test_a_picture_that_is_read_otherwise_is_told(images: Path, pictures: PlainPictures) -> None:
    with pytest.raises(NotWrittenError, match="is read otherwise"):
        pictures.save(replace(source_of(images, "hand.dcm"), width=7))
    digest = hashlib.sha256((images / BROKEN).read_bytes()).hexdigest()
    with pytest.raises(NotWrittenError, match=BROKEN):
        pictures.save(Source(BROKEN, digest, 5, 5))


@pytest.mark.parametrize("name", ["../b.png", "a/../../b.png", "/tmp/b.png", ""])
def test_no_path_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    image = tmp_path / "b.png"
    Image.new("L", (4, 4)).save(image)
    (tmp_path / "out").mkdir()
    pictures = PlainPictures(tmp_path / "out", Originals(lambda _name: image))
    digest = hashlib.sha256(image.read_bytes()).hexdigest()
    with pytest.raises(NotWrittenError, match="leads out of the folder"):
        pictures.save(Source(name, digest, 4, 4))
    assert sorted(p.name for p in tmp_path.iterdir()) == ["b.png", "out"]
    assert not list((tmp_path / "out").iterdir())


def test_a_name_that_gets_too_long_is_told(tmp_path: Path) -> None:
    image = tmp_path / ("a" * 250 + ".tif")
    Image.new("L", (4, 4)).save(image)
    (tmp_path / "out").mkdir()
    pictures = PlainPictures(tmp_path / "out", Originals(lambda _name: image))
    digest = hashlib.sha256(image.read_bytes()).hexdigest()
    with pytest.raises(NotWrittenError, match="would be too long; rename it"):
        pictures.save(Source(image.name, digest, 4, 4))
