"""What people call the splits of a dataset, in folder names, file names and tables."""

from __future__ import annotations

import re
from pathlib import PurePath

__all__ = ["split_in_path", "split_in_stem", "split_named"]

_SPLITS = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}


def split_named(name: str) -> str | None:
    """Return the split (one of `sample.SPLITS`) that `name` is a word for, in any case."""
    return _SPLITS.get(name.strip().casefold())


def split_in_stem(stem: str) -> str | None:
    """Return the split that a file name has a word of, as in `train_labels` or `labels-test`.

    Digits part words: `instances_train2017` is train. Two splits, as in `train_val`, are none.
    """
    named = {split_named(word) for word in re.split(r"[\W\d_]+", stem)} - {None}
    return named.pop() if len(named) == 1 else None


def split_in_path(path: PurePath) -> str | None:
    """Return the split that the innermost folder named after one on the way to a file says."""
    return next(filter(None, (split_named(part) for part in reversed(path.parts[:-1]))), None)
