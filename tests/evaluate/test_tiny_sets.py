"""Tiny sets that lack something, through the command line: every figure, or why there is none."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from functools import partial
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from command_line import Call, Ended

from detect.data.phantom.writer import write_phantoms
from detect.evaluate.settings import Settings
from detect.record import Box, Finding, ModelInfo, Reading, Source, Verdict
from detect.write.json_lines import JsonLinesWriter

# what a program writes for nothing, as a word of its own
_NOTHING = re.compile(r"\b(?:None|nan|NaN|null|inf|Traceback)\b")
_BOX = Box(10, 10, 40, 40)


class _Text(HTMLParser):
    """What a person reads of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text = ""
        self._hidden = 0
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:  # noqa: ARG002
        self._hidden += tag in ("style", "script")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("style", "script")

    def handle_data(self, data: str) -> None:
        self.text += "" if self._hidden else data


@pytest.fixture(autouse=True)
def _few_resamples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("detect.evaluate.run.Settings", partial(Settings, n_resamples=20))


@pytest.fixture
def tiny(tmp_path: Path) -> Callable[..., Path]:
    """Write a set, of pairs of images or without groups: `tiny(count, fractured, groups=…)`."""

    def write(count: int, fractured: float, *, groups: bool = True) -> Path:
        folder = write_phantoms(
            tmp_path / "set", count, fractured_share=fractured, split="test", size=(128, 96)
        ).parent
        table = folder / "table.csv"
        rows = list(csv.DictReader(table.read_text(encoding="utf-8").splitlines()))
        with table.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, rows[0])
            writer.writeheader()
            for number, row in enumerate(rows):
                writer.writerow(row | {"group": f"p{number // 2}" if groups else ""})
        return folder

    return write


@pytest.fixture
def results(tmp_path: Path) -> Callable[..., Path]:
    """Save a reading of each image, of alternating verdicts: `results(folder, boxes)`."""

    def save(folder: Path, *, boxes: bool = True) -> Path:
        images = sorted((folder / "images").iterdir())
        with JsonLinesWriter(tmp_path / "run") as stream:
            for number, image in enumerate(images):
                called = number % 2 == 0
                certainty = "definite" if called else "none"
                found = Finding("F1", "fracture", certainty, 0.5 + 0.01 * number, _BOX)  # type: ignore[arg-type]
                probability = 0.9 - 0.02 * number if called else 0.1
                label = "fractured" if called else "not_fractured"
                stream.write(
                    Reading(
                        Source(f"images/{image.name}", None, 96, 128),
                        Verdict(label, "definite", probability, "balanced", 0.5),  # type: ignore[arg-type]
                        (found,) if boxes else (),
                        ModelInfo("elsewhere", "1", "0" * 64),
                    )
                )
        (tmp_path / "run" / "run.yaml").write_text("min_score: 0.001\n", encoding="utf-8")
        return tmp_path / "run" / "results.jsonl"

    return save


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def figures(value: Any) -> list[dict[str, Any]]:
    """Return every measured figure of `metrics.json`."""
    if isinstance(value, list):
        return [found for item in value for found in figures(item)]
    if not isinstance(value, dict):
        return []
    if "interval" in value and "reason" in value:
        return [value]
    return [found for item in value.values() for found in figures(item)]


def said(ended: Ended, out: Path) -> tuple[dict[str, Any], str, str]:
    """Return metrics, table and page of an evaluation, found to be in words throughout."""
    text = (out / "metrics.json").read_text(encoding="utf-8")
    metrics: dict[str, Any] = json.loads(text, parse_constant=refuse)
    for figure in figures(metrics):
        if figure["value"] is None or figure["interval"] is None:
            assert figure["reason"], figure
    page = _Text((out / "report.html").read_text(encoding="utf-8")).text
    for shown in (ended.out, ended.err, page):
        assert not _NOTHING.search(shown), _NOTHING.search(shown)
    numbers = set(re.findall(r"(?<=\s)- \((\d+)\)", ended.out))
    assert numbers == set(re.findall(r"^\((\d+)\) \S", ended.out, re.MULTILINE))
    assert not re.search(r"(?<=\s)-(?! \(\d)(?=\s|$)", ended.out)
    return metrics, ended.out, page


def evaluated(call: Call, data: Path, results: Path, out: Path, *more: object) -> Ended:
    return call("evaluate", "--data", data, "--predictions", results, "--out", out, *more)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "fractured", "says"),
    [
        (4, 0.0, "no fractured image that was read"),
        (4, 1.0, "no image without fracture that was read"),
        (1, 1.0, "needs fractured images and images without fracture"),
        (1, 0.0, "no annotated fracture box"),
    ],
)
def test_one_kind_of_image_alone(
    count: int,
    fractured: float,
    says: str,
    call: Call,
    tiny: Callable[..., Path],
    results: Callable[..., Path],
    tmp_path: Path,
) -> None:
    data = tiny(count, fractured)
    ended = evaluated(call, data, results(data), tmp_path / "out")
    assert ended.code == 0, ended.err
    metrics, table, page = said(ended, tmp_path / "out")
    whole = metrics["subsets"]["all"]
    assert whole["verdict"]["auroc"]["value"] is None
    rate = "specificity" if fractured else "sensitivity"
    assert whole["verdict"]["operating_points"]["balanced"][rate]["value"] is None
    assert whole["too_few"]
    assert says in table
    assert says in page
    assert "all images †" in table
    assert "all images †" in page
    assert "Read the figures with doubt: the images are too few: " in page


@pytest.mark.slow
def test_no_box_predicted(
    call: Call, tiny: Callable[..., Path], results: Callable[..., Path], tmp_path: Path
) -> None:
    data = tiny(6, 0.5)
    ended = evaluated(call, data, results(data, boxes=False), tmp_path / "out")
    assert ended.code == 0, ended.err
    metrics, table, page = said(ended, tmp_path / "out")
    boxes = metrics["subsets"]["all"]["boxes"]
    assert boxes["n_detections"] == 0
    assert boxes["map50"]["value"] == boxes["ar100"]["value"] == 0
    assert [point["sensitivity"]["value"] for point in boxes["froc"]["iou"]["all"]["points"]] == (
        [0] * 4
    )
    assert "called fractured, but nothing is shown" in page
    assert re.search(r"^all images † +3 +0\.000", table, re.MULTILINE)


@pytest.mark.slow
def test_missing_groups(
    call: Call, tiny: Callable[..., Path], results: Callable[..., Path], tmp_path: Path
) -> None:
    data = tiny(6, 0.5, groups=False)
    saved = results(data)
    ended = evaluated(call, data, saved, tmp_path / "out")
    assert ended.code == 0, ended.err
    metrics, table, page = said(ended, tmp_path / "out")
    assert (metrics["data"]["grouped_by"], metrics["data"]["n_groups"]) == ("image", 6)
    assert {part["clustered"] for part in metrics["subsets"].values()} == {None}
    assert "by group" not in table
    assert "interval by group" not in page
    refused = evaluated(call, data, saved, tmp_path / "other", "--grouped-by", "group")
    assert (refused.code, refused.out) == (1, "")
    assert "--grouped-by group: no image of this split has one; choose from image" in refused.err


@pytest.mark.parametrize("groups", [True, False])
def test_every_input_fails(
    groups: bool, call: Call, tiny: Callable[..., Path], tmp_path: Path
) -> None:
    data = tiny(4, 0.5, groups=groups)
    for image in (data / "images").iterdir():
        image.write_bytes(image.read_bytes()[:600])
    out = tmp_path / "out"
    ended = call("evaluate", "--data", data, "--weights", "fracture-n", "--out", out)
    assert ended.code == 3, ended.err
    metrics, table, page = said(ended, out)
    assert (metrics["data"]["n_read"], metrics["data"]["n_failed"]) == (0, 4)
    point = metrics["subsets"]["all"]["verdict"]["operating_points"]["balanced"]
    assert point["sensitivity"]["value"] is None
    assert point["with_failures_as_errors"]["sensitivity"]["value"] == 0
    assert metrics["subsets"]["all"]["boxes"]["map50"]["value"] == 0
    assert table.startswith("4 images: 2 fractured, 2 not, 0 unknown; 4 failed\n")
    assert "no image that was read and whose label is known" in table
    assert "4 of 4 images could not be read" in page


@pytest.mark.slow
def test_results_that_lack_images_or_have_others_are_said(
    call: Call,
    tiny: Callable[..., Path],
    results: Callable[..., Path],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    data = tiny(6, 0.5)
    saved = results(data)
    lines = saved.read_text(encoding="utf-8").splitlines()
    lines[0] = lines[0].replace("phantom_0001", "stranger")
    saved.write_text("\n".join(lines[:5]) + "\n", encoding="utf-8")
    ended = evaluated(call, data, saved, tmp_path / "out", "--gallery", 0)
    assert ended.code == 3, ended.err
    _, table, page = said(ended, tmp_path / "out")
    assert "2 of 6 images without a result, counted as failed, as images/phantom_" in caplog.text
    assert "1 results are of images that are not measured, left out, as images/str" in caplog.text
    assert "2 of 6 images have no result; they count as failed" in table
    assert "results of 1 other images are left out" in table
    assert "missing: the saved results hold nothing of these images." in page
    saved.write_text("", encoding="utf-8")
    empty = evaluated(call, data, saved, tmp_path / "empty")
    assert (empty.code, empty.out) == (1, "")
    assert "results.jsonl is empty, so there is nothing to measure; give the results" in empty.err
    assert not (tmp_path / "empty").exists()


@pytest.mark.slow
@pytest.mark.parametrize("split", ["train", "val"])
def test_a_split_that_the_model_has_seen_flatters(
    split: str,
    call: Call,
    results: Callable[..., Path],
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
) -> None:
    data = write_phantoms(tmp_path / "set", 4, split=split, size=(128, 96)).parent
    common = (results(data), tmp_path / "out", "--split", split, "--gallery", 0)
    ended = evaluated(call, data, *common)
    assert ended.code == 0, ended.err
    metrics, table, page = said(ended, tmp_path / "out")
    caution = metrics["data"]["caution"]
    assert "figures on it flatter" in caution
    assert f"--split {split}: {caution}" in caplog.text
    assert caution in table.splitlines()
    assert caution in page
