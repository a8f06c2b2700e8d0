"""Reading `metrics.json` back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from detect.errors import InputError
from detect.evaluate.report import METRICS_NAME, METRICS_SCHEMA_VERSION

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
    try:
        metrics = json.loads(file.read_bytes())
    except OSError as error:
        message = f"{option} {file}: cannot be read ({error.strerror}); {again}"
        raise InputError(message) from error
    except (ValueError, RecursionError) as error:  # ValueError: no UTF-8 or no JSON
        message = f"{option} {file}: is no JSON ({' '.join(str(error).split())}); {again}"
        raise InputError(message) from error
    if not isinstance(metrics, dict) or metrics.get("kind") != "evaluation":
        raise InputError(f"{option} {file}: is no evaluation; {again}")
    found, known = metrics.get("schema_version"), METRICS_SCHEMA_VERSION
    if _parts(found)[:1] != _parts(known)[:1] or _parts(found) < _parts(_OLDEST):
        raise InputError(f"{option} {file}: has schema {found!r}, not {known}; {again}")
    return metrics


def _parts(version: Any) -> tuple[int, ...]:
    """Return 1.2 as (1, 2); what is no version as one older than any."""
    parts = str(version).split(".")
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else (-1,)
