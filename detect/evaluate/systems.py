"""What is evaluated: a bundle, anybody's ultralytics detector, or results saved before.

Each becomes a `System`, and everything after asks a system for its records alone. In
`metrics.json` a system is told of beside its `model`:

    system                    name (unique among those compared), recipe (the NAME that seeds of
                              one recipe were given, or null), kind (bundle, ultralytics or
                              results), verdict (in words: where its probability comes from), of
                              a bundle mirror (whether it read each image mirrored, too), of
                              bundle and results runtime and precision (of
                              `detect.model.runtimes`), and by kind what `peer` and
                              `saved_results` beside this add
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from detect.data.sample import Sample
from detect.evaluate.readings import Readings, read_each
from detect.model.bundle import Bundle
from detect.model.calibration import Calibration
from detect.model.coherence import compose_reading
from detect.model.mirrored import Predict, mirrored
from detect.model.postprocess import MIN_SCORE
from detect.model.predictor import build_predictor
from detect.model.runtimes import RuntimeName, choose_runtime, precision_of
from detect.read import Radiograph
from detect.record import ModelInfo, Reading

__all__ = ["System", "SystemKind", "bundle_system", "read_with_bundle"]

SystemKind = Literal["bundle", "ultralytics", "results"]
_RAW = Calibration(0.0, 1.0, 0.0)  # the image logit as it is


@dataclass(frozen=True, slots=True)
class System:
    """Something that reads radiographs, ready to be measured.

    Attributes:
        name: unique among those compared.
        kind: what it is.
        model: name, version and sha256 of what reads.
        operating_points: name to threshold on the probability.
        read: from samples and the folder that holds all their images to records; those are of
            every box, down to a score that carries no information.
        about: what the report says of it besides, as plain JSON types.
        recipe: what several seeds have in common; None: it stands alone.
    """

    name: str
    kind: SystemKind
    model: ModelInfo
    operating_points: Mapping[str, float]
    read: Callable[[Sequence[Sample], Path | None], Readings]
    about: Mapping[str, Any] = field(default_factory=dict)
    recipe: str | None = None


def bundle_system(
    bundle: Bundle,
    *,
    runtime: RuntimeName = "auto",
    workers: int = 1,
    show_progress: bool = False,
    name: str | None = None,
    recipe: str | None = None,
    mirror: bool = False,
) -> System:
    """Return a bundle as a system; it is loaded into the runtime when it reads.

    Args:
        bundle: the model.
        runtime: what computes it.
        workers: threads.
        show_progress: draw a bar on stderr.
        name, recipe: of the system; the bundle's name, if none is given.
        mirror: whether it reads each image mirrored, too.

    Raises:
        InputError: there is no card for the runtime.
    """
    chosen = choose_runtime(runtime)

    def read(samples: Sequence[Sample], folder: Path | None) -> Readings:
        predictor: Predict = build_predictor(bundle, chosen, workers)
        if mirror:
            predictor = mirrored(predictor, bundle.calibration)
        return read_with_bundle(samples, predictor, bundle, workers, show_progress, folder)

    return System(
        name=name or bundle.manifest.name,
        kind="bundle",
        model=bundle.info,
        operating_points={
            key: point.threshold for key, point in bundle.manifest.operating_points.items()
        },
        read=read,
        about={
            "verdict": "of the bundle, as calibrated when it was made"
            + (", of each image and its mirror image" if mirror else ""),
            "mirror": mirror,
            "runtime": chosen,
            "precision": precision_of(chosen),
        },
        recipe=recipe,
    )


def read_with_bundle(
    samples: Sequence[Sample],
    predictor: Predict,
    bundle: Bundle,
    workers: int,
    show_progress: bool,
    folder: Path | None = None,
) -> Readings:
    """Return one record per sample, in order, each with every box.

    What the bundle said before calibration is the logistic of its image logit.

    Args:
        samples: images.
        predictor: of `bundle`, for `workers` threads.
        bundle: its default operating point makes the verdicts.
        workers, show_progress, folder: as for `read_each`.
    """
    point = bundle.manifest.default_operating_point
    uncalibrated: dict[str, float] = {}

    def work(radiograph: Radiograph) -> Reading:
        prediction = predictor(radiograph)
        reading = compose_reading(radiograph.source, prediction, bundle, point, min_score=MIN_SCORE)
        logit = np.array([prediction.image_logit])
        uncalibrated[reading.source.path] = float(_RAW.probabilities(logit, np.zeros(1))[0])
        return reading

    records = read_each(samples, work, workers=workers, show_progress=show_progress, folder=folder)
    return Readings(records, uncalibrated)
