"""report.html as a file: what is in it, what lies beside it, and what can never be in it."""

from __future__ import annotations

import base64
import json
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from command_line import Call
from PIL import Image
from report_records import finding, picture, reading

from detect.draw.heatmap import encode_heatmap
from detect.errors import InputError, OutputError
from detect.record import Attribute, Failure, Reading, Source
from detect.write.context import FormatOptions, WriteContext
from detect.write.formats import remove_formats, write_formats
from detect.write.originals import Originals

Records = tuple[Reading | Failure, ...]
Contexts = Callable[..., WriteContext]

HOSTILE = (
    "a b#c%20d?.png",
    "</script><script>alert(1)/x&amp;.png",
    "quote\"'`${1}<!--.png",
    "日本語/手 レントゲン.png",
    "\u202egnp.png",
    "new\nline.png",
)


class _Page(HTMLParser):
    """Scripts by id, tags with their attributes, and text outside scripts."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.scripts: dict[str, str] = {}
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._inside = ""
        self.feed(path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag in ("script", "style"):
            self._inside = dict(attrs).get("id") or tag
            self.scripts[self._inside] = ""

    def handle_endtag(self, tag: str) -> None:
        if tag in ("script", "style"):
            self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts[self._inside] += data
        else:
            self.text += data

    def rows(self, name: str = "readings") -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = json.loads(self.scripts[name])
        return rows


def test_rows_are_ordered_by_suspicion_and_failures_apart(
    tmp_path: Path, records: Records, context: Contexts
) -> None:
    assert write_formats(records, context(tmp_path), ["html"]) == ()
    page = _Page(tmp_path / "report.html")
    assert [row["percent"] for row in page.rows()] == [
        "30.0\N{NO-BREAK SPACE}%",
        "20.0\N{NO-BREAK SPACE}%",
        "<\N{NO-BREAK SPACE}0.1\N{NO-BREAK SPACE}%",
    ]
    first = page.rows()[0]
    assert (first["path"], first["region"]) == ("Hände/=SUM(A1), links.png", "hand")
    assert first["findings"][0]["box"] == [1.0, 2.5, 30.25, 40.0]
    assert [one["certainty"] for one in first["findings"]] == ["definite", "suspicious", "none"]
    assert first["warnings"] == ["small image", 'a "quoted", one']
    assert page.rows()[2]["frame"] == 2
    (failure,) = page.rows("failures")
    assert (failure["reason"], failure["message"]) == ("truncated", "ends too early")
    words = " ".join(page.text.split())
    assert "Research use only – not for diagnosis" in words
    assert "bundle 1.0.0 " + "f" * 64 in words
    assert "balanced: called fractured from a probability of 25.0 % on; weighs" in words.replace(
        "\N{NO-BREAK SPACE}", " "
    )
    assert "2026-03-14, 09:26 UTC" in words


def test_what_is_out_of_scope_is_said(tmp_path: Path, context: Contexts) -> None:
    known = {"region": Attribute("hand", 0.9), "region_leg": Attribute("no", 0.0625)}
    readings = [
        replace(
            reading(Source("chest.png", "0" * 64, 4, 4), 0.6, doubtful=True),
            attributes={"out_of_scope": Attribute("yes", 0.75)},
        ),
        replace(
            reading(Source("hand.png", "0" * 64, 4, 4), 0.3),
            attributes={"out_of_scope": Attribute("no", 0.125), **known},
        ),
    ]
    write_formats(readings, context(tmp_path), ["html"])
    chest, hand = _Page(tmp_path / "report.html").rows()
    assert (chest["outOfScope"], hand["outOfScope"]) == (True, False)
    said = [[text.replace("\N{NO-BREAK SPACE}", " ") for text in row] for row in hand["attributes"]]
    assert said == [
        ["out of scope", "no", "12.5 % for yes"],
        ["region", "hand", "90.0 %"],
        ["region leg", "no", "6.2 % for yes"],
    ]
    assert hand["region"] == "hand"


def test_fractured_come_first_whatever_their_threshold(tmp_path: Path, context: Contexts) -> None:
    early = reading(Source("early.png", "0" * 64, 4, 4), 0.3)
    late = reading(Source("late.png", "0" * 64, 4, 4), 0.6)
    strict = replace(late, verdict=replace(late.verdict, label="not_fractured", threshold=0.7))
    write_formats([strict, early], context(tmp_path), ["html"])
    assert [row["path"] for row in _Page(tmp_path / "report.html").rows()] == [
        "early.png",
        "late.png",
    ]


def test_pictures_lie_beside_the_page(tmp_path: Path, context: Contexts) -> None:
    images, out = tmp_path / "images", tmp_path / "out"
    large = picture(images, "deep/large.png", (2400, 1200))
    small = picture(images, "small.png")
    heat = np.zeros((3, 4), np.float32)
    heat[1, 2] = 1
    encode_heatmap(heat, tmp_path / "heatmaps/deep/large.png.png")
    written = context(out, images, heatmaps=tmp_path / "heatmaps")
    write_formats([reading(large, 0.9), reading(small, 0.1)], written, ["html"])
    first, second = _Page(out / "report.html").rows()
    assert first["view"] == "report_files/images/deep/large.png.jpg"
    with Image.open(out / first["view"]) as view, Image.open(out / first["thumb"]) as thumb:
        assert (view.size, view.mode, view.format) == ((1600, 800), "L", "JPEG")
        assert thumb.size == (176, 88)
    with Image.open(out / first["heat"]) as layer:
        alpha = np.asarray(layer.convert("RGBA"))[..., 3]
    assert alpha.shape == (3, 4)
    assert alpha[1, 2] > 100
    assert alpha.sum() == alpha[1, 2]  # nothing is laid over where there is no evidence
    with Image.open(out / second["view"]) as view:
        pixels = np.asarray(view).astype(int)
    assert pixels.shape == (120, 160)
    assert abs(pixels[40, 50] - 230) < 6
    assert abs(pixels[100, 100] - 90) < 6
    assert "heat" not in second
    assert not [name for row in (first, second) for name in row if name.endswith("missing")]


def test_embedded_pictures_are_in_the_page_alone(tmp_path: Path, context: Contexts) -> None:
    images, out = tmp_path / "images", tmp_path / "out"
    records = [reading(picture(images, name, grey=60), 0.9) for name in HOSTILE]
    write_formats(records, context(out, images), ["html"])
    assert (out / "report_files").is_dir()
    write_formats(records, context(out, images, options=FormatOptions(embed=True)), ["html"])
    assert [path.name for path in out.iterdir()] == ["report.html"]
    page = _Page(out / "report.html")
    for row in page.rows():
        for kind, size in (("view", (160, 120)), ("thumb", (160, 120))):
            header, _, content = page.scripts[row[kind].removeprefix("#")].partition(",")
            assert header == "data:image/jpeg;base64"
            with Image.open(BytesIO(base64.b64decode(content, validate=True))) as image:
                assert image.size == size


@pytest.mark.parametrize("embed", [False, True])
def test_names_cannot_break_the_page(tmp_path: Path, context: Contexts, embed: bool) -> None:
    images, out = tmp_path / "images", tmp_path / "out"
    records: list[Reading | Failure] = [
        reading(picture(images, name), 0.9, warnings=(name,), region=name) for name in HOSTILE
    ]
    records += [Failure(Source(name, None), "empty", f"{name}: empty") for name in HOSTILE]
    write_formats(records, context(out, images, options=FormatOptions(embed=embed)), ["html"])
    page = _Page(out / "report.html")
    shown = [row["path"] for row in page.rows()]
    assert shown[:4] == list(HOSTILE[:4])
    assert shown[4:] == ["\\u202egnp.png", "new\\nline.png"]
    assert [row["path"] for row in page.rows("failures")] == shown
    scripts = [attributes for tag, attributes in page.tags if tag == "script"]
    inert = [one for one in scripts if one.get("type") in ("application/json", "text/plain")]
    assert len(scripts) - len(inert) == 1  # the page's own
    assert not any(name.startswith("on") for _, attributes in page.tags for name in attributes)
    if not embed:
        for row, name in zip(page.rows(), HOSTILE, strict=True):
            assert unquote(row["view"]) == f"report_files/images/{name}.jpg"
            assert re.fullmatch(r"[\w./%~-]+", row["view"], re.ASCII)
            assert (out / unquote(row["view"])).is_file()


def test_bytes_that_are_no_text_are_shown_and_linked(tmp_path: Path, context: Contexts) -> None:
    images, out = tmp_path / "images", tmp_path / "out"
    try:
        source = picture(images, "h\udce9.png")
    except OSError:
        pytest.skip("this file system takes Unicode names only")
    write_formats([reading(source, 0.9)], context(out, images), ["html"])
    (row,) = _Page(out / "report.html").rows()
    assert (row["path"], row["view"]) == ("h\\udce9.png", "report_files/images/h%E9.png.jpg")
    assert (out / "report_files/images/h\udce9.png.jpg").is_file()


def test_a_gone_image_keeps_its_row_and_says_why(
    tmp_path: Path, context: Contexts, caplog: pytest.LogCaptureFixture
) -> None:
    images, out = tmp_path / "images", tmp_path / "out"
    kept, gone, changed = (picture(images, name) for name in ("kept.png", "gone.png", "new.png"))
    (images / "gone.png").unlink()
    picture(images, "new.png", grey=10)
    place = finding(1, "definite", 40, 30, 60, 50)
    records = [reading(one, 0.9, place) for one in (kept, gone, changed)]
    with caplog.at_level(logging.WARNING, "detect"):
        assert write_formats(records, context(out, images), ["html"]) == ()
    page = _Page(out / "report.html")
    assert ["view" in row for row in page.rows()] == [True, False, False]
    assert "name its folder with --images" in page.rows()[1]["view_missing"]
    assert "hash differs" in page.rows()[2]["view_missing"]
    assert all(row["findings"] for row in page.rows())
    assert "2 of 3 images are without a picture" in " ".join(page.text.split())
    assert "2 of 3 images" in caplog.text
    assert "--images" in caplog.text


def test_a_damaged_heat_map_is_told(tmp_path: Path, context: Contexts) -> None:
    source = picture(tmp_path / "images", "a.png")
    (tmp_path / "heatmaps").mkdir()
    (tmp_path / "heatmaps/a.png.png").write_bytes(b"no picture")
    written = context(tmp_path / "out", tmp_path / "images", heatmaps=tmp_path / "heatmaps")
    write_formats([reading(source, 0.9)], written, ["html"])
    (row,) = _Page(tmp_path / "out/report.html").rows()
    assert "is no picture; run detect again with --heatmap" in row["heat_missing"]
    assert "view" in row


@pytest.mark.parametrize("name", ["../../out.png", "/etc/x.png"])
def test_no_picture_is_written_outside_the_folder(
    tmp_path: Path, context: Contexts, name: str
) -> None:
    source = replace(picture(tmp_path / "images", "a.png"), path=name)
    found = Originals(lambda _: tmp_path / "images/a.png")
    written = replace(context(tmp_path / "a/b/out"), originals=found)
    write_formats([reading(source, 0.9)], written, ["html"])
    (row,) = _Page(tmp_path / "a/b/out/report.html").rows()
    assert "leads out of the folder" in row["view_missing"]
    assert not list(tmp_path.rglob("*.jpg"))


def test_a_name_that_is_too_long_costs_its_picture_only(tmp_path: Path, context: Contexts) -> None:
    long = picture(tmp_path / "images", "x" * 250 + ".png")
    write_formats([reading(long, 0.9)], context(tmp_path / "out", tmp_path / "images"), ["html"])
    (row,) = _Page(tmp_path / "out/report.html").rows()
    assert "too long a name for a picture; use --embed" in row["view_missing"]


def test_the_same_results_give_the_same_bytes(
    tmp_path: Path, records: Records, context: Contexts
) -> None:
    source = picture(tmp_path / "images", "a.png")
    for out in (tmp_path / "one", tmp_path / "two"):
        write_formats([*records, reading(source, 0.4)], context(out, tmp_path / "images"), ["html"])
    files = [
        {p.relative_to(out): p.read_bytes() for p in out.rglob("*") if p.is_file()}
        for out in (tmp_path / "one", tmp_path / "two")
    ]
    assert files[0] == files[1]
    assert len(files[0]) == 3


def test_nothing_that_identifies_is_in_the_page(
    tmp_path: Path, records: Records, context: Contexts
) -> None:
    write_formats(records, context(tmp_path), ["html"])
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "c.dcm" in text
    for uid in ('"1.2.3"', '"1.2"'):
        assert uid not in text


def test_an_error_leaves_the_earlier_page(
    tmp_path: Path, records: Records, context: Contexts
) -> None:
    write_formats(records, context(tmp_path), ["html"])
    before = {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()}

    def failing() -> Iterator[Reading | Failure]:
        yield records[0]
        raise InputError("line 2")

    for embed in (False, True):
        with pytest.raises(InputError, match="line 2"):
            write_formats(
                failing(), context(tmp_path, options=FormatOptions(embed=embed)), ["html"]
            )
    assert {p: p.read_bytes() for p in tmp_path.rglob("*") if p.is_file()} == before


def test_files_of_others_are_kept(tmp_path: Path, records: Records, context: Contexts) -> None:
    (tmp_path / "report_files").mkdir()
    (tmp_path / "report_files/notes.txt").write_text("mine", encoding="utf-8")
    with pytest.raises(OutputError, match=r"notes\.txt is not of this program"):
        write_formats(records, context(tmp_path), ["html"])
    assert not (tmp_path / "report.html").exists()


def test_a_fresh_run_removes_both(tmp_path: Path, context: Contexts) -> None:
    source = picture(tmp_path / "images", "a.png")
    out = tmp_path / "out"
    write_formats([reading(source, 0.9)], context(out, tmp_path / "images"), ["html"])
    remove_formats(out)
    assert list(out.iterdir()) == []


def test_a_run_without_readings_is_a_page(tmp_path: Path, context: Contexts) -> None:
    write_formats([Failure(Source("a", None), "empty", "a: empty")], context(tmp_path), ["html"])
    page = _Page(tmp_path / "report.html")
    assert page.rows() == []
    assert len(page.rows("failures")) == 1


def test_a_record_without_its_size_can_be_shown(tmp_path: Path, context: Contexts) -> None:
    bare = reading(Source("a.png", "0" * 64), 0.9, finding(1, "definite", 10, 20, 30, 50))
    write_formats([bare, reading(Source("b.png", "0" * 64), 0.1)], context(tmp_path), ["html"])
    rows = _Page(tmp_path / "report.html").rows()
    assert [(row["width"], row["height"]) for row in rows] == [(30, 50), (1, 1)]


def test_a_run_and_saved_results_give_the_same_page(
    tmp_path: Path, radiographs: Path, call: Call
) -> None:
    out, again = tmp_path / "out", tmp_path / "again"
    run = ("detect", radiographs, "--out", out, "--heatmap", "--no-images", "--format", "html")
    assert call(*run).code == 0
    assert call("report", out, "--format", "html", "--out", again).code == 0
    assert (out / "report.html").read_bytes() == (again / "report.html").read_bytes()
    rows = _Page(out / "report.html").rows()
    assert {row["path"] for row in rows} == {"a.png", "b.jpg", "hand/c.tif", "hand/left/d e ü.png"}
    for row in rows:
        for kind in ("view", "thumb", "heat"):
            assert (again / unquote(row[kind])).is_file()
    moved = radiographs.rename(tmp_path / "moved")
    ended = call("report", out, "--format", "html", "--out", again, "--images", moved, "--embed")
    assert ended.code == 0
    assert all(row["view"].startswith("#") for row in _Page(again / "report.html").rows())
