"""The same exposure under several files: encoded again, resized, brightened, mirrored, cropped.

All pairs of perceptual hashes are compared (`fingerprint`), by matrix products in blocks, so that
memory stays bounded; pairs that are close are registered and compared in detail
(`same_exposure`). Whether two images pass does not depend on what else is in the dataset.

Measured on 200 radiographs of FracAtlas and 16 altered copies of each; found are

    100 %         JPEG of quality 60; resized by 0.5 and 0.8; stretched to a square; gamma 0.6
                  and 1.6; mirrored; turned by 90°
    99.5 %        noise of 8 grey levels of 255
    97 … 98 %     turned by 2°, 5°, −5°
    95 %          mirrored, turned by 3°, gamma 0.85, 416 × 416, JPEG of quality 75, at once
    93.5 %, 79 %  cut by 5 %, 10 % in width and height, anywhere
    6 %           turned by 10°: beyond what is looked for, as are masks and insets

Among these 3,400 images, one pair of originals was joined with each other, and is the same
exposure. In the 3,300 different files of the set, 73 sets are found. All were looked at side by
side: none holds two patients; most are one picture in another encoding, the others one exposure
processed twice, or takes of one patient that hardly moved between. To measure it again: `pytest
-m "" --log-cli-level INFO tests/data/test_near_duplicates_shared.py`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.hierarchy import DisjointSet

from detect.cores import cores_allowed
from detect.data.fingerprint import BITS, PROBES, RIGHT_ANGLES, Fingerprint, probe
from detect.data.same_exposure import STEPS, Step, flattened, similarity
from detect.read import read

__all__ = ["close_pairs", "near_duplicates"]

CLOSE = 60  # of 256 bits: pairs that differ in no more are registered
_BLOCK = 2048  # images: a block of distances takes 16 MiB
_ROOM = 2 * _BLOCK * 32 * 32  # pixels of each step that are kept: those of two blocks' thumbnails
_BATCH = 1024  # pairs; what the batches before have joined is not compared any more

Pair = tuple[int, int, int]  # first, second, probe of the second


def near_duplicates(
    images: Sequence[Path],
    fingerprints: Sequence[Fingerprint],
    aspects: Sequence[float],
    *,
    workers: int | None = None,
) -> list[tuple[int, ...]]:
    """Return the sets of images that show the same exposure.

    Args:
        images: distinct files, which are read again where hashes are close.
        fingerprints: of each.
        aspects: width by height of each.
        workers: threads; None: one per core. The result does not depend on it.

    Returns:
        indices into `images`, ascending; sets of two or more, in the order of their first.

    Raises:
        ReadError: an image can no longer be read.
    """
    same = _comparison(images, fingerprints, aspects)
    joined = DisjointSet(range(len(images)))
    with ThreadPoolExecutor(workers or cores_allowed()) as pool:
        try:
            for pairs in close_pairs(fingerprints):
                for start in range(0, len(pairs), _BATCH):
                    batch = pairs[start : start + _BATCH]
                    batch = [pair for pair in batch if not joined.connected(*pair[:2])]
                    for pair, agrees in zip(batch, pool.map(same, batch), strict=True):
                        if agrees:
                            joined.merge(*pair[:2])
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C, end at once
    return sorted(tuple(sorted(one)) for one in joined.subsets() if len(one) > 1)


def _comparison(
    images: Sequence[Path], fingerprints: Sequence[Fingerprint], aspects: Sequence[float]
) -> Callable[[Pair], bool]:
    """Return what compares a pair in all steps, and keeps what it has made of each image."""

    def picture(index: int, step: Step) -> NDArray[np.float32]:
        if not step.detailed:
            return flattened(fingerprints[index].small, step)
        image = images[index]
        with closing(read(image, image.name)) as frames:  # type: ignore[type-var]
            return flattened(next(frames).pixels, step)

    kept = {step: lru_cache(_ROOM // step.side**2)(partial(picture, step=step)) for step in STEPS}

    def same(pair: Pair) -> bool:
        first, second, number = pair
        found = probe(number, aspects[second])
        for step, made in kept.items():
            score, found = similarity(made(first), made(second), found, step.iterations)
            if score < step.least:
                return False
        return True

    return same


def close_pairs(fingerprints: Sequence[Fingerprint], close: int = CLOSE) -> Iterator[list[Pair]]:
    """Yield pairs of pictures whose hashes are close, and the probe that shows it.

    Args:
        fingerprints: of each picture.
        close: bits that may differ.

    Yields:
        the pairs of one block, each once, the closest first.
    """
    starts = range(0, len(fingerprints), _BLOCK)
    hashes = np.array([one.hashes for one in fingerprints])
    for top in starts:
        first = hashes[top : top + _BLOCK]
        for left in starts[top // _BLOCK :]:
            second = hashes[left : left + _BLOCK]
            near = _Nearest(len(first), len(second), 2 * close)
            for number in range(PROBES):
                near.add(_signs(first[:, 0]) @ _signs(second[:, number]).T, number)
                # by right angles, each turn is undone by another; tilts and crops lose corners,
                # so that the other way may be closer
                if number >= RIGHT_ANGLES:
                    near.add(_signs(first[:, number]) @ _signs(second[:, 0]).T, -number)
            rows, columns, numbers = near.found(top == left)
            yield [
                (top + i, left + j, number) if number >= 0 else (left + j, top + i, -number)
                for i, j, number in zip(rows, columns, numbers, strict=True)
            ]


def _signs(packed: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Unpack hashes as −1 and 1: a product of two is BITS less twice the bits that differ."""
    return np.unpackbits(packed, axis=1).astype(np.float32) * 2 - 1


class _Nearest:
    """For each pair of one block, the probe by which it is closest."""

    def __init__(self, rows: int, columns: int, differ: int) -> None:
        self._columns = columns
        self._least = BITS - differ - 0.5  # products are whole numbers
        self._best = np.full(rows * columns, self._least, np.float32)
        self._probe = np.zeros(rows * columns, np.int8)

    def add(self, products: NDArray[np.float32], number: int) -> None:
        flat = products.ravel()
        hits = np.flatnonzero(flat > self._least)
        hits = hits[flat[hits] > self._best[hits]]
        self._best[hits] = flat[hits]
        self._probe[hits] = number

    def found(self, same: bool) -> tuple[list[int], list[int], list[int]]:
        """Return rows, columns and probes; of a block with itself, one half."""
        hits = np.flatnonzero(self._best > self._least)
        rows, columns = np.divmod(hits, self._columns)
        if same:
            half = rows < columns
            hits, rows, columns = hits[half], rows[half], columns[half]
        order = np.argsort(-self._best[hits], kind="stable")
        numbers = self._probe[hits]
        return rows[order].tolist(), columns[order].tolist(), numbers[order].tolist()
