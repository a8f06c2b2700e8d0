"""The commands `detect`, `report` and `evaluate`, through `main`: output, exit codes, refusals."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from command_line import Call, Ended
from PIL import Image

from detect import __version__
from detect.data.phantom.writer import write_phantoms
from detect.evaluate.settings import Settings

MakeBundle = Callable[..., Path]


def test_help_and_version(call: Call) -> None:
    ended = call("--help")
    assert ended.code == 0
    for command in ("detect", "train", "evaluate", "report", "send", "card", "data"):
        assert command in ended.out
    assert call("--version") == Ended(0, f"{__version__}\n", "")


@pytest.mark.parametrize(
    ("default", "commands"),
    [
        ("two per core, more for a card", ("detect", "evaluate", "robustness", "benchmark")),
        ("one per core", ("train", "export", "data check")),
    ],
)
def test_help_tells_how_many_threads_each_command_takes(
    call: Call, default: str, commands: tuple[str, ...]
) -> None:
    for command in commands:
        words = call(*command.split(), "--help").out.replace("│", " ").split()
        at = words.index("--workers")
        assert f"[default: ({default})]" in " ".join(words[at : at + 25]), command


def test_detect_prints_a_line_per_picture_and_a_summary(
    call: Call, radiographs: Path, tmp_path: Path, make_bundle: MakeBundle
) -> None:
    weights = make_bundle(screening=0.4, balanced=0.6, confirm=0.7)
    ended = call("detect", radiographs, "--out", tmp_path / "out", "--weights", weights)
    assert (ended.code, ended.err) == (0, "")
    lines = ended.out.splitlines()
    assert lines[0] == "a.png: not fractured, doubtful, P(fracture) 0.500, 0 places marked"
    assert lines[3].startswith("hand/left/d e ü.png: ")
    assert "4 read: 0 fractured, 4 not fractured; 0 failed; 1 other files passed over." in lines[4]
    assert lines[-1] == "Research use only – not for diagnosis."


def test_a_failed_input_is_shown_and_ends_in_code_3(
    call: Call, radiographs: Path, tmp_path: Path
) -> None:
    (radiographs / "a-text.jpg").write_text("no picture", encoding="utf-8")
    ended = call("detect", radiographs, "--out", tmp_path / "out", "--no-images")
    assert (ended.code, ended.err) == (3, "")
    assert "a-text.jpg: FAILED (unsupported)" in ended.out
    assert "1 failed" in ended.out


def test_of_a_large_run_the_first_pictures_and_the_failures_are_printed(
    call: Call, radiographs: Path, tmp_path: Path
) -> None:
    more = f"… and more in {tmp_path / 'out' / 'results.csv'}"
    (radiographs / "zz.jpg").write_text("no picture", encoding="utf-8")
    for number in range(30):
        (radiographs / f"copy{number}.png").hardlink_to(radiographs / "a.png")
    ended = call("detect", radiographs, "--out", tmp_path / "out", "--no-images")
    assert ended.out.count("P(fracture)") == 20
    assert "\nzz.jpg: FAILED (unsupported): is text" in ended.out
    assert more in ended.out
    for number in range(30):
        (radiographs / f"text{number}.jpg").write_text("no picture", encoding="utf-8")
    options = ("--out", tmp_path / "out", "--no-images", "--overwrite")
    ended = call("detect", radiographs, *options)
    assert (ended.out.count("P(fracture)"), ended.out.count("FAILED")) == (20, 20)
    assert more in ended.out


def test_names_keep_their_line_and_steer_no_terminal(
    call: Call, radiographs: Path, tmp_path: Path
) -> None:
    (radiographs / "a\nb\x1b[31m.jpg").write_text("no picture", encoding="utf-8")
    ended = call("detect", radiographs, "--out", tmp_path / "out", "--format", "yolo")
    assert "\na\\nb\\x1b[31m.jpg: FAILED (unsupported): is text" in f"\n{ended.out}"
    assert ended.err.startswith("--format yolo: a\\nb\\x1b[31m.jpg: could not be read")
    assert "\x1b" not in ended.out + ended.err


def test_what_several_formats_say_of_a_picture_is_one_line(
    call: Call, radiographs: Path, tmp_path: Path
) -> None:
    formats = ("--format", "yolo", "--format", "label-studio", "--format", "cvat")
    for number in range(21):
        (radiographs / f"text{number:02}.jpg").write_text("no picture", encoding="utf-8")
    ended = call("detect", radiographs, "--out", tmp_path / "out", "--no-images", *formats)
    lines = ended.err.splitlines()
    assert lines[0].startswith("--format yolo, label-studio, cvat: text00.jpg: could not be read")
    assert lines[20:] == ["… and 3 more in not_written.csv"]


def test_frames_are_told_apart(
    call: Call, tmp_path: Path, phantom_pixels: tuple[np.ndarray, ...]
) -> None:
    pages = [Image.fromarray(pixels) for pixels in phantom_pixels[:2]]
    pages[0].save(tmp_path / "pages.tif", save_all=True, append_images=pages[1:])
    ended = call("detect", tmp_path / "pages.tif", "--out", tmp_path / "out")
    assert (ended.code, ended.err) == (0, "")
    assert "pages.tif, frame 1: " in ended.out
    assert "pages.tif, frame 2: " in ended.out


def test_quiet_prints_nothing(call: Call, radiographs: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    assert call("detect", radiographs, "--out", out, "--quiet") == Ended(0, "", "")
    assert call("report", out, "--format", "csv", "--out", tmp_path, "-q") == Ended(0, "", "")


@pytest.mark.parametrize(
    ("given", "folder"),
    [
        ("radiographs", "radiographs"),
        ("radiographs/a.png", "a"),
        ("radiographs/*.png", "radiographs"),
        ("radio*/[h]and/*", None),
    ],
)
def test_without_out_results_are_named_after_the_input(
    call: Call,
    radiographs: Path,
    monkeypatch: pytest.MonkeyPatch,
    given: str,
    folder: str | None,
) -> None:
    monkeypatch.chdir(radiographs.parent)
    assert call("detect", given, "--no-images").code == 0
    expected = folder or radiographs.parent.name
    assert [path.name for path in Path("results").iterdir()] == [expected]


def test_report_gives_the_tables_that_detect_gave(
    call: Call, radiographs: Path, tmp_path: Path
) -> None:
    out, again = tmp_path / "out", tmp_path / "again"
    (radiographs / "cut.jpg").write_bytes((radiographs / "b.jpg").read_bytes()[:700])
    assert call("detect", radiographs, "--out", out, "--no-images", "--min-score", "0").code == 3
    for results in (out, out / "results.jsonl"):
        ended = call("report", results, "--format", "csv", "--format", "json", "--out", again)
        assert ended == Ended(0, f"csv, json in {again}\n", "")
        for name in ("results.csv", "findings.csv", "results.jsonl"):
            assert (again / name).read_bytes() == (out / name).read_bytes()


def test_report_never_writes_over_what_it_reads(
    call: Call, radiographs: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    call("detect", radiographs, "--out", out, "--no-images", "--quiet")
    before = (out / "results.jsonl").read_bytes()
    (tmp_path / "link").symlink_to(out)
    for folder in (out, tmp_path / "link", out / "images" / ".."):
        (out / "images").mkdir(exist_ok=True)
        ended = call("report", out, "--format", "json", "--out", folder)
        assert ended.code == 1
        assert "would write over the results that are read" in ended.err
    assert (out / "results.jsonl").read_bytes() == before


REFUSED = {
    "no such input": (["detect", "nowhere.png"], "nowhere.png: no such file"),
    "nothing to read": (["detect", "empty"], "no picture or DICOM file there"),
    "an unknown point": (["detect", "a.png", "--operating-point", "strict"], "--operating-point"),
    "an unknown format": (["detect", "a.png", "--format", "docx"], "choose from coco, csv, "),
    "an unknown bundle": (["detect", "a.png", "--weights", "nowhere"], "--weights nowhere"),
    "a file as folder": (["detect", "a.png", "--out", "b.jpg"], "--out b.jpg: is a file"),
    "below a file": (["detect", "a.png", "--out", "b.jpg/out"], "cannot write b.jpg/out"),
    "among the inputs": (["detect", ".", "--out", "."], "choose another folder"),
    "results there": (["detect", "a.png", "--out", "done"], "--resume"),
    "no results": (["report", "a.png", "--format", "csv", "--out", "o"], "a.png, line 1"),
    "results missing": (["report", "empty", "--format", "csv", "--out", "o"], "results.jsonl"),
    "half a line": (["report", "half", "--format", "csv", "--out", "o"], "finish the run"),
    "format of report": (
        ["report", "half", "--format", "x", "--out", "o"],
        "choose from coco, csv, ",
    ),
    "no dataset": (["evaluate", "--data", "nowhere"], "nowhere"),
    "no such split": (["evaluate", "--data", "set", "--split", "val"], "no image"),
    "unknown to evaluate": (["evaluate", "--data", "set", "--weights", "x"], "--weights x"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_mistake_of_the_user_is_one_line_and_code_1(
    call: Call, radiographs: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    monkeypatch.chdir(radiographs)
    for name in ("empty", "done", "half"):
        Path(name).mkdir()
    Path("done/results.jsonl").write_text("", encoding="utf-8")
    Path("half/results.jsonl").write_text('{"schema_version": "1.0"', encoding="utf-8")
    if "set" in REFUSED[case][0]:
        write_phantoms(Path("set"), 1, split="test", size=(160, 128))
    arguments, words = REFUSED[case]
    ended = call(*arguments)
    assert ended.code == 1
    assert ended.out == ""
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1
    assert words in ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ["detect"],
        ["detect", "a.png", "--min-score", "1.5"],
        ["detect", "a.png", "--min-score", "nan"],
        ["detect", "a.png", "--workers", "0"],
        ["detect", "a.png", "--runtime", "abacus"],
        ["detect", "a.png", "--no-such-option"],
        ["evaluate", "--data", ".", "--split", "exam"],
        ["report", "a.png", "--out", "o"],
        ["find", "a.png"],
    ],
)
def test_wrong_usage_is_code_2(
    call: Call, radiographs: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.chdir(radiographs)
    before = sorted(radiographs.rglob("*"))
    ended = call(*arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "Usage: " in ended.err
    assert "Traceback" not in ended.err
    assert sorted(radiographs.rglob("*")) == before


def test_evaluate_counts_a_corrupt_picture_and_writes_its_metrics(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = partial(Settings, n_resamples=20)  # the intervals themselves are tested elsewhere
    monkeypatch.setattr("detect.evaluate.run.Settings", few)
    data, out = tmp_path / "set", tmp_path / "out"
    write_phantoms(data, 8, split="test", size=(160, 128))
    spoilt = data / "images" / "phantom_0003.png"
    spoilt.write_bytes(spoilt.read_bytes()[:3000])
    ended = call("evaluate", "--data", data, "--out", out)
    assert ended.code == 3
    assert "Traceback" not in ended.err
    assert ended.out.endswith(f"Report, metrics and figures in {out}\n")
    metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))["data"]
    assert (metrics["n"], metrics["n_read"], metrics["n_failed"]) == (8, 7, 1)
    assert [failure["path"] for failure in metrics["failures"]] == ["images/phantom_0003.png"]
    with Image.open(out / "roc.png") as figure:
        figure.verify()
    again = call("evaluate", "--data", data, "--out", out)
    assert (again.code, again.out) == (1, "")
    assert (
        again.err
        == f"error: --out {out}: holds an evaluation already; choose another, or --overwrite\n"
    )
    spoilt.unlink()
    assert call("evaluate", "--data", data, "--out", out, "--overwrite", "-q").out == ""
