"""Images that are copies of one another, and so belong in one split."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from detect.data.sample import Sample
from detect.errors import DataError

__all__ = ["exact_copies"]


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
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        try:
            images = [sample.image for sample in samples]
            for image, digest in zip(images, pool.map(_digest, images), strict=True):
                by_hash[digest].append(image)
                if on_image is not None:
                    on_image()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C, end at once
    return [tuple(same) for same in by_hash.values() if len(same) > 1]


def _digest(image: Path) -> str:
    try:
        with image.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        message = f"{image}: cannot be opened ({error.strerror}); check the file"
        raise DataError(message) from error
