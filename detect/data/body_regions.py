"""Which body regions an image's attributes say that it shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from detect.data.sample import Sample

__all__ = ["regions_of", "shows_region"]

_REGION = "region"  # the attribute that readers of every form call so
_SEVERAL = frozenset({"", "mixed", "other", "unknown"})  # values that name no region
_SAYS = {"yes": True, "no": False}


def regions_of(samples: Iterable[Sample]) -> tuple[str, ...]:
    """Return the regions that images are said to show, sorted."""
    named = {sample.attributes.get(_REGION, "") for sample in samples}
    return tuple(sorted(named - _SEVERAL))


def shows_region(attributes: Mapping[str, str], region: str) -> bool | None:
    """Tell whether an image shows `region`; None where its attributes do not say.

    An attribute of the region's own name, yes or no, goes before `region`, which of an image of
    several names none or one.
    """
    own = _SAYS.get(attributes.get(region, ""))
    if own is not None:
        return own
    named = attributes.get(_REGION, "")
    return None if named in _SEVERAL else named == region
