"""Parts of an evaluation set in which a shortcut would show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from detect.evaluate.cases import Case

__all__ = [
    "Subset",
    "attribute_subsets",
    "image_size_subsets",
    "one_image_size",
    "without_hardware",
]

HARDWARE = "hardware"
MOST_VALUES = 20  # of an attribute; one with more (an age, a count) makes no subsets
LONG_SIDES = (512, 1024, 2048)  # pixels, from which on a next class of image sizes begins
NO = frozenset({"", "0", "0.0", "false", "no", "none"})


@dataclass(frozen=True, slots=True, eq=False)
class Subset:
    """Some of the cases, by a rule stated in words."""

    name: str
    definition: str
    cases: tuple[Case, ...]
    reason: str | None = None  # why there are none; None where there are some


def without_hardware(cases: Sequence[Case]) -> Subset:
    """Return the cases not marked as showing plates, screws and such.

    Nearly all images with hardware are of fractured bones, so a model that finds hardware
    looks good. Any value but a "no" names some: plate, cast. Where no case carries the attribute,
    the subset is empty.
    """
    definition = f'attribute "{HARDWARE}" is empty or one of {", ".join(sorted(NO - {""}))}'
    marked = [case for case in cases if HARDWARE in case.truth.attributes]
    kept = tuple(case for case in marked if case.truth.attributes[HARDWARE].strip().lower() in NO)
    if not marked:
        return Subset("without_hardware", definition, (), f'no image has attribute "{HARDWARE}"')
    reason = None if kept else "every image shows hardware"
    return Subset("without_hardware", definition, kept, reason)


def one_image_size(cases: Sequence[Case]) -> Subset:
    """Return the cases of the most frequent width and height (of equals, the smallest).

    Within one size the size tells nothing. Failed cases of unknown size are left out.
    """
    sizes = Counter(case.size for case in cases if case.size is not None)
    if not sizes:
        definition = "images of the most frequent width and height"
        return Subset("one_image_size", definition, (), "no image of known size")
    size = min(sizes, key=lambda key: (-sizes[key], key))
    definition = f"images of {size[0]}×{size[1]} pixels, the most frequent size"
    return Subset("one_image_size", definition, tuple(c for c in cases if c.size == size))


def image_size_subsets(cases: Sequence[Case]) -> tuple[Subset, ...]:
    """Return one subset per class of image sizes that occurs, by the longer side, ascending.

    Classes begin at 0 and at each of `LONG_SIDES`. Failed cases of unknown size are left out.
    """
    found = []
    for low, end in zip((0, *LONG_SIDES), (*LONG_SIDES, None), strict=True):
        inside = tuple(
            case
            for case in cases
            if case.size is not None
            and low <= max(case.size)
            and (end is None or max(case.size) < end)
        )
        if inside and end is None:
            words = f"images whose longer side has {low} pixels or more"
            found.append(Subset(f"long_side_from_{low}", words, inside))
        elif inside and end is not None:
            words = f"images whose longer side has {low} to {end - 1} pixels"
            found.append(Subset(f"long_side_{low}_to_{end - 1}", words, inside))
    return tuple(found)


def attribute_subsets(
    cases: Sequence[Case], attribute: str, *, restates: bool = False
) -> tuple[Subset, ...]:
    """Return one subset per value of the attribute, in the order of the values.

    Where no case carries it, it has more than `MOST_VALUES` values, or it `restates` the label,
    one empty subset says so.
    """
    values = sorted(
        {c.truth.attributes[attribute] for c in cases if attribute in c.truth.attributes}
    )
    if restates or not 0 < len(values) <= MOST_VALUES:
        definition = f'attribute "{attribute}" is known'
        reason = f'no image has attribute "{attribute}"'
        if restates:
            reason = f'attribute "{attribute}" only says again which images are fractured'
        elif values:
            reason = f'attribute "{attribute}" has {len(values)} values, above {MOST_VALUES}'
        return (Subset(attribute, definition, (), reason),)
    return tuple(
        Subset(
            f"{attribute}={value}",
            f'attribute "{attribute}" is "{value}"',
            tuple(case for case in cases if case.truth.attributes.get(attribute) == value),
        )
        for value in values
    )
