"""How a dataset was split: counts and shares to judge it by, and lines for a terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from detect.data.sample import SPLITS

__all__ = ["LabelCount", "SplitSummary", "split_lines"]


@dataclass(frozen=True, slots=True)
class LabelCount:
    """How the images (or groups) of one kind are shared out."""

    name: str  # such as `images`, `groups`, `fractured`, `region hand, fractured`
    counts: tuple[int, ...]  # one for each of SPLITS

    @property
    def total(self) -> int:
        """All of that kind."""
        return sum(self.counts)

    def shares(self) -> tuple[float, ...]:
        """Return each split's share in [0, 1]; 0 where there are none of that kind."""
        return tuple(count / self.total if self.total else 0.0 for count in self.counts)

    def deviation(self, ratios: Sequence[float]) -> float:
        """Return how far the share furthest from its ratio is from it, in [0, 1]."""
        if not self.total:
            return 0.0
        return max(abs(s - ratio) for s, ratio in zip(self.shares(), ratios, strict=True))


@dataclass(frozen=True, slots=True)
class SplitSummary:
    """What `split_dataset` did."""

    ratios: tuple[float, ...]  # one for each of SPLITS, sum 1
    seed: int
    stratified: tuple[str, ...]  # attributes, beside label and boxes
    units: int  # sets of images that nothing may part: patients, and copies
    kinds: tuple[LabelCount, ...]  # `images` first
    notes: tuple[str, ...]  # what the user should know, a line each

    def kind(self, name: str) -> LabelCount:
        """Return the counts of one kind.

        Raises:
            KeyError: there is no such kind.
        """
        for kind in self.kinds:
            if kind.name == name:
                return kind
        raise KeyError(name)


def split_lines(summary: SplitSummary) -> Iterator[str]:
    """Yield a table of what each split got and how far that is from the ratios, then the notes."""
    width = max(len(kind.name) for kind in summary.kinds) + 2
    cells = "".join(name.rjust(16) for name in SPLITS)
    yield f"{'':{width}}{'all':>8}{cells}{'off by':>9}"
    asked = "".join(f"{ratio:16.1%}" for ratio in summary.ratios)
    yield f"{'asked for':{width}}{'':8}{asked}"
    for kind in summary.kinds:
        if not kind.total:
            continue
        cells = "".join(
            f"{count:8d} {share:7.1%}"
            for count, share in zip(kind.counts, kind.shares(), strict=True)
        )
        yield f"{kind.name:{width}}{kind.total:8d}{cells}{kind.deviation(summary.ratios):9.1%}"
    images, fractured = summary.kind("images"), summary.kind("fractured")
    cells = "".join(
        f"{some / number:16.1%}" if number else f"{'–':>16}"
        for some, number in zip(fractured.counts, images.counts, strict=True)
    )
    yield f"{'fractured of these':{width}}{fractured.total / max(images.total, 1):8.1%}{cells}"
    yield from (f"note: {note}" for note in summary.notes)
