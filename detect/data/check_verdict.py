"""The sentences that a check ends in: is the dataset fit to train and to measure with?"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path

from detect.data.check_guide import Severity, severity_of
from detect.data.check_report import FullReport, count
from detect.data.sample import SPLITS

__all__ = ["Verdict", "verdict_of"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """How bad the worst of it is, and what that means."""

    severity: Severity | None  # None: nothing was found
    leaking_splits: tuple[str, ...]  # in the order of SPLITS
    headline: str  # a sentence
    advice: str  # what it means and what to do

    @property
    def text(self) -> str:
        """Headline and advice."""
        return f"{self.headline} {self.advice}"


def verdict_of(report: FullReport) -> Verdict:
    """Sum a report up."""
    kinds = {problem.kind for problem in report.problems}
    severities = [severity_of(kind) for kind in kinds]
    if report.leaks:
        splits = _leaking_splits(report)
        headline = f"{count(len(splits), 'split')} leak{'s' * (len(splits) == 1)}"
        headline += f": {', '.join(splits)}."
        advice = "Figures on val or test would come out too good. The dataset that --fix writes"
        advice += " is free of leaks; so are new splits, made with data split."
        return Verdict("leak", splits, headline, advice)
    in_splits = any(sample.split for sample in report.dataset.samples)
    headline = "No split leaks." if in_splits else "No image is in a split yet."
    found = [
        f"{number} kind{'s' * (number != 1)} of {severity}"
        for severity in ("error", "caution")
        if (number := severities.count(severity))
    ]
    advice = f"{' and '.join(found)} found." if found else "Nothing else was found."
    worst: Severity | None = "error" if "error" in severities else "caution" if kinds else None
    return Verdict(worst, (), headline, advice)


def _leaking_splits(report: FullReport) -> tuple[str, ...]:
    """Return the splits that the images of leaks lie in."""
    places: dict[Path, set[str]] = defaultdict(set)
    for sample in report.dataset.samples:
        if sample.split is not None:
            places[sample.image].add(sample.split)
    images = {image for problem in report.leaks for image in problem.images}
    leaking = {split for image in images for split in places[image]}
    return tuple(split for split in SPLITS if split in leaking)
