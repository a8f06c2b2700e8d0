"""The whole evaluation, from records to files, read back by other parsers."""

from __future__ import annotations

import json
import math
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.metrics import average_precision_score, brier_score_loss, roc_auc_score
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM

from detect.errors import InputError, OutputError
from detect.evaluate.bootstrap import bootstrap_estimates
from detect.evaluate.box_metrics import coco_metrics
from detect.evaluate.cases import Truth
from detect.evaluate.figures import FIGURE_FILES
from detect.evaluate.report import claim_report, evaluate_records, write_report
from detect.evaluate.settings import Settings
from detect.evaluate.subset_title import subset_title
from detect.evaluate.table import format_table
from detect.record import Box, Failure, Reading

SETTINGS = Settings({"screening": 0.2, "balanced": 0.5}, n_resamples=60)
COMPARED = {name for name in FIGURE_FILES if name.startswith("compare_")}  # need two systems
Evaluation = tuple[list[Truth], list[Reading | Failure]]


@pytest.fixture
def evaluation(box_set: Callable[..., Any], reading: Any) -> Evaluation:
    generator = np.random.default_rng(12)
    truths: list[Truth] = []
    records: list[Reading | Failure] = []
    for number, (truth, boxes, scores) in enumerate(zip(*box_set(1, 80), strict=True)):
        fractured = len(truth) > 0
        attributes = {"hardware": str(int(number % 9 == 0)), "region": ("hand", "leg")[number % 2]}
        drawn = tuple(Box(*row) for row in truth.tolist())
        truths.append(Truth(f"{number}.png", f"p{number // 2}", fractured, drawn, attributes))
        probability = 1 / (1 + math.exp(-generator.normal(1.0 if fractured else -1.0)))
        size = (373, 454) if number % 4 else (2000, 1500)
        rows = np.column_stack([boxes, scores]).tolist()
        records.append(reading(f"{number}.png", probability, tuple(map(tuple, rows)), size=size))
    return truths, records


def figure_text(estimate: dict[str, Any]) -> str:
    low, high = estimate["interval"]
    return f"{estimate['value']:.3f} [{low:.3f}, {high:.3f}]"


def leaves(value: Any) -> list[Any]:
    if isinstance(value, dict):
        return [leaf for item in value.values() for leaf in leaves(item)]
    if isinstance(value, list):
        return [leaf for item in value for leaf in leaves(item)]
    return [value]


def estimates(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [found for item in value for found in estimates(item)]
    if not isinstance(value, dict):
        return []
    if set(value) == {"value", "interval", "method", "reason"}:
        return [value]
    return [found for item in value.values() for found in estimates(item)]


def test_figures_are_those_of_the_records(evaluation: Evaluation) -> None:
    truths, records = evaluation
    metrics = evaluate_records(truths, records[::-1], SETTINGS, ["region"])
    labels = np.array([bool(truth.boxes) for truth in truths])
    scores = np.array([r.verdict.probability for r in records if isinstance(r, Reading)])
    verdict = metrics["subsets"]["all"]["verdict"]
    assert verdict["auroc"]["value"] == pytest.approx(roc_auc_score(labels, scores))
    assert verdict["auroc"]["method"] == "DeLong"
    assert "of groups" in verdict["auroc_bootstrap"]["method"]
    expected = average_precision_score(labels, scores)
    assert verdict["average_precision"]["value"] == pytest.approx(expected)
    point = verdict["operating_points"]["balanced"]
    assert point["true_positive"] == np.sum(labels & (scores >= 0.5))
    assert point["specificity"]["value"] == pytest.approx(np.mean(scores[~labels] < 0.5))
    found = [r.findings for r in records if isinstance(r, Reading)]
    coco = coco_metrics(
        [
            np.array([[b.x1, b.y1, b.x2, b.y2] for b in t.boxes or ()]).reshape(-1, 4)
            for t in truths
        ],
        [
            np.array([[f.box.x1, f.box.y1, f.box.x2, f.box.y2] for f in fs]).reshape(-1, 4)
            for fs in found
        ],
        [np.array([f.score for f in fs]) for fs in found],
    )
    boxes = metrics["subsets"]["all"]["boxes"]
    assert boxes["n_images"] == 80
    assert boxes["map50"]["value"] == pytest.approx(coco.map50.value)
    assert boxes["map50"]["interval"][0] < boxes["map50"]["value"] < boxes["map50"]["interval"][1]
    assert boxes["map50_95"]["value"] == pytest.approx(coco.map50_95.value)


def test_a_subset_is_the_evaluation_of_its_cases(evaluation: Evaluation) -> None:
    truths, records = evaluation
    whole = evaluate_records(truths, records, SETTINGS, ["region"])["subsets"]
    assert list(whole) == [
        "all",
        "without_hardware",
        "one_image_size",
        "long_side_0_to_511",
        "long_side_1024_to_2047",
        "region=hand",
        "region=leg",
    ]
    keep = {
        "without_hardware": lambda number: number % 9 != 0,
        "one_image_size": lambda number: number % 4 != 0,
        "long_side_0_to_511": lambda number: number % 4 != 0,
        "region=leg": lambda number: number % 2 == 1,
    }
    for name, rule in keep.items():
        some = [truth for number, truth in enumerate(truths) if rule(number)]
        alone = evaluate_records(some, records, SETTINGS)["subsets"]["all"]
        alone["verdict"].pop("roc_curve")
        alone["boxes"].pop("precision_recall_curve")
        for criterion in ("iou", "centre"):
            for denominator in ("all", "normals"):
                alone["boxes"]["froc"][criterion][denominator].pop("curve")
        assert whole[name]["n"] == len(some) < len(truths)
        alone["verdict"].pop("precision_recall_curve")
        alone["verdict"].pop("histogram")
        assert whole[name]["verdict"] == alone["verdict"]
        assert whole[name]["boxes"] == alone["boxes"]


def test_columns_of_a_table_replace_no_subset_of_ours(reading: Any) -> None:
    truths = [Truth(f"{n}", None, n % 2 == 0, (), {"all": str(n)}) for n in range(30)]
    records = [reading(truth.path, 0.5) for truth in truths]
    subsets = evaluate_records(truths, records, SETTINGS, ["all"])["subsets"]
    assert (subsets["all"]["n"], subsets["all"]["reason"]) == (30, None)


def test_an_attribute_that_says_the_label_again_is_one_subset_with_the_reason(
    evaluation: Evaluation,
) -> None:
    found = evaluate_records(*evaluation, SETTINGS, ["region"], restating=["region"])["subsets"]
    assert found["region"]["n"] == 0
    assert "only says again which images are fractured" in found["region"]["reason"]
    assert "region=leg" not in found


def test_a_subset_too_small_to_conclude_from_is_marked(evaluation: Evaluation) -> None:
    metrics = evaluate_records(*evaluation, SETTINGS, ["region"])
    least = metrics["settings"]["least_of_a_kind"]
    marks = set()
    for part in metrics["subsets"].values():
        verdict = part["verdict"]
        counts = verdict["n_fractured"], verdict["n_not_fractured"]
        assert part["too_few"] is (min(counts) < least)
        assert (part["too_few_reason"] is None) is not part["too_few"]
        marks.add(part["too_few"])
    assert True in marks


def test_the_histogram_counts_every_image_once(evaluation: Evaluation) -> None:
    verdict = evaluate_records(*evaluation, SETTINGS)["subsets"]["all"]["verdict"]
    histogram = verdict["histogram"]
    assert len(histogram["edges"]) == len(histogram["fractured"]) + 1
    assert sum(histogram["fractured"]) == verdict["n_fractured"]
    assert sum(histogram["not_fractured"]) == verdict["n_not_fractured"]
    point = verdict["operating_points"]["balanced"]  # 0.5 is an edge
    middle = histogram["edges"].index(0.5)
    assert sum(histogram["fractured"][middle:]) == point["true_positive"]
    assert sum(histogram["not_fractured"][middle:]) == point["false_positive"]


def test_failures_are_counted_and_counted_as_errors(evaluation: Evaluation, failure: Any) -> None:
    truths, records = evaluation
    before = evaluate_records(truths, records, SETTINGS)
    positive = [number for number, truth in enumerate(truths) if truth.boxes]
    negative = [number for number, truth in enumerate(truths) if not truth.boxes]
    broken = list(records)
    for number in (positive[0], *negative[:3]):
        broken[number] = failure(f"{number}.png")
    del broken[max(positive)]  # this one has no record at all
    after = evaluate_records(truths, [*broken, failure("other.png")], SETTINGS)
    data, part = after["data"], after["subsets"]["all"]
    assert (data["n"], data["n_read"], data["n_failed"]) == (80, 75, 5)
    assert data["failures_by_reason"] == {"missing": 1, "truncated": 4}
    assert {"path": f"{max(positive)}.png", "reason": "missing"} in data["failures"]
    assert data["n_records_without_truth"] == 1
    failed_paths = {one["path"] for one in data["failures"]}
    verdict = part["verdict"]
    assert verdict["n"] == 75
    assert (verdict["n_failed_fractured"], verdict["n_failed_not_fractured"]) == (2, 3)
    point = verdict["operating_points"]["balanced"]
    wrong = point["with_failures_as_errors"]
    assert wrong["sensitivity"]["value"] == pytest.approx(point["true_positive"] / len(positive))
    assert wrong["specificity"]["value"] == pytest.approx(point["true_negative"] / len(negative))
    assert wrong["specificity"]["value"] < point["specificity"]["value"]
    ranked = verdict["with_failures_as_errors"]
    assert before["subsets"]["all"]["verdict"]["with_failures_as_errors"] is None
    for name in ("auroc", "auroc_bootstrap", "average_precision"):
        assert verdict[name]["value"] > ranked[name]["value"]
        assert ranked[name]["interval"][0] <= ranked[name]["value"] <= ranked[name]["interval"][1]
    n, brier = verdict["n"], verdict["calibration"]["brier"]["value"]
    assert ranked["brier"]["value"] == pytest.approx((brier * n + 5) / (n + 5))
    table = format_table(after)
    assert f"{ranked['auroc']['value']:.3f} [" in table
    assert "verdict, failures counted as wrong  screening" in table
    assert f"{wrong['kappa']['value']:.3f} [" in table
    assert "failures counted as wrong" not in format_table(before)
    # the failed fractures are missed; the failed normals do not flatter the denominator
    read, both = part["boxes"]["of_images_read"], part["boxes"]
    assert before["subsets"]["all"]["boxes"]["of_images_read"] is None
    assert (read["n_images"], read["n_failed"]) == (75, 0)
    kept = [(t, r) for t, r in zip(truths, records, strict=True) if t.path not in failed_paths]
    alone = evaluate_records(*map(list, zip(*kept, strict=True)), SETTINGS)["subsets"]["all"]
    assert read["map50"]["value"] == alone["boxes"]["map50"]["value"]
    for one, other in zip(*(b["froc"]["iou"]["all"]["points"] for b in (read, both)), strict=True):
        found = one["sensitivity"]["value"] * read["n_truth_boxes"]
        assert other["sensitivity"]["value"] * both["n_truth_boxes"] == pytest.approx(found)
        assert other["threshold"] == one["threshold"]
        assert other["image_sensitivity"]["value"] < one["image_sensitivity"]["value"]
    assert part["boxes"]["n_truth_boxes"] == before["subsets"]["all"]["boxes"]["n_truth_boxes"]
    assert (part["boxes"]["n_images"], part["boxes"]["n_failed"]) == (77, 2)


def test_every_figure_has_an_interval_or_says_why_not(evaluation: Evaluation, failure: Any) -> None:
    truths, records = evaluation
    raw = {truth.path: 0.2 + 0.6 * (number % 7) / 7 for number, truth in enumerate(truths)}
    broken = [failure("0.png"), *records[1:]]
    for some in (records, broken):
        found = estimates(evaluate_records(truths, some, SETTINGS, ["region"], raw))
        assert all(one["interval"] or one["reason"] for one in found)
    whole = evaluate_records(truths, records, SETTINGS, uncalibrated=raw)["subsets"]["all"]
    calibration, boxes = whole["verdict"]["calibration"], whole["boxes"]
    named = [
        *whole["verdict"]["operating_points"]["balanced"].values(),
        *(calibration[key] for key in ("ece_equal_width", "ece_equal_mass", "brier")),
        *(calibration["before"][key] for key in ("intercept", "slope", "brier")),
        *(calibration[key] for key in ("intercept", "slope")),
        *(boxes[key] for key in ("map50", "map75", "map50_95", "ar1", "ar10", "ar100")),
        *(boxes[key] for key in ("ap_iou", "ap_centre")),
    ]
    for one in named:
        if isinstance(one, dict):
            low, high = one["interval"]
            assert low < high


def test_calibration_has_the_intervals_of_a_bootstrap_by_brute_force(
    evaluation: Evaluation,
) -> None:
    truths, records = evaluation
    settings = replace(SETTINGS, n_resamples=30)
    found = evaluate_records(truths, records, settings)["subsets"]["all"]["verdict"]["calibration"]
    labels = np.array([bool(truth.boxes) for truth in truths])
    scores = np.array([r.verdict.probability for r in records if isinstance(r, Reading)])
    resamples: list[Any] = []

    def keep(drawn: Any) -> list[float | None]:
        resamples.append(drawn)
        return [0.0]

    bootstrap_estimates(keep, labels, [truth.group for truth in truths], "", n_resamples=30)
    draws = []
    for drawn in resamples[1:]:
        some, values = labels[drawn].astype(float), scores[drawn]
        logits = np.log(values / (1 - values))
        design = np.stack([np.ones(len(some)), logits], axis=1)
        slope = GLM(some, design, family=Binomial()).fit().params[1]
        large = GLM(some, design[:, :1], family=Binomial(), offset=logits).fit().params[0]
        draws.append([brier_score_loss(some, values), large, slope])
    expected = np.quantile(draws, [0.025, 0.975], axis=0).T.tolist()
    for name, interval in zip(("brier", "intercept", "slope"), expected, strict=True):
        assert found[name]["interval"] == pytest.approx(interval, abs=1e-5), name


def test_every_undefined_figure_says_why_and_nothing_is_nan(
    evaluation: Evaluation, reading: Any, failure: Any
) -> None:
    truths, records = evaluation
    unknown = [Truth("a", None, None, None)]
    positive = [Truth("a", None, True, (Box(0, 0, 9, 9),))]
    negative = [Truth("a", None, False, ())]
    yes_no = [Truth("a", None, True, None), Truth("b", None, False, None)]
    boxed = reading("a", 1.0, ((0, 0, 9, 9, 0.5),), evidence=(1, 1, 4, 4))
    silent = [reading("a", 0.0), reading("b", 0.0)]
    for some_truths, some_records in [
        ([], []),
        (unknown, [boxed]),
        (positive, [boxed]),
        (positive, silent),
        (positive, [failure("a")]),
        (negative, [boxed]),
        (negative, silent),
        (negative, [failure("a")]),
        (yes_no, silent),
        (truths, records),
    ]:
        metrics = evaluate_records(some_truths, some_records, SETTINGS, ["region"])
        json.dumps(metrics, allow_nan=False)
        assert {type(leaf) for leaf in leaves(metrics)} <= {str, int, float, bool, type(None)}
        found = estimates(metrics)
        assert len(found) > 50
        for estimate in found:
            if estimate["value"] is None:
                assert estimate["reason"]
                assert estimate["interval"] is None
            if estimate["interval"] is not None:
                assert estimate["method"]
                assert estimate["interval"][0] <= estimate["interval"][1]
        assert format_table(metrics)


def test_one_image_has_the_figures_that_one_image_can_have(reading: Any) -> None:
    truth = Truth("a", None, True, (Box(0, 0, 10, 10),))
    record = reading("a", 0.9, ((0, 0, 10, 10, 0.5),), evidence=(1, 1, 4, 4))
    part = evaluate_records([truth], [record], SETTINGS)["subsets"]["all"]
    assert part["verdict"]["auroc"]["value"] is None
    point = part["verdict"]["operating_points"]["balanced"]
    assert point["sensitivity"]["value"] == 1
    assert point["specificity"]["value"] is None
    assert part["verdict"]["calibration"]["brier"]["value"] == pytest.approx(0.01)
    assert part["boxes"]["map50_95"]["value"] == pytest.approx(1)
    assert part["boxes"]["n_detections"] == 1  # the outline is no detection
    assert part["boxes"]["evidence_outlines"]["n"] == 1
    assert part["boxes"]["evidence_outlines"]["centre_in_fracture"]["value"] == 1
    froc = part["boxes"]["froc"]["iou"]["all"]["points"]
    assert [point["sensitivity"]["value"] for point in froc] == [1, 1, 1, 1]
    assert [point["threshold"] for point in froc] == [0.5] * 4


def test_settings_reach_their_figures(reading: Any) -> None:
    truths = [Truth("a", None, True, (Box(0, 0, 10, 10),)), Truth("b", None, False, ())]
    # overlaps by 0.4 of the fracture, its centre inside; the noise is on the normal image
    records = [
        reading("a", 0.6, ((0, 0, 10, 4, 0.5),)),
        reading("b", 0.4, ((0, 0, 9, 9, 0.9),)),
    ]
    for settings, at_iou in (
        (Settings({}, fp_rates=(0.1, 0.5), n_resamples=20), [0, 1]),
        (Settings({}, fp_rates=(0.1, 0.5), froc_iou=0.45, n_resamples=20), [0, 0]),
    ):
        metrics = evaluate_records(truths, records, settings)
        froc = metrics["subsets"]["all"]["boxes"]["froc"]
        assert [point["sensitivity"]["value"] for point in froc["iou"]["all"]["points"]] == at_iou
        assert [point["sensitivity"]["value"] for point in froc["centre"]["all"]["points"]] == [
            0,
            1,
        ]
        assert froc["iou"]["least_iou"] == metrics["settings"]["froc_iou"] == settings.froc_iou
        assert metrics["subsets"]["all"]["boxes"]["map50"]["value"] == 0
        assert metrics["subsets"]["all"]["verdict"]["operating_points"] == {}
        table = format_table(metrics)
        assert "FROC 0.5" in table
        assert "operating point" not in table


def test_order_and_repetition_do_not_change_the_figures(evaluation: Evaluation) -> None:
    truths, records = evaluation
    first = evaluate_records(truths, records, SETTINGS)
    assert evaluate_records(truths, records[::-1], SETTINGS) == first
    turned = evaluate_records(truths[::-1], records, SETTINGS)
    for one, other in zip(estimates(first), estimates(turned), strict=True):
        assert one["value"] == pytest.approx(other["value"])


def test_written_files_are_read_back(evaluation: Evaluation, tmp_path: Path) -> None:
    metrics = evaluate_records(*evaluation, SETTINGS)
    out = tmp_path / "new" / "report"
    written = write_report(metrics, out)
    assert sorted(written) == sorted(out.iterdir())
    assert {path.name for path in written} == {
        *FIGURE_FILES,
        "metrics.json",
        "report.html",
    } - COMPARED
    parsed = json.loads((out / "metrics.json").read_text("utf-8"))
    assert parsed == metrics
    assert (parsed["schema_version"], parsed["kind"]) == ("1.6", "evaluation")
    for path in written:
        if path.suffix == ".png":
            with Image.open(path) as image:
                image.load()
                assert min(image.size) > 400
                assert len(image.convert("RGB").getcolors(1 << 20) or []) > 50
        elif path.suffix == ".svg":
            root = ElementTree.parse(path).getroot()
            assert root.tag == "{http://www.w3.org/2000/svg}svg"
            assert len(root.findall(".//{http://www.w3.org/2000/svg}path")) > 10
            texts = ["".join(t.itertext()) for t in root.iter("{http://www.w3.org/2000/svg}text")]
            assert len(texts) > 5


def test_the_same_metrics_give_the_same_bytes(evaluation: Evaluation, tmp_path: Path) -> None:
    metrics = evaluate_records(*evaluation, SETTINGS)
    first = write_report(metrics, tmp_path / "first")
    second = write_report(metrics, tmp_path / "second")
    assert len(first) == 2 + len(FIGURE_FILES) - len(COMPARED)
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_an_earlier_evaluation_is_dropped_only_when_told(tmp_path: Path) -> None:
    claim_report(tmp_path / "new", overwrite=False)
    (tmp_path / "notes.txt").write_text("")
    claim_report(tmp_path, overwrite=False)
    (tmp_path / "metrics.json").write_text("{}")
    claim_report(tmp_path, overwrite=True)
    with pytest.raises(InputError, match="holds an evaluation already"):
        claim_report(tmp_path, overwrite=False)
    with pytest.raises(InputError, match="is a file"):
        claim_report(tmp_path / "notes.txt", overwrite=True)


def test_figures_without_data_are_left_out(reading: Any, tmp_path: Path) -> None:
    metrics = evaluate_records([Truth("a", None, False, ())], [reading("a", 0.2)], SETTINGS)
    written = {path.name for path in write_report(metrics, tmp_path)}
    names = ("confusion", "probabilities", "reliability")
    drawn = {f"{name}.{suffix}" for name in names for suffix in ("png", "svg")}
    assert written == {"metrics.json", "report.html", *drawn}
    (tmp_path / "roc.png").write_bytes(b"of an earlier evaluation")
    (tmp_path / "notes.txt").write_bytes(b"the user's own")
    write_report(metrics, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == written | {"notes.txt"}
    nothing = evaluate_records([], [], SETTINGS)
    assert [p.name for p in write_report(nothing, tmp_path / "empty")] == [
        "metrics.json",
        "report.html",
    ]


def test_a_fracture_nobody_saw_still_has_its_figures(reading: Any, tmp_path: Path) -> None:
    truth = Truth("a", None, True, (Box(0, 0, 10, 10),))
    metrics = evaluate_records([truth], [reading("a", 0.2)], SETTINGS)
    written = {path.name for path in write_report(metrics, tmp_path)}
    assert {"froc.svg", "precision_recall.png"} <= written


def test_a_path_that_is_no_text_is_written(failure: Any, tmp_path: Path) -> None:
    path = b"bad\xff.png".decode("utf-8", "surrogateescape")
    write_report(
        evaluate_records([Truth(path, None, True, ())], [failure(path)], SETTINGS), tmp_path
    )
    parsed = json.loads((tmp_path / "metrics.json").read_text("utf-8"))
    assert parsed["data"]["failures"] == [{"path": path, "reason": "truncated"}]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    metrics = evaluate_records([], [], SETTINGS)
    with pytest.raises(OutputError, match=str(tmp_path / "taken")):
        write_report(metrics, tmp_path / "taken" / "report")


def test_table_shows_every_subset_and_operating_point(evaluation: Evaluation) -> None:
    metrics = evaluate_records(*evaluation, SETTINGS, ["region"])
    metrics["subsets"]["region=leg"]["too_few"] = False  # as of a larger set
    text = format_table(metrics)
    lines = text.splitlines()
    marks = set()
    for name, part in metrics["subsets"].items():
        title = f"{subset_title(name)} † " if part["too_few"] else f"{subset_title(name)}  "
        verdict, boxes = (line for line in lines if line.startswith(title))
        assert figure_text(part["verdict"]["auroc"]) in verdict
        assert figure_text(part["boxes"]["map50"]) in boxes
        for point in part["boxes"]["froc"]["iou"]["all"]["points"]:
            assert figure_text(point["sensitivity"]) in boxes
        assert verdict.removeprefix(title).split()[0] == str(part["n"])
        assert boxes.removeprefix(title).split()[0] == str(part["boxes"]["n_truth_boxes"])
        marks.add(part["too_few"])
    assert marks == {False, True}
    for name, point in metrics["subsets"]["all"]["verdict"]["operating_points"].items():
        (line,) = [line for line in lines if line.startswith(f"{name} ")]
        assert f"{point['threshold']:.3f}" in line
        by_group = lines[lines.index(line) + 1]
        assert by_group.split()[:2] == ["by", "group"]
        clustered = metrics["subsets"]["all"]["clustered"]["operating_points"][name]
        for rate in ("sensitivity", "specificity", "ppv", "npv"):
            assert figure_text(point[rate]) in line
            estimate = clustered[rate]
            if estimate["interval"] is None:
                (note,) = (line for line in lines if line.endswith(f") {estimate['reason']}"))
                assert f"- {note.split()[0]}" in by_group
            else:
                assert figure_text(estimate).partition(" ")[2] in by_group
    assert any(line.startswith("intervals of operating points: Wilson, which") for line in lines)
    assert lines[0].startswith("80 images: ")
    assert all(line == line.rstrip() for line in lines)


def test_figures_before_calibration_where_they_are_known(evaluation: Evaluation) -> None:
    truths, records = evaluation
    raw = {truth.path: 0.5 for truth in truths}
    known = evaluate_records(truths, records, SETTINGS, uncalibrated=raw)
    before = known["subsets"]["all"]["verdict"]["calibration"]["before"]
    share = np.mean([bool(truth.fractured) for truth in truths])
    assert before["ece_equal_width"]["value"] == pytest.approx(abs(share - 0.5))
    assert before["brier"]["value"] == pytest.approx(0.25)
    raw.popitem()
    partly = evaluate_records(truths, records, SETTINGS, uncalibrated=raw)
    assert partly["subsets"]["all"]["verdict"]["calibration"]["before"] is None


def test_predictive_values_at_a_prevalence_only_if_asked_for(evaluation: Evaluation) -> None:
    asked = evaluate_records(*evaluation, replace(SETTINGS, prevalence=0.02))
    points = asked["subsets"]["all"]["verdict"]["operating_points"].values()
    for point in points:
        assert point["at_prevalence"]["prevalence"] == 0.02
        assert point["at_prevalence"]["ppv"]["value"] < point["ppv"]["value"]
    plain = evaluate_records(*evaluation, SETTINGS)["subsets"]["all"]["verdict"]
    assert all(point["at_prevalence"] is None for point in plain["operating_points"].values())


def test_sizes_and_both_denominators_are_counted(evaluation: Evaluation) -> None:
    boxes = evaluate_records(*evaluation, SETTINGS)["subsets"]["all"]["boxes"]
    sizes = boxes["by_size"]
    assert sum(band["n"] for band in sizes["bands"]) == boxes["n_truth_boxes"]
    (point,) = [
        point
        for point in boxes["froc"]["iou"]["all"]["points"]
        if point["false_positives_per_image"] == sizes["false_positives_per_image"]
    ]
    found = sum(band["n"] * (band["sensitivity"]["value"] or 0) for band in sizes["bands"])
    assert found / boxes["n_truth_boxes"] == pytest.approx(point["sensitivity"]["value"])
    for criterion in ("iou", "centre"):
        reached = {
            denominator: [
                point["sensitivity"]["value"]
                for point in boxes["froc"][criterion][denominator]["points"]
            ]
            for denominator in ("all", "normals")
        }
        assert reached["all"] != reached["normals"]
    assert boxes["ap_iou"]["value"] >= boxes["map50"]["value"]


def test_without_groups_there_is_one_kind_of_interval(evaluation: Evaluation) -> None:
    truths, records = evaluation
    alone = [replace(truth, group=None) for truth in truths]
    metrics = evaluate_records(alone, records, SETTINGS, ["region"])
    assert {part["clustered"] for part in metrics["subsets"].values()} == {None}
    assert "by group" not in format_table(metrics)
    grouped = evaluate_records(truths, records, SETTINGS, ["region", "view"])
    for part in grouped["subsets"].values():
        for name, point in part["clustered"]["operating_points"].items():
            for rate, estimate in point.items():
                plain = part["verdict"]["operating_points"][name][rate]
                assert estimate["value"] == plain["value"]


def test_an_empty_subset_is_marked_and_says_why(evaluation: Evaluation) -> None:
    metrics = evaluate_records(*evaluation, SETTINGS, ["view_of_body"])
    empty = metrics["subsets"]["view_of_body"]
    assert (empty["n"], empty["too_few"]) == (0, True)
    lines = format_table(metrics).splitlines()
    rows = [line for line in lines if line.startswith("view of body † ")]
    assert [row.split()[4] for row in rows] == ["0", "0"]
    (note,) = {cell for row in rows for cell in row.split()[6::2]}
    assert f'{note} no image has attribute "view_of_body"' in lines
