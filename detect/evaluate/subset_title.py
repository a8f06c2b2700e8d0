"""Names of subsets as people read them; in `metrics.json` they stay as programs look them up."""

from __future__ import annotations

import re

from detect.data.check_text import printable

__all__ = ["MARK", "marked", "subset_title"]

MARK = "†"  # beside whatever rests on too few images, in table, page and plots
_TITLES = {
    "all": "all images",
    "without_hardware": "without hardware",
    "one_image_size": "one image size",
}
_SIDES = re.compile(r"long_side_(\d+)_to_(\d+)")
_LONGEST_SIDES = re.compile(r"long_side_from_(\d+)")


def subset_title(name: str) -> str:
    """Return the words for the name of a subset: `body_part=hand` becomes "body part: hand".

    Args:
        name: a key of `subsets` of `metrics.json`; attributes and values come from the user's
            data, so what cannot be printed is escaped.
    """
    if name in _TITLES:
        return _TITLES[name]
    if sides := _SIDES.fullmatch(name):
        low, high = sides.groups()
        return f"longer side up to {high} px" if low == "0" else f"longer side {low}–{high} px"
    if sides := _LONGEST_SIDES.fullmatch(name):
        return f"longer side from {sides[1]} px"
    attribute, sign, value = name.partition("=")
    words = " ".join(attribute.replace("_", " ").split()) or attribute
    if not sign:
        return printable(words)
    return printable(f"{words}: {value or 'empty'}")


def marked(title: str, *, too_few: bool) -> str:
    """Return a title with the mark behind it where images are too few."""
    return f"{title} {MARK}" if too_few else title
