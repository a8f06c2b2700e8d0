"""Packages beyond the base install: told in one line where they are missing."""

from __future__ import annotations

from importlib.util import find_spec

from detect.errors import InputError

__all__ = ["need_extra"]


def need_extra(extra: str, *modules: str) -> None:
    """Refuse to start without all packages of an extra.

    Raises:
        InputError: some are missing; the line says how to install them.
    """
    missing = [name for name in modules if find_spec(name) is None]
    if missing:
        raise InputError(
            f"{', '.join(missing)}: not installed; run: "
            f'python -m pip install -e ".[{extra}]" -c configs/constraints.txt'
        )
