"""From single runs to medians with their spread, and to ratios within rounds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from detect.benchmark.request import OURS, Mode
from detect.benchmark.rounds import Sample

__all__ = ["overheads", "ratios", "stage_shares", "summaries", "summary"]

_MEASURED = (
    "images_per_second",
    "seconds",
    "wall_seconds",
    "first_result_seconds",
    "cpu_seconds",
    "peak_memory_bytes",
)
# what is compared: the figure, the modes it is taken in, and whether more of it is better
_COMPARED: tuple[tuple[str, tuple[Mode, ...], bool], ...] = (
    ("images_per_second", ("overlays", "results", "command"), True),
    ("first_result_seconds", ("single",), False),
    ("cpu_seconds", ("single",), False),
    ("peak_memory_bytes", ("command",), False),
)


def summary(values: Sequence[float]) -> dict[str, Any]:
    """Return n, median, min, max, and the quartiles q1 and q3 (linear between ranks)."""
    q1, median, q3 = (float(value) for value in np.quantile(values, (0.25, 0.5, 0.75)))
    return {
        "n": len(values),
        "median": median,
        "min": float(min(values)),
        "max": float(max(values)),
        "q1": q1,
        "q3": q3,
    }


def summaries(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """Return {system, mode, and a summary of each figure}, in the order of first occurrence."""
    found = []
    for system, mode in dict.fromkeys((each.system, each.mode) for each in samples):
        runs = [each.measured for each in samples if (each.system, each.mode) == (system, mode)]
        figures = {
            name: summary([run[name] for run in runs])
            for name in _MEASURED
            if all(run.get(name) is not None for run in runs)
        }
        found.append({"system": system, "mode": mode, **figures})
    return sorted(found, key=lambda one: one["system"] != OURS)


def ratios(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """Return how our figures stand to each peer's, round by round, summed up.

    Each is {figure, mode, peer, better: higher or lower, ratio: ours divided by the peer's}.
    """
    peers = [name for name in dict.fromkeys(each.system for each in samples) if name != OURS]
    found = []
    for figure, modes, higher in _COMPARED:
        for mode in modes:
            ours = _by_round(samples, OURS, mode, figure)
            for peer in peers:
                theirs = _by_round(samples, peer, mode, figure)
                pairs = [ours[number] / theirs[number] for number in ours if number in theirs]
                if pairs:
                    found.append(
                        {
                            "figure": figure,
                            "mode": mode,
                            "peer": peer,
                            "better": "higher" if higher else "lower",
                            "ratio": summary(pairs),
                        }
                    )
    return found


def overheads(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """Return by how much longer than the forward pass alone an image takes us, by mode.

    Each is {mode, overhead}: 0.1 is ten percent longer. The rounds' ratios are summed up.
    """
    forward = _by_round(samples, OURS, "forward", "images_per_second")
    found = []
    for mode in ("results", "overlays"):
        rates = _by_round(samples, OURS, mode, "images_per_second")
        pairs = [forward[number] / rates[number] - 1 for number in rates if number in forward]
        if pairs:
            found.append({"mode": mode, "overhead": summary(pairs)})
    return found


def stage_shares(samples: Sequence[Sample]) -> dict[str, Any]:
    """Return by stage its share of the threads' time, and what is left: waiting.

    The whole is seconds of the run x threads that work on images, and the time of `write`, which
    another thread does. `wait` is what no stage accounts for: for work, for another thread, for
    Python's lock between stages. A stage's own seconds hold what it waits for a processor;
    `cpu_share` is the part of the whole in which its thread ran. (Threads that a runtime starts
    itself do the forward pass for the one that waits for them there.)

    Returns:
        {stage: {share, cpu_share: summaries over rounds}}, `wait` with `share` alone; empty
        where stages were not timed.
    """
    runs = [each.measured for each in samples if each.mode == "stages"]
    if not runs:
        return {}
    shares: dict[str, Any] = {name: {"share": [], "cpu_share": []} for name in runs[0]["stages"]}
    waits = []
    for run in runs:
        stages = run["stages"]
        capacity = run["seconds"] * run["threads"] + stages["write"]["seconds"]
        spent = sum(one["seconds"] for one in stages.values())
        whole = max(capacity, spent)
        for name, one in stages.items():
            shares[name]["share"].append(one["seconds"] / whole)
            shares[name]["cpu_share"].append(one["cpu_seconds"] / whole)
        waits.append(1 - spent / whole)
    return {
        **{
            name: {kind: summary(values) for kind, values in one.items()}
            for name, one in shares.items()
        },
        "wait": {"share": summary(waits)},
    }


def _by_round(samples: Sequence[Sample], system: str, mode: Mode, figure: str) -> dict[int, float]:
    return {
        each.round: each.measured[figure]
        for each in samples
        if (each.system, each.mode) == (system, mode) and each.measured.get(figure) is not None
    }
