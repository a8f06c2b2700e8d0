"""check.html, read back by Python's own HTML parser."""

from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from detect.data.check_guide import GUIDES
from detect.data.check_page import CheckPage, images_shown
from detect.data.check_report import FullReport, Problem, ProblemKind
from detect.data.sample import Dataset

_VOID = {"meta", "img", "link", "br", "hr", "input"}
_LOADING = {"script", "link", "iframe", "object", "embed", "base", "form"}


class _Parsed(HTMLParser):
    """Tags, texts and ids of a page; complains where tags do not nest."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page.read_text(encoding="utf-8"))
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.tags.append((tag, dict(attrs)))
        if tag not in _VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] != ["style"]:
            self.text += data

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


@pytest.fixture
def page(checked: FullReport, tmp_path: Path) -> _Parsed:
    CheckPage(checked, {"fracture"}).write(tmp_path / "check.html")
    return _Parsed(tmp_path / "check.html")


def test_hostile_names_are_text(page: _Parsed) -> None:
    assert "a/<script>alert(1)<&.png" in page.text
    assert "<b>set</b> & co" in page.text
    assert "a <i>note</i>" in page.text
    assert "group p<1>" in page.text
    assert r"a/caf\udce9\x1b[31m\n.png" in page.text
    alts = [image["alt"] or "" for image in page.of("img")]
    assert any(alt.startswith("a/\"quoted\" 'twice'.png: test, fractured") for alt in alts)
    assert not {"script", "b", "i"} & {name for name, _ in page.tags}
    assert not [name for _, given in page.tags for name in given if name.startswith("on")]


def test_nothing_is_loaded_from_elsewhere(page: _Parsed) -> None:
    assert not _LOADING & {name for name, _ in page.tags}
    for _, attributes in page.tags:
        assert (attributes.get("src") or "data:image/jpeg;").startswith("data:image/jpeg;")
        assert (attributes.get("href") or "#").startswith("#")
    policies = [meta["content"] for meta in page.of("meta") if "http-equiv" in meta]
    assert policies == ["default-src 'none'; img-src data:; style-src 'unsafe-inline'"]


def test_links_lead_to_sections_most_serious_first(page: _Parsed) -> None:
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(set(ids)) == len(ids)
    links = [(attributes["href"] or "")[1:] for attributes in page.of("a")]
    assert set(links) <= set(ids)
    assert links[1:] == [
        "near_duplicate_leak",
        "unreadable",
        "split_unfit",
        "box_outside",
        "no_split",
        "balances",
    ]
    for kind in links[1:-1]:
        assert GUIDES[kind].why in page.text  # type: ignore[index]


def test_the_verdict_and_what_is_known_of_each_image_are_there(page: _Parsed) -> None:
    assert "3 splits leak: train, val, test." in page.text
    assert "No picture: cut.jpg: " in page.text
    alts = [image["alt"] for image in page.of("img")]
    assert len(alts) == 4 + 1 + 1  # the leak's, the box's, and the one in no split
    assert (
        "a/<script>alert(1)<&.png: train, fractured, 60 × 80, boxed: 1 fracture, group p<1>" in alts
    )
    shares = [cell["style"] for cell in page.of("td") if "style" in cell]
    assert shares == ["--share: 50.0%", "--share: 0.0%"]


def test_the_same_report_gives_the_same_page(checked: FullReport, tmp_path: Path) -> None:
    for name, workers in (("1.html", 1), ("2.html", 4)):
        CheckPage(checked, {"fracture"}).write(tmp_path / name, workers=workers)
    assert (tmp_path / "1.html").read_bytes() == (tmp_path / "2.html").read_bytes()


def _many(checked: FullReport, kind: ProblemKind, number: int, in_set: int = 0) -> FullReport:
    sample = checked.dataset.samples[3]
    samples = []
    for place in range(number):
        image = sample.image.with_name(f"{place:04}.png")
        image.hardlink_to(sample.image)
        samples.append(replace(sample, image=image))
    images = tuple(one.image for one in samples)
    sets = tuple(images[i : i + in_set] for i in range(0, number, in_set)) if in_set else ()
    dataset: Dataset = replace(checked.dataset, samples=tuple(samples))
    return replace(checked, dataset=dataset, problems=(Problem(kind, images, "many", sets),))


@pytest.mark.parametrize(
    ("kind", "number", "in_set", "shown", "more"),
    [
        ("burnt_in", 60, 0, 24, "and 36 more images; all are listed in check.json"),
        ("burnt_in", 25, 0, 24, "and 1 more image; all are listed in check.json"),
        ("size_label", 60, 0, 5, "and 55 more images; all are listed in check.json"),
        ("duplicate", 60, 2, 24, "and 18 more rows; all are listed in check.json"),
        ("duplicate", 10, 10, 8, "and 2 more images of these rows; all are listed"),
        ("duplicate", 130, 10, 96, "and 24 more images of these rows and 1 more row; all are"),
        ("duplicate", 8, 2, 8, ""),
    ],
)
def test_of_many_some_are_shown_and_the_rest_counted(
    checked: FullReport,
    tmp_path: Path,
    kind: ProblemKind,
    number: int,
    in_set: int,
    shown: int,
    more: str,
) -> None:
    report = _many(checked, kind, number, in_set)
    told = []
    CheckPage(report, {"fracture"}).write(tmp_path / "check.html", on_image=lambda: told.append(1))
    page = _Parsed(tmp_path / "check.html")
    assert len(page.of("img")) == len(told) == len(images_shown(report)) == shown
    assert more in page.text
    assert ("listed in check.json" in page.text) == bool(more)


def test_an_image_in_two_problems_is_drawn_once_and_shown_twice(
    checked: FullReport, tmp_path: Path
) -> None:
    shown = images_shown(checked)
    assert len(shown) == len(set(shown)) == 6
    CheckPage(checked, {"fracture"}).write(tmp_path / "check.html")
    uris = [image["src"] for image in _Parsed(tmp_path / "check.html").of("img")]
    assert len(uris) == 6
    assert len(set(uris)) == 5


def test_a_file_of_two_merged_sets_shows_both_splits(checked: FullReport, tmp_path: Path) -> None:
    samples = checked.dataset.samples
    twice = (*samples, replace(samples[3], split="train", fractured=True))
    report = replace(checked, dataset=replace(checked.dataset, samples=twice))
    CheckPage(report, {"fracture"}).write(tmp_path / "check.html")
    alts = [image["alt"] or "" for image in _Parsed(tmp_path / "check.html").of("img")]
    assert any("test and train, unlabelled and fractured" in alt for alt in alts)


def test_a_page_without_problems_says_so(checked: FullReport, tmp_path: Path) -> None:
    CheckPage(replace(checked, problems=(), balances=()), {"fracture"}).write(
        tmp_path / "check.html"
    )
    page = _Parsed(tmp_path / "check.html")
    assert "No split leaks. Nothing else was found." in page.text
    assert "None was found." in page.text
    assert page.of("section") == page.of("table") == []
