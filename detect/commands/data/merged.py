"""What the commands that look at datasets have in common: which, in which form, and as one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from detect.data.sample import Dataset

__all__ = ["Datasets", "FormName", "merged"]

Datasets = Annotated[
    list[Path], typer.Argument(metavar="DATA...", help="Datasets, looked at as one.")
]
FormName = Annotated[
    str, typer.Option("--form", help="Of the datasets; auto tells it from what lies there.")
]


def merged(paths: Sequence[Path], form: str, *, show_progress: bool) -> Dataset:
    """Read datasets as one that keeps every class of box; labels as training would see them.

    Raises:
        DataError: one is missing, malformed or of no known form, or they do not go together.
    """
    from detect.data.box_labels import labelled_by_boxes
    from detect.data.load import load_dataset, merge_datasets
    from detect.data.sources.options import ImportOptions

    options = ImportOptions(show_progress=show_progress)
    return merge_datasets([labelled_by_boxes(load_dataset(path, form, options)) for path in paths])
