"""Names of attributes that any table can hold as a column."""

from __future__ import annotations

__all__ = ["attribute_name"]

# the columns of the canonical table itself, and what merging adds
_TAKEN = frozenset({"image", "split", "group", "fractured", "boxes", "conflict", "dataset"})


def attribute_name(stated: str, kind: str) -> str:
    """Return the name under which an attribute is kept.

    Args:
        stated: as a file calls it.
        kind: what the file is, put before a name that already means something else.

    Example: `attribute_name("split", "coco")` gives `"coco_split"`.
    """
    name = " ".join(stated.split())
    return f"{kind}_{name}" if name in _TAKEN else name
