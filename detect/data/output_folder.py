"""Where a command that looks at a dataset may write."""

from __future__ import annotations

import os
from pathlib import Path

from detect.data.sample import Dataset
from detect.errors import InputError

__all__ = ["claim_output"]


def claim_output(out: Path, marker: str, dataset: Dataset, *, overwrite: bool) -> None:
    """Refuse to drop earlier results without being told to, or to write among the images.

    Args:
        out: the folder; need not exist.
        marker: name of the file by which earlier results are known.
        dataset: whose folders of images stay as they are, since a picture that is written
            there would count as one of them the next time.
        overwrite: replace earlier results.

    Raises:
        InputError: one of both would happen, or `out` is no folder.
    """
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out}: is a file; name a folder")
    place = Path(os.path.realpath(out))  # a link that leads to itself is for the writer to tell
    if any(place.is_relative_to(folder) for folder in {s.image.parent for s in dataset.samples}):
        message = f"--out {out}: holds images of {dataset.name}, or lies below some"
        raise InputError(f"{message}; choose a folder outside the dataset")
    if (out / marker).exists() and not overwrite:
        message = f"--out {out}: holds {marker} already; choose another, or --overwrite"
        raise InputError(message)
