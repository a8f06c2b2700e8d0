"""report.pdf, read back by pypdf and drawn by PDFium."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from unicodedata import normalize

import numpy as np
import pypdfium2
import pytest
from numpy.typing import NDArray
from pypdf import PdfReader
from report_records import finding, picture, reading

from detect.draw.style import BOX_STYLES
from detect.errors import OutputError
from detect.record import Failure, Reading, Source
from detect.write.context import WriteContext
from detect.write.formats import write_formats
from detect.write.originals import Originals
from detect.write.pdf import writer

Records = tuple[Reading | Failure, ...]
Contexts = Callable[..., WriteContext]


def _texts(path: Path) -> list[str]:
    """Return the text of each page, with plain spaces."""
    pages = PdfReader(path, strict=True).pages
    return [re.sub(r"\s+", " ", normalize("NFKC", page.extract_text())) for page in pages]


def _drawn(path: Path, page: int) -> NDArray[np.int_]:
    """Return a page as RGB, two pixels a point."""
    document = pypdfium2.PdfDocument(path)
    try:
        return np.asarray(document[page].render(scale=2).to_pil().convert("RGB")).astype(int)
    finally:
        document.close()


def test_every_record_is_in_it(tmp_path: Path, records: Records, context: Contexts) -> None:
    assert write_formats(records, context(tmp_path), ["pdf"]) == ()
    first, second = _texts(tmp_path / "report.pdf")
    assert "Fractured 1 of 3 images" in first
    assert "Doubtful 1, of either verdict" in first
    assert "Could not be read 1; whether these show a fracture is not known" in first
    assert f"bundle 1.0.0, {'f' * 64}" in first
    assert "balanced: called fractured from a probability of 25.0 % on; weighs" in first
    assert "Read on 2026-03-14, 09:26 UTC" in first
    worklist = first[first.index("most suspicious first") :]
    assert "1 Hände/=SUM(A1), links.png (!) fractured 30.0 % 1 def., 1 susp. hand" in worklist
    assert "2 b.png not fractured, doubtful 20.0 % – –" in worklist
    assert "3 c.dcm, frame 2 not fractured < 0.1 % – hand" in worklist
    assert "1. Hände/=SUM(A1), links.png" in second
    assert "F1 fracture, definite, score 0.83; 1, 2 to 30, 40" in second
    assert 'Warning: a "quoted", one' in second
    assert "No picture: b.png: is not where it was read from" in second
    assert "-broken.jpg truncated ends too early" in second
    assert all("Research use only – not for diagnosis" in text for text in (first, second))
    assert not any("1.2.3" in text for text in (first, second))


def test_boxes_lie_on_the_picture_where_the_record_says(tmp_path: Path, context: Contexts) -> None:
    source = picture(tmp_path / "images", "a.png")
    places = finding(1, "definite", 40, 30, 60, 50), finding(2, "suspicious", 100, 80, 130, 110)
    write_formats(
        [reading(source, 0.9, *places)], context(tmp_path / "out", tmp_path / "images"), ["pdf"]
    )
    page = _drawn(tmp_path / "out/report.pdf", 1)
    inside = np.abs(page - 90).max(axis=2) < 8  # the picture's grey
    rows, columns = (np.flatnonzero(inside.mean(axis=axis) > 0.1) for axis in (1, 0))
    left, top = columns[0], rows[0]
    scale = (columns[-1] + 1 - left) / 160
    assert (rows[-1] + 1 - top) / 120 == pytest.approx(scale, rel=0.01)
    bright = np.argwhere(np.abs(page - 230).max(axis=2) < 8)
    bright = bright[(bright[:, 1] < columns[-1]) & (bright[:, 0] > top)]
    for certainty, box in (("definite", (40, 30, 60, 50)), ("suspicious", (100, 80, 130, 110))):
        colour = BOX_STYLES[certainty].colour  # type: ignore[index]
        y, x = np.nonzero(np.abs(page - colour).max(axis=2) < 25)
        on_edges = np.array([left, top, left, top]) + np.array(box) * scale
        label = (y > on_edges[1] - 3) & (y < on_edges[3] + 3)
        found = [x[label].min(), y[label].min(), x[label].max(), y[label].max()]
        assert found == pytest.approx(on_edges, abs=4)
    square = np.array([left + 40 * scale, top + 30 * scale])
    assert bright.min(axis=0)[::-1] == pytest.approx(square, abs=6)


def test_links_lead_from_the_list_to_the_pictures(tmp_path: Path, context: Contexts) -> None:
    images = tmp_path / "images"
    records = [reading(picture(images, f"{n}.png", grey=20 + n), 0.9 - n / 10) for n in range(9)]
    write_formats(records, context(tmp_path / "out", images), ["pdf"])
    document = PdfReader(tmp_path / "out/report.pdf", strict=True)
    links = [one.get_object() for one in document.pages[0]["/Annots"]]  # type: ignore[attr-defined]
    ids = [page.indirect_reference for page in document.pages]
    assert [ids.index(link["/Dest"][0]) for link in links] == [1, 1, 2, 2, 3, 3, 4]  # two on each
    assert [len(page.images) for page in document.pages] == [0, 2, 2, 2, 1]


@pytest.mark.parametrize(
    "name",
    [
        "Ελλάδα/снимок.png",
        "日本語/手 レントゲン.png",
        "한국어 손.png",
        "a&b<c>.png",
        "x" * 200 + ".png",
    ],
)
def test_names_of_all_scripts_are_text(tmp_path: Path, context: Contexts, name: str) -> None:
    write_formats([reading(Source(name, "0" * 64, 9, 9), 0.1)], context(tmp_path), ["pdf"])
    (text,) = _texts(tmp_path / "report.pdf")
    assert normalize("NFKC", name).replace(" ", "") in text.replace(" ", "")


@pytest.mark.parametrize(
    ("name", "shown"), [("h\udce9.png", "h\\udce9.png"), ("🦴\n.png", "\\U0001f9b4\\n.png")]
)
def test_what_no_font_holds_is_escaped(
    tmp_path: Path, context: Contexts, name: str, shown: str
) -> None:
    write_formats([reading(Source(name, "0" * 64, 9, 9), 0.1)], context(tmp_path), ["pdf"])
    assert shown in _texts(tmp_path / "report.pdf")[0]


def test_the_same_results_give_the_same_bytes(
    tmp_path: Path, records: Records, context: Contexts
) -> None:
    source = picture(tmp_path / "images", "a.png")
    for out in (tmp_path / "one", tmp_path / "two"):
        write_formats([*records, reading(source, 0.4)], context(out, tmp_path / "images"), ["pdf"])
    assert (tmp_path / "one/report.pdf").read_bytes() == (tmp_path / "two/report.pdf").read_bytes()
    about = PdfReader(tmp_path / "one/report.pdf").metadata
    assert about is not None
    assert about.creation_date == context(tmp_path).created


def test_more_pictures_than_anybody_prints_are_left_to_other_formats(
    tmp_path: Path, context: Contexts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "MOST_PICTURES", 3)
    images = tmp_path / "images"
    source = picture(images, "a.png")
    records = [reading(replace(source, path=f"{n}.png"), 0.9 - n / 100) for n in range(5)]
    written = replace(context(tmp_path), originals=Originals(lambda _: images / "a.png"))
    write_formats(records, written, ["pdf"])
    texts = _texts(tmp_path / "report.pdf")
    assert "the 3 most suspicious of 5 fractured or doubtful images" in texts[0]
    assert all(f"{n + 1} {n}.png fractured" in texts[0] for n in range(5))
    assert [text.count("probability of a fracture") for text in texts] == [0, 2, 1]


def test_a_long_list_goes_over_pages_with_its_head(tmp_path: Path, context: Contexts) -> None:
    records: list[Reading | Failure] = [
        reading(Source(f"{n:03d}.png", "0" * 64, 9, 9), 0.1) for n in range(150)
    ]
    records += [Failure(Source(f"f{n:03d}", None), "empty", "give it again") for n in range(60)]
    write_formats(records, context(tmp_path), ["pdf"])
    texts = _texts(tmp_path / "report.pdf")
    assert len(texts) > 3
    assert all(("No. Image Verdict" in text) or ("File Reason" in text) for text in texts)
    whole = " ".join(texts)
    assert all(f" {n:03d}.png not fractured" in whole for n in range(150))
    assert all(f"f{n:03d} empty file give it again" in whole for n in range(60))


def test_many_words_stay_beside_their_picture(tmp_path: Path, context: Contexts) -> None:
    images = tmp_path / "images"
    many = [finding(n, "suspicious", n, n, n + 9, n + 9) for n in range(1, 70)]
    warned = tuple(f"warning {n} " + "long " * 30 for n in range(9))
    records = [
        reading(picture(images, "a.png"), 0.9, *many, warnings=warned),
        reading(picture(images, "b.png"), 0.8),
    ]
    write_formats(records, context(tmp_path, images), ["pdf"])
    _, page = _texts(tmp_path / "report.pdf")
    assert "and more: see the format html or csv" in page
    assert "2. b.png" in page


def test_a_file_that_cannot_be_written_is_named(
    tmp_path: Path, records: Records, context: Contexts
) -> None:
    (tmp_path / "report.pdf").mkdir()
    with pytest.raises(OutputError, match=r"report\.pdf: it is not a file"):
        write_formats(records, context(tmp_path), ["pdf"])
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]
