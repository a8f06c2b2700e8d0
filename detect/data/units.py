"""Which images of a dataset must never be parted: patients, and copies of one picture."""

from __future__ import annotations

import os
import unicodedata
from collections.abc import Collection, Hashable, Iterable, Sequence
from pathlib import Path

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
    parents = list(range(len(samples)))

    def root_of(index: int) -> int:
        while parents[index] != index:
            parents[index] = parents[parents[index]]
            index = parents[index]
        return index

    first: dict[Hashable, int] = {}
    by_image: dict[Path, int] = {}
    for index, sample in enumerate(samples):
        # an image that two sources name is one image
        parents[root_of(index)] = root_of(by_image.setdefault(sample.image, index))
        if sample.group is not None:
            parents[root_of(index)] = root_of(first.setdefault(sample.group, index))
    for tie in ties:
        tied = [by_image[image] for image in tie if image in by_image]
        for index in tied[1:]:
            parents[root_of(index)] = root_of(tied[0])
    units: dict[int, list[int]] = {}
    for index in range(len(samples)):
        units.setdefault(root_of(index), []).append(index)
    return [tuple(unit) for unit in units.values()]


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
