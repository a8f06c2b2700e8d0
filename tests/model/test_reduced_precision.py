"""Runtimes that compute in fewer bits: asked for by name, close to float32, and told apart."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from detect import DEFAULT_BUNDLE
from detect.errors import BundleError, InputError
from detect.model.bundle import load_bundle
from detect.model.coherence import compose_reading
from detect.model.predictor import build_predictor
from detect.model.runtimes import RuntimeName
from detect.read import read
from detect.record import Reading

DEMO = Path(__file__).resolve().parents[2] / "datasets" / "demo"


def _readings(runtime: RuntimeName) -> list[Reading]:
    bundle = load_bundle(DEFAULT_BUNDLE)
    predictor = build_predictor(bundle, runtime)
    found = []
    for path in sorted(DEMO.rglob("*.png")):
        (radiograph,) = read(path, path.name)
        point = bundle.manifest.default_operating_point
        found.append(compose_reading(radiograph.source, predictor(radiograph), bundle, point))
    return found


@pytest.mark.parametrize(("runtime", "within"), [("openvino-bf16", 0.05), ("openvino-int8", 0.15)])
def test_it_reads_the_demo_as_float32_does_but_not_bit_for_bit(
    runtime: RuntimeName, within: float
) -> None:
    try:
        reduced = _readings(runtime)
    except InputError as error:  # which the test below holds to its words
        pytest.skip(str(error))
    exact = _readings("openvino")
    assert len(exact) == 6  # and two DICOM files
    for one, other in zip(exact, reduced, strict=True):
        assert one.verdict.label == other.verdict.label
        assert one.verdict.probability == pytest.approx(other.verdict.probability, abs=within)
    assert [one.verdict.probability for one in exact] != [
        other.verdict.probability for other in reduced
    ]


def test_a_processor_without_bfloat16_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    import openvino

    def none(*_: Any) -> list[str]:
        return ["FP32", "INT8"]

    monkeypatch.setattr(openvino.Core, "get_property", none)
    with pytest.raises(InputError, match="--runtime openvino-bf16: this processor has no bfloat16"):
        build_predictor(load_bundle(DEFAULT_BUNDLE), "openvino-bf16")


def test_a_bundle_without_a_graph_in_8_bits_is_told(write_bundle: Any) -> None:
    bundle = load_bundle(str(write_bundle()))
    with pytest.raises(BundleError, match="export --int8") as caught:
        build_predictor(bundle, "openvino-int8")
    assert str(bundle.folder) in str(caught.value)
    assert "\n" not in str(caught.value)
