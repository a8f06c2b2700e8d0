"""Does something that is known of an image tell its label? Shortcuts that a model would learn.

The rule: among images that share a value, fractures are at least 1.3 times as frequent (or as
rare) as among the others, and Fisher's exact test gives p < 0.001. So a chance difference is
reported once in a thousand values, and a difference too small to matter never.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from scipy.stats import fisher_exact

__all__ = ["Association", "associations"]

SIGNIFICANCE = 0.001
LEAST_RATIO = 1.3
LEAST_IMAGES = 10  # labelled, with the value and without


@dataclass(frozen=True, slots=True)
class Association:
    """A value whose images are fractured more, or less, often than the others."""

    value: str
    fractured: int  # of `images`
    images: int  # labelled ones with the value
    other_fractured: int  # of `others`
    others: int  # labelled ones with another value, or none
    p: float  # of Fisher's exact test, two-sided

    @property
    def share(self) -> float:
        """Share of fractures among images with the value."""
        return self.fractured / self.images

    @property
    def other_share(self) -> float:
        """Share of fractures among the others."""
        return self.other_fractured / self.others

    def words(self) -> str:
        """Return the counts in words, for a person."""
        shown = f"{self.value}: {self.fractured} of {self.images} fractured"
        shown += f" ({self.share:.0%}), other images {self.other_fractured} of {self.others}"
        return f"{shown} ({self.other_share:.0%})"


def associations(values: Sequence[str | None], labels: Sequence[bool | None]) -> list[Association]:
    """Return the values that tell the label, the most telling first.

    Of two values that share out all images between them, the one with more fractures is told.

    Args:
        values: one per image; None: it has none, and counts among the others.
        labels: fractured, one per image; where None, the image does not count.
    """
    pairs = Counter(
        (value, label) for value, label in zip(values, labels, strict=True) if label is not None
    )
    fractured_in_all = sum(number for (_, label), number in pairs.items() if label)
    total = sum(pairs.values())
    found = []
    named = list(dict.fromkeys(value for value, _ in pairs))
    for value in named:
        if value is None:
            continue
        fractured = pairs[value, True]
        images = fractured + pairs[value, False]
        other, others = fractured_in_all - fractured, total - images
        if min(images, others) < LEAST_IMAGES:
            continue
        rate, other_rate = fractured / images, other / others
        if max(rate, other_rate) < LEAST_RATIO * min(rate, other_rate) or rate == other_rate:
            continue
        if len(named) == 2 and rate < other_rate and None not in named:
            continue
        table = [[fractured, images - fractured], [other, others - other]]
        p = float(fisher_exact(table).pvalue)
        if p < SIGNIFICANCE:
            found.append(Association(value, fractured, images, other, others, p))
    return sorted(found, key=lambda one: one.p)
