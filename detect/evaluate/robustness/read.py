"""A bundle's cases under one condition: each image altered in memory, then read as ever."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from detect.data.sample import Sample
from detect.evaluate.cases import Case, Truth, pair_cases
from detect.evaluate.matching import Boxes
from detect.evaluate.readings import read_each
from detect.evaluate.robustness.conditions import Condition, alter
from detect.model.bundle import Bundle
from detect.model.coherence import compose_reading
from detect.model.postprocess import MIN_SCORE
from detect.model.predictor import Predictor
from detect.read import Radiograph
from detect.record import Box, Reading

__all__ = ["AlteredCases", "read_altered"]


@dataclass(frozen=True, slots=True, eq=False)
class AlteredCases:
    """What was read of a set of images under a condition.

    Attributes:
        cases: one per truth, in order; boxes are in pixels of the altered image.
        holds: paths of the images of which the truth still holds: those that lost no fracture
            from view. An image that failed is among them.
        warned: how many readings carry a warning.
    """

    cases: tuple[Case, ...]
    holds: frozenset[str]
    warned: int


def read_altered(
    samples: Sequence[Sample],
    truths: Sequence[Truth],
    condition: Condition,
    predictor: Predictor,
    bundle: Bundle,
    *,
    workers: int,
    show_progress: bool,
) -> AlteredCases:
    """Return the cases of all samples under a condition, their boxes carried along.

    A fractured image whose boxes nobody drew may lose its fracture unseen where pixels are cut
    away, so there its truth is taken not to hold.

    Args:
        samples: images.
        truths: of them, in their order; paths are those that `read_each` gives.
        condition: how to alter them.
        predictor: of `bundle`, for `workers` threads.
        bundle: its default operating point makes the verdicts.
        workers, show_progress: as for `read_each`.
    """
    by_image = dict(zip((sample.image.as_posix() for sample in samples), truths, strict=True))
    moved: dict[str, Truth | None] = {}  # None: the truth holds no longer
    point = bundle.manifest.default_operating_point

    def work(radiograph: Radiograph) -> Reading:
        name = radiograph.source.path
        truth = by_image[name]
        altered = alter(condition, radiograph.pixels, _array(truth), radiograph.source.sha256)
        height, width = altered.pixels.shape
        source = replace(radiograph.source, path=truth.path, width=width, height=height)
        inside = altered.boxes_in_view()
        kept = bool(truth.boxes) or not truth.fractured or not condition.cuts
        moved[truth.path] = _moved(truth, inside) if inside is not None and kept else None
        prediction = predictor(Radiograph(altered.pixels, source))
        return compose_reading(source, prediction, bundle, point, min_score=MIN_SCORE)

    records = read_each(
        samples, work, workers=workers, show_progress=show_progress, task=condition.name
    )
    named = [
        record
        if isinstance(record, Reading)
        else replace(record, source=replace(record.source, path=truth.path))
        for record, truth in zip(records, truths, strict=True)
    ]
    now = [moved.get(truth.path, truth) for truth in truths]
    return AlteredCases(
        pair_cases([new or old for new, old in zip(now, truths, strict=True)], named),
        frozenset(truth.path for truth in now if truth is not None),
        sum(isinstance(record, Reading) and bool(record.warnings) for record in records),
    )


def _array(truth: Truth) -> Boxes:
    rows = [(box.x1, box.y1, box.x2, box.y2) for box in truth.boxes or ()]
    return np.array(rows, dtype=np.float64).reshape(-1, 4)


def _moved(truth: Truth, boxes: Boxes) -> Truth:
    if truth.boxes is None:
        return truth
    return replace(truth, boxes=tuple(Box(*map(float, box)) for box in boxes))
