"""`evaluate --without-copies`: what other splits hold, too, is left out, counted and named."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest
from command_line import Call

from detect import extras
from detect.data.canonical import write_dataset
from detect.data.load import load_fractures
from detect.data.phantom.render import render_phantom
from detect.data.sample import Dataset, LabelledBox, Sample
from detect.errors import DataError
from detect.evaluate.measured import measured_samples
from detect.evaluate.settings import Settings
from detect.evaluate.split_check import check_split, check_split_for_copies
from detect.record import Box, Reading


class Evaluated(NamedTuple):
    """What a person sees on the terminal, and what was written."""

    out: str
    metrics: dict[str, Any]
    page: str


BOXES = (LabelledBox(Box(10, 10, 40, 40), "fracture"),)
OWN = {
    **dict.fromkeys(range(4), "train"),
    4: "val",
    5: "val",
    **dict.fromkeys(range(6, 12), "test"),
}
# of the split test: where each has a copy
COPIED = {
    "exact.png": ["train"],
    "recompressed.jpg": ["train"],
    "of-val.jpg": ["val"],
    "of-both.jpg": ["train", "val"],
}
STAY = [*(f"{seed}.png" for seed in range(6, 12)), "twin.png", "sister.jpg", "broken.png"]


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Keep the bootstrap short and draw no plots: both are tested elsewhere."""
    monkeypatch.setattr("detect.evaluate.run.Settings", partial(Settings, n_resamples=20))
    monkeypatch.setattr("detect.evaluate.report.draw_figures", lambda _: {})
    caplog.set_level(logging.INFO, "detect")


@pytest.fixture(scope="module")
def pictures() -> list[np.ndarray]:
    """Twelve radiographs of twelve people, grey, uint8."""
    size = (160, 128)
    drawn = (render_phantom(seed, fractured=seed % 2 == 0, size=size) for seed in range(12))
    return [(one.pixels >> 8).astype(np.uint8) for one in drawn]


@pytest.fixture
def data(tmp_path: Path, pictures: list[np.ndarray]) -> Path:
    """Twelve people in three splits; in test copies of train and val, of its own, and a wreck."""
    folder = tmp_path / "set" / "images"
    folder.mkdir(parents=True)
    samples = []

    def add(name: str, seed: int, split: str | None) -> None:
        fractured = seed % 2 == 0
        boxes = BOXES if fractured else ()
        samples.append(Sample(folder / name, split, None, fractured, boxes))

    def save(name: str, seed: int, split: str | None, quality: int = 60) -> None:
        options = [cv2.IMWRITE_JPEG_QUALITY, quality] if name.endswith(".jpg") else []
        assert cv2.imwrite(str(folder / name), pictures[seed], options)
        add(name, seed, split)

    for seed, split in OWN.items():
        save(f"{seed}.png", seed, split)
    shutil.copy(folder / "0.png", folder / "exact.png")
    add("exact.png", 0, "test")
    save("recompressed.jpg", 1, "test")
    save("of-val.jpg", 4, "test")
    save("in-val.jpg", 2, "val")
    save("of-both.jpg", 2, "test", quality=75)
    shutil.copy(folder / "6.png", folder / "twin.png")  # copies in one split alone
    add("twin.png", 6, "test")
    save("sister.jpg", 7, "test")
    save("unassigned.jpg", 8, None)  # nothing was trained or set on it
    whole = (folder / "3.png").read_bytes()
    (folder / "broken.png").write_bytes(whole[: len(whole) // 2])
    add("broken.png", 3, "test")
    write_dataset(Dataset("set", folder.parent, ("fracture",), tuple(samples)), folder.parent)
    return folder.parent


@pytest.fixture
def save_results(tmp_path: Path, reading: Callable[..., Reading]) -> Callable[..., Path]:
    """Save what a model would have said of all images of the split test."""

    def save(name: str, sure: float) -> Path:
        lines = []
        for image in (*STAY, *COPIED):
            record = reading(f"images/{image}", sure if image[0] in "68et" else 1 - sure)
            lines.append(json.dumps(record.to_json()) + "\n")
        path = tmp_path / name
        path.write_text("".join(lines), "utf-8")
        return path

    return save


@pytest.fixture
def evaluated(
    data: Path, save_results: Callable[..., Path], call: Call, tmp_path: Path
) -> Callable[..., Evaluated]:
    """Evaluate saved results on the split test by the command, with further options."""

    def evaluate(*options: str | Path) -> Evaluated:
        out = tmp_path / "out"
        ended = call(
            *("evaluate", "--data", data, "--predictions", save_results("one.jsonl", 0.9)),
            *("--out", out, *options),
        )
        assert ended.code == 0, ended.err  # the results have a reading of the wreck
        metrics = json.loads((out / "metrics.json").read_text("utf-8"))
        return Evaluated(ended.out, metrics, (out / "report.html").read_text("utf-8"))

    return evaluate


def names_of(samples: tuple[Sample, ...]) -> set[str]:
    return {sample.image.name for sample in samples}


def test_copies_in_other_splits_go_and_others_stay(data: Path) -> None:
    dataset = load_fractures([data])
    report, copies = check_split_for_copies(dataset, "test", workers=2)
    assert {image.name: list(splits) for image, splits in copies.images.items()} == COPIED
    measured, left_out = measured_samples(dataset, report, "test", copies)
    assert names_of(measured) == set(STAY)
    assert left_out == {"copy_in_other_split": 4}
    assert report == check_split(dataset, "test", workers=2)
    whole, _ = measured_samples(dataset, report, "test")
    assert names_of(whole) == {*STAY, *COPIED}


def test_another_split_is_rid_of_its_own_copies(data: Path) -> None:
    dataset = load_fractures([data])
    # an exact copy of test is left out of train anyway, and counts as a copy all the same
    report, copies = check_split_for_copies(dataset, "train", workers=2)
    assert {image.name: splits for image, splits in copies.images.items()} == {
        "0.png": ("test",),
        "1.png": ("test",),
        "2.png": ("val", "test"),
    }
    measured, left_out = measured_samples(dataset, report, "train", copies)
    assert (names_of(measured), left_out) == ({"3.png"}, {"copy_in_other_split": 3})
    assert measured_samples(dataset, report, "train")[1] == {"duplicate_leak": 1}


def test_every_model_is_measured_on_the_images_that_stay(
    evaluated: Callable[..., Evaluated],
    save_results: Callable[..., Path],
    caplog: pytest.LogCaptureFixture,
) -> None:
    against = save_results("two.jsonl", 0.8)
    out, metrics, page = evaluated("--against", against, "--without-copies")
    found = metrics["data"]["without_copies"]
    assert {Path(one["path"]).name: one["splits"] for one in found.pop("images")} == COPIED
    assert found == {
        "n": 4,
        "by_split": {"train": 3, "val": 2},
        "compared_with": {"train": 4, "val": 3},
        "n_unreadable": 1,
    }
    assert metrics["data"]["left_out"] == {"copy_in_other_split": 4}
    (other,) = metrics["against"]
    assert metrics["data"]["n"] == other["data"]["n"] == len(STAY)
    assert metrics["data"]["sha256"] == other["data"]["sha256"]
    assert metrics["comparisons"][0]["n"] == len(STAY)
    assert "--without-copies" in metrics["command"]

    told = "set: 4 images of test left out for a copy in another split (train 3, val 2)"
    assert told in caplog.text
    assert "1 file that cannot be read not compared" in caplog.text
    assert "4 with a copy in another split (train 3, val 2) are left out" in out
    assert "Images left out for a copy in another split (4)" in page
    for name in COPIED:
        assert f"images/{name}" in page


def test_without_being_asked_copies_stay(
    evaluated: Callable[..., Evaluated], caplog: pytest.LogCaptureFixture
) -> None:
    out, metrics, page = evaluated()
    assert metrics["data"]["without_copies"] is None
    assert (metrics["data"]["n"], metrics["data"]["left_out"]) == (len(STAY) + len(COPIED), {})
    assert "copy in another split" not in out + caplog.text + page


def test_copies_are_found_across_datasets(data: Path, tmp_path: Path) -> None:
    dataset = load_fractures([data])
    parts = {}
    for name in ("train", "test"):
        samples = tuple(s for s in dataset.samples if (s.split == "test") is (name == "test"))
        parts[name] = tmp_path / name
        parts[name].mkdir()
        write_dataset(replace(dataset, name=name, samples=samples), parts[name])
    merged = load_fractures([parts["test"], parts["train"]])
    _, copies = check_split_for_copies(merged, "test", workers=2)
    assert {image.name: list(splits) for image, splits in copies.images.items()} == COPIED


def test_a_split_alone_is_measured_whole_and_told(
    data: Path,
    save_results: Callable[..., Path],
    call: Call,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    dataset = load_fractures([data])
    alone = replace(dataset, samples=dataset.split("test"))
    write_dataset(alone, data)
    ended = call(
        *("evaluate", "--data", data, "--predictions", save_results("one.jsonl", 0.9)),
        *("--out", tmp_path / "out", "--without-copies"),
    )
    assert ended.code == 0, ended.err
    (line,) = [one for one in caplog.messages if "nothing to compare with" in one]
    assert "no image is in another split than test" in line
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text("utf-8"))
    assert metrics["data"]["n"] == len(STAY) + len(COPIED)
    assert metrics["data"]["without_copies"]["n"] == 0
    assert metrics["data"]["without_copies"]["compared_with"] == {}
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "There is no other split" in page


def test_a_split_without_copies_is_said_to_have_none(
    data: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dataset = load_fractures([data])
    apart = tuple(s for s in dataset.samples if s.image.name not in COPIED)
    _, copies = check_split_for_copies(replace(dataset, samples=apart), "test", workers=2)
    assert copies.images == {}
    assert "no image of test has a copy in train or val" in caplog.text


def test_copies_alone_cannot_be_measured_on(
    data: Path, save_results: Callable[..., Path], call: Call, tmp_path: Path
) -> None:
    dataset = load_fractures([data])
    samples = tuple(s for s in dataset.samples if s.image.name not in STAY)
    write_dataset(replace(dataset, samples=samples), data)
    ended = call(
        *("evaluate", "--data", data, "--predictions", save_results("one.jsonl", 0.9)),
        *("--out", tmp_path / "out", "--without-copies", "--quiet"),
    )
    assert ended.code == 1
    (line,) = ended.err.splitlines()
    assert "without the 4 that have a copy in another split, no image of test is left" in line
    assert not (tmp_path / "out").exists()


def test_images_without_splits_are_told_as_ever(data: Path) -> None:
    dataset = load_fractures([data])
    none = tuple(replace(sample, split=None) for sample in dataset.samples)
    with pytest.raises(DataError, match=r"the split has no image; .*assign splits"):
        check_split_for_copies(replace(dataset, samples=none), "test")


def test_what_it_needs_is_named(
    data: Path, call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found: Any = extras.find_spec

    def without_imagehash(name: str) -> Any:
        return None if name == "imagehash" else found(name)

    monkeypatch.setattr(extras, "find_spec", without_imagehash)
    ended = call("evaluate", "--data", data, "--without-copies", "--out", tmp_path / "out")
    assert ended.code == 1
    assert '".[data]"' in ended.err
