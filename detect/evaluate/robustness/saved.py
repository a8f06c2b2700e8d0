"""Reading `robustness.json` back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from detect.errors import InputError
from detect.evaluate.robustness.measure import FIGURES
from detect.evaluate.robustness.run import ROBUSTNESS_NAME, SCHEMA_VERSION
from detect.evaluate.saved_json import read_saved

__all__ = ["read_robustness"]


def read_robustness(option: str, path: Path) -> dict[str, Any]:
    """Return the content of a `robustness.json`.

    Args:
        option: under which the user gave the path, for messages.
        path: the file, or the folder that `robustness --out` wrote it into.

    Raises:
        InputError: there is none, it is none, or its schema is not this program's.
    """
    file = path / ROBUSTNESS_NAME if path.is_dir() else path
    again = "measure again with `python cli.py robustness`"
    found = read_saved(option, file, "robustness", "holds no figures of robustness", again)
    version = str(found.get("schema_version"))
    if version.split(".")[0] != SCHEMA_VERSION.split(".")[0]:
        raise InputError(f"{option} {file}: has schema {version!r}, not {SCHEMA_VERSION}; {again}")
    try:
        whole = all({*one["figures"]} >= {*FIGURES} for one in found["conditions"])
        whole = whole and isinstance(found["model"]["sha256"], str)
    except (KeyError, TypeError) as error:
        raise InputError(f"{option} {file}: is not whole ({error}); {again}") from error
    if not whole:
        raise InputError(f"{option} {file}: lacks some figures; {again}")
    return found
