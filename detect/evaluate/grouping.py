"""The unit of the bootstrap: what is drawn together, since its images are not independent."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import replace

from detect.data.load import ORIGIN
from detect.data.sample import Sample
from detect.errors import InputError

__all__ = ["GROUP", "IMAGE", "grouped_samples", "require_unit"]

LOGGER = logging.getLogger(__name__)
GROUP, IMAGE = "group", "image"


def require_unit(samples: Sequence[Sample], unit: str | None) -> None:
    """Refuse a unit that no image has.

    Args:
        samples, unit: as for `grouped_samples`.

    Raises:
        InputError: no image has such a group or attribute; the line lists what there is.
    """
    if unit is None or unit == IMAGE or any(_value(sample, unit) for sample in samples):
        return
    grouped = [GROUP] if any(sample.group is not None for sample in samples) else []
    attributes = sorted({name for sample in samples for name in sample.attributes})
    message = f"--grouped-by {unit}: no image of this split has one"
    raise InputError(f"{message}; choose from {', '.join([*grouped, IMAGE, *attributes])}")


def grouped_samples(samples: Sequence[Sample], unit: str | None) -> tuple[tuple[Sample, ...], str]:
    """Return the samples with the groups that the bootstrap shall draw, and what they are.

    Args:
        samples: as the dataset has them.
        unit: `group`, the dataset's own; `image`, each image alone; or an attribute. An image
            without it is a group of its own. None: the groups, where there are any.

    Raises:
        InputError: as `require_unit`.
    """
    require_unit(samples, unit)
    if unit is None:
        grouped = any(sample.group is not None for sample in samples)
        return tuple(samples), GROUP if grouped else IMAGE
    if unit == IMAGE:
        return tuple(replace(sample, group=None) for sample in samples), unit
    values = [_value(sample, unit) for sample in samples]
    if None in values:
        LOGGER.warning(
            "--grouped-by %s: %d of %d images have none; each of them is a group of its own",
            *(unit, values.count(None), len(values)),
        )
    return tuple(
        replace(sample, group=value) for sample, value in zip(samples, values, strict=True)
    ), unit


def _value(sample: Sample, unit: str) -> str | None:
    """Return the group, or an attribute; of merged sets with the set's name, as groups have it."""
    if unit == GROUP:
        return sample.group
    value = sample.attributes.get(unit)
    if not value:
        return None
    if unit == ORIGIN or ORIGIN not in sample.attributes:
        return value
    return f"{sample.attributes[ORIGIN]}/{value}"
