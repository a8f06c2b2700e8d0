"""What the loaders hand to the network: whole images as `detect` sees them, and honest views."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from detect.config import AugmentConfig
from detect.errors import TrainingError
from detect.model.network import FractureNetwork
from detect.model.preprocess import PAD_VALUE, letterbox
from detect.train.dataset import ViewDataset, WholeDataset, collate
from detect.train.infer import predict_split
from detect.train.prepared import Prepared, PreparedImage, load_image


def _with_augment(prepared: Prepared, **changes: Any) -> Prepared:
    augment = AugmentConfig.model_validate(
        prepared.recipe.augment.model_dump() | changes,
    )
    return replace(prepared, recipe=prepared.recipe.model_copy(update={"augment": augment}))


def _only(prepared: Prepared, *names: str) -> Prepared:
    """The run with just these training images, each seen once."""
    chosen = tuple(i for i in prepared.splits["train"] if Path(i.image).stem in names)
    assert len(chosen) == len(names)
    return replace(
        prepared,
        splits={"train": chosen},
        recipe=prepared.recipe.model_copy(update={"fracture_repeat": 1}),
    )


def test_fractured_images_are_repeated_and_no_other(prepared: Prepared) -> None:
    dataset = ViewDataset(prepared)
    stems = [Path(entry.image).stem for entry in dataset.entries]
    assert {stem: stems.count(stem) for stem in set(stems)} == {
        "fracture": 3,
        "yes": 3,
        "normal": 1,
        "no": 1,
        "unknown": 1,
    }
    assert len(dataset) == len(dataset.labels) == 9


def test_views_have_the_form_that_ultralytics_expects(prepared: Prepared) -> None:
    for item in (ViewDataset(prepared)[i] for i in range(9)):
        assert item["img"].shape == (1, 96, 96)
        assert item["img"].dtype == torch.uint8
        assert item["cls"].shape == (len(item["bboxes"]), 1)
        assert item["bboxes"].shape[1:] == (4,)
        assert (item["bboxes"] >= 0).all()
        assert (item["bboxes"] <= 1).all()
        assert item["boxed"].dtype == torch.bool


def test_the_same_seed_gives_the_same_epoch(prepared: Prepared) -> None:
    dataset = ViewDataset(prepared)

    def epoch(seed: int) -> dict[str, Any]:
        random.seed(seed)
        return collate([dataset[i] for i in range(len(dataset))])

    first, again, other = epoch(1), epoch(1), epoch(2)
    for name in ("img", "bboxes", "batch_idx", "fractured", "boxed"):
        torch.testing.assert_close(first[name], again[name])
    assert not torch.equal(first["img"], other["img"])


@pytest.mark.parametrize("mosaic", [0.0, 1.0])
def test_boxes_of_views_lie_on_the_bright_finding(prepared: Prepared, mosaic: float) -> None:
    """Bone is dark in these images and the fracture is bright, also in each tile of a mosaic."""
    plain = dict.fromkeys(["gamma", "contrast", "brightness", "blur", "noise", "sharpen"], 0.0)
    run = _with_augment(_only(prepared, "fracture"), **plain, jpeg=0, mosaic=mosaic)
    random.seed(0)
    count = 0
    for _ in range(25):
        item = ViewDataset(run)[0]
        image = item["img"][0].numpy()
        for cx, cy, width, height in (item["bboxes"] * 96).tolist():
            x1, x2 = cx - width / 4, cx + width / 4
            y1, y2 = cy - height / 4, cy + height / 4
            inner = image[int(y1) : int(y2) + 1, int(x1) : int(x2) + 1]
            assert inner.mean() > 200
            count += 1
    assert count >= 20


def _labels(run: Prepared, views: int) -> set[tuple[float, bool]]:
    random.seed(0)
    dataset = ViewDataset(run)
    items = [dataset[i % len(dataset)] for i in range(views)]
    return {(float(item["fractured"]), bool(item["boxed"])) for item in items}


@pytest.mark.parametrize(
    ("names", "allowed"),
    [
        # All four tiles come from the images named; what may come out follows from each tile.
        (("normal",), {(0.0, True)}),
        (("no",), {(0.0, False)}),
        (("unknown",), {(-1.0, False)}),
        (("yes",), {(1.0, False)}),
        (("normal", "no"), {(0.0, True), (0.0, False)}),
        (("normal", "unknown"), {(0.0, True), (-1.0, False)}),
        (("no", "unknown"), {(0.0, False), (-1.0, False)}),
        (("yes", "unknown"), {(1.0, False), (-1.0, False)}),
        (("yes", "normal"), {(1.0, False), (0.0, True)}),
    ],
)
def test_the_labels_of_a_mosaic_follow_from_its_tiles(
    prepared: Prepared, names: tuple[str, ...], allowed: set[tuple[float, bool]]
) -> None:
    run = _with_augment(_only(prepared, *names), mosaic=1.0)
    assert _labels(run, 60) == allowed


def test_a_mosaic_is_as_large_as_a_view(prepared: Prepared) -> None:
    item = ViewDataset(_with_augment(prepared, mosaic=1.0))[0]
    assert item["img"].shape == (1, 96, 96)


@pytest.mark.parametrize("index", range(4))
def test_whole_images_are_those_of_detect(prepared: Prepared, index: int) -> None:
    dataset = WholeDataset(prepared, "val")
    item = dataset[index]
    entry = prepared.splits["val"][index]
    fitted = letterbox(load_image(prepared.folder, entry).image, 128)
    np.testing.assert_array_equal(item["img"][0].numpy(), fitted.image)
    assert item["index"] == index
    assert float(item["fractured"]) == entry.fractured
    assert bool(item["boxed"]) == entry.boxed
    centre, extent = item["bboxes"][:, :2] * 128, item["bboxes"][:, 2:] * 128
    corners = torch.cat([centre - extent / 2, centre + extent / 2], 1).numpy()
    np.testing.assert_allclose(
        fitted.to_image(corners), np.array(entry.boxes).reshape(-1, 4), atol=1e-3
    )


def test_a_whole_image_is_padded_with_the_same_grey(prepared: Prepared) -> None:
    item = WholeDataset(prepared, "val")[1]  # 60 high, 160 wide
    assert (item["img"][0, :40] == PAD_VALUE).all()


def test_a_batch_numbers_its_boxes_by_image(prepared: Prepared) -> None:
    dataset = WholeDataset(prepared, "val")
    batch = collate([dataset[i] for i in (2, 1, 3, 0)])
    assert batch["img"].shape == (4, 1, 128, 128)
    assert batch["batch_idx"].tolist() == [1.0, 3.0]
    assert batch["index"] == [2, 1, 3, 0]
    assert batch["fractured"].tolist() == [0.0, 1.0, 0.0, 1.0]
    assert batch["boxed"].tolist() == [True, True, False, True]
    torch.testing.assert_close(batch["bboxes"][1:], dataset[0]["bboxes"])
    assert batch["cls"].shape == (2, 1)


def test_a_batch_without_any_box_keeps_its_form(prepared: Prepared) -> None:
    batch = collate([WholeDataset(prepared, "val")[2]])
    assert batch["bboxes"].shape == (0, 4)
    assert batch["cls"].shape == (0, 1)
    assert batch["batch_idx"].shape == (0,)


@pytest.mark.parametrize("description", ["yolo26n.yaml", "yolo11n.yaml"])
def test_views_train_a_network(
    prepared: Prepared, make_network: Callable[..., FractureNetwork], description: str
) -> None:
    """A few steps on one batch with every kind of label: each loss is finite, and their sum falls.

    Only boxes and labels of the batch are as `collate` makes them; nothing is adjusted.
    """
    random.seed(0)
    dataset = ViewDataset(_with_augment(prepared, mosaic=0.3))
    batch = collate([dataset[i] for i in range(len(dataset))])
    batch["img"] = batch["img"].float().div(255).expand(-1, 3, -1, -1)
    network = make_network(description).train()
    optimiser = torch.optim.AdamW(network.parameters(), lr=2e-3)
    totals = []
    for _ in range(6):
        total, items = network.loss(batch)
        assert all(torch.isfinite(value) for value in items.values())
        optimiser.zero_grad()
        total.sum().backward()
        optimiser.step()
        totals.append(total.sum().item())
    assert totals[-1] < 0.9 * totals[0]


def test_predictions_of_a_split_do_not_depend_on_the_batch(
    prepared: Prepared, make_network: Callable[..., FractureNetwork]
) -> None:
    network = make_network()
    device = torch.device("cpu")
    alone = predict_split(network, prepared, "val", device, batch=1)
    together = predict_split(network, prepared, "val", device, batch=3)
    np.testing.assert_allclose(alone.image_logit, together.image_logit, rtol=1e-3, atol=1e-3)
    for entry, a, b in zip(prepared.splits["val"], alone.boxes, together.boxes, strict=True):
        assert len(a)
        np.testing.assert_allclose(a[:5], b[:5], atol=0.05)
        assert (a >= 0).all()
        assert (a <= [entry.width, entry.height] * 2).all()


def test_predict_split_reads_the_head_asked_for(
    prepared: Prepared, make_network: Callable[..., FractureNetwork]
) -> None:
    network = make_network()
    device = torch.device("cpu")
    first = predict_split(network, prepared, "val", device, 4)
    one = predict_split(network, prepared, "val", device, 4, head="one2one")
    many = predict_split(network, prepared, "val", device, 4, head="one2many")
    np.testing.assert_array_equal(first.scores[0], one.scores[0])
    assert not np.array_equal(one.boxes[0], many.boxes[0])
    np.testing.assert_array_equal(one.image_logit, many.image_logit)


def test_prepared_data_survives_its_file(prepared: Prepared) -> None:
    assert Prepared.load(prepared.save()) == prepared


def test_half_a_file_is_never_left(prepared: Prepared) -> None:
    prepared.save()
    assert [path.name for path in prepared.folder.iterdir() if path.is_file()] == ["prepared.json"]


@pytest.mark.parametrize(
    "text",
    ["", "[]", "{", '{"splits": []}', '{"classes": [], "recipe": {"epochz": 1}, "splits": {}}'],
)
def test_a_damaged_file_says_so_in_one_line(prepared: Prepared, text: str) -> None:
    path = prepared.save()
    path.write_text(text, encoding="utf-8")
    with pytest.raises(TrainingError) as caught:
        Prepared.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_which_stage_to_run(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="prepare stage"):
        Prepared.load(tmp_path / "prepared.json")


@pytest.mark.parametrize("damage", ["gone", "broken"])
def test_a_prepared_image_that_is_lost_is_named(prepared: Prepared, damage: str) -> None:
    entry: PreparedImage = prepared.splits["train"][0]
    path = prepared.folder / entry.image
    if damage == "gone":
        path.unlink()
    else:
        path.write_bytes(b"no picture")
    with pytest.raises(TrainingError, match=r"fracture\.png"):
        load_image(prepared.folder, entry)
