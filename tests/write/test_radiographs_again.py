"""Images of records, read again."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from detect.errors import NotWrittenError
from detect.read import Radiograph, read
from detect.record import Source
from detect.write import radiographs
from detect.write.originals import Originals
from detect.write.radiographs import Radiographs

PAGES = 4


@pytest.fixture
def pages(tmp_path: Path) -> tuple[Path, list[Source]]:
    """A TIFF of pages that differ in grey, and the source of each."""
    path = tmp_path / "pages.tif"
    made = [Image.fromarray(np.full((30, 40), 40 * n, np.uint8)) for n in range(1, PAGES + 1)]
    for number, page in enumerate(made):
        page.putpixel((number, 0), 255)  # tells them apart after windowing
    made[0].save(path, save_all=True, append_images=made[1:])
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    return path, [Source("pages.tif", sha256, 40, 30, frame=n) for n in range(1, PAGES + 1)]


def _number(radiograph: Radiograph) -> int:
    return int(radiograph.pixels[0].argmax()) + 1


def test_frames_in_their_order_are_decoded_once(
    pages: tuple[Path, list[Source]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, sources = pages
    opened = []

    def counted(path: Path, name: str) -> Iterator[Radiograph]:
        opened.append(name)
        return read(path, name)

    monkeypatch.setattr(radiographs, "read", counted)
    with closing(Radiographs(Originals(lambda _: path))) as again:
        assert [_number(again.radiograph_of(source)) for source in sources] == [1, 2, 3, 4]
        assert len(opened) == 1
        assert [_number(again.radiograph_of(sources[n])) for n in (1, 3, 0)] == [2, 4, 1]


def test_what_is_read_otherwise_is_refused(pages: tuple[Path, list[Source]]) -> None:
    path, (first, *_) = pages
    with closing(Radiographs(Originals(lambda _: path))) as again:
        for other in (replace(first, frame=PAGES + 1), replace(first, width=41)):
            with pytest.raises(NotWrittenError, match=r"pages\.tif: .* is read otherwise"):
                again.radiograph_of(other)
        assert _number(again.radiograph_of(first)) == 1


def test_what_cannot_be_read_any_more_says_why(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n")
    source = Source("a.png", hashlib.sha256(path.read_bytes()).hexdigest(), 4, 4)
    with (
        closing(Radiographs(Originals(lambda _: path))) as again,
        pytest.raises(NotWrittenError, match=r"^a\.png: .* \(read from "),
    ):
        again.radiograph_of(source)
