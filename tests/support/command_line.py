"""How a command of the command line ended, for tests that run it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

__all__ = ["Call", "Ended"]


class Ended(NamedTuple):
    """Exit code, and what was printed."""

    code: int
    out: str
    err: str


Call = Callable[..., Ended]
