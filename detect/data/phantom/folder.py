"""The folder that phantoms are written into: an empty one, or one that they came to before."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from detect.data.canonical import DATASET_FILE, TABLE_FILE, recognise
from detect.data.sources.files import read_table, read_yaml
from detect.errors import DataError, InputError
from detect.write.atomic import naming_output

__all__ = ["ORIGIN", "claim_folder", "remove_files"]

ORIGIN = "synthetic radiographs rendered by Fracture Locator; no patient"


def claim_folder(out: Path, *, overwrite: bool) -> frozenset[Path]:
    """Refuse a folder that holds anything but phantoms, or these without `overwrite`.

    Returns:
        the pictures of the phantoms that lie there, for `remove_files` once new ones do.

    Raises:
        InputError: the folder is refused.
    """
    if not out.is_dir() or not any(out.iterdir()):
        return frozenset()
    if not _is_ours(out):
        raise InputError(f"{out}: holds other files; choose an empty or new folder")
    if not overwrite:
        raise InputError(f"{out}: holds phantoms already; --overwrite replaces them")
    root = out.resolve()
    pictures = (
        (root / row["image"]).resolve() for _, row in read_table(root / TABLE_FILE, ["image"])
    )
    return frozenset(path for path in pictures if path.is_relative_to(root))


def _is_ours(out: Path) -> bool:
    try:
        return recognise(out) and read_yaml(out / DATASET_FILE).get("origin") == ORIGIN
    except DataError:
        return False  # whatever it is, no phantom was written so


def remove_files(paths: Iterable[Path]) -> None:
    """Remove files that are there.

    Raises:
        OutputError: one cannot be removed.
    """
    for path in paths:
        with naming_output(path):
            path.unlink(missing_ok=True)
