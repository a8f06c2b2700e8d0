"""Which images of a dataset must never be parted: patients, and copies of one picture."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path

from scipy.cluster.hierarchy import DisjointSet

from detect.data.sample import Sample

__all__ = ["common_names", "units_of"]


def units_of(
    samples: Sequence[Sample], ties: Iterable[Collection[Path]] = ()
) -> list[tuple[int, ...]]:
    """Return the smallest sets of samples that no group and no tie reaches out of.

    Args:
        samples: of one dataset; a sample without a group is bound by ties alone.
        ties: sets of images that belong together; a path of no sample counts for nothing.

    Returns:
        Indices into `samples`, ascending, each in exactly one unit; units by their first index.
    """
    joined = DisjointSet(range(len(samples)))
    by_group: dict[str, int] = {}
    by_image: dict[Path, int] = {}
    for index, sample in enumerate(samples):
        joined.merge(index, by_image.setdefault(sample.image, index))  # two sources may name one
        if sample.group is not None:
            joined.merge(index, by_group.setdefault(sample.group, index))
    for tie in ties:
        tied = [by_image[image] for image in tie if image in by_image]
        for index in tied[1:]:
            joined.merge(tied[0], index)
    return sorted(tuple(sorted(unit)) for unit in joined.subsets())


def common_names(images: Sequence[Path]) -> list[str]:
    """Name each image by its path below the deepest folder that holds them all.

    So the names stay when the dataset is moved, copied, or written in another form. Separators
    are slashes, and composed characters are one code point, as not every file system has them.

    Args:
        images: absolute paths.
    """
    if not images:
        return []
    top = Path(os.path.commonpath([image.parent for image in images]))
    return [unicodedata.normalize("NFC", path.relative_to(top).as_posix()) for path in images]
