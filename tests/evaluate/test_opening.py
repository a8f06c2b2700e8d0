"""What the command line names is told apart, opened and named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from detect.data.load import load_fractures
from detect.data.phantom.writer import write_phantoms
from detect.errors import BundleError, DataError, InputError
from detect.evaluate import opening
from detect.evaluate.opening import Opened, Wanted, open_wanted
from detect.evaluate.saved_results import SavedResults
from detect.model.bundle import Bundle
from detect.record import Reading
from detect.write.json_lines import JsonLinesWriter

NO_CLASSES: dict[str, str | None] = {}


@pytest.fixture(autouse=True)
def detectors(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Path, str]]:
    """Collect which detectors would be opened; that they are is tested beside."""
    asked: list[tuple[Path, str]] = []

    def open_one(path: Path, option: str, _classes: object) -> Any:
        asked.append((path, option))
        return path

    monkeypatch.setattr(opening, "open_detector", open_one)
    return asked


@pytest.fixture
def results(tmp_path: Path, reading: Callable[..., Reading]) -> Path:
    """The folder of a run, of one reading."""
    with JsonLinesWriter(tmp_path / "run") as stream:
        stream.write(reading("a.png", 0.4))
    (tmp_path / "run" / "run.yaml").write_text("min_score: 0.001\n")
    return tmp_path / "run"


def opened(*texts: object, option: str = "--against") -> tuple[Opened, ...]:
    return open_wanted([Wanted(option, str(text)) for text in texts], NO_CLASSES, "openvino")


def names(*texts: object) -> list[str]:
    return [one.name for one in opened(*texts)]


def test_each_kind_is_told_by_what_lies_there(
    results: Path, make_bundle: Callable[..., Path], detectors: list[tuple[Path, str]]
) -> None:
    bundle = make_bundle("mine")
    file = f"file={results / 'results.jsonl'}"
    found = opened("fracture-n", bundle, results, file, "x.pt", "b/y.ONNX")
    kinds = [type(one.content) for one in found[:4]]
    assert kinds == [Bundle, Bundle, SavedResults, SavedResults]
    assert detectors == [
        (Path("x.pt"), "--against x.pt"),
        (Path("b/y.ONNX"), "--against b/y.ONNX"),
    ]


def test_a_folder_with_dots_in_its_name_is_no_file(make_bundle: Callable[..., Path]) -> None:
    (found,) = opened(make_bundle("v1.onnx"))
    assert isinstance(found.content, Bundle)


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["a/yolo11n.pt"], ["yolo11n"]),
        (["runs/s0/weights/best.pt"], ["s0"]),
        (["runs/s0/weights/best.pt", "runs/s1/weights/best.pt"], ["s0", "s1"]),
        (["runs/s0/weights/best.pt", "runs/s0/weights/last.pt"], None),
        (["a/s0/weights/best.pt", "b/s0/weights/best.pt", "c/x.pt"], ["a/s0", "b/s0", "x"]),
        (["best.pt"], ["best"]),
        (["ours=fracture-n", "yolo=x.pt"], ["ours", "yolo"]),
        (["s=a.pt", "s=b.pt", "t=c.pt", "d.pt"], ["s 1", "s 2", "t", "d"]),
        (["a.pt", "a.pt"], None),
        (["a.pt", "a=b.pt"], None),
    ],
)
def test_names_are_short_and_unique(texts: list[str], expected: list[str] | None) -> None:
    if expected is None:
        with pytest.raises(InputError, match="is given twice; leave one out, or name it: NAME="):
            names(*texts)
    else:
        assert names(*texts) == expected


def test_results_are_named_by_their_run(results: Path) -> None:
    assert names(results, "x.pt") == ["run", "x"]


def test_those_of_one_name_are_seeds_of_one_recipe() -> None:
    found = opened("ours=a.pt", "theirs=b.pt", "ours=c.pt", "d.pt")
    assert [one.recipe for one in found] == ["ours", None, "ours", None]


def test_a_path_may_hold_an_equals_sign(make_bundle: Callable[..., Path]) -> None:
    bundle = make_bundle("lr=0.1")
    (found,) = opened(bundle)
    assert (found.name, found.recipe) == ("lr=0.1", None)


def test_mistakes_name_the_option(results: Path) -> None:
    with pytest.raises(BundleError, match="--against nowhere: no such bundle"):
        opened("nowhere")
    with pytest.raises(BundleError, match="--weights nowhere: no such bundle"):
        opened("nowhere", option="--weights")
    for text in ("fracture-n", "x.pt", results / "run.yaml"):
        with pytest.raises(InputError, match=r"--predictions .*: is no results\.jsonl; give a"):
            opened(text, option="--predictions")
    assert opened(results, option="--predictions")[0].name == "run"
    with pytest.raises(InputError, match=r"cannot read .*gone\.jsonl"):
        opened(results / "gone.jsonl")


def test_a_graph_that_a_bundle_has_not_is_told_when_it_is_opened(
    make_bundle: Callable[..., Path],
) -> None:
    bundle = make_bundle("mine")
    manifest = yaml.safe_load((bundle / "manifest.yaml").read_bytes())
    manifest["files"] = {name: at for name, at in manifest["files"].items() if "int8" not in name}
    (bundle / "manifest.yaml").write_text(yaml.safe_dump(manifest), encoding="utf-8")
    wanted = [Wanted("--weights", str(bundle))]
    with pytest.raises(BundleError, match="for --runtime openvino-int8; make it with"):
        open_wanted(wanted, NO_CLASSES, "openvino-int8")


def test_a_detector_needs_a_split_to_be_calibrated_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Detector:
        """Stands for any."""

    monkeypatch.setattr(opening, "Detector", Detector)
    write_phantoms(tmp_path / "set", 4, split="test", size=(160, 128))
    dataset = load_fractures([tmp_path / "set"])
    wanted: Any = [Opened("ours", None, opened("fracture-n")[0].content)]
    opening.require_val(dataset, wanted, "val")
    wanted.append(Opened("yolo", None, Detector()))  # type: ignore[arg-type]
    with pytest.raises(DataError) as refused:
        opening.require_val(dataset, wanted, "test")
    assert str(refused.value) == (
        f"{dataset.root}: has no val split, on which yolo gets its verdict calibrated; "
        "assign one (data split), or evaluate without it"
    )
    with pytest.raises(InputError, match=r"^--split val: yolo gets its verdict calibrated on val"):
        opening.require_val(dataset, wanted, "val")
