"""How many altered copies of real radiographs are found, and how many pairs are wrongly joined.

The figures in the docstring of `detect.data.near_duplicates` come from here:
`pytest -m "" --log-cli-level INFO tests/data/test_near_duplicates_shared.py`.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from detect.data.fingerprint import Fingerprint, fingerprint
from detect.data.load import load_dataset
from detect.data.near_duplicates import near_duplicates
from detect.errors import ReadError
from detect.read import read

LOGGER = logging.getLogger(__name__)
Pixels = NDArray[np.uint8]
IMAGES = 100

pytestmark = [pytest.mark.shared, pytest.mark.slow]


def resized(pixels: Pixels, factor: float) -> Pixels:
    return cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


def gamma(pixels: Pixels, power: float) -> Pixels:
    return np.rint(255 * (pixels / 255) ** power).astype(np.uint8)


def turned(pixels: Pixels, degrees: float) -> Pixels:
    height, width = pixels.shape
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
    return cv2.warpAffine(pixels, matrix, (width, height))


def cropped(pixels: Pixels, share: float, rng: np.random.Generator) -> Pixels:
    height, width = pixels.shape
    down, right = int(height * share), int(width * share)
    top, left = rng.integers(0, down + 1), rng.integers(0, right + 1)
    return pixels[top : top + height - down, left : left + width - right]


def exported(pixels: Pixels) -> Pixels:
    """Mirrored, turned by 3°, brightened and stretched to a square, as augmenting exports do."""
    square = cv2.resize(gamma(turned(pixels[:, ::-1], 3), 0.85), (416, 416))
    return cv2.imdecode(cv2.imencode(".jpg", square, [cv2.IMWRITE_JPEG_QUALITY, 75])[1], 0)


Alteration = Callable[[Pixels, np.random.Generator], Pixels]

# what is done to a copy, and the least share of copies that is to be found
ALTERATIONS: dict[str, tuple[Alteration, float]] = {
    "JPEG, quality 60": (
        lambda p, _: cv2.imdecode(cv2.imencode(".jpg", p, [cv2.IMWRITE_JPEG_QUALITY, 60])[1], 0),
        0.99,
    ),
    "resized by 0.5": (lambda p, _: resized(p, 0.5), 0.99),
    "resized by 0.8": (lambda p, _: resized(p, 0.8), 0.99),
    "stretched to 640 × 640": (lambda p, _: cv2.resize(p, (640, 640)), 0.99),
    "gamma 0.6": (lambda p, _: gamma(p, 0.6), 0.98),
    "gamma 1.6": (lambda p, _: gamma(p, 1.6), 0.98),
    "noise of 8 levels": (
        lambda p, rng: np.clip(p + rng.normal(0, 8, p.shape), 0, 255).astype(np.uint8),
        0.95,
    ),
    "mirrored": (lambda p, _: p[:, ::-1], 0.99),
    "quarter turn": (lambda p, _: np.rot90(p), 0.99),
    "turned by 2°": (lambda p, _: turned(p, 2), 0.95),
    "turned by 5°": (lambda p, _: turned(p, 5), 0.95),
    "turned by −5°": (lambda p, _: turned(p, -5), 0.95),
    "turned by 10°": (lambda p, _: turned(p, 10), 0.0),  # told as a limit in the docstring
    "cropped by 5 %": (lambda p, rng: cropped(p, 0.05, rng), 0.9),
    "cropped by 10 %": (lambda p, rng: cropped(p, 0.10, rng), 0.75),
    "mirrored, 3°, gamma, square": (lambda p, _: exported(p), 0.93),
}


def test_altered_copies_are_found_and_other_images_are_not(
    shared_dir: Path, tmp_path: Path
) -> None:
    rng = np.random.default_rng(0)
    dataset = load_dataset(shared_dir / "data" / "fracatlas")
    images: list[Path] = []
    prints: list[Fingerprint] = []
    aspects: list[float] = []
    origins: list[int] = []
    found = dict.fromkeys(ALTERATIONS, 0)

    def add(image: Path, pixels: Pixels, origin: int) -> int:
        images.append(image)
        prints.append(fingerprint(pixels))
        aspects.append(pixels.shape[1] / pixels.shape[0])
        origins.append(origin)
        return len(images) - 1

    originals = 0
    for index in rng.permutation(len(dataset.samples)):
        image = dataset.samples[index].image
        try:
            with closing(read(image, image.name)) as frames:
                pixels = next(frames).pixels
        except ReadError:
            continue
        first = add(image, pixels, originals)
        for number, (name, (alter, _)) in enumerate(ALTERATIONS.items()):
            altered = np.ascontiguousarray(alter(pixels, rng))
            file = tmp_path / f"{originals}-{number}.png"
            assert cv2.imwrite(str(file), altered)
            copy = add(file, altered, originals)
            pair = [first, copy]
            sets = near_duplicates(
                [images[i] for i in pair], [prints[i] for i in pair], [aspects[i] for i in pair]
            )
            found[name] += sets == [(0, 1)]
        originals += 1
        if originals == IMAGES:
            break
    for name, number in found.items():
        LOGGER.info("%s: %.1f %%", name, 100 * number / IMAGES)

    joined = near_duplicates(images, prints, aspects)
    mixed = {tuple(sorted({origins[i] for i in one})) for one in joined}
    wrong = [one for one in mixed if len(one) > 1]
    names = [[images[origins.index(i)].name for i in one] for one in wrong]
    LOGGER.info("different originals joined: %s", names)

    for name, (_, least) in ALTERATIONS.items():
        assert found[name] >= least * IMAGES, name
    assert names == []  # no two of these are one exposure
