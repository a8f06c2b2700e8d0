"""What a model card says of intervals that do not know of groups."""

from __future__ import annotations

__all__ = ["as_independent"]


def as_independent(methods: str, units: str = "images") -> str:
    """Return a line to stand under a table.

    Args:
        methods: which figures have their intervals by what.
        units: what these methods take as independent.
    """
    return (
        f"Intervals: {methods}; they take {units} as independent,\nso they are too narrow where "
        f"{units} share a patient or study.\n"
    )
