"""not_written.csv: what a format could not take, for as long as its files stand."""

from __future__ import annotations

import csv
from pathlib import Path

from detect.write.formats import remove_formats
from detect.write.not_written import NotWritten, save_not_written


def _rows(folder: Path) -> list[list[str]]:
    with (folder / "not_written.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


def test_what_other_formats_could_not_take_stays(tmp_path: Path) -> None:
    png = NotWritten("dicom-sr", "a.png", None, "a.png: is no DICOM image; wrap it")
    gone = NotWritten("yolo", "b.dcm", 2, "b.dcm: is gone; name its folder")
    save_not_written([png, gone], tmp_path, ["dicom-sr", "yolo"])
    save_not_written([], tmp_path, ["html"])
    assert _rows(tmp_path) == [
        ["format", "path", "frame", "message"],
        ["dicom-sr", "a.png", "", "a.png: is no DICOM image; wrap it"],
        ["yolo", "b.dcm", "2", "b.dcm: is gone; name its folder"],
    ]
    save_not_written([gone], tmp_path, ["yolo", "dicom-sr"])
    assert [row[0] for row in _rows(tmp_path)] == ["format", "yolo"]
    save_not_written([], tmp_path, ["yolo"])
    assert not list(tmp_path.iterdir())


def test_outputs_and_their_list_go_together(tmp_path: Path) -> None:
    save_not_written([NotWritten("yolo", "b.dcm", 2, "is gone")], tmp_path, ["yolo"])
    remove_formats(tmp_path)
    assert not list(tmp_path.iterdir())


def test_no_name_is_run_as_a_formula(tmp_path: Path) -> None:
    name = '=HYPERLINK("http://x").png'
    for _again in range(2):  # what is read back and kept is not led by two apostrophes
        save_not_written([NotWritten("yolo", name, None, f"{name}: is gone")], tmp_path, ["yolo"])
        save_not_written([], tmp_path, ["csv"])
        assert _rows(tmp_path)[1] == ["yolo", f"'{name}", "", f"'{name}: is gone"]
