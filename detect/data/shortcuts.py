"""What tells the label beside the fracture: attributes, file types, sizes and shapes of images."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median

from detect.data.associations import associations
from detect.data.check_report import Balance, Problem, ProblemKind
from detect.data.sample import Sample

__all__ = ["FEW_VALUES", "label_balance", "restates_label", "shortcuts", "traits_with_values"]

FEW_VALUES = 20  # an attribute with more, such as an id, is no class of images
_RARE = 0.01  # share of images: sizes that are rarer are taken together
_FACTOR = 2.0  # by which an area differs from the median to count as small or large

Values = list[str | None]  # one per image; None: not known


def traits_with_values(
    samples: Sequence[Sample], sizes: Sequence[tuple[int, int] | None]
) -> list[tuple[ProblemKind, str, str, Values]]:
    """Return what could tell the label: kind of problem, stable key, title, value per image.

    Args:
        samples: of a dataset.
        sizes: width and height of each image; None: it could not be read.
    """
    traits: list[tuple[ProblemKind, str, str, Values]] = []
    names = sorted({name for sample in samples for name in sample.attributes})
    for name in names:
        values: Values = [sample.attributes.get(name) for sample in samples]
        if len({*values} - {None}) <= FEW_VALUES:
            traits.append(("attribute_label", name, name, values))
    suffixes: Values = [sample.image.suffix.lower().removeprefix(".") or None for sample in samples]
    if len({*suffixes}) > 1:
        traits.append(("attribute_label", "file_type", "file type", suffixes))
    traits += [
        ("size_label", "image_size", "image size", _exact(sizes)),
        ("size_label", "image_area", "image area", _areas(sizes)),
        ("size_label", "image_shape", "image shape", _shapes(sizes)),
    ]
    return traits


def shortcuts(samples: Sequence[Sample], sizes: Sequence[tuple[int, int] | None]) -> list[Problem]:
    """Find what tells the label; a problem for each attribute or view of the size.

    Args:
        samples: of a dataset; their labels count.
        sizes: as for `traits_with_values`.
    """
    problems = []
    for kind, _, title, values in traits_with_values(samples, sizes):
        labels = [
            # an image that cannot be read has no size, and is on neither side
            None if value is None and kind == "size_label" else sample.fractured
            for sample, value in zip(samples, values, strict=True)
        ]
        found = associations(values, labels)
        if found:
            told = {one.value for one in found}
            images = tuple(s.image for s, v in zip(samples, values, strict=True) if v in told)
            line = f"{title} tells the label: {'; '.join(one.words() for one in found[:5])}"
            line += "; …" if len(found) > 5 else ""
            if kind == "attribute_label" and _leaves_no_doubt(values, labels):
                line += "; no image is left in doubt: harmless only if it describes the fracture"
            problems.append(Problem(kind, images, line))
    return problems


def restates_label(values: Values, labels: Sequence[bool | None]) -> bool:
    """Tell whether an attribute says the label again, as a count or a kind of fractures does.

    So it does where it tells the label by the rule of `associations`, and each of its values has
    images of one label alone: in a few images that may be chance, and is not told.

    Args:
        values: of the attribute, one per image; None: it has none.
        labels: fractured, one per image; where None, the image does not count.
    """
    return bool(associations(values, labels)) and _leaves_no_doubt(values, labels)


def _leaves_no_doubt(values: Values, labels: Sequence[bool | None]) -> bool:
    """Tell whether each value has images of one label alone, as a count of fractures does."""
    seen = {pair for pair in zip(values, labels, strict=True) if pair[1] is not None}
    return len(seen) == len({value for value, _ in seen})


def label_balance(
    name: str, title: str, values: Sequence[str | None], labels: Sequence[bool | None]
) -> Balance:
    """Return how labels spread over values, the most frequent value first, unknown ones last."""
    counts = Counter(zip(values, labels, strict=True))
    totals = Counter(values)
    rows = []
    for value, total in sorted(
        totals.items(), key=lambda item: (item[0] is None, -item[1], item[0])
    ):
        yes, no = counts[value, True], counts[value, False]
        share = yes / (yes + no) if yes + no else None
        rows.append((value or "unknown", total, yes, no, total - yes - no, share))
    header = (title, "images", "fractured", "not fractured", "unlabelled", "share fractured")
    return Balance(name, f"{title.capitalize()} and label", header, tuple(rows))


def _exact(sizes: Sequence[tuple[int, int] | None]) -> Values:
    counts = Counter(sizes)
    least = _RARE * len(sizes)
    shown: dict[tuple[int, int] | None, str | None] = {
        size: f"{size[0]} × {size[1]}" if counts[size] >= least else "rare sizes"
        for size in counts
        if size is not None
    }
    shown[None] = None
    return [shown[size] for size in sizes]


def _areas(sizes: Sequence[tuple[int, int] | None]) -> Values:
    areas = [size and size[0] * size[1] for size in sizes]
    known = [area for area in areas if area]
    usual = median(known) if known else 0

    def named(area: int | None) -> str | None:
        if area is None:
            return None
        if area > _FACTOR * usual:
            return f"large (over {_FACTOR:g} times the median area)"
        return f"small (under 1/{_FACTOR:g} of it)" if area * _FACTOR < usual else "usual"

    return [named(area) for area in areas]


def _shapes(sizes: Sequence[tuple[int, int] | None]) -> Values:
    names = {-1: "upright", 0: "square", 1: "wide"}
    return [size and names[(size[0] > size[1]) - (size[0] < size[1])] for size in sizes]
