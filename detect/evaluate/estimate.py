"""A measured figure with its interval, or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["CONFIDENCE_LEVEL", "Estimate", "proportion"]

CONFIDENCE_LEVEL = 0.95  # of every interval in this package


@dataclass(frozen=True, slots=True)
class Estimate:
    """One figure. An undefined value or interval is None and says why; it is never NaN."""

    value: float | None
    interval: tuple[float, float] | None = None  # at CONFIDENCE_LEVEL
    method: str | None = None  # how the interval was made
    reason: str | None = None  # why `value` or `interval` is None

    def bounded_by(self, other: Estimate) -> Estimate:
        """Return this value with the other's interval, or the other's reason for none.

        An undefined value stays so, with its own reason.
        """
        if self.value is None:
            return self
        return Estimate(self.value, other.interval, other.method, other.reason)

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types: value, interval [low, high], method, reason."""
        return {
            "value": self.value,
            "interval": None if self.interval is None else list(self.interval),
            "method": self.method,
            "reason": self.reason,
        }


def proportion(successes: int, trials: int, nothing: str) -> Estimate:
    """Return successes / trials with its Wilson score interval.

    Wilson, "Probable inference, the law of succession, and statistical inference",
    JASA 1927; recommended over the Wald interval by Brown, Cai & DasGupta,
    Statistical Science 2001. No continuity correction.

    Args:
        successes: count, 0..trials.
        trials: count; with 0 the proportion is undefined.
        nothing: the reason to give where `trials` is 0.
    """
    from scipy.stats import binomtest

    if trials == 0:
        return Estimate(None, reason=nothing)
    interval = binomtest(successes, trials).proportion_ci(CONFIDENCE_LEVEL, method="wilson")
    # The bound is exactly 0 or 1 at the ends; rounding may leave it 1e-17 outside.
    low = 0.0 if successes == 0 else float(interval.low)
    high = 1.0 if successes == trials else float(interval.high)
    return Estimate(successes / trials, (low, high), "Wilson")
