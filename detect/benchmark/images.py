"""The images that are measured on: drawn, looked at, and copied to one flat folder."""

from __future__ import annotations

import random
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from detect.errors import DataError, ReadError
from detect.inputs import Input, collect_inputs
from detect.read import read
from detect.read.plain import is_plain
from detect.write.atomic import naming_output

__all__ = ["Chosen", "choose_images"]


@dataclass(frozen=True, slots=True)
class Chosen:
    """A folder of copies, each image of which every measured system reads."""

    folder: Path
    files: tuple[Path, ...]  # in the folder, by name
    names: tuple[str, ...]  # of the originals, in the same order
    frames: tuple[int, ...]  # radiographs in each
    found: int  # files, before any were drawn
    unreadable: tuple[str, ...]  # messages, one for each drawn file that is no radiograph
    not_plain: tuple[str, ...]  # names of drawn files that a peer would not read, or otherwise

    @property
    def radiographs(self) -> int:
        """How many images there are; each frame counts."""
        return sum(self.frames)

    def some(self, count: int, folder: Path) -> Path:
        """Copy the first `count` images to a folder of their own; return it."""
        folder.mkdir()
        for file in self.files[:count]:
            shutil.copyfile(file, folder / file.name)
        return folder


def choose_images(
    data: Path, limit: int | None, seed: int, folder: Path, *, plain: bool, workers: int
) -> Chosen:
    """Draw images from a folder, check that each can be read, and copy them.

    They are copied, so that all systems read the very same bytes from the same disk, under names
    of the same form, and find them in the memory of the file system.

    Args:
        data: folder of radiographs, or one of them.
        limit: at most so many files are drawn; None: all.
        seed: of the draw.
        folder: to make and copy into.
        plain: only what every tool reads in the same way (see `detect.read.plain`).
        workers: threads that look at the files.

    Raises:
        InputError: there is nothing to read.
        DataError: none of the drawn files can be measured on.
        OutputError: the copies cannot be written.
    """
    files = collect_inputs([str(data)]).files
    drawn = list(files)
    if limit is not None and limit < len(drawn):
        drawn = sorted(random.Random(seed).sample(drawn, limit), key=lambda file: file.name)
    not_plain = [file for file in drawn if plain and not is_plain(file.path)]
    left = [file for file in drawn if file not in set(not_plain)]
    with ThreadPoolExecutor(workers) as pool:
        looked = list(pool.map(_look, left))
    good = [file for file, found in zip(left, looked, strict=True) if isinstance(found, int)]
    unreadable = tuple(found for found in looked if isinstance(found, str))
    if not good:
        why = f"; first: {unreadable[0]}" if unreadable else ""
        needed = "an 8-bit JPEG, PNG, BMP or WebP, which --peer needs" if plain else "readable"
        raise DataError(f"--data {data}: none of {len(drawn)} files drawn is {needed}{why}")
    copies = []
    with naming_output(folder):
        folder.mkdir()
        for number, file in enumerate(good):
            copies.append(folder / f"{number:06}{file.path.suffix.lower()}")
            shutil.copyfile(file.path, copies[-1])
    return Chosen(
        folder,
        tuple(copies),
        tuple(file.name for file in good),
        tuple(found for found in looked if isinstance(found, int)),
        len(files),
        unreadable,
        tuple(file.name for file in not_plain),
    )


def _look(file: Input) -> int | str:
    """Return how many radiographs a file holds, or why it cannot be read."""
    try:
        return sum(1 for _ in read(file.path, file.name))
    except ReadError as error:
        return str(error)
