"""The folders of a dataset."""

from __future__ import annotations

import os
from pathlib import Path

from detect.errors import DataError

__all__ = ["list_folders"]


def list_folders(folder: Path) -> list[Path]:
    """Return the folders directly in `folder`, by name, but for hidden ones and macOS' litter.

    A link to a folder counts as one. Files are not touched, so that very many cost little.

    Raises:
        DataError: the folder cannot be listed.
    """
    try:
        with os.scandir(folder) as entries:
            # Path.is_dir: a link that leads to itself is none, rather than an error
            names = [e.name for e in entries if (Path(e) if e.is_symlink() else e).is_dir()]
    except OSError as error:
        raise DataError(f"{folder}: cannot be listed ({error.strerror}); check it") from error
    return sorted(folder / name for name in names if not name.startswith((".", "__MACOSX")))
