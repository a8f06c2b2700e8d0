"""Put the images of a dataset into its own folder, so that it can move as one."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path, PurePosixPath

from detect.cores import cores_allowed
from detect.data.sample import Dataset, Sample
from detect.errors import DataError
from detect.write.atomic import replacing_bytes

__all__ = ["copy_images"]


def copy_images(
    dataset: Dataset, folder: Path, *, on_image: Callable[[], object] | None = None
) -> Dataset:
    """Copy every image below `folder` and return the dataset that names the copies.

    An image keeps its path relative to the dataset's root; of one that lies elsewhere the name
    alone is kept. Names that meet are numbered, in the dataset's order. Bytes are unchanged.

    Args:
        dataset: as a source returns it; images are absolute paths.
        folder: created where it is missing; absolute.
        on_image: called after each image, for a progress bar.

    Raises:
        DataError: an image cannot be opened.
        OutputError: a copy cannot be written.
    """
    samples = []
    with ThreadPoolExecutor(cores_allowed()) as pool:
        try:
            for sample in pool.map(_copied, dataset.samples, _places(dataset, folder)):
                samples.append(sample)
                if on_image is not None:
                    on_image()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)  # after Ctrl-C, end at once
    return replace(dataset, samples=tuple(samples))


def _places(dataset: Dataset, folder: Path) -> Iterator[Path]:
    taken: set[str] = set()
    for sample in dataset.samples:
        inside = sample.image.is_relative_to(dataset.root)
        name = sample.image.relative_to(dataset.root).as_posix() if inside else sample.image.name
        stem, suffix = PurePosixPath(name).with_suffix(""), PurePosixPath(name).suffix
        number = 1
        while name.casefold() in taken:  # as file systems that do not tell cases apart would
            number += 1
            name = f"{stem}-{number}{suffix}"
        taken.add(name.casefold())
        yield folder / name


def _copied(sample: Sample, place: Path) -> Sample:
    try:
        source = sample.image.open("rb")
    except OSError as error:
        message = f"{sample.image}: cannot be copied ({error.strerror}); check the file"
        raise DataError(message) from error
    with source, replacing_bytes(place) as copy:
        shutil.copyfileobj(source, copy, 1 << 20)
    return replace(sample, image=place)
