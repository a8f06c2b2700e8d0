"""The plots, read back as SVG: what they say, and that they can be told apart."""

from __future__ import annotations

import copy
import itertools
import xml.etree.ElementTree as ElementTree
from typing import Any

import numpy as np
import pytest
from matplotlib.colors import to_rgb

from detect.evaluate.cases import Truth
from detect.evaluate.figures import FIGURE_FILES, draw_figures
from detect.evaluate.plots import style
from detect.evaluate.report import evaluate_records
from detect.evaluate.settings import Settings
from detect.evaluate.subset_title import subset_title
from detect.record import Box

_SVG = "{http://www.w3.org/2000/svg}"
# Machado, Oliveira & Fernandes, IEEE TVCG 2009, severity 1, on linear RGB
_SIMULATIONS = {
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}


@pytest.fixture(scope="module")
def metrics() -> dict[str, Any]:
    from detect.record import Finding, ModelInfo, Reading, Source, Verdict

    generator = np.random.default_rng(3)
    truths: list[Truth] = []
    records: list[Any] = []
    for number in range(60):
        fractured = number % 2 == 0
        box = Box(10.0, 10.0, 30.0 + number, 40.0)
        boxes = (box,) if fractured else ()
        site = ("$\\alpha$_x", "_hidden", "a" * 80)[number % 3]
        truths.append(Truth(f"{number}", None, fractured, boxes, {"site": site}))
        probability = round(float(generator.beta(4, 2) if fractured else generator.beta(2, 4)), 6)
        finding = Finding("F1", "fracture", "none", round(float(generator.random()), 3), box)
        records.append(
            Reading(
                Source(f"{number}", "0" * 64, 200, 100),
                Verdict("fractured", "definite", probability, "balanced", 0.5),
                (finding,),
                ModelInfo("model", "1", "0" * 64),
            )
        )
    settings = Settings({"screening": 0.2, "balanced": 0.5, "confirm": 0.7}, n_resamples=40)
    raw = {truth.path: 0.5 for truth in truths}
    return evaluate_records(truths, records, settings, ["site"], raw)


@pytest.fixture(scope="module")
def figures(metrics: dict[str, Any]) -> dict[str, bytes]:
    return draw_figures(metrics)


def texts(content: bytes) -> str:
    root = ElementTree.fromstring(content)
    return "\n".join("".join(text.itertext()) for text in root.iter(f"{_SVG}text"))


def figure_text(estimate: dict[str, Any]) -> str:
    low, high = estimate["interval"]
    return f"{estimate['value']:.3f} [{low:.3f}, {high:.3f}]"


def test_all_but_comparisons_are_drawn_of_one_system(figures: dict[str, bytes]) -> None:
    alone = {name for name in FIGURE_FILES if not name.startswith("compare_")}
    assert set(figures) == alone
    assert len(alone) == 18


def test_roc_states_area_and_operating_points(
    metrics: dict[str, Any], figures: dict[str, bytes]
) -> None:
    verdict = metrics["subsets"]["all"]["verdict"]
    said = texts(figures["roc.svg"])
    assert f"area under the curve {figure_text(verdict['auroc'])} (DeLong)" in said
    assert "(percentile bootstrap of images)" in said
    for name, point in verdict["operating_points"].items():
        assert f"{name} (from {point['threshold']:.3f})" in said
        assert figure_text(point["sensitivity"]) in said
        assert figure_text(point["specificity"]) in said


def test_confusion_holds_counts_and_shares_of_rows(
    metrics: dict[str, Any], figures: dict[str, bytes]
) -> None:
    said = texts(figures["confusion.svg"]).split("\n")
    verdict = metrics["subsets"]["all"]["verdict"]
    for point in verdict["operating_points"].values():
        for key, total in (
            ("true_positive", verdict["n_fractured"]),
            ("false_negative", verdict["n_fractured"]),
            ("false_positive", verdict["n_not_fractured"]),
            ("true_negative", verdict["n_not_fractured"]),
        ):
            assert str(point[key]) in said
            assert f"{point[key] / total:.1%} of row" in said


def test_reliability_states_its_error_and_bins_before_and_after(
    metrics: dict[str, Any], figures: dict[str, bytes]
) -> None:
    said = texts(figures["reliability.svg"])
    calibration = metrics["subsets"]["all"]["verdict"]["calibration"]
    for block in (calibration, calibration["before"]):
        assert f"10 bins of equal width: ECE {block['ece_equal_width']['value']:.3f}" in said
        assert f"10 bins of equal count: ECE {block['ece_equal_mass']['value']:.3f}" in said
    assert "Before calibration: 60 images" in said
    assert "After calibration: 60 images" in said
    alone = copy.deepcopy(metrics)
    alone["subsets"]["all"]["verdict"]["calibration"]["before"] = None
    assert "Before" not in texts(draw_figures(alone)["reliability.svg"])


def test_probabilities_sizes_and_boxes_say_how_many(
    metrics: dict[str, Any], figures: dict[str, bytes]
) -> None:
    said = texts(figures["probabilities.svg"])
    assert "fractured: 30 images" in said
    assert "not fractured: 30 images" in said
    sizes = texts(figures["sizes.svg"])
    for band in metrics["subsets"]["all"]["boxes"]["by_size"]["bands"]:
        small = band["n"] < 30
        assert (f"n = {band['n']}{' †' * small}\n" in sizes) or band["n"] == 0
    boxes = metrics["subsets"]["all"]["boxes"]
    assert f"mAP50 {figure_text(boxes['map50'])}" in texts(figures["precision_recall.svg"])
    froc = texts(figures["froc.svg"])
    assert "False boxes counted on all images, normals included" in froc
    assert "False boxes counted on images without a fracture alone" in froc


def test_the_forest_has_a_row_per_subset_grey_where_too_few(
    metrics: dict[str, Any], figures: dict[str, bytes]
) -> None:
    said = texts(figures["subgroups.svg"])
    assert not metrics["subsets"]["without_hardware"]["n"]
    for name, part in metrics["subsets"].items():
        verdict = part["verdict"]
        counts = f"({verdict['n_fractured']} / {verdict['n_not_fractured']})"
        assert part["too_few"] is (f"{counts} †" in said) or counts != "(30 / 30)"
        assert f"{subset_title(name)[:20]}" in said
    assert "without hardware (0 / 0) †" in said
    assert "all images (30 / 30)\n" in said
    assert "site: $\\alpha$_x" in said  # neither a formula nor hidden
    assert "site: _hidden" in said
    assert "a" * 60 not in said
    assert style.TOO_FEW in figures["subgroups.svg"].decode()
    plain = copy.deepcopy(metrics)
    for part in plain["subsets"].values():
        part["too_few"] = False
    assert style.TOO_FEW not in draw_figures(plain)["subgroups.svg"].decode()


def test_a_user_s_own_style_changes_nothing(
    metrics: dict[str, Any], figures: dict[str, bytes]
) -> None:
    from matplotlib import rc_context

    with rc_context({"lines.linewidth": 9, "font.size": 30, "axes.facecolor": "red"}):
        assert draw_figures(metrics) == figures


def test_a_name_that_the_font_lacks_is_no_failure(metrics: dict[str, Any]) -> None:
    renamed = copy.deepcopy(metrics)
    renamed["subsets"]["\u9aa8\u6298"] = renamed["subsets"]["all"]
    assert "\u9aa8\u6298" in texts(draw_figures(renamed)["subgroups.svg"])


def linear(colour: str) -> Any:
    part = np.array(to_rgb(colour))
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def lab(rgb: Any) -> Any:
    """CIE 1976 L*a*b* of linear sRGB, D65."""
    matrix = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = np.array(matrix) @ np.clip(rgb, 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("kind", ["none", *_SIMULATIONS])
def test_colours_that_share_axes_are_told_apart_by_all(kind: str) -> None:
    seen = np.array(_SIMULATIONS.get(kind, np.eye(3)))
    colours = (style.BLUE, style.ORANGE, style.GREEN, style.PURPLE)
    for one, other in itertools.combinations(colours, 2):
        apart = np.linalg.norm(lab(seen @ linear(one)) - lab(seen @ linear(other)))
        assert apart > 11, (one, other)  # five times what is just noticed (about 2.3)


@pytest.mark.parametrize("colour", [style.BLUE, style.ORANGE, style.GREEN, style.PURPLE])
def test_marks_stand_out_from_paper(colour: str) -> None:
    luminance = float(linear(colour) @ np.array([0.2126, 0.7152, 0.0722]))
    assert 1.05 / (luminance + 0.05) >= 3  # WCAG 2.2, 1.4.11
