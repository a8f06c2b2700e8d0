"""A negative is read as the radiograph that it is of, and the reader is told."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from detect.data.phantom.render import render_phantom
from detect.model.bundle import load_bundle
from detect.model.coherence import compose_reading
from detect.model.polarity import INVERTED_WARNING
from detect.model.predictor import build_predictor
from detect.read.radiograph import Radiograph
from detect.record import Source


def test_a_negative_reads_as_its_radiograph_with_a_warning() -> None:
    bundle = load_bundle("fracture-n")
    predictor = build_predictor(bundle)
    pixels = render_phantom(2, fractured=True, size=(300, 220)).pixels
    grey = np.rint(pixels / pixels.max() * 255).astype(np.uint8)
    right = Radiograph(grey, Source("a.png", "0" * 64, 220, 300))
    wrong = replace(right, pixels=255 - grey)
    readings = [
        compose_reading(each.source, predictor(each), bundle, "balanced", min_score=0.01)
        for each in (right, wrong)
    ]
    told = [reading.warnings.count(INVERTED_WARNING) for reading in readings]
    assert told == [0, 1]
    first, second = (reading.to_json() for reading in readings)
    assert [f["certainty"] for f in second["findings"]].count("definite") == 0
    for each in (first, second):  # but for how sure it is, which a guess about the greys limits
        each["verdict"].pop("certainty")
        each["findings"] = [finding | {"certainty": ""} for finding in each["findings"]]
    assert second["findings"] == first["findings"]
    assert second["verdict"] == first["verdict"]
    assert [reading.verdict.certainty for reading in readings][1] == "doubtful"

    from_dicom = replace(wrong, source=replace(wrong.source, sop_instance_uid="1.2.3"))
    taken = predictor(from_dicom)
    assert taken.warnings == ()
    assert taken.probability != pytest.approx(first["verdict"]["probability"], abs=1e-6)
