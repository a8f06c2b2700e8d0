"""`data stats` and `data preview` through the command line: output, exit codes, refusals."""

from __future__ import annotations

import json
import shutil
from functools import partial
from pathlib import Path

import pytest
from command_line import Call, Ended

from detect.data.phantom.writer import write_phantoms


@pytest.fixture
def call(call: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Call:
    """Run `data …` in an empty folder."""
    (tmp_path / "here").mkdir()
    monkeypatch.chdir(tmp_path / "here")
    return partial(call, "data")


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("rendered") / "phantoms"
    write_phantoms(folder, 6, seed=2, split="train")
    return folder


@pytest.fixture
def phantoms(rendered: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(rendered, tmp_path / "phantoms"))


def test_stats_prints_a_table_and_writes_into_results(call: Call, phantoms: Path) -> None:
    ended = call("stats", phantoms)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("phantoms: 6 images, ")
    assert ended.out.endswith("Counts and pictures in results/stats-phantoms\n")
    out = Path("results/stats-phantoms")
    assert json.loads((out / "stats.json").read_text())["images"]["n"] == 6
    assert (out / "box_positions.png").is_file()
    again = call("stats", phantoms)
    assert again.code == 1
    assert "holds stats.json already; choose another, or --overwrite" in again.err
    assert call("stats", phantoms, "--overwrite", "--quiet") == Ended(0, "", "")


def test_datasets_are_looked_at_as_one(call: Call, phantoms: Path, tmp_path: Path) -> None:
    write_phantoms(tmp_path / "more", 4, seed=9, split="test")
    assert call("stats", phantoms, tmp_path / "more", "--out", "s").code == 0
    stats = json.loads(Path("s/stats.json").read_text())
    assert stats["images"]["n"] == 10
    origin = next(one for one in stats["attributes"] if one["name"] == "dataset")
    assert [row["n"] for row in origin["values"]] == [6, 4]
    assert call("preview", phantoms, tmp_path / "more", "--out", "p").code == 0
    splits = {path.name.partition("-")[0] for path in Path("p").glob("*.jpg")}
    assert splits == {"train", "test"}


def test_labels_that_only_boxes_tell_are_counted(call: Call, tmp_path: Path, picture) -> None:
    root = tmp_path / "yolo"
    for name, text in (("a", "0 0.5 0.5 0.2 0.2\n"), ("b", "1 0.5 0.5 0.2 0.2\n"), ("c", "")):
        picture(root / "images" / f"{name}.png", 60, 40)
        (root / "labels").mkdir(exist_ok=True)
        (root / "labels" / f"{name}.txt").write_text(text)
    (root / "data.yaml").write_text("train: images\nnames: [fracture, metal]\n")
    assert call("stats", root, "--out", "s").code == 0
    stats = json.loads(Path("s/stats.json").read_text())
    assert stats["images"] == {"n": 3, "fractured": 1, "not_fractured": 2, "unknown": 0}
    assert [one["n_boxes"] for one in stats["classes"]] == [1, 1]
    assert any("told by their boxes" in note for note in stats["dataset"]["notes"])


def test_preview_lists_its_sheets(call: Call, phantoms: Path) -> None:
    ended = call("preview", phantoms, "--count", 2, "--columns", 1)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        f"results/preview-phantoms/train-{kind}-1.jpg: 2 cells"
        for kind in ("fractured", "not_fractured", "fractures")
    ]
    assert call("preview", phantoms).code == 1
    normal = call("preview", phantoms, "--only", "not_fractured", "--overwrite")
    assert normal.out.endswith("no box of a fracture among them: no sheets of fractures\n")


def test_unreadable_images_are_named_and_not_fatal(call: Call, phantoms: Path) -> None:
    broken = phantoms / "images" / "phantom_0001.png"
    broken.write_bytes(b"")
    ended = call("preview", phantoms, "--out", "p")
    assert ended.code == 3
    assert "unreadable: phantom_0001.png: file is empty" in ended.out
    ended = call("stats", phantoms, "--out", "s")
    assert ended.code == 3
    assert "1 image of unreadable size: images/phantom_0001.png" in ended.out


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("preview", "{}", "--only", "broken"), 2, "--only broken"),
        (("preview", "{}", "--split", "all"), 2, "--split all"),
        (("preview", "{}", "--class", "metal"), 1, "phantoms has no such class"),
        (("preview", "{}", "--split", "val"), 1, "no image fits --split val"),
        (("preview", "{}", "--out", "{}/images/sheets"), 1, "choose a folder outside"),
        (("stats", "{}", "--out", "{}/table.csv"), 1, "is a file; name a folder"),
        (("stats", "{}", "--form", "nonsense"), 1, "--form nonsense: no such form"),
        (("stats", "nowhere"), 1, "nowhere: no such folder"),
    ],
)
def test_mistakes_get_one_line(
    call: Call, phantoms: Path, arguments: tuple[str, ...], code: int, message: str
) -> None:
    ended = call(*(argument.format(phantoms) for argument in arguments))
    assert ended.code == code
    if code == 1:
        assert ended.err.count("\n") == 1
    assert message in " ".join(ended.err.split())
    assert not (Path("results")).exists()
