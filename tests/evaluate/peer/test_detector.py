"""Plain ultralytics files, opened and run as ultralytics itself runs them."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from detect.errors import InputError
from detect.evaluate.detector import LEAST_SCORE, Detected, open_detector
from detect.model.bundle import file_sha256

NO_CLASSES: dict[str, str | None] = {}
SIZE = 96  # as in conftest.py
Picture = Callable[..., NDArray[np.uint8]]


def its_own(path: Path, pixels: NDArray[np.uint8], **options: Any) -> NDArray[np.float64]:
    """Return what ultralytics says of a colour picture, as rows x1 y1 x2 y2 score class."""
    from ultralytics import YOLO

    colour = cv2.cvtColor(pixels, cv2.COLOR_GRAY2BGR)
    (result,) = YOLO(path, task="detect").predict(
        colour, conf=LEAST_SCORE, imgsz=SIZE, verbose=False, **options
    )
    rows: NDArray[np.float64] = result.boxes.data.cpu().numpy().astype(np.float64)
    return rows


def test_a_checkpoint_finds_what_ultralytics_finds(
    checkpoint: Path, picture: Picture, caplog: pytest.LogCaptureFixture
) -> None:
    detector = open_detector(checkpoint, f"--against {checkpoint}", NO_CLASSES)
    assert f"--against {checkpoint}: opening a .pt runs the code in it" in caplog.text
    assert (detector.classes, detector.fractures) == (("metal", "fracture"), ("fracture",))
    assert detector.image_size == SIZE
    assert detector.info.name == "best"
    assert detector.info.version.startswith("ultralytics 8.")
    assert detector.info.sha256 == file_sha256(checkpoint)
    for seed in range(3):
        found = detector(picture(seed))
        rows = its_own(checkpoint, picture(seed), classes=[1])
        assert 2 < len(rows) < 300
        assert len(np.unique(rows[:, 4])) > 2
        np.testing.assert_allclose(found.scores, rows[:, 4], rtol=1e-5)
        np.testing.assert_allclose(found.boxes, rows[:, :4], atol=1e-3)
        assert set(found.labels) == {"fracture"}
        assert found.boxes[:, [0, 1]].min() >= 0
        assert found.boxes[:, 2].max() <= 90
        assert found.boxes[:, 3].max() <= 120


def test_an_exported_graph_finds_what_its_checkpoint_finds(
    checkpoint: Path, graph: Path, picture: Picture, caplog: pytest.LogCaptureFixture
) -> None:
    both = [open_detector(path, "--against X", NO_CLASSES) for path in (checkpoint, graph)]
    assert caplog.text.count("runs the code") == 1  # the graph runs none
    assert both[1].classes == both[0].classes
    assert both[1].image_size == [SIZE, SIZE]
    for seed in range(3):
        first, second = (detector(picture(seed)) for detector in both)
        np.testing.assert_allclose(first.scores[:5], second.scores[:5], rtol=1e-3)
        np.testing.assert_allclose(first.boxes[:5], second.boxes[:5], atol=0.05)


def test_threads_do_not_change_what_is_found(checkpoint: Path, picture: Picture) -> None:
    detector = open_detector(checkpoint, "--against X", NO_CLASSES)
    pictures = [picture(seed, 60 + 10 * seed, 120 - 10 * seed) for seed in range(6)]
    one_by_one = [detector(pixels) for pixels in pictures]
    with ThreadPoolExecutor(4) as pool:
        at_once = list(pool.map(detector, pictures))
    for first, second in zip(one_by_one, at_once, strict=True):
        np.testing.assert_array_equal(first.boxes, second.boxes)


def test_a_picture_may_have_no_box(checkpoint: Path, picture: Picture, tmp_path: Path) -> None:
    import torch
    from ultralytics import YOLO

    yolo = YOLO(checkpoint)
    with torch.no_grad():
        for branch in yolo.model.model[-1].cv3:
            branch[-1].bias.fill_(-30.0)
    silent = tmp_path / "silent.pt"
    yolo.save(silent)
    found: Detected = open_detector(silent, "--against X", NO_CLASSES)(picture(0))
    assert (found.boxes.shape, found.scores.shape, found.labels) == ((0, 4), (0,), ())


def test_the_configuration_may_say_which_classes_are_fractures(
    checkpoint: Path,
) -> None:
    mapped = {"metal": "fracture", "fracture": None}
    assert open_detector(checkpoint, "--against X", mapped).fractures == ("metal",)
    with pytest.raises(InputError, match=r"none of its classes \(metal, fracture\) is mapped"):
        open_detector(checkpoint, "--against X", {"metal": None})
    assert open_detector(checkpoint, "--against X", {"wrist": None}).fractures == ("fracture",)


def test_several_classes_of_which_none_says_fracture_are_refused(
    tmp_path: Path, write_network: Callable[..., Path], picture: Picture
) -> None:
    everyday = write_network(tmp_path / "x.pt", *(f"thing {n}" for n in range(12)))
    with pytest.raises(InputError) as refused:
        open_detector(everyday, f"--weights {everyday}", NO_CLASSES)
    assert str(refused.value) == (
        f"--weights {everyday}: none of its 12 classes (thing 0, thing 1, thing 2, thing 3, "
        "thing 4, thing 5, thing 6, thing 7, …) says fracture; give a --config whose `classes:` "
        "say which do, or a detector of fractures"
    )
    with pytest.raises(InputError, match="says fracture"):  # a table of the dataset says nothing
        open_detector(everyday, "--weights X", {"fracture": "fracture"})
    mapped = open_detector(everyday, "--weights X", {"thing 3": "fracture"})
    assert (mapped.fractures, mapped.fractures_by) == (
        ("thing 3",),
        "the configuration's classes say so",
    )
    assert set(mapped(picture(1)).labels) <= {"thing 3"}


def test_the_only_class_counts_whatever_its_name(
    tmp_path: Path, write_network: Callable[..., Path], picture: Picture
) -> None:
    detector = open_detector(write_network(tmp_path / "x.pt", "wrist"), "--against x", NO_CLASSES)
    assert detector.fractures == ("wrist",)
    assert detector.fractures_by == "it is the only class, though its name does not say so"
    assert set(detector(picture(1)).labels) == {"wrist"}
    named = open_detector(write_network(tmp_path / "y.pt", "Frattura"), "--against y", NO_CLASSES)
    assert named.fractures_by == "its name says so"
    several = write_network(tmp_path / "z.pt", "open fracture", "closed fracture", "metal")
    both = open_detector(several, "--against z", NO_CLASSES)
    assert both.fractures == ("open fracture", "closed fracture")
    assert both.fractures_by == "their names say so"


def test_nothing_is_written_where_the_user_works(
    checkpoint: Path, picture: Picture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    open_detector(checkpoint, "--against X", NO_CLASSES)(picture(0))
    assert list(tmp_path.iterdir()) == []


def test_what_is_no_detector_is_refused_in_one_line(
    checkpoint: Path, graph: Path, tmp_path: Path
) -> None:
    import onnx
    import torch

    (tmp_path / "cut.pt").write_bytes(checkpoint.read_bytes()[:5000])
    (tmp_path / "cut.onnx").write_bytes(graph.read_bytes()[:5000])
    (tmp_path / "empty.onnx").touch()
    torch.save({"weights": torch.zeros(3)}, tmp_path / "foreign.pt")
    plain = onnx.load(graph)
    del plain.metadata_props[:]
    onnx.save(plain, tmp_path / "plain.onnx")
    for name in ("cut.pt", "cut.onnx", "empty.onnx", "foreign.pt", "plain.onnx"):
        with pytest.raises(InputError) as refused:
            open_detector(tmp_path / name, f"--against {name}", NO_CLASSES)
        message = str(refused.value)
        assert message.startswith(f"--against {name}: is no detector of ultralytics ("), message
        assert "\n" not in message
    with pytest.raises(InputError, match=r"--against gone\.pt: no such file"):
        open_detector(tmp_path / "gone.pt", "--against gone.pt", NO_CLASSES)


def test_a_network_for_another_task_is_refused(graph: Path, tmp_path: Path) -> None:
    import onnx
    from ultralytics import YOLO

    YOLO("yolo11n-cls.yaml").save(tmp_path / "cls.pt")
    other = onnx.load(graph)
    for entry in other.metadata_props:
        if entry.key == "task":
            entry.value = "segment"
    onnx.save(other, tmp_path / "seg.onnx")
    for name, task in (("cls.pt", "classify"), ("seg.onnx", "segment")):
        with pytest.raises(InputError, match=f"{name}: is a network for {task}"):
            open_detector(tmp_path / name, f"--against {name}", NO_CLASSES)
