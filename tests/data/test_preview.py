"""Contact sheets: what is drawn for them, and the pictures read back with Pillow."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detect.data.load import load_dataset, merge_datasets
from detect.data.phantom.writer import write_phantoms
from detect.data.preview import PREVIEW_NAME, class_colours, draw_sheets
from detect.data.preview_cell import PAPER, TILE, draw_cell
from detect.data.preview_choice import Choice, Pick, SheetPlan, plan_sheets
from detect.data.sample import Dataset, LabelledBox, Sample
from detect.errors import DataError
from detect.record import Box

Picture = Callable[..., Path]
ORANGE = (255, 150, 20)
GAP = 6


def box(x1: float, y1: float, x2: float, y2: float, label: str = "fracture") -> LabelledBox:
    return LabelledBox(Box(x1, y1, x2, y2), label)


def flat(path: Path, width: int, height: int, grey: int = 0, orientation: int = 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    exif = Image.Exif()
    if orientation != 1:
        exif[0x0112] = orientation
    Image.fromarray(np.full((height, width), grey, np.uint8)).save(path, exif=exif)
    return path


def one(sample: Sample) -> Dataset:
    return Dataset("set", sample.image.parent, ("fracture", "metal"), (sample,))


@pytest.fixture
def many() -> Dataset:
    """Sixty images that need not exist: planning opens none."""
    samples = []
    for number in range(60):
        label = (True, False, None)[number % 3]
        boxes = (box(1, 1, 5, 5), box(2, 2, 9, 9, "metal")) if label else ()
        split = ("train", "test", None)[number // 20]
        samples.append(Sample(Path(f"/data/set/{label}/{number}.png"), split, None, label, boxes))
    return Dataset("set", Path("/data/set"), ("metal", "fracture"), tuple(samples))


def names(plans: list[SheetPlan]) -> dict[str, list[str]]:
    return {plan.file: [pick.sample.image.name for pick in plan.picks] for plan in plans}


def test_each_split_and_label_has_sheets_and_each_split_its_fractures(many: Dataset) -> None:
    plans = plan_sheets(many, Choice(count=3))
    assert [plan.file for plan in plans] == [
        f"{split}-{kind}-1.jpg"
        for split in ("train", "test", "unassigned")
        for kind in ("fractured", "not_fractured", "unknown", "fractures")
    ]
    assert all(len(plan.picks) == 3 for plan in plans)
    fractures = plans[3]
    assert fractures.title == (
        "set · train · fractures: 3 of 7 boxes, drawn with seed 0 · sheet 1 of 1"
    )
    assert {pick.sample.boxes[pick.box].label for pick in fractures.picks} == {"fracture"}


def test_the_draw_is_the_same_wherever_the_dataset_lies(many: Dataset) -> None:
    moved = replace(
        many,
        root=Path("/elsewhere"),
        samples=tuple(
            replace(s, image=Path("/elsewhere/x", *s.image.parts[2:])) for s in many.samples
        ),
    )
    first = names(plan_sheets(many, Choice(count=4)))
    assert names(plan_sheets(moved, Choice(count=4))) == first
    assert names(plan_sheets(many, Choice(count=4, seed=1))) != first
    # the smallest sha256 of "0//True/N.png", as any other program finds them
    assert first["train-fractured-1.jpg"][:3] == ["3.png", "18.png", "6.png"]


def test_a_larger_count_only_adds_and_goes_on_to_further_sheets(many: Dataset) -> None:
    few = names(plan_sheets(many, Choice(count=4)))["train-fractured-1.jpg"]
    all_of_them = names(plan_sheets(many, Choice(count=100)))["train-fractured-1.jpg"]
    assert len(all_of_them) == 7
    assert all_of_them[:4] == few
    lots = replace(many, samples=tuple(replace(s, split="train") for s in many.samples))
    lots = replace(lots, samples=tuple(replace(s, fractured=False) for s in lots.samples))
    sheets = names(plan_sheets(lots, Choice(count=100, columns=7)))
    sizes = {file: len(images) for file, images in sheets.items() if "not_fractured" in file}
    assert sizes == {
        "train-not_fractured-1.jpg": 28,
        "train-not_fractured-2.jpg": 28,
        "train-not_fractured-3.jpg": 4,
    }


def test_options_narrow_what_is_drawn(many: Dataset) -> None:
    plans = names(plan_sheets(many, Choice(split="unassigned", label="not_fractured")))
    assert list(plans) == ["unassigned-not_fractured-1.jpg"]
    metal = plan_sheets(many, Choice(split="train", box_class="metal"))
    assert [plan.file for plan in metal] == ["train-fractured-1.jpg", "train-metal-boxes-1.jpg"]
    assert {pick.sample.boxes[pick.box].label for pick in metal[1].picks} == {"metal"}


@pytest.mark.parametrize(
    ("choice", "message"),
    [
        (Choice(box_class="bone"), "--class bone: set has no such class; choose from metal"),
        (Choice(split="val"), "set: no image fits --split val; leave one out"),
        (
            Choice(label="unknown", box_class="metal"),
            "no image fits --only unknown --class metal; leave one out",
        ),
    ],
)
def test_a_choice_that_leaves_nothing_is_refused(
    many: Dataset, choice: Choice, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        plan_sheets(many, choice)


def test_a_dataset_without_images_is_refused(many: Dataset) -> None:
    with pytest.raises(DataError, match="set: holds no image"):
        plan_sheets(replace(many, samples=()), Choice())


def test_sets_that_were_merged_are_drawn_from_alike(tmp_path: Path) -> None:
    found = []
    for place in ("a", "far/away/b"):
        write_phantoms(tmp_path / place, 4, seed=0, split="train")
        found.append(replace(load_dataset(tmp_path / place), name=place[-1]))
    first = names(plan_sheets(merge_datasets(found), Choice(count=2)))
    (tmp_path / "far" / "away" / "b").rename(tmp_path / "b")
    again = [found[0], replace(load_dataset(tmp_path / "b"), name="b")]
    assert names(plan_sheets(merge_datasets(again), Choice(count=2))) == first


def draw(dataset: Dataset, out: Path, **choice: object) -> dict[Path, str]:
    return draw_sheets(dataset, plan_sheets(dataset, Choice(**choice)), 0, out)  # type: ignore[arg-type]


def first_cell(sheet: Path, dataset: Dataset, count: int = 1) -> np.ndarray:
    """Return the picture in the first cell of a sheet of one row: uint8, (TILE, TILE, 3), RGB."""
    plan = next(p for p in plan_sheets(dataset, Choice(count)) if p.file == sheet.name)
    height = max(len(draw_cell(pick, class_colours(dataset)).pixels) for pick in plan.picks)
    with Image.open(sheet) as image:
        assert image.format == "JPEG"
        columns = min(plan.columns, len(plan.picks))
        assert image.width == columns * TILE + (columns + 1) * GAP
        top = image.height - GAP - height
        assert 20 < top < 100  # the title
        return np.asarray(image)[top : top + TILE, GAP : GAP + TILE]


def near(pixel: np.ndarray, colour: tuple[int, int, int]) -> bool:
    return bool(np.abs(pixel.astype(int) - colour).max() <= 24)  # JPEG


def test_a_box_is_outlined_just_outside_of_what_it_bounds(tmp_path: Path) -> None:
    image = flat(tmp_path / "set" / "a.png", 320, 320)
    dataset = one(Sample(image, "train", None, True, (box(100, 120, 200, 180),)))
    assert draw(dataset, tmp_path / "out") == {}
    cell = first_cell(tmp_path / "out" / "train-fractured-1.jpg", dataset)
    for x, y in ((97, 150), (202, 150), (150, 117), (150, 182)):
        assert near(cell[y, x], ORANGE), (x, y)
    assert near(cell[121:179, 101:199].mean(axis=(0, 1)), (0, 0, 0))
    assert cell[121:179, 101:199].max() < 40


def test_a_turned_picture_is_fitted_and_boxed_as_a_viewer_shows_it(tmp_path: Path) -> None:
    image = flat(tmp_path / "set" / "a.png", 640, 320, grey=90, orientation=6)
    dataset = one(Sample(image, "train", None, True, (box(40, 200, 120, 400),)))
    draw(dataset, tmp_path / "out")
    cell = first_cell(tmp_path / "out" / "train-fractured-1.jpg", dataset)
    # displayed as 320 x 640, so half as large with 80 pixels of paper to its left
    assert near(cell[160, 40], PAPER)
    assert near(cell[20, 160], (90, 90, 90))
    assert near(cell[150, 97], ORANGE)
    assert near(cell[202, 120], ORANGE)


def test_a_fracture_is_shown_in_its_surroundings_and_others_are_dashed(tmp_path: Path) -> None:
    image = flat(tmp_path / "set" / "a.png", 1000, 800)
    boxes = (box(500, 400, 540, 420), box(450, 350, 470, 450, "metal"))
    dataset = one(Sample(image, "val", None, True, boxes))
    draw(dataset, tmp_path / "out")
    cell = first_cell(tmp_path / "out" / "val-fractures-1.jpg", dataset)
    # 120 pixels around (520, 410) at 320/120: the box spans 107 to 213 and 133 to 187, the
    # other one ends at 27
    solid, dashed = cell[133:187, 104], cell[20:250, 29]
    assert all(near(pixel, ORANGE) for pixel in solid[3:-3])
    blue = class_colours(dataset)["metal"]
    share = np.mean([near(pixel, blue) for pixel in dashed])
    assert 0.3 < share < 0.8


def test_a_box_outside_of_the_picture_is_seen_at_its_edge(tmp_path: Path) -> None:
    image = flat(tmp_path / "set" / "a.png", 320, 320)
    dataset = one(Sample(image, None, None, True, (box(400, 100, 500, 200), box(5, 5, 5, 9))))
    draw(dataset, tmp_path / "out")
    cell = first_cell(tmp_path / "out" / "unassigned-fractured-1.jpg", dataset)
    assert near(cell[150, 318], ORANGE)
    with Image.open(tmp_path / "out" / "unassigned-fractures-1.jpg") as crops:
        crops.load()


def test_sixteen_bits_and_dicom_are_shown_as_a_viewer_would(tmp_path: Path) -> None:
    write_phantoms(tmp_path / "set", 2, seed=3, form="both", split="test", fractured_share=1)
    dataset = load_dataset(tmp_path / "set")
    assert draw(dataset, tmp_path / "out", columns=2) == {}
    with Image.open(tmp_path / "out" / "test-fractured-1.jpg") as sheet:
        assert sheet.width == 2 * TILE + 3 * GAP
        pixels = np.asarray(sheet.convert("L")).astype(int)
    for left in (GAP, 2 * GAP + TILE):
        cell = pixels[60 : 60 + TILE // 2, left : left + TILE]
        assert cell.max() > 180
        assert np.ptp(cell) > 120


def test_what_cannot_be_read_has_a_cell_that_says_so(tmp_path: Path, picture: Picture) -> None:
    good = picture(tmp_path / "set" / "good.jpg", 300, 300)
    cut = picture(tmp_path / "set" / "cut.jpg", 300, 300, 1)
    cut.write_bytes(cut.read_bytes()[:5000])
    gone = tmp_path / "set" / "gone.jpg"
    samples = tuple(Sample(path, "train", None, None, None) for path in (good, cut, gone))
    dataset = Dataset("set", tmp_path / "set", ("fracture",), samples)
    failed = draw(dataset, tmp_path / "out")
    assert set(failed) == {cut, gone}
    assert "truncated" in failed[cut]
    index = json.loads((tmp_path / "out" / PREVIEW_NAME).read_text(encoding="utf-8"))
    assert {entry["path"] for entry in index["unreadable"]} == {"cut.jpg", "gone.jpg"}
    (sheet,) = index["sheets"]
    assert sheet["file"] == "train-unknown-1.jpg"
    with Image.open(tmp_path / "out" / sheet["file"]) as image:
        pixels = np.asarray(image)
    for place, name in enumerate(sheet["images"]):
        left = GAP + place * (TILE + GAP)
        cell = pixels[60 : 60 + 280, left : left + TILE].astype(int)
        yellow = (cell[:, :, 0] > 180) & (cell[:, :, 1] > 160) & (cell[:, :, 2] < 120)
        assert yellow.any() == (name != "good.jpg")  # noise is grey


def test_the_same_seed_gives_the_same_bytes_and_old_sheets_go(tmp_path: Path) -> None:
    write_phantoms(tmp_path / "set", 12, seed=1)
    dataset, out = load_dataset(tmp_path / "set"), tmp_path / "out"
    draw(dataset, out, count=3)
    first = {path.name: path.read_bytes() for path in out.iterdir()}
    assert {name.partition("-")[0] for name in first} == {"train", "val", "test", PREVIEW_NAME}
    mine = out / "notes.jpg"
    mine.write_text("mine")
    draw(dataset, out, count=3)
    assert {path.name: path.read_bytes() for path in out.iterdir() if path != mine} == first
    draw(dataset, out, count=3, split="val", seed=5)
    left = {path.name for path in out.iterdir()}
    assert {"notes.jpg", PREVIEW_NAME} < left
    assert all(name.startswith("val-") for name in left - {"notes.jpg", PREVIEW_NAME})
    shutil.copytree(tmp_path / "set", tmp_path / "other" / "copy")
    draw(load_dataset(tmp_path / "other" / "copy"), tmp_path / "again", count=3)
    again = {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()}
    assert again == first


def test_only_cells_are_held_while_a_sheet_is_drawn(tmp_path: Path) -> None:
    image = flat(tmp_path / "set" / "a.png", 900, 900)
    cell = draw_cell(Pick(Sample(image, None, None, False, ())), {})
    assert cell.pixels.shape[1] == TILE
    assert len(cell.pixels) < TILE + 100
    long = Sample(flat(tmp_path / ("n" * 200 + ".png"), 30, 20), None, "g" * 300, False, ())
    assert len(draw_cell(Pick(long), {}).pixels) > len(cell.pixels)  # wrapped, not cut off


@pytest.mark.shared
def test_the_real_set_is_drawn(shared_dir: Path, tmp_path: Path) -> None:
    dataset = load_dataset(shared_dir / "data" / "fracatlas")
    failed = draw(dataset, tmp_path, count=6)
    # the truncated ones are in no split, and only they cannot be read
    assert len(failed) == 6
    assert {s.split for s in dataset.samples if s.image in failed} == {None}
    cell = first_cell(tmp_path / "train-fractures-1.jpg", dataset, count=6)
    assert sum(near(pixel, ORANGE) for pixel in cell.reshape(-1, 3)) > 200
