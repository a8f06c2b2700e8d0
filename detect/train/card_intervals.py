"""What a model card says of intervals that do not know of groups."""

from __future__ import annotations

__all__ = ["as_independent"]


def as_independent(methods: str, units: str = "images", grouped: str = "") -> str:
    """Return a paragraph to stand under a table.

    Args:
        methods: which figures have their intervals by a method that knows of no groups, and by
            which.
        units: what these methods take as independent.
        grouped: which figures beside them have theirs by bootstrap of groups.
    """
    other = f"; those of {grouped}\nare by bootstrap of groups, and do not" if grouped else ""
    return (
        f"Intervals: {methods}. These take {units} as independent,\nso they are too narrow where "
        f"{units} share a patient or study{other}.\n"
    )
