"""Reading `metrics.json` back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from detect.errors import InputError
from detect.evaluate.report import METRICS_NAME, METRICS_SCHEMA_VERSION
from detect.evaluate.saved_json import read_saved

__all__ = ["read_metrics"]

_OLDEST = "1.2"  # later minor versions only add to it


def read_metrics(option: str, path: Path) -> dict[str, Any]:
    """Return the content of a `metrics.json`, as `detect.evaluate.report` states it.

    Args:
        option: under which the user gave the path, for messages.
        path: the file, or the folder that `evaluate --out` wrote it into.

    Raises:
        InputError: there is none, it is no evaluation, or its schema is not this program's.
    """
    file = path / METRICS_NAME if path.is_dir() else path
    again = "measure again with `python cli.py evaluate`"
    metrics = read_saved(option, file, "evaluation", "is no evaluation", again)
    found, known = metrics.get("schema_version"), METRICS_SCHEMA_VERSION
    if _parts(found)[:1] != _parts(known)[:1] or _parts(found) < _parts(_OLDEST):
        raise InputError(f"{option} {file}: has schema {found!r}, not {known}; {again}")
    return metrics


def _parts(version: Any) -> tuple[int, ...]:
    """Return 1.2 as (1, 2); what is no version as one older than any."""
    parts = str(version).split(".")
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else (-1,)
