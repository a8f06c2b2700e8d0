"""Which files tools show as our reader does."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detect.read import read
from detect.read.plain import is_plain

GREY = np.arange(48, dtype=np.uint8).reshape(6, 8) * 5
COLOUR = np.dstack([GREY, GREY, GREY])


def saved(path: Path, pixels: np.ndarray, turn: int = 1, **options: object) -> Path:
    exif = Image.Exif()
    exif[0x0112] = turn
    image = Image.fromarray(pixels)
    image.save(path, **({"exif": exif} if turn != 1 else {}), **options)
    return path


@pytest.mark.parametrize("name", ["a.jpg", "a.JPEG", "a.png", "a.bmp", "a.webp"])
@pytest.mark.parametrize("pixels", [GREY, COLOUR])
def test_opaque_pictures_of_8_bits_are_plain(tmp_path: Path, name: str, pixels: np.ndarray) -> None:
    assert is_plain(saved(tmp_path / name, pixels))


def test_palettes_and_bits_are_plain(tmp_path: Path) -> None:
    Image.fromarray(GREY).convert("P").save(tmp_path / "p.png")
    Image.fromarray(GREY).convert("1").save(tmp_path / "1.png")
    assert is_plain(tmp_path / "p.png")
    assert is_plain(tmp_path / "1.png")


def test_only_jpeg_is_plain_when_exif_turns_it(tmp_path: Path) -> None:
    turned = saved(tmp_path / "a.jpg", GREY, turn=6)
    assert is_plain(turned)
    assert next(read(turned, "a.jpg")).pixels.shape == (8, 6)
    assert not is_plain(saved(tmp_path / "a.png", GREY, turn=6))
    assert not is_plain(saved(tmp_path / "a.webp", GREY, turn=6))


@pytest.mark.parametrize(
    ("name", "pixels"),
    [
        ("deep.png", GREY.astype(np.uint16) * 16),
        ("alpha.png", np.dstack([COLOUR, GREY])),
        ("alpha.webp", np.dstack([COLOUR, GREY])),
        ("a.tif", GREY),
        ("a.jpe", GREY),  # its suffix is not known everywhere
    ],
)
def test_others_are_not(tmp_path: Path, name: str, pixels: np.ndarray) -> None:
    options = {"format": "JPEG"} if name.endswith(".jpe") else {}
    assert not is_plain(saved(tmp_path / name, pixels, **options))


def test_more_that_are_not(tmp_path: Path) -> None:
    Image.fromarray(COLOUR).convert("CMYK").save(tmp_path / "cmyk.jpg")
    frames = [Image.fromarray(COLOUR), Image.fromarray(255 - COLOUR)]
    frames[0].save(tmp_path / "moving.png", save_all=True, append_images=frames[1:])
    saved(tmp_path / "is.png", GREY).rename(tmp_path / "named.jpg")
    whole = saved(tmp_path / "whole.png", COLOUR).read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[:40])
    (tmp_path / "text.png").write_text("no picture")
    for name in ("cmyk.jpg", "moving.png", "named.jpg", "cut.png", "text.png", "gone.png"):
        assert not is_plain(tmp_path / name), name


def test_colour_of_16_bits_is_not(tmp_path: Path) -> None:
    import cv2

    cv2.imwrite(str(tmp_path / "a.png"), COLOUR.astype(np.uint16) * 200)
    assert not is_plain(tmp_path / "a.png")
