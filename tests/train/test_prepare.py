"""Prepared data: the pixels and labels of the source, at the scale of training."""

from __future__ import annotations

import resource
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detect.config import TrainConfig
from detect.data.load import load_fractures
from detect.data.sample import Dataset, LabelledBox, Sample
from detect.errors import OutputError, TrainingError
from detect.record import Box
from detect.train.prepare import prepare
from detect.train.prepared import Prepared, load_image

RECIPE = TrainConfig.model_validate({"model": {"image_size": 128}, "augment": {"view_size": 96}})
BOX = Box(40.0, 20.0, 80.0, 60.0)
MakeDataset = Callable[..., Dataset]


@pytest.fixture
def make_dataset(tmp_path: Path) -> MakeDataset:
    """A fractured and a normal image in train and in val; `make_dataset(shape, box)`."""

    def make(
        shape: tuple[int, int] = (100, 120),
        box: Box = BOX,
    ) -> Dataset:
        samples = []
        for split in ("train", "val"):
            for fractured in (True, False):
                path = tmp_path / "source" / f"{split}-{fractured}.png"
                path.parent.mkdir(exist_ok=True)
                pixels = np.full(shape, 30, np.uint8)
                if fractured:
                    rows, columns = slice(int(box.y1), int(box.y2)), slice(int(box.x1), int(box.x2))
                    pixels[rows, columns] = 220
                Image.fromarray(pixels).save(path)
                boxes = (LabelledBox(box, "fracture"),) if fractured else ()
                samples.append(Sample(path, split, None, fractured, boxes))
        return Dataset("squares", tmp_path / "source", ("fracture",), tuple(samples))

    return make


def _prepare(dataset: Dataset, folder: Path, recipe: TrainConfig = RECIPE) -> Prepared:
    return prepare(dataset, folder, recipe, workers=2, show_progress=False)


def test_what_is_written_is_what_is_read_back(make_dataset: MakeDataset, tmp_path: Path) -> None:
    prepared = _prepare(make_dataset(), tmp_path / "run")

    assert Prepared.load(tmp_path / "run" / "prepared.json") == prepared
    assert prepared.classes == ("fracture",)
    assert {name: len(entries) for name, entries in prepared.splits.items()} == {
        "train": 2,
        "val": 2,
        "test": 0,
    }


def test_small_images_keep_every_pixel(make_dataset: MakeDataset, tmp_path: Path) -> None:
    dataset = make_dataset()
    prepared = _prepare(dataset, tmp_path / "run")

    (entry, _), sample = prepared.splits["train"], dataset.samples[0]
    loaded = load_image(prepared.folder, entry)
    with Image.open(sample.image) as source:
        assert np.array_equal(loaded.image, np.asarray(source))
    assert loaded.boxes.tolist() == [[40, 20, 80, 60]]
    assert (loaded.fractured, loaded.boxed, entry.scale) == (1, True, 1.0)


def test_large_training_images_shrink_with_their_boxes(
    make_dataset: MakeDataset, tmp_path: Path
) -> None:
    box = Box(100.0, 200.0, 300.0, 400.0)
    prepared = _prepare(make_dataset(shape=(800, 1000), box=box), tmp_path / "run")

    entry = prepared.splits["train"][0]
    loaded = load_image(prepared.folder, entry)
    assert (entry.width, entry.height) == (1000, 800)
    assert max(loaded.image.shape) == int(1.3 * 128)
    bright = np.argwhere(loaded.image > 125)
    top, left = bright.min(0)
    bottom, right = bright.max(0) + 1
    assert loaded.boxes[0] == pytest.approx([left, top, right, bottom], abs=1)
    # what is measured on stays as it came
    assert load_image(prepared.folder, prepared.splits["val"][0]).image.shape == (800, 1000)


def test_boxes_end_at_the_border_of_the_image(make_dataset: MakeDataset, tmp_path: Path) -> None:
    prepared = _prepare(make_dataset(box=Box(-10.0, 50.0, 60.0, 140.0)), tmp_path / "run")

    assert prepared.splits["train"][0].boxes == ((0.0, 50.0, 60.0, 100.0),)


def test_metal_is_neither_a_fracture_nor_a_reason_to_call_one(
    make_dataset: MakeDataset, tmp_path: Path
) -> None:
    root = tmp_path / "yolo"
    for sample in make_dataset().samples:
        assert sample.split is not None
        images, labels = root / sample.split / "images", root / sample.split / "labels"
        for folder in (images, labels):
            folder.mkdir(parents=True, exist_ok=True)
        shutil.copy(sample.image, images)
        fracture = "0 0.5 0.4 0.333333 0.4\n" * bool(sample.fractured)
        (labels / f"{sample.image.stem}.txt").write_text(f"{fracture}1 .1 .1 .1 .1\n")
    (root / "data.yaml").write_text(
        "train: train/images\nval: val/images\nnames: [fracture, metal]\n"
    )

    prepared = _prepare(load_fractures([root]), tmp_path / "run")

    for split in ("train", "val"):
        normal, fractured = prepared.splits[split]
        assert (fractured.fractured, fractured.boxed, fractured.classes) == (1, True, (0,))
        assert fractured.boxes[0] == pytest.approx((40, 20, 80, 60), abs=0.01)
        assert (normal.fractured, normal.boxed, normal.boxes) == (0, True, ())


def test_a_fracture_that_nobody_drew_is_not_background(
    make_dataset: MakeDataset, tmp_path: Path
) -> None:
    dataset = make_dataset()
    first, *others = dataset.samples
    yes = replace(first, image=others[0].image, boxes=())
    only = replace(first, image=others[1].image, boxes=None)

    prepared = _prepare(replace(dataset, samples=(*dataset.samples, yes, only)), tmp_path / "run")

    _, _, said, labelled = prepared.splits["train"]
    assert (said.fractured, said.boxed) == (1, False)
    assert (labelled.fractured, labelled.boxed) == (1, False)


def test_a_normal_image_without_a_drawing_is_background(
    make_dataset: MakeDataset, tmp_path: Path
) -> None:
    dataset = make_dataset()
    yes_no_only = [s if s.fractured else replace(s, boxes=None) for s in dataset.samples]
    prepared = _prepare(replace(dataset, samples=tuple(yes_no_only)), tmp_path / "run")
    for split in ("train", "val"):
        assert [(e.fractured, e.boxed) for e in prepared.splits[split]] == [(1, True), (0, True)]


def test_unreadable_files_are_left_out_and_told(
    make_dataset: MakeDataset, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    dataset = make_dataset()
    broken = tmp_path / "source" / "broken.png"
    broken.write_bytes(dataset.samples[0].image.read_bytes()[:60])
    damaged = Sample(broken, "train", None, False, ())

    prepared = _prepare(replace(dataset, samples=(damaged, *dataset.samples)), tmp_path / "run")

    assert len(prepared.splits["train"]) == 2
    assert "broken.png" in caplog.text
    assert "1 unreadable images left out: 1 not fractured" in caplog.text


@pytest.mark.parametrize(
    ("keep", "says"),
    [
        (("val",), "the train split has no readable image"),
        (("train",), "the val split has no readable image"),
    ],
)
def test_a_missing_split_is_refused(
    make_dataset: MakeDataset, tmp_path: Path, keep: tuple[str, ...], says: str
) -> None:
    dataset = make_dataset()
    samples = tuple(sample for sample in dataset.samples if sample.split in keep)

    with pytest.raises(TrainingError, match=says):
        _prepare(replace(dataset, samples=samples), tmp_path / "run")

    assert not (tmp_path / "run" / "prepared.json").exists()


def test_nothing_to_locate_is_refused(make_dataset: MakeDataset, tmp_path: Path) -> None:
    dataset = make_dataset()
    samples = tuple(replace(sample, boxes=None) for sample in dataset.samples)

    with pytest.raises(TrainingError, match="no training image has a box"):
        _prepare(replace(dataset, samples=samples), tmp_path / "run")


def test_a_full_disk_is_told_with_the_way_out(make_dataset: MakeDataset, tmp_path: Path) -> None:
    dataset = make_dataset()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        with pytest.raises(OutputError, match="free some space"):
            _prepare(dataset, tmp_path / "run")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
