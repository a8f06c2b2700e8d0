"""What a report says of a whole run, gathered a record at a time."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from detect.draw.banner import percent
from detect.record import Failure, ModelInfo, Reading, Verdict
from detect.write.wording import OPERATING_POINT_MEANINGS, shown

__all__ = ["RunCounts"]


@dataclass(slots=True)
class RunCounts:
    """Numbers of records, and the bundles and operating points that made them."""

    fractured: int = 0
    not_fractured: int = 0
    doubtful: int = 0  # of either verdict
    failures: int = 0
    warned: int = 0  # images with warnings
    models: Counter[ModelInfo] = field(default_factory=Counter)
    points: Counter[tuple[str, float]] = field(default_factory=Counter)  # name, threshold

    @property
    def read(self) -> int:
        """Images read."""
        return self.fractured + self.not_fractured

    def add(self, record: Reading | Failure) -> None:
        """Count one record."""
        if isinstance(record, Failure):
            self.failures += 1
            return
        verdict: Verdict = record.verdict
        self.fractured += verdict.label == "fractured"
        self.not_fractured += verdict.label == "not_fractured"
        self.doubtful += verdict.certainty == "doubtful"
        self.warned += bool(record.warnings)
        self.models[record.model] += 1
        self.points[verdict.operating_point, verdict.threshold] += 1

    def operating_points(self) -> list[str]:
        """Return a sentence for each operating point in use, which is one as a rule."""
        sentences = []
        for name, threshold in self.points:
            meaning = OPERATING_POINT_MEANINGS.get(name, "")
            sentences.append(
                f"{shown(name)}: called fractured from a probability of {percent(threshold)} on"
                + (f"; {meaning}" if meaning else "")
            )
        return sentences
