"""Counts of a dataset against those made by hand, and against the csv module on the real set."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from detect.data.load import load_dataset
from detect.data.plots import PLOTS, draw_plots
from detect.data.sample import Dataset, LabelledBox, Sample
from detect.data.sources.images import displayed_sizes
from detect.data.stats import dataset_stats
from detect.data.stats_report import STATS_NAME, write_stats
from detect.data.stats_table import stats_lines
from detect.record import Box

QUANTILES = ("min", "p05", "p25", "median", "p75", "p95", "max")
Size = tuple[int, int] | None


def box(x1: float, y1: float, x2: float, y2: float, label: str = "fracture") -> LabelledBox:
    return LabelledBox(Box(x1, y1, x2, y2), label)


def dataset(*samples: Sample, classes: tuple[str, ...] = ("fracture", "metal")) -> Dataset:
    return Dataset("set", Path("/set"), classes, samples)


def sample(name: str, *rest: Any) -> Sample:
    return Sample(Path("/set/images") / name, *rest)


@pytest.fixture
def seven() -> tuple[Dataset, list[Size]]:
    """Seven images with something unknown of most."""
    found = dataset(
        sample(
            "a",
            "train",
            "p1",
            True,
            (box(0, 0, 10, 20), box(10, 10, 40, 30), box(0, 0, 9, 9, "metal")),
        ),
        sample("b", "train", "p1", True, (box(0, 0, 50, 50),), {"region": "hand", "side": "L"}),
        sample("c", "train", None, False, (), {"region": "hand"}),
        sample("d", "val", "p2", True, None, {"region": "leg", "side": "R"}),
        sample("e", "val", "p1", False, (box(5, 5, 5, 9, "metal"),), {"region": "leg"}),
        sample("f", None, None, None, None, {"region": "hand", "side": "L"}),
        sample("g", None, "p3", None, ()),
    )
    return found, [(100, 200), (100, 200), (50, 60), (50, 60), (100, 200), None, (70, 70)]


def counts(n: int, fractured: int, not_fractured: int, unknown: int) -> dict[str, int]:
    return {"n": n, "fractured": fractured, "not_fractured": not_fractured, "unknown": unknown}


def test_splits_and_groups_are_counted_and_the_unassigned_with_them(
    seven: tuple[Dataset, list[Size]],
) -> None:
    stats = dataset_stats(*seven)
    assert stats["images"] == counts(7, 3, 2, 2)
    assert stats["splits"] == [
        {"value": "train", **counts(3, 2, 1, 0), "n_groups": 1, "n_without_group": 1, "n_boxes": 4},
        {"value": "val", **counts(2, 1, 1, 0), "n_groups": 2, "n_without_group": 0, "n_boxes": 1},
        {"value": None, **counts(2, 0, 0, 2), "n_groups": 1, "n_without_group": 1, "n_boxes": 0},
    ]
    assert (stats["groups"]["n"], stats["groups"]["n_images_without"]) == (3, 2)
    assert stats["groups"]["n_in_several_splits"] == 1
    assert stats["groups"]["images_per_group"]["n"] == 3
    assert stats["groups"]["images_per_group"]["max"] == 3


def test_attributes_are_counted_by_label_region_first_and_the_unknown_with_them(
    seven: tuple[Dataset, list[Size]],
) -> None:
    region, side = dataset_stats(*seven)["attributes"]
    assert region["name"] == "region"
    assert region["values"] == [
        {"value": "hand", **counts(3, 1, 1, 1)},
        {"value": "leg", **counts(2, 1, 1, 0)},
        {"value": None, **counts(2, 1, 0, 1)},
    ]
    assert (side["name"], side["n_values"], side["n_unknown"]) == ("side", 2, 4)
    assert [row["value"] for row in side["values"]] == ["L", "R", None]


def test_an_attribute_of_many_values_is_named_and_not_broken_down() -> None:
    found = dataset(*(sample(str(n), None, None, None, None, {"age": str(n)}) for n in range(21)))
    (age,) = dataset_stats(found, [None] * 21)["attributes"]
    assert (age["n_values"], age["n_unknown"], age["values"]) == (21, 0, None)
    fewer = dataset(*found.samples[1:])
    assert len(dataset_stats(fewer, [None] * 20)["attributes"][0]["values"]) == 20


def test_boxes_are_counted_by_class_and_measured_in_pixels_and_shares(
    seven: tuple[Dataset, list[Size]],
) -> None:
    stats = dataset_stats(*seven)
    fracture, metal = stats["classes"]
    assert (fracture["name"], fracture["n_boxes"], fracture["n_images"]) == ("fracture", 3, 2)
    # widths 10, 30, 50; heights 20, 20, 50; areas 200, 600, 2500 of 20 000; aspects .5, 1.5, 1
    assert [fracture["width_px"][q] for q in QUANTILES] == [10, 12, 20, 30, 40, 48, 50]
    assert fracture["height_px"]["median"] == 20
    assert [fracture["relative_area"][q] for q in ("min", "median", "max")] == [0.01, 0.03, 0.125]
    assert fracture["aspect"]["median"] == 1
    assert (metal["n_boxes"], metal["n_images"], metal["n_degenerate"]) == (2, 2, 1)
    assert metal["width_px"] == {"n": 1, **dict.fromkeys(QUANTILES, 9)}
    assert stats["annotation"]["share_annotated"] == 5 / 7
    assert stats["annotation"]["labels"] == [
        {"label": "fractured", "n": 3, "with_boxes": 2, "without_boxes": 0, "not_annotated": 1},
        {"label": "not_fractured", "n": 2, "with_boxes": 1, "without_boxes": 1, "not_annotated": 0},
        {"label": "unknown", "n": 2, "with_boxes": 0, "without_boxes": 1, "not_annotated": 1},
    ]
    assert stats["fracture_classes"] == ["fracture"]
    assert stats["boxes_per_fractured_image"] == {
        "n_images": 2,
        "n_not_annotated": 1,
        "counts": [{"boxes": 1, "images": 1}, {"boxes": 2, "images": 1}],
    }


def test_a_box_in_an_image_of_unknown_size_has_pixels_and_no_share() -> None:
    found = dataset(sample("a", None, None, True, (box(0, 0, 4, 8),)))
    fracture = dataset_stats(found, [None])["classes"][0]
    assert fracture["width_px"]["median"] == 4
    assert fracture["relative_area"] == {"n": 0, **dict.fromkeys(QUANTILES)}


def test_image_sizes_are_counted_and_the_unreadable_are_named(
    seven: tuple[Dataset, list[Size]],
) -> None:
    sizes = dataset_stats(*seven)["image_sizes"]
    assert (sizes["n_read"], sizes["unreadable"], sizes["n_distinct"]) == (6, ["images/f"], 3)
    assert sizes["most_common"] == [
        {"width": 100, "height": 200, **counts(3, 2, 1, 0)},
        {"width": 50, "height": 60, **counts(2, 1, 1, 0)},
        {"width": 70, "height": 70, **counts(1, 0, 0, 1)},
    ]
    assert sizes["megapixels"]["max"] == 0.02


def test_the_table_fits_the_terminal_and_says_what_is_not_known(
    seven: tuple[Dataset, list[Size]],
) -> None:
    lines = list(stats_lines(dataset_stats(*seven)))
    assert max(map(len, lines)) <= 100
    text = "\n".join(lines)
    assert lines[0] == "set: 7 images, 5 boxes of 2 classes"
    assert _cells(lines, "unassigned") == ["2", "0", "0", "2", "-", "1", "1", "0"]
    assert _cells(lines, "all") == ["7", "3", "2", "2", "60.0%", "3", "2", "5"]
    assert _cells(lines, "(not stated)") == ["2", "1", "0", "1", "100.0%"]
    assert _cells(lines, "100 × 200 px") == ["3", "2", "1", "0", "66.7%"]
    assert "1 group in several splits" in text
    assert "1 box without an area" in text
    assert "1 image of unreadable size: images/f; data check says why" in text
    assert "71.4% of the images are annotated" in text


def _cells(lines: list[str], name: str) -> list[str]:
    return next(line[len(name) :].split() for line in lines if line.startswith(f"{name}  "))


HOSTILE = "_$x$ \x1b[31m\n骨" + 60 * "y"


def hostile() -> Dataset:
    """Names that a terminal, a formula or a legend would take for something else."""
    classes = (HOSTILE, *(f"class {n}" for n in range(8)))
    boxes = tuple(box(n, n, 20 + n, 30 + n, name) for n, name in enumerate(classes))
    attributes = {HOSTILE: HOSTILE, "region": HOSTILE}
    return Dataset(
        HOSTILE, Path("/set"), classes, (sample("a", None, None, True, boxes, attributes),)
    )


def test_hostile_names_stay_on_their_line_and_in_their_picture() -> None:
    stats = dataset_stats(hostile(), [(100, 100)])
    lines = list(stats_lines(stats))
    assert max(map(len, lines)) <= 100
    assert all(line.isprintable() for line in lines)
    assert set(draw_plots(hostile(), [(100, 100)], stats)) == set(PLOTS)


@pytest.mark.parametrize(
    ("samples", "sizes", "drawn"),
    [
        ((), [], set()),
        ((sample("a", None, None, None, None),), [None], {"splits.png"}),
        (
            (sample("a", "test", None, False, ()),),
            [(20, 30)],
            {"splits.png", "image_sizes.png"},
        ),
        (
            (sample("a", None, None, True, (box(3, 3, 3, 3),)),),
            [(20, 30)],
            {"splits.png", "image_sizes.png", "boxes_per_image.png"},
        ),
        (
            (sample("a", None, None, True, (box(3, 3, 5, 6),), {"view": "frontal"}),),
            [(20, 30)],
            set(PLOTS) - {"region.png"},
        ),
    ],
)
def test_little_data_is_counted_and_drawn_as_far_as_there_is_any(
    samples: tuple[Sample, ...], sizes: list[Size], drawn: set[str]
) -> None:
    found = dataset(*samples)
    stats = dataset_stats(found, sizes)
    assert stats["images"]["n"] == len(samples)
    json.dumps(stats, allow_nan=False)
    assert list(stats_lines(stats))
    assert set(draw_plots(found, sizes, stats)) == drawn


def test_what_is_written_is_read_back_and_an_old_picture_goes(
    seven: tuple[Dataset, list[Size]], tmp_path: Path
) -> None:
    stats = dataset_stats(*seven)
    out = tmp_path / "out"
    paths = write_stats(stats, draw_plots(*seven, stats), out)
    assert json.loads((out / STATS_NAME).read_text(encoding="utf-8")) == stats
    assert sorted(path.name for path in paths) == sorted([STATS_NAME, *PLOTS])
    first = {name: (out / name).read_bytes() for name in PLOTS}
    for name in PLOTS:
        with Image.open(out / name) as picture:
            assert picture.format == "PNG"
            assert min(picture.size) >= 280
            assert len(picture.convert("RGB").getcolors(1 << 20) or ()) > 2
    assert draw_plots(*seven, stats) == first
    without = dataset(*(sample(s.image.name, None, None, None, None) for s in seven[0].samples))
    again = dataset_stats(without, seven[1])
    write_stats(again, draw_plots(without, seven[1], again), out)
    left = sorted(path.name for path in out.iterdir())
    assert left == sorted([STATS_NAME, "splits.png", "image_sizes.png"])


def test_bars_carry_the_colours_of_the_labels(seven: tuple[Dataset, list[Size]]) -> None:
    stats = dataset_stats(*seven)
    content = draw_plots(*seven, stats)["splits.png"]
    with Image.open(io.BytesIO(content)) as picture:
        colours = {c: n for n, c in picture.convert("RGB").getcolors(1 << 20) or ()}
    orange, blue, grey = (colours[c] for c in ((213, 94, 0), (86, 180, 233), (187, 187, 187)))
    # 3 fractured, 2 not, 2 unlabelled; the legend adds little to each
    assert orange / blue == pytest.approx(1.5, rel=0.1)
    assert grey / blue == pytest.approx(1, rel=0.1)


@pytest.mark.shared
def test_the_real_set_is_counted_as_its_table_says(shared_dir: Path) -> None:
    root = shared_dir / "data" / "fracatlas"
    found = load_dataset(root)
    sizes = displayed_sizes([s.image for s in found.samples])
    stats = dataset_stats(found, sizes)
    present = {path.name for path in root.glob("images/*/*")}
    with (root / "dataset.csv").open(newline="", encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if row["image_id"] in present]
    with (root / "split.csv").open(newline="", encoding="utf-8") as file:
        splits = {row["image_id"]: row["split"] for row in csv.DictReader(file)}
    # its box counts more than its row, as the reader says in its notes
    fractured = {row["image_id"]: row["fractured"] == "1" for row in rows} | {
        "IMG0003298.jpg": True
    }
    expected = Counter((splits.get(name), label) for name, label in fractured.items())
    for row in stats["splits"]:
        assert row["fractured"] == expected[row["value"], True]
        assert row["not_fractured"] == expected[row["value"], False]
    assert stats["images"]["n"] == len(rows) == len(present)
    hardware = next(a for a in stats["attributes"] if a["name"] == "hardware")
    for row in hardware["values"]:
        flag = "1" if row["value"] == "yes" else "0"
        names = [r["image_id"] for r in rows if r["hardware"] == flag]
        assert row["n"] == len(names)
        assert row["fractured"] == sum(fractured[name] for name in names)
    region = next(a for a in stats["attributes"] if a["name"] == "region")
    by_region = Counter(
        "mixed"
        if r["mixed"] == "1" or sum(r[n] == "1" for n in ("hand", "leg", "hip", "shoulder")) > 1
        else next((n for n in ("hand", "leg", "hip", "shoulder") if r[n] == "1"), None)
        for r in rows
    )
    assert {row["value"]: row["n"] for row in region["values"]} == by_region
    boxes = sum(
        path.read_text(encoding="utf-8").count("<object>")
        for path in (root / "Annotations" / "PASCAL VOC").glob("*.xml")
        if f"{path.stem}.jpg" in present
    )
    assert stats["classes"][0]["n_boxes"] == boxes
    assert stats["image_sizes"]["unreadable"] == []
