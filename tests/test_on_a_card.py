"""`--runtime cuda`: the way over a card, which here is the processor wherever there is none.

All but the last test put ONNX Runtime's provider for processors in the place of the one for
cards, and its arena with a limit in the place of a card's memory. The rest is what a card gets:
the session, the batches that threads fill, and what becomes of errors.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import astuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import Call

from detect import DEFAULT_BUNDLE
from detect.errors import BundleError, DeviceError, DeviceMemoryError, InputError
from detect.model import cuda, onnx_gpu
from detect.model.bundle import Bundle, InputForm, load_bundle
from detect.model.coherence import compose_reading
from detect.model.onnx_gpu import CardSession, cuda_providers, tensorrt_providers
from detect.model.predictor import Prediction, Predictor, build_predictor
from detect.model.runtime import open_runtime
from detect.read import Radiograph, read

onnxruntime = pytest.importorskip("onnxruntime")

DEMO = Path(__file__).resolve().parent.parent / "datasets/demo"
FEW = sorted(DEMO.glob("phantom_l*.png")) + sorted(DEMO.glob("phantom_h*fractured*.png"))
PROCESSOR: list[onnx_gpu.Provider] = [("CPUExecutionProvider", {})]
CLOSE = 1e-4


@pytest.fixture(scope="module")
def bundle() -> Bundle:
    return load_bundle(DEFAULT_BUNDLE)


@pytest.fixture(scope="module")
def radiographs() -> list[Radiograph]:
    paths = sorted(path for path in DEMO.iterdir() if path.suffix in {".png", ".dcm"})
    assert len(paths) == 8
    return [next(iter(read(path, path.name))) for path in paths]


@pytest.fixture
def card(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let the processor be the card; return how many images it is given each time."""
    monkeypatch.setattr(cuda, "why_not_cuda", lambda: None)
    monkeypatch.setattr(onnx_gpu, "cuda_providers", lambda: PROCESSOR)
    together: list[int] = []
    run = CardSession.__call__

    def counted(self: CardSession, images: Any) -> Any:
        together.append(len(images))
        return run(self, images)

    monkeypatch.setattr(CardSession, "__call__", counted)
    return together


def predict(predictor: Predictor, radiographs: list[Radiograph], workers: int) -> list[Prediction]:
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(predictor, radiographs))


def assert_alike(
    ours: list[Prediction], plain: list[Prediction], radiographs: list[Radiograph], bundle: Bundle
) -> None:
    point = bundle.manifest.default_operating_point
    for one, other, radiograph in zip(ours, plain, radiographs, strict=True):
        assert one.probability == pytest.approx(other.probability, abs=CLOSE)
        np.testing.assert_allclose(one.evidence, other.evidence, atol=CLOSE)
        verdicts = [
            compose_reading(radiograph.source, each, bundle, point) for each in (one, other)
        ]
        assert verdicts[0].verdict.label == verdicts[1].verdict.label
        assert len(verdicts[0].findings) == len(verdicts[1].findings)
        for found, expected in zip(verdicts[0].findings, verdicts[1].findings, strict=True):
            assert astuple(found.box) == pytest.approx(astuple(expected.box), abs=0.1)  # pixels
            assert found.certainty == expected.certainty


def test_threads_and_batches_change_no_verdict(
    bundle: Bundle, radiographs: list[Radiograph], card: list[int]
) -> None:
    plain = predict(build_predictor(bundle, "onnxruntime"), radiographs, 1)
    ours = predict(build_predictor(bundle, "cuda"), radiographs, 8)
    assert max(card) > 1
    assert_alike(ours, plain, radiographs, bundle)
    backwards = predict(build_predictor(bundle, "cuda"), radiographs[:4][::-1], 3)
    assert_alike(backwards[::-1], plain[:4], radiographs[:4], bundle)


def records(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "results.jsonl").read_text("utf-8").splitlines()]


def test_detect_runs_over_a_card(tmp_path: Path, call: Call, card: list[int]) -> None:
    for runtime in ("cuda", "openvino"):
        ended = call("detect", *FEW, "--out", tmp_path / runtime, "--runtime", runtime)
        assert (ended.code, ended.err) == (0, "")
        assert f"runtime: {runtime}" in (tmp_path / runtime / "run.yaml").read_text("utf-8")
    assert sum(card) == len(FEW) == 3
    for ours, others in zip(
        *(records(tmp_path / name) for name in ("cuda", "openvino")), strict=True
    ):
        assert ours["source"] == others["source"]
        assert ours["verdict"]["label"] == others["verdict"]["label"]
        assert ours["verdict"]["probability"] == pytest.approx(
            others["verdict"]["probability"], abs=CLOSE
        )


class Failing:
    """A session that fails after some images, also when it is opened anew."""

    def __init__(self, session: Any, said: str, left: Iterator[int]) -> None:
        self._session, self._said, self._left = session, said, left
        self.get_outputs, self.get_providers = session.get_outputs, session.get_providers

    def run(self, *given: Any) -> Any:
        if next(self._left, None) is None:
            raise RuntimeError(self._said)
        return self._session.run(*given)


@pytest.mark.parametrize(
    ("said", "told"),
    [
        (
            "[ONNXRuntimeError] : 1 : FAIL : CUDA failure 700: an illegal memory access\n ; GPU=0",
            "error: --runtime cuda: the card fails: [ONNXRuntimeError] : 1 : FAIL : CUDA failure "
            "700: an illegal memory access ; GPU=0; --resume goes on, --runtime openvino without",
        ),
        (
            "CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED",
            "error: --runtime cuda: 1 image of ",
        ),
    ],
)
@pytest.mark.usefixtures("card")
def test_a_card_that_fails_ends_the_run_and_resume_goes_on(
    tmp_path: Path, call: Call, monkeypatch: pytest.MonkeyPatch, said: str, told: str
) -> None:
    open_, left = CardSession._open, iter(range(1))
    monkeypatch.setattr(CardSession, "_open", lambda self: Failing(open_(self), said, left))
    ended = call("detect", *FEW, "--out", tmp_path, "--runtime", "cuda", "--workers", 1)
    assert ended.code == 1
    assert ended.err.startswith(told)
    assert ended.err.count("\n") == 1
    kept = records(tmp_path)
    assert [record["kind"] for record in kept] == ["reading"]
    ended = call("detect", *FEW, "--out", tmp_path, "--runtime", "openvino", "--resume")
    assert ended.code == 0
    assert records(tmp_path)[:1] == kept
    assert len(records(tmp_path)) == len(FEW)


@pytest.fixture(scope="module")
def little_memory() -> Iterator[int]:
    """An arena of this process with room for a few images; in bytes."""
    size = 70 << 20
    onnxruntime.create_and_register_allocator(
        onnxruntime.OrtMemoryInfo(
            "Cpu",
            onnxruntime.OrtAllocatorType.ORT_ARENA_ALLOCATOR,
            0,
            onnxruntime.OrtMemType.DEFAULT,
        ),
        onnxruntime.OrtArenaCfg({"max_mem": size, "arena_extend_strategy": 1}),
    )
    yield size


@pytest.fixture
def small_card(monkeypatch: pytest.MonkeyPatch, card: list[int], little_memory: int) -> list[int]:
    """As `card`, with little memory; only sessions opened by this test are concerned."""
    assert little_memory
    make = onnxruntime.SessionOptions

    def options() -> Any:
        made = make()
        made.add_session_config_entry("session.use_env_allocators", "1")
        return made

    monkeypatch.setattr(onnxruntime, "SessionOptions", options)
    return card


def test_a_batch_that_memory_does_not_hold_is_halved(bundle: Bundle, small_card: list[int]) -> None:
    side = bundle.manifest.input.size
    images = np.random.default_rng(0).integers(0, 255, (4, 1, side, side), np.uint8)
    expected = open_runtime(bundle.graph, "openvino")(images)
    found = open_runtime(bundle.graph, "cuda")(images)
    assert small_card[:2] == [4, 2]
    assert max(small_card[1:]) == 2
    np.testing.assert_allclose(found.image_logit, expected.image_logit, atol=CLOSE)
    np.testing.assert_allclose(found.evidence, expected.evidence, atol=CLOSE)


def test_one_image_that_memory_does_not_hold_is_one_line(
    bundle: Bundle, small_card: list[int]
) -> None:
    form = bundle.manifest.input
    runtime = CardSession(bundle.graph, "cuda", PROCESSOR)
    with pytest.raises(DeviceMemoryError) as caught:
        runtime(np.zeros((20, 1, form.size, form.size), np.uint8))
    assert str(caught.value) == (
        f"--runtime cuda: 20 images of {form.size}×{form.size} cannot be held in the card's "
        "memory; see with nvidia-smi what fills it, or use --runtime openvino"
    )
    assert runtime(np.zeros((1, 1, form.size, form.size), np.uint8)).image_logit.shape == (1,)
    assert small_card == [20, 1]


@pytest.mark.parametrize("cause", ["CUDA failure 2: out of memory", "CUDA failure 999: unknown"])
@pytest.mark.usefixtures("card")
def test_a_card_that_takes_no_new_session_fails_with_the_cause_for_good(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch, cause: str
) -> None:
    open_, opened = onnxruntime.InferenceSession, []

    def once(*given: Any, **named: Any) -> Failing:
        opened.append(given)
        if len(opened) > 1:
            raise RuntimeError(cause)
        return Failing(open_(*given, **named), "out of memory", iter(()))

    monkeypatch.setattr(onnxruntime, "InferenceSession", once)
    runtime = open_runtime(bundle.graph, "cuda")
    side = bundle.manifest.input.size
    for count in (4, 4, 1):
        with pytest.raises(DeviceError) as caught:
            runtime(np.zeros((count, 1, side, side), np.uint8))
        assert type(caught.value) is DeviceError  # half as many would do no better
        assert str(caught.value) == (
            f"--runtime cuda: the card fails: 4 images of {side}×{side} did not fit, and no new "
            f"session was opened: {cause}; --resume goes on, --runtime openvino without it"
        )
    assert len(opened) == 2


@pytest.mark.filterwarnings("ignore:Specified provider")
def test_a_session_that_went_on_with_the_processor_is_refused(bundle: Bundle) -> None:
    if "CUDAExecutionProvider" in onnxruntime.get_available_providers():
        pytest.skip("this ONNX Runtime may take the card")
    with pytest.raises(InputError, match="would compute on the processor"):
        CardSession(bundle.graph, "cuda", cuda_providers())


@pytest.mark.usefixtures("card")
def test_a_graph_that_is_none_is_the_bundles_fault(tmp_path: Path) -> None:
    graph = tmp_path / "model.onnx"
    graph.write_bytes(b"nothing")
    with pytest.raises(BundleError, match="cannot be loaded"):
        open_runtime(graph, "cuda")


def test_tensorrt_builds_one_engine_for_all_rectangles() -> None:
    form = InputForm(size=640, pad_to=32, pad_value=114)
    ((name, options),) = tensorrt_providers(Path("engines"), form)
    assert name == "TensorrtExecutionProvider"
    assert options["trt_fp16_enable"]
    assert options["trt_engine_cache_path"] == "engines"
    assert options["trt_profile_min_shapes"] == "image:1x1x32x32"
    assert options["trt_profile_max_shapes"] == "image:16x1x640x640"
    square = tensorrt_providers(Path("engines"), InputForm(size=512, pad_value=114))[0][1]
    assert square["trt_profile_min_shapes"] == "image:1x1x512x512"


def test_tensorrt_keeps_engines_of_other_weights_and_versions_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import platformdirs

    cache = tmp_path / "cache"
    monkeypatch.setattr(platformdirs, "user_cache_path", lambda *_, **__: cache)
    folders = set()
    for weights, version in ((b"1", 101600), (b"2", 101600), (b"2", 101300)):
        monkeypatch.setattr(onnx_gpu, "tensorrt_version", lambda version=version: version)
        (tmp_path / "model.onnx").write_bytes(weights)
        folders.add(onnx_gpu._engines(tmp_path / "model.onnx"))
    assert len(folders) == 3
    assert all(folder.is_dir() and cache in folder.parents for folder in folders)
    assert all(folder.stat().st_mode & 0o077 == 0 for folder in folders)


@pytest.mark.gpu
@pytest.mark.parametrize("runtime", ["cuda", "tensorrt"])
def test_a_card_says_what_the_processor_says(
    bundle: Bundle, radiographs: list[Radiograph], runtime: str
) -> None:
    why_not = {"cuda": cuda.why_not_cuda, "tensorrt": cuda.why_not_tensorrt}[runtime]()
    if why_not is not None:
        pytest.skip(f"--runtime {runtime}: {why_not}")
    plain = predict(build_predictor(bundle, "openvino"), radiographs, 1)
    ours = predict(build_predictor(bundle, runtime), radiographs * 5, 8)  # type: ignore[arg-type]
    for start in range(0, len(ours), 8):
        if runtime == "cuda":
            assert_alike(ours[start : start + 8], plain, radiographs, bundle)
        else:  # half precision
            for one, other in zip(ours[start : start + 8], plain, strict=True):
                assert one.probability == pytest.approx(other.probability, abs=0.02)
