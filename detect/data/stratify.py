"""Shares out units among splits so that every split gets its share of every label.

Iterative stratification of Sechidis et al., "On the Stratification of Multi-Label Data", ECML
PKDD 2011, doi 10.1007/978-3-642-23808-6_10, with units of several images in place of single ones:
the rarest label first, of its units the largest first, each to the split that lacks most of that
label. Units as large as patients leave gaps, so afterwards single units move, and pairs of them
change places, as long as all labels together come nearer to their shares.

scikit-learn's `StratifiedGroupKFold` keeps groups together as well, but for one label and folds
of equal size; iterative-stratification and scikit-multilearn know no groups.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

__all__ = ["Label", "share_out"]

Label = tuple[str, ...]

_MOST_ROUNDS = 50  # each brings the labels nearer; real sets settle after fewer than ten
_PAIRS = 60_000  # that a round looks at: all for hundreds of units, near ones for thousands
_LACKING = 1e9  # more than any deviation: a split without a needed label comes first
_NOISE = 1e-9  # a gain smaller than this may be rounding, and could be undone for ever


def share_out(
    units: Sequence[Mapping[Label, int]],
    ratios: Sequence[float],
    needed: Collection[Label] = (),
) -> list[int]:
    """Assign each unit to a split.

    The result depends on the order of the units and on nothing else: no random numbers are
    drawn, and the arithmetic is the same on every machine.

    Args:
        units: of each, how many images carry a label; labels of 0 images may be missing; at
            least one label of each is carried.
        ratios: share of each split, > 0, sum 1.
        needed: at most two labels that no split is without, wherever there are units enough.

    Returns:
        For each unit the index of its split.
    """
    shares = _Shares(units, ratios, needed)
    shares.settle()
    if shares.lacks():
        shares = _Shares(units, ratios, needed)
        for index, split in _witnesses(units, ratios, needed):
            shares.put(index, split)
        shares.settle()
    return shares.place


def _witnesses(
    units: Sequence[Mapping[Label, int]], ratios: Sequence[float], needed: Collection[Label]
) -> Iterator[tuple[int, int]]:
    """Yield (unit, split) so that every split has each needed label where that can be.

    A split is served by one unit with both labels or by two with one each; the smallest are
    taken, and the smaller splits get the smaller of them. If they are too few, the larger
    splits come first.
    """

    def size(indices: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
        return sum(sum(units[index].values()) for index in indices), indices

    carriers = [{i for i, unit in enumerate(units) if unit.get(label)} for label in needed]
    carriers = [having for having in carriers if having]
    complete = set.intersection(*carriers) if carriers else set()
    alone = [sorted(((i,) for i in having - complete), key=size) for having in carriers]
    together = [sum(some, ()) for some in zip(*alone, strict=False)]
    serving = sorted([*together, *((index,) for index in complete)], key=size)[: len(ratios)]
    by_share = sorted(range(len(ratios)), key=lambda split: ratios[split])
    for split, indices in zip(by_share[len(ratios) - len(serving) :], serving, strict=True):
        for index in indices:
            yield index, split


class _Shares:
    """Who has what: the units' places, and how many images of each label each split holds."""

    def __init__(
        self,
        units: Sequence[Mapping[Label, int]],
        ratios: Sequence[float],
        needed: Collection[Label],
    ) -> None:
        self._units = [{label: n for label, n in sorted(unit.items()) if n} for unit in units]
        self._splits = range(len(ratios))
        labels = sorted({label for unit in self._units for label in unit})
        totals = {label: sum(unit.get(label, 0) for unit in self._units) for label in labels}
        self._due = {label: [r * totals[label] for r in ratios] for label in labels}
        self._held = {label: [0] * len(ratios) for label in labels}
        self._needed = frozenset(needed)
        self._left = totals
        self.place = [-1] * len(units)

    def settle(self) -> None:
        """Place every unit, then move and exchange them until nothing is gained."""
        self._fill()
        for _ in range(_MOST_ROUNDS):
            if not self._move_units() and not self._exchange_pairs():
                break

    def lacks(self) -> bool:
        """Tell whether a split is without a needed label that there is."""
        held = [self._held[label] for label in self._needed if label in self._held]
        return not all(map(all, held))

    def _fill(self) -> None:
        """Place every unit, as in the paper."""
        sizes = [sum(unit.values()) for unit in self._units]
        carriers: dict[Label, list[int]] = {label: [] for label in self._due}
        for index in sorted(range(len(sizes)), key=lambda index: -sizes[index]):
            for label in self._units[index]:
                carriers[label].append(index)
        for label, indices in carriers.items():
            indices.sort(key=lambda index: -self._units[index][label])
        while any(self._left.values()):
            rarest = min(
                (label for label, left in self._left.items() if left),
                key=lambda label: (self._left[label], label),
            )
            for index in carriers[rarest]:
                if self.place[index] < 0:
                    self.put(index, self._neediest(rarest, index))

    def _neediest(self, label: Label, index: int) -> int:
        def lack(split: int) -> tuple[float, float]:
            missing = self._due[label][split] - self._held[label][split]
            return missing, -self._change(index, None, split)

        return max(self._splits, key=lack)  # the first of equals

    def _move_units(self) -> bool:
        """Move each unit to where it serves best; tell whether any has moved."""
        moved = False
        for index, here in enumerate(self.place):
            gains = [(self._change(index, here, split), split) for split in self._splits]
            change, best = min(gains)
            if change < -_NOISE:
                self.put(index, best)
                moved = True
        return moved

    def _exchange_pairs(self) -> bool:
        """Exchange units of two splits where that serves; tell whether any were exchanged."""
        exchanged = False
        for one, other in self._pairs():
            here, there = self.place[one], self.place[other]
            if here == there:
                continue
            change = self._change(one, here, there)
            self.put(one, there)
            if change + self._change(other, there, here) < -_NOISE:
                self.put(other, here)
                exchanged = True
            else:
                self.put(one, here)
        return exchanged

    def _pairs(self) -> Iterator[tuple[int, int]]:
        number = len(self.place)
        reach = _PAIRS // max(number, 1)
        for one in range(number):
            for other in range(one + 1, min(number, one + 1 + reach)):
                yield one, other

    def put(self, index: int, split: int) -> None:
        """Place a unit, wherever it was before."""
        before = self.place[index]
        for label, number in self._units[index].items():
            held = self._held[label]
            if before >= 0:
                held[before] -= number
            else:
                self._left[label] -= number
            held[split] += number
        self.place[index] = split

    def _change(self, index: int, before: int | None, after: int) -> float:
        """Return how the sum of squared deviations, each over what is due, would change."""
        if before == after:
            return 0.0
        change = 0.0
        for label, number in self._units[index].items():
            steps = [(after, number)] if before is None else [(before, -number), (after, number)]
            for split, step in steps:
                held, due = self._held[label][split], self._due[label][split]
                change += step * (2 * (held - due) + step) / due
                if label in self._needed:
                    change += _LACKING * ((held + step == 0) - (held == 0))
        return change
