"""Raster images: depth, colour, alpha, orientation, pages."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageOps

from detect.read import read

GREY = (np.add.outer(np.arange(24) * 5, np.arange(40) * 3) % 256).astype(np.uint8)
DEEP = (np.add.outer(np.arange(24) * 300, np.arange(40) * 200) + 4000).astype(np.uint16)
RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def pixels_of(path: Path) -> np.ndarray:
    (radiograph,) = read(path, path.name)
    height, width = radiograph.pixels.shape
    assert (radiograph.source.width, radiograph.source.height) == (width, height)
    return radiograph.pixels


def full_range(values: np.ndarray) -> np.ndarray:
    """Linear from minimum to maximum: so few pixels lie in the tails that these are the limits."""
    low, high = float(values.min()), float(values.max())
    return np.rint((values - low) / (high - low) * 255).astype(np.uint8)


@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP"])
def test_8_bit_grey_stays_as_it_is(tmp_path: Path, form: str) -> None:
    narrow = (GREY // 4 + 90).astype(np.uint8)  # a window would stretch it
    Image.fromarray(narrow).save(tmp_path / "x", format=form)
    assert np.array_equal(pixels_of(tmp_path / "x"), narrow)


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_grey_keeps_its_depth_until_the_window(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    cv2.imwrite(str(path), DEEP)
    assert np.abs(pixels_of(path).astype(int) - full_range(DEEP)).max() <= 1
    # 12 bits in 16: cutting off the low byte would leave 16 grey levels
    cv2.imwrite(str(path), DEEP >> 4)
    assert len(np.unique(pixels_of(path))) > 100


@pytest.mark.parametrize("suffix", [".png", ".tif"])
def test_16_bit_colour_keeps_its_depth(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"x{suffix}"
    cv2.imwrite(str(path), cv2.merge([DEEP >> 5] * 3))
    assert np.abs(pixels_of(path).astype(int) - full_range(DEEP >> 5)).max() <= 1


def test_16_bit_colour_by_luminance_and_alpha(tmp_path: Path) -> None:
    path = tmp_path / "x.png"
    blue, green, red = DEEP, DEEP[::-1], DEEP[:, ::-1]
    alpha = np.full_like(DEEP, 65535)
    alpha[:12] = 0
    cv2.imwrite(str(path), cv2.merge([blue, green, red, alpha]))
    expected = 0.299 * red + 0.587 * green + 0.114 * blue
    expected[:12] = 0
    assert np.abs(pixels_of(path).astype(int) - full_range(expected)).max() <= 1


def test_16_bit_white_is_zero_tiff_is_inverted(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    Image.fromarray(DEEP).save(path, tiffinfo={262: 0})
    with Image.open(path) as image:
        assert image.tag_v2[262] == 0
    assert np.abs(pixels_of(path).astype(int) - (255 - full_range(DEEP))).max() <= 1


@pytest.mark.parametrize("dtype", [np.float32, np.int32])
def test_float_and_32_bit_tiff(tmp_path: Path, dtype: type) -> None:
    path = tmp_path / "x.tif"
    values = (DEEP.astype(np.int64) * 7 - 30_000).astype(dtype)
    Image.fromarray(values).save(path)
    assert np.abs(pixels_of(path).astype(int) - full_range(values)).max() <= 1


def test_float_tiff_with_holes(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    values = DEEP.astype(np.float32)
    values[9, 7:10] = np.nan, np.inf, -np.inf
    Image.fromarray(values).save(path)
    pixels = pixels_of(path)
    assert pixels[9, 7:10].tolist() == [0, 255, 0]
    assert pixels[5, 5] == pytest.approx(full_range(DEEP)[5, 5], abs=1)


def test_big_endian_16_bit_tiff(tmp_path: Path) -> None:
    # Written by hand: a big-endian directory of eight entries, then the pixels.
    entries = [(256, 40), (257, 24), (258, 16), (259, 1), (262, 1), (273, 8 + 2 + 96 + 4)]
    entries += [(277, 1), (279, DEEP.nbytes)]
    directory = b"".join(struct.pack(">HHII", tag, 4, 1, value) for tag, value in entries)
    whole = b"MM\0*" + struct.pack(">IH", 8, 8) + directory + bytes(4)
    path = tmp_path / "x.tif"
    path.write_bytes(whole + DEEP.astype(">u2").tobytes())
    assert np.abs(pixels_of(path).astype(int) - full_range(DEEP)).max() <= 1


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("form", ["JPEG", "PNG", "TIFF", "WEBP"])
def test_exif_turn(tmp_path: Path, form: str, orientation: int) -> None:
    # four corners of different grey, on a picture that is not square
    picture = np.zeros((32, 48), np.uint8)
    picture[:16, :24], picture[:16, 24:], picture[16:, :24] = 60, 120, 200
    image = Image.fromarray(picture)
    exif = Image.Exif()
    exif[0x0112] = orientation
    image.save(
        tmp_path / "x", format=form, exif=exif, **({"lossless": True} if form == "WEBP" else {})
    )
    # The turn, worked out from the definition: which stored corner is shown top left, and
    # whether the first stored row is shown as a row (EXIF 2.32, table of tag Orientation).
    shown_first = {
        1: (0, 0),
        2: (0, 1),
        3: (1, 1),
        4: (1, 0),
        5: (0, 0),
        6: (1, 0),
        7: (1, 1),
        8: (0, 1),
    }
    down, right = shown_first[orientation]
    expected = picture[:: -1 if down else 1, :: -1 if right else 1]
    expected = expected.T if orientation >= 5 else expected
    assert np.abs(pixels_of(tmp_path / "x").astype(int) - expected).max() <= 3


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_turn_of_16_bit_colour(tmp_path: Path, orientation: int) -> None:
    path = tmp_path / "x.png"
    cv2.imwrite(str(path), cv2.merge([DEEP] * 3))
    exif = Image.Exif()
    exif[0x0112] = orientation
    block = b"eXIf" + exif.tobytes().removeprefix(b"Exif\0\0")
    chunk = struct.pack(">I", len(block) - 4) + block + struct.pack(">I", zlib.crc32(block))
    whole = path.read_bytes()
    path.write_bytes(whole[:33] + chunk + whole[33:])
    marked = Image.fromarray(full_range(DEEP))
    marked.getexif()[0x0112] = orientation
    turned = np.asarray(ImageOps.exif_transpose(marked))
    assert np.abs(pixels_of(path).astype(int) - turned).max() <= 1


def test_damaged_exif_does_not_cost_the_image(tmp_path: Path) -> None:
    Image.fromarray(GREY).save(tmp_path / "x.png", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    assert np.array_equal(pixels_of(tmp_path / "x.png"), GREY)


def test_colour_by_luminance(tmp_path: Path) -> None:
    Image.fromarray(np.array([[RED, GREEN, BLUE]], np.uint8)).save(tmp_path / "x.png")
    assert pixels_of(tmp_path / "x.png").tolist() == [[76, 150, 29]]


def test_colour_jpeg_by_luminance(tmp_path: Path) -> None:
    block = np.repeat(np.repeat(np.array([[RED, GREEN, BLUE]], np.uint8), 16, 0), 16, 1)
    Image.fromarray(block).save(tmp_path / "x.jpg", quality=100, subsampling=0)
    assert pixels_of(tmp_path / "x.jpg")[8, 8::16] == pytest.approx([76, 150, 29], abs=2)


def test_palette_with_and_without_transparency(tmp_path: Path) -> None:
    image = Image.frombytes("P", (3, 1), bytes([0, 1, 2]))
    image.putpalette([*RED, *GREEN, *BLUE])
    image.save(tmp_path / "x.png")
    assert pixels_of(tmp_path / "x.png").tolist() == [[76, 150, 29]]
    image.save(tmp_path / "y.png", transparency=bytes([255, 0, 255]))
    assert pixels_of(tmp_path / "y.png").tolist() == [[76, 0, 29]]


@pytest.mark.parametrize("form", ["PNG", "TIFF", "WEBP"])
def test_alpha_is_laid_over_black(tmp_path: Path, form: str) -> None:
    rgba = np.full((4, 3, 4), 200, np.uint8)
    rgba[..., 3] = [255, 128, 0]
    options = {"lossless": True} if form == "WEBP" else {}
    Image.fromarray(rgba).save(tmp_path / "x", format=form, **options)
    assert pixels_of(tmp_path / "x")[0] == pytest.approx([200, 100, 0], abs=1)


def test_grey_with_alpha(tmp_path: Path) -> None:
    image = Image.merge(
        "LA", [Image.new("L", (2, 1), 200), Image.fromarray(np.array([[255, 0]], np.uint8))]
    )
    image.save(tmp_path / "x.png")
    assert pixels_of(tmp_path / "x.png").tolist() == [[200, 0]]


@pytest.mark.parametrize("form", ["JPEG", "TIFF"])
def test_cmyk(tmp_path: Path, form: str) -> None:
    ink = np.zeros((8, 32, 4), np.uint8)
    ink[:, 8:16, 3] = 255  # black ink
    ink[:, 16:24, :3] = 128  # half of each colour
    ink[:, 24:, 0] = 255  # cyan: red taken out of white
    options = {"quality": 100} if form == "JPEG" else {}
    image = Image.frombytes("CMYK", (32, 8), ink.tobytes())
    image.save(tmp_path / "x", format=form, **options)
    assert pixels_of(tmp_path / "x")[4, 4::8] == pytest.approx([255, 0, 127, 179], abs=3)


@pytest.mark.parametrize("form", ["PNG", "TIFF", "BMP"])
def test_1_bit(tmp_path: Path, form: str) -> None:
    bits = np.eye(9, dtype=bool)
    Image.fromarray(bits).save(tmp_path / "x", format=form)
    assert np.array_equal(pixels_of(tmp_path / "x"), bits * np.uint8(255))


def test_jpeg_variants(tmp_path: Path) -> None:
    for number, options in enumerate(
        [{"progressive": True}, {"optimize": True}, {"restart_marker_rows": 1}]
    ):
        path = tmp_path / f"{number}.jpg"
        Image.fromarray(GREY).save(path, quality=95, **options)
        with Image.open(path) as image:
            assert np.array_equal(pixels_of(path), np.asarray(image))


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate", "packbits"])
def test_each_page_of_a_tiff_is_a_radiograph(tmp_path: Path, compression: str) -> None:
    path = tmp_path / "x.tif"
    pages = [Image.fromarray(GREY), Image.fromarray(DEEP), Image.fromarray(GREY[:10, :12] // 2)]
    pages[0].save(path, save_all=True, append_images=pages[1:], compression=compression)
    first, second, third = read(path, "x.tif")
    assert [r.source.frame for r in (first, second, third)] == [1, 2, 3]
    assert np.array_equal(first.pixels, GREY)
    assert np.abs(second.pixels.astype(int) - full_range(DEEP)).max() <= 1
    assert np.array_equal(third.pixels, GREY[:10, :12] // 2)
    assert (third.source.width, third.source.height) == (12, 10)


def test_pages_of_16_bit_colour(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    cv2.imwritemulti(str(path), [cv2.merge([page] * 3) for page in (DEEP, DEEP[::-1])])
    first, second = read(path, "x.tif")
    assert np.abs(first.pixels.astype(int) - full_range(DEEP)).max() <= 1
    assert np.array_equal(second.pixels, first.pixels[::-1])


def test_thumbnail_page_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "x.tif"
    small = Image.fromarray(GREY[::4, ::4])
    small.encoderinfo = {"tiffinfo": {254: 1}}
    Image.fromarray(GREY).save(path, save_all=True, append_images=[small])
    with Image.open(path) as image:
        image.seek(1)
        assert image.tag_v2[254] == 1
    (radiograph,) = read(path, "x.tif")
    assert radiograph.source.frame is None
    assert np.array_equal(radiograph.pixels, GREY)


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_animation_gives_its_first_picture(tmp_path: Path, form: str) -> None:
    frames = [Image.fromarray(GREY).convert("RGB"), Image.fromarray(GREY[::-1]).convert("RGB")]
    options = {"lossless": True} if form == "WEBP" else {}
    frames[0].save(tmp_path / "x", format=form, save_all=True, append_images=frames[1:], **options)
    assert np.array_equal(pixels_of(tmp_path / "x"), GREY)
