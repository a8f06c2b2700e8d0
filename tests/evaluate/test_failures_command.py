"""A truncated image through the command line: counted, and counted as wrong."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path

import pytest
from command_line import Call

from detect.data.load import load_fractures
from detect.data.phantom.writer import write_phantoms
from detect.evaluate.settings import Settings


@pytest.mark.slow
def test_a_truncated_fracture_is_missed_by_whom_it_failed(
    call: Call, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("detect.evaluate.run.Settings", partial(Settings, n_resamples=20))
    data = write_phantoms(tmp_path / "set", 16, split="test", size=(160, 128)).parent
    detected = ("--no-images", "--min-score", "0.001", "--quiet")
    assert call("detect", data, "--out", tmp_path / "run", *detected).code == 0
    common = ("evaluate", "--data", data, "--split", "test", "--gallery", "0")
    whole = call(*common, "--out", tmp_path / "whole")
    assert whole.code == 0, whole.err
    assert "counted as wrong" not in whole.out

    dataset = load_fractures([data])
    spoilt = next(sample.image for sample in dataset.split("test") if sample.fractured)
    spoilt.write_bytes(spoilt.read_bytes()[: spoilt.stat().st_size // 2])
    ended = call(*common, "--out", tmp_path / "out", "--against", tmp_path / "run/results.jsonl")
    assert ended.code == 3, ended.err  # a picture failed
    assert "failures counted as wrong" in ended.out
    metrics = json.loads((tmp_path / "out" / "metrics.json").read_text("utf-8"))
    assert metrics["data"]["n_failed"] == 1
    assert metrics["against"][0]["data"]["n_failed"] == 0
    before = json.loads((tmp_path / "whole" / "metrics.json").read_text("utf-8"))
    assert before["subsets"]["all"]["boxes"]["of_images_read"] is None
    verdict = metrics["subsets"]["all"]["verdict"]
    for name, point in verdict["operating_points"].items():
        wrong = point["with_failures_as_errors"]
        assert wrong["false_negative"] == point["false_negative"] + 1
        assert wrong["sensitivity"]["value"] == wrong["true_positive"] / (
            verdict["n_fractured"] + 1
        )
        assert wrong["specificity"] == point["specificity"]
        assert (
            before["subsets"]["all"]["verdict"]["operating_points"][name]["with_failures_as_errors"]
            is None
        )
    (comparison,) = metrics["comparisons"]
    assert (comparison["n"], comparison["n_only_first_failed"]) == (15, 1)
    # the results are of the same bundle, so but for the failure the two are one
    for name, groups in comparison["with_failures_as_errors"]["verdicts"].items():
        whole_point = before["subsets"]["all"]["verdict"]["operating_points"][name]
        lost = verdict["operating_points"][name]["true_positive"] < whole_point["true_positive"]
        assert groups["all"]["n"] == 16
        assert groups["fractured"]["second_right_only"] == int(lost)
        assert groups["all"]["first_right_only"] == 0
    page = (tmp_path / "out" / "report.html").read_text("utf-8")
    assert "The verdict with failures counted as wrong" in page
    assert "verdicts with failures counted as wrong" in page
    page = (tmp_path / "whole" / "report.html").read_text("utf-8")
    assert "counted as wrong" not in page
