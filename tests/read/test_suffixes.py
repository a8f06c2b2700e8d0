"""A folder holds the same pictures for `detect` as for a dataset."""

from __future__ import annotations

from pathlib import Path

from detect.data.sources.images import list_images
from detect.inputs import collect_inputs
from detect.read.suffixes import IMAGE_SUFFIXES


def test_detect_and_datasets_pick_the_same_files(tmp_path: Path) -> None:
    for suffix in (*IMAGE_SUFFIXES, ".JPG", ".txt"):
        (tmp_path / f"x{suffix}").write_text("no picture", encoding="utf-8")
    picked = sorted(file.path for file in collect_inputs([str(tmp_path)]).files)
    assert picked == list_images(tmp_path)
    assert {".jpe", ".dic"} <= {path.suffix for path in picked}
