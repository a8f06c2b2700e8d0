"""Records and box sets that the evaluation tests share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from detect.record import Box, Failure, Finding, ModelInfo, Reading, Source, Verdict

BoxSet = tuple[list[NDArray[np.float64]], list[NDArray[np.float64]], list[NDArray[np.float64]]]


@pytest.fixture
def box_set() -> Callable[..., BoxSet]:
    """Make (truths, boxes, scores): about a third of the images fractured, boxes near and far."""

    def make(seed: int, n: int = 60, *, distinct: bool = True) -> BoxSet:
        generator = np.random.default_rng(seed)
        truths, boxes, scores = [], [], []
        for _ in range(n):
            corner = generator.uniform(0, 150, (generator.integers(1, 4), 2))
            size = generator.uniform(15, 60, corner.shape)
            truth = np.concatenate([corner, corner + size], axis=1)
            truth = truth[: len(truth) if generator.random() < 0.35 else 0]
            near = np.repeat(truth, 2, axis=0)
            # at most 7 px each way, so that even a box of 15 px keeps a positive size
            near = near + np.clip(generator.normal(0, 6, near.shape), -7, 7)
            corner = generator.uniform(0, 150, (generator.poisson(1.5), 2))
            far = np.concatenate([corner, corner + 30], axis=1)
            box = np.concatenate([near, far])
            score = generator.random(len(box)) * np.repeat([1.0, 0.7], [len(near), len(far)])
            truths.append(truth)
            boxes.append(box)
            scores.append(score if distinct else np.round(score, 1))
        return truths, boxes, scores

    return make


@pytest.fixture
def reading() -> Callable[..., Reading]:
    """Make a reading of one image; boxes are (x1, y1, x2, y2, score)."""

    def make(
        path: str,
        probability: float,
        boxes: tuple[tuple[float, ...], ...] = (),
        *,
        evidence: tuple[float, ...] | None = None,
        size: tuple[int, int] = (373, 454),
    ) -> Reading:
        findings = [
            Finding(f"F{number}", "fracture", "none", box[4], Box(*box[:4]))
            for number, box in enumerate(sorted(boxes, key=lambda box: -box[4]), start=1)
        ]
        if evidence:
            outline = Finding("E1", "fracture", "suspicious", 0.0, Box(*evidence), "evidence")
            findings.append(outline)
        return Reading(
            Source(path, "0" * 64, *size),
            Verdict("fractured", "definite", probability, "balanced", 0.5),
            tuple(findings),
            ModelInfo("model", "1", "0" * 64),
        )

    return make


@pytest.fixture
def failure() -> Callable[..., Failure]:
    """Make a failure of one image."""

    def make(path: str, reason: str = "truncated") -> Failure:
        return Failure(Source(path, "0" * 64), reason, f"{path}: ends early")

    return make
