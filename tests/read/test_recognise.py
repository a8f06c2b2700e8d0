"""Which files of a folder are taken for pictures."""

from __future__ import annotations

import os
from pathlib import Path

from PIL import Image

from detect.read.recognise import is_picture


def test_suffix_or_content(tmp_path: Path) -> None:
    Image.new("L", (4, 4)).save(tmp_path / "IM0001", "PNG")
    (tmp_path / "DICOM.1").write_bytes(bytes(128) + b"DICM")
    (tmp_path / "damaged.JPE").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("no picture")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    taken = {path.name for path in tmp_path.iterdir() if is_picture(path)}
    assert taken == {"IM0001", "DICOM.1", "damaged.JPE"}
    assert not is_picture(tmp_path / "gone")
