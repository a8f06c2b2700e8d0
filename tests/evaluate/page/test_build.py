"""report.html, read back by Python's own HTML parser and set against metrics.json."""

from __future__ import annotations

import base64
import hashlib
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest

from detect.evaluate.cases import Truth
from detect.evaluate.figures import draw_figures
from detect.evaluate.page.build import render_page
from detect.evaluate.page.parts import Gallery, Picture
from detect.evaluate.report import evaluate_records
from detect.evaluate.settings import Settings

_VOID = {"meta", "img", "link", "br", "hr", "input"}
_LOADING = {"link", "iframe", "object", "embed", "base", "form", "image", "foreignobject"}
_PIXEL = "data:image/jpeg;base64,AAAA"


class _Parsed(HTMLParser):
    """Tags, texts, ids and figures of a page; complains where tags do not nest."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.style = ""
        self.script = ""
        self.figures: list[tuple[str, str, str]] = []  # pointer, form, text
        self._open: list[str] = []
        self._figure: tuple[int, str, str] | None = None
        self.feed(page)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert len(given) == len(attrs)
        self.tags.append((tag, given))
        if tag not in _VOID:
            self._open.append(tag)
        if "data-metric" in given:
            assert self._figure is None
            self._figure = (len(self._open), given["data-metric"] or "", given["data-form"] or "")
            self.figures.append((self._figure[1], self._figure[2], ""))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        if self._figure and self._figure[0] == len(self._open):
            self._figure = None
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open[-1:] == ["style"]:
            self.style += data
        elif self._open[-1:] == ["script"]:
            self.script += data
        else:
            self.text += data
            if self._figure:
                pointer, form, text = self.figures[-1]
                self.figures[-1] = (pointer, form, text + data)

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]


def _resolve(content: Any, pointer: str) -> Any:
    """RFC 6901."""
    for token in pointer.split("/")[1:]:
        key = token.replace("~1", "/").replace("~0", "~")
        content = content[int(key)] if isinstance(content, list) else content[key]
    return content


def _worded(value: Any, form: str) -> str:
    if value is None:
        return "–"
    if isinstance(value, dict):
        text = _worded(value["value"], form)
        if value["interval"] is not None:
            low, high = (_worded(end, form) for end in value["interval"])
            text += f" [{low}, {high}]"
        return text
    if form == "percent":
        return f"{value * 100:.1f}\N{NO-BREAK SPACE}%"
    if form == "p" and value < 0.001:
        return "<0.001"
    if form in ("number", "p"):
        return f"{value:.3f}"
    if form == "count":
        assert type(value) is int
        return str(value)
    if isinstance(value, list):
        return ", ".join(_worded(item, form) for item in value)
    return f"{value:g}" if isinstance(value, float) else str(value)


def _galleries() -> tuple[Gallery, ...]:
    pictures = (
        Picture("<img src=x>.png", 0.2, "<b>leg</b>", ('"quoted"',), _PIXEL, _PIXEL, 9, 9),
        Picture("b.png", 0.1, "hand", ("no picture: gone",), "", "", 0, 0),
    )
    return (
        Gallery("missed", "Missed", "2 of 2", pictures),
        Gallery("false-alarms", "False alarms", "None.", ()),
    )


@pytest.fixture(scope="module")
def figures(page_metrics: dict[str, Any]) -> dict[str, bytes]:
    return draw_figures(page_metrics)


@pytest.fixture(scope="module")
def page(page_metrics: dict[str, Any], figures: dict[str, bytes]) -> _Parsed:
    return _Parsed(render_page(page_metrics, figures, _galleries()))


def test_every_figure_is_that_of_metrics_json(page: _Parsed, page_metrics: dict[str, Any]) -> None:
    written = json.loads(json.dumps(page_metrics))
    assert len(page.figures) > 300
    for pointer, form, text in page.figures:
        value = _resolve(written, pointer)
        if form == "text" and isinstance(value, str):
            assert text.encode("unicode_escape") in (
                value.encode("unicode_escape"),
                value.encode("unicode_escape").replace(b"\\", b"\\\\"),
            ), pointer
        else:
            assert text == _worded(value, form), pointer


@pytest.mark.parametrize(
    "pointer",
    [
        "/data/n",
        "/data/n_failed",
        "/data/failures_by_reason/truncated",
        "/data/left_out/duplicate_label",
        "/data/without_copies/n",
        "/data/without_copies/compared_with/val",
        "/data/without_copies/images/199/path",
        "/data/without_copies/images/0/splits",
        "/data/without_copies/n_unreadable",
        "/data/sha256",
        "/subsets/all/verdict/auroc",
        "/subsets/all/verdict/auroc_bootstrap",
        "/subsets/all/verdict/average_precision",
        "/subsets/all/verdict/sensitivity_at_specificity/sensitivity",
        "/subsets/all/verdict/operating_points/screening/kappa",
        "/subsets/all/verdict/operating_points/balanced/at_prevalence/ppv",
        "/subsets/all/verdict/with_failures_as_errors/auroc",
        "/subsets/all/verdict/operating_points/balanced/with_failures_as_errors/sensitivity",
        "/subsets/all/verdict/operating_points/screening/with_failures_as_errors/kappa",
        "/subsets/all/verdict/operating_points/screening/with_failures_as_errors/false_positive",
        "/subsets/all/boxes/of_images_read/map50",
        "/subsets/all/boxes/of_images_read/froc/iou/all/points/0/sensitivity",
        "/subsets/all/boxes/of_images_read/froc/centre/all/points/0/image_sensitivity",
        "/comparisons/0/with_failures_as_errors/verdicts/balanced/all/first_right_only",
        "/comparisons/0/with_failures_as_errors/boxes/map50",
        "/comparisons/0/verdicts/balanced/not_fractured/difference",
        "/comparisons/0/verdicts/balanced/not_fractured/difference/p_value",
        "/against/0/subsets/all/verdict/operating_points/balanced/specificity",
        "/against/0/subsets/all/verdict/calibration/ece_equal_width",
        "/against/0/subsets/all/boxes/map50_95",
        "/subsets/all/verdict/calibration/before/ece_equal_mass",
        "/subsets/all/verdict/calibration/slope",
        "/subsets/all/boxes/map50_95",
        "/subsets/all/boxes/ar100",
        "/subsets/all/boxes/ap_centre",
        "/subsets/all/boxes/froc/centre/normals/points/0/image_sensitivity",
        "/subsets/all/boxes/by_size/bands/3/sensitivity",
        "/subsets/all/reasons/touching",
        "/subsets/all/clustered/operating_points/balanced/npv",
        "/subsets/all/clustered/reasons/touching",
        "/subsets/long_side_from_2048/clustered/operating_points/balanced/sensitivity",
        "/subsets/site~1~01=rare/verdict/auroc",
        "/subsets/long_side_from_2048/boxes/map50",
        "/comparisons/0/auroc",
        "/comparisons/0/verdicts/balanced/fractured/p_value",
        "/comparisons/0/boxes/froc/3/sensitivity",
        "/against/0/subsets/all/verdict/auroc",
        "/summary/0/figures/map50/mean",
        "/settings/n_resamples",
        "/environment/python",
        "/model/sha256",
        "/system/precision",
        "/system/runtime",
        "/against/0/system/precision",
        "/command",
    ],
)
def test_a_reviewer_finds(page: _Parsed, pointer: str) -> None:
    assert pointer in {found for found, _, _ in page.figures}


def test_a_system_that_states_no_precision_has_a_dash(
    page_metrics: dict[str, Any], figures: dict[str, bytes]
) -> None:
    (other,) = page_metrics["against"]
    plain = {key: value for key, value in other["system"].items() if key != "precision"}
    metrics = page_metrics | {"against": [other | {"system": plain}]}
    shown = {pointer for pointer, _, _ in _Parsed(render_page(metrics, figures, [])).figures}
    assert "/system/precision" in shown
    assert "/against/0/system/precision" not in shown


def test_the_summary_says_that_images_of_a_group_are_not_independent(
    page: _Parsed, reading: Any
) -> None:
    said = "trust the often wider ones by bootstrap of groups"
    assert "The 70 images are of 35 groups" in page.text
    assert said in page.text
    alone = [Truth(f"{number}", None, number < 2, None) for number in range(4)]
    records = [reading(f"{number}", 0.5) for number in range(4)]
    metrics = evaluate_records(alone, records, Settings({}, n_resamples=10))
    assert said not in render_page(metrics, {}, [])


def test_hostile_names_are_text(page: _Parsed) -> None:
    assert "a/<script>alert(1)</script>&\"'.png: truncated" in page.text
    assert r"caf\udce9\n.png: truncated" in page.text
    assert "on <b>set</b> & co, split test" in page.text
    assert "region: <b>leg</b>" in page.text
    assert "region: <b>leg</b> (in metrics.json: region=<b>leg</b>)" in page.text
    assert "<i>net</i> & 1 against <i>net</i> & 2: figures" in page.text
    assert not {"b", "i"} & {name for name, _ in page.tags}
    assert len(page.of("script")) == 1
    assert not [name for _, given in page.tags for name in given if name.startswith("on")]
    (item,) = [given for given in page.of("li") if given.get("data-name") == "<img src=x>.png"]
    assert item["data-region"] == "<b>leg</b>"


def test_nothing_is_loaded_from_elsewhere(page: _Parsed) -> None:
    assert not _LOADING & {name for name, _ in page.tags}
    for _, given in page.tags:
        assert (given.get("src") or "data:image/jpeg;").startswith("data:image/jpeg;")
        assert (given.get("href") or "#").startswith("#")
        assert "url(" not in re.sub(
            r"url\(#", "", " ".join(value or "" for value in given.values())
        )
    assert "url(" not in page.style
    assert "@import" not in page.style
    assert "src" not in page.of("script")[0]
    (policy,) = [meta["content"] or "" for meta in page.of("meta") if "http-equiv" in meta]
    digest = base64.b64encode(hashlib.sha256(page.script.encode()).digest()).decode()
    assert policy == (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; "
        f"script-src 'sha256-{digest}'"
    )


def test_ids_are_unique_and_links_and_references_lead_to_them(page: _Parsed) -> None:
    ids = [given["id"] for _, given in page.tags if "id" in given]
    assert len(set(ids)) == len(ids)
    assert {(given["href"] or "")[1:] for given in page.of("a")} <= set(ids)
    assert {(given["href"] or "")[1:] for given in page.of("use")} <= set(ids)
    assert len(page.of("use")) > 50
    for _, given in page.tags:
        for value in given.values():
            assert set(re.findall(r"url\(#([^)]+)\)", value or "")) <= set(ids)
        if "aria-labelledby" in given:
            assert given["aria-labelledby"] in ids
        if "data-list" in given:
            assert given["data-list"] in ids


def test_every_plot_is_inside_and_follows_the_page_s_colours(
    page: _Parsed, figures: dict[str, bytes]
) -> None:
    names = {name.removesuffix(".svg") for name in figures if name.endswith(".svg")}
    assert {"compare_roc", "compare_froc", "compare_differences", "subgroups"} <= names
    shown = [
        (given["id"] or "").removeprefix("plot-") for given in page.of("figure") if given.get("id")
    ]
    assert sorted(shown) == sorted(names)
    assert len(page.of("svg")) == len(names)
    assert all(given["aria-hidden"] == "true" for given in page.of("svg"))
    variables = set(re.findall(r"(--[a-z-]+):", page.style))
    used = {
        name
        for _, given in page.tags
        for name in re.findall(r"var\((--[a-z-]+)\)", given.get("style") or "")
    }
    assert {"--text", "--blue", "--card"} <= used <= variables
    assert all(given.get("aria-label") for given in page.of("div") if given.get("role") == "img")


def test_subsets_too_small_are_marked(page: _Parsed, page_metrics: dict[str, Any]) -> None:
    small = [part["too_few"] for part in page_metrics["subsets"].values()]
    assert 0 < sum(small) < len(small) or all(small)
    bands = page_metrics["subsets"]["all"]["boxes"]["by_size"]["bands"]
    small_bands = [band["n"] < page_metrics["settings"]["least_of_a_kind"] for band in bands]
    rows = [given for given in page.of("tr") if given.get("class") == "doubt"]
    assert len(rows) == 2 * sum(small) + sum(small_bands)  # of figures, and of their intervals
    assert all((row["title"] or "").startswith("too few: ") for row in rows)


def test_galleries_show_pictures_or_say_why_not(page: _Parsed) -> None:
    assert [given["alt"] for given in page.of("img")] == [
        "<img src=x>.png: what the model shows",
        "<img src=x>.png: the truth",
    ]
    assert "no picture: gone" in page.text
    sorters = [given for given in page.of("div") if given.get("class") == "sort"]
    assert [given["data-list"] for given in sorters] == ["missed-list"]
    assert "hidden" in sorters[0]  # until the script has made it work
    assert [option["value"] for option in page.of("option")] == [
        "worst",
        "probability",
        "name",
        "region",
    ]


def test_without_pictures_there_is_no_script(
    page_metrics: dict[str, Any], figures: dict[str, bytes]
) -> None:
    page = _Parsed(render_page(page_metrics, figures))
    assert page.of("script") == page.of("img") == []
    (policy,) = [meta["content"] or "" for meta in page.of("meta") if "http-equiv" in meta]
    assert "script-src" not in policy
    assert "Where it fails" not in page.text


def test_the_same_input_gives_the_same_page(
    page_metrics: dict[str, Any], figures: dict[str, bytes]
) -> None:
    first = render_page(page_metrics, figures, _galleries())
    assert render_page(page_metrics, draw_figures(page_metrics), _galleries()) == first


@pytest.mark.parametrize("fractured", [True, False, None])
def test_one_image_has_a_page_too(reading: Any, fractured: bool | None) -> None:
    truth = Truth("a.png", None, fractured, None)
    metrics = evaluate_records([truth], [reading("a.png", 0.7)], Settings({}, n_resamples=9))
    page = _Parsed(render_page(metrics, draw_figures(metrics)))
    assert "undefined (" in page.text
    assert "None" not in page.text
    assert "nan" not in page.text.split()
    for pointer, form, text in page.figures:
        assert text == _worded(_resolve(metrics, pointer), form), pointer


def test_no_image_has_a_page_too() -> None:
    metrics = evaluate_records([], [], Settings({"balanced": 0.5}, n_resamples=9))
    page = _Parsed(render_page(metrics, draw_figures(metrics)))
    assert page.of("svg") == []
    assert "was measured on 0 radiographs" in page.text


def test_it_warns_that_it_is_for_research_only(page: _Parsed) -> None:
    assert page.text.count("Research use only – not for diagnosis") == 2
