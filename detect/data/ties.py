"""Images that are copies of one another, and so belong in one split."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from detect.cores import cores_allowed
from detect.data.sample import Sample
from detect.errors import DataError

__all__ = ["exact_copies", "near_copies"]


def exact_copies(
    samples: Sequence[Sample], *, on_image: Callable[[], object] | None = None
) -> list[tuple[Path, ...]]:
    """Return the sets of images whose files have the same bytes; nothing is decoded.

    Args:
        samples: of one dataset.
        on_image: called after each image, for a progress bar.

    Raises:
        DataError: an image cannot be opened.
    """
    by_hash: dict[str, list[Path]] = defaultdict(list)
    with ThreadPoolExecutor(cores_allowed()) as pool:
        try:
            images = [sample.image for sample in samples]
            for image, digest in zip(images, pool.map(_digest, images), strict=True):
                by_hash[digest].append(image)
                if on_image is not None:
                    on_image()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C, end at once
    return [tuple(same) for same in by_hash.values() if len(same) > 1]


def near_copies(
    samples: Sequence[Sample], *, on_image: Callable[[], object] | None = None
) -> list[tuple[Path, ...]]:
    """Return the sets of images that show the same exposure in files that differ.

    Every image is decoded; one that cannot be is in no set.

    Args:
        samples: of one dataset.
        on_image: called after each image is decoded, for a progress bar.

    Raises:
        ReadError: an image that could be read can no longer be.
    """
    # the thorough check's own eyes, so that what is split here passes it
    from detect.data.look import look_at_all
    from detect.data.near_problems import alike_samples

    looks = look_at_all(samples, thorough=True, on_image=on_image)
    sets = alike_samples(samples, looks)
    return [tuple(sample.image for sample in alike) for alike in sets]


def _digest(image: Path) -> str:
    try:
        with image.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        message = f"{image}: cannot be opened ({error.strerror}); check the file"
        raise DataError(message) from error
