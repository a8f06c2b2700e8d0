"""Reading back a JSON file that a command of this program wrote."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from detect.errors import InputError

__all__ = ["read_saved"]


def read_saved(option: str, file: Path, kind: str, otherwise: str, again: str) -> dict[str, Any]:
    """Return the content of a file that says of itself what kind it is.

    Args:
        option: under which the user gave the path, for messages.
        file: to read.
        kind: what its `kind` must be.
        otherwise: what to say of a file of another kind.
        again: the way out.

    Raises:
        InputError: there is none, or it is of another kind.
    """
    try:
        found = json.loads(file.read_bytes())
    except OSError as error:
        message = f"{option} {file}: cannot be read ({error.strerror}); {again}"
        raise InputError(message) from error
    except (ValueError, RecursionError) as error:  # ValueError: no UTF-8 or no JSON
        message = f"{option} {file}: is no JSON ({' '.join(str(error).split())}); {again}"
        raise InputError(message) from error
    if not isinstance(found, dict) or found.get("kind") != kind:
        raise InputError(f"{option} {file}: {otherwise}; {again}")
    return found
