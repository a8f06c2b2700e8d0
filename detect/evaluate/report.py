"""From records and truth to the evaluation that a reviewer reads.

`metrics.json`, schema version 1.6. Every measured figure is an object {value, interval
[low, high], method, reason}: `value` and `interval` are null where undefined, and `reason`
then says why. Intervals are at `settings.confidence_level`. Version 1.2 had no interval of F1,
Youden's J, kappa, calibration, mAP75, mAP50-95 and AR, and of rates with failures as errors
sensitivity and specificity alone; 1.3 had neither mistakes nor attributes; 1.4 had
of attributes neither figures over all images nor counts by fracture; 1.5 had neither
without_copies nor the calibration error of a perfect model.

    schema_version, kind      "1.6", "evaluation"
    version, command          of this program; as typed, or null
    environment               {"python" or library: version}
    model                     name, version, sha256 of the bundle
    settings                  operating_points {name: threshold}, specificity, ece_bins,
                              fp_rates, froc_iou, shown_fp_rate, prevalence (or null),
                              n_resamples, seed, confidence_level, least_of_a_kind
    data                      name, root (the folder's name), split, licence, left_out
                              {kind of problem: count}, without_copies (null, or see
                              `detect.evaluate.copies`), n, n_read, n_failed,
                              failures_by_reason {reason: count}, failures [{path,
                              reason}], n_records_without_truth, n_fractured,
                              n_not_fractured, n_unknown, n_groups (an image
                              without a group is one), n_fractured_annotated_without_box,
                              sha256 (see `detect.evaluate.provenance.data_sha256`)
                              caution: of train and val, why figures on them flatter, or null
                              (those from name to without_copies, caution and command are of
                              `evaluate_split`; version and model of `evaluate_samples`)
    attributes                null where the records tell none; else regions {name: n, n_yes,
                              accuracy, auroc, n_of_all, accuracy_of_all}, of images told in
                              scope whose region is known (…_of_all: of all whose region is known,
                              one of which none was told being wrong), and out_of_scope {n, n_yes,
                              n_yes_fractured, n_yes_not_fractured, share}: images taken to be so
    subsets                   {name: subset}: "all"; "without_hardware" and
                              "one_image_size", where shortcuts would show;
                              "long_side_…" for each class of image sizes that occurs; and
                              "ATTRIBUTE=VALUE" for each attribute asked for
      definition, n, reason   what is in it; number of cases; why it is empty, or null
      too_few, too_few_reason   whether fewer than `least_of_a_kind` of its images are fractured,
                              or are not, so that its figures mean little; in words, or null
      verdict                 n, n_fractured, n_not_fractured, n_failed_fractured,
                              n_failed_not_fractured, auroc (DeLong), auroc_bootstrap (by
                              group), average_precision, sensitivity_at_specificity
                              {specificity, threshold, sensitivity}
        with_failures_as_errors   null unless some image failed; else auroc, auroc_bootstrap,
                              average_precision and brier once more, each failed image being the
                              worst answer: P = 0 of a fractured one, 1 of another
        calibration           n_bins, ece_equal_width, ece_equal_mass, brier, intercept,
                              slope, ece_equal_width_of_perfect and ece_equal_mass_of_perfect (what
                              perfect calibration would show by chance), reliability
                              {equal_width|equal_mass: [{count, mean_probability,
                              fraction_fractured}]}, before (the same,
                              of what the model said before calibration; or null)
        operating_points      {name: {threshold, true_positive, false_positive,
                              false_negative, true_negative, sensitivity, specificity,
                              ppv, npv, accuracy, f1, youden, kappa, at_prevalence
                              {prevalence, ppv, npv} (null unless one is asked for),
                              with_failures_as_errors (null unless some image failed; else the
                              counts and rates once more, each failed image being read wrongly:
                              a fractured one missed, another one a false alarm)}}
        roc_curve             in "all" only: false_positive_rate, true_positive_rate,
                              threshold (null: above every score); or null
        precision_recall_curve   in "all" only: recall, precision; or null
        histogram             in "all" only: edges, fractured, not_fractured: images by probability
      boxes                   n_images, n_images_with_boxes, n_failed, n_truth_boxes,
                              n_detections, map50, map75, map50_95, ar1, ar10, ar100,
                              evidence_outlines {n, centre_in_fracture}. A failed image without
                              annotated fracture is left out; of another one the fractures are
                              missed, but false positives are not divided by it
        ap_iou, ap_centre     average precision where a box counts from `froc_iou` on, or
                              by its centre: readers mark loosely
        froc                  {iou|centre: {least_iou, all|normals (on which images false
                              positives are counted): {points [{false_positives_per_image,
                              threshold, sensitivity (of fractures), image_sensitivity}],
                              curve (in "all" subset only) {false_positives_per_image,
                              sensitivity, threshold}}}}
        by_size               false_positives_per_image, threshold, n_unknown_size, bands
                              [{name, from_share_of_image, to_share_of_image, n,
                              sensitivity}]: fractures found by their share of the image
        precision_recall_curve   in "all" only: recall, precision at IoU 0.5; or null
        of_images_read        null unless a failed image has annotated fractures; else all of
                              "boxes" without the failed images, but for curves
      reasons                 n_true_positive, n_with_annotated_boxes, touching,
                              centre_in_fracture, incoherent [{path, why}]: is what is shown
                              on a true positive the fracture? at the records' operating point
      mistakes                in "all" only: {missed|false-alarms|wrong-reason: {n, worst [{path,
                              probability}]}}, the worst first, 20 at most; at the records'
                              operating point
      clustered               null where no image has a group; else the shares above whose intervals
                              are Wilson's, which take images as independent, with intervals by
                              bootstrap of groups: operating_points {name: {sensitivity,
                              specificity, ppv, npv, accuracy}}, reasons {touching,
                              centre_in_fracture}
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from detect.evaluate.attribute_block import attribute_block
from detect.evaluate.box_block import box_block
from detect.evaluate.cases import Case, Truth, pair_cases
from detect.evaluate.clustered import clustered_block
from detect.evaluate.estimate import CONFIDENCE_LEVEL
from detect.evaluate.few import LEAST_OF_A_KIND, too_few
from detect.evaluate.figures import FIGURE_FILES, draw_figures
from detect.evaluate.histogram import probability_histogram
from detect.evaluate.page.build import render_page
from detect.evaluate.page.parts import Gallery
from detect.evaluate.provenance import data_sha256, environment
from detect.evaluate.reasons import reason_block
from detect.evaluate.settings import Settings
from detect.evaluate.subsets import (
    Subset,
    attribute_subsets,
    image_size_subsets,
    one_image_size,
    without_hardware,
)
from detect.evaluate.verdict_block import verdict_block
from detect.evaluate.worst import mistakes_block
from detect.record import Failure, Reading
from detect.write.atomic import naming_output, replacing_bytes
from detect.write.earlier import refuse_earlier

__all__ = [
    "METRICS_NAME",
    "METRICS_SCHEMA_VERSION",
    "PAGE_NAME",
    "claim_report",
    "evaluate_records",
    "write_report",
]

METRICS_NAME = "metrics.json"
PAGE_NAME = "report.html"
_UNKNOWN: Mapping[str, float] = {}

METRICS_SCHEMA_VERSION = "1.6"


def evaluate_records(
    truths: Sequence[Truth],
    records: Sequence[Reading | Failure],
    settings: Settings,
    subset_attributes: Sequence[str] = (),
    uncalibrated: Mapping[str, float] = _UNKNOWN,
    restating: Collection[str] = (),
) -> dict[str, Any]:
    """Return the content of `metrics.json`, as plain JSON types, without NaN.

    Args:
        truths: the images to evaluate on, each once.
        records: made with the lowest box score, so that every box is in them; matched to
            truths by `Source.path`. A truth without a record counts as failed.
        settings: operating points and the conventions of the metrics.
        subset_attributes: attributes of `Truth` whose every value becomes a subset.
        uncalibrated: what the model said before calibration, in [0, 1], by path.
        restating: those of `subset_attributes` that say the label again: of these there are no
            subsets, since all images of one are fractured, or none is.

    Raises:
        DataError: truths and records contradict themselves or each other (see `pair_cases`).
    """
    cases = pair_cases(truths, records, uncalibrated)
    grouped = any(truth.group is not None for truth in truths)
    subsets = [
        Subset("all", "every image", cases),
        without_hardware(cases),
        one_image_size(cases),
        *image_size_subsets(cases),
    ]
    taken = {subset.name for subset in subsets}
    subsets += [
        subset
        for name in subset_attributes
        for subset in attribute_subsets(cases, name, restates=name in restating)
        if subset.name not in taken  # a column called "all" must not replace what we call so
    ]
    return {
        "schema_version": METRICS_SCHEMA_VERSION,
        "kind": "evaluation",
        "settings": {
            **asdict(settings),
            "operating_points": dict(settings.operating_points),
            "fp_rates": list(settings.fp_rates),
            "confidence_level": CONFIDENCE_LEVEL,
            "least_of_a_kind": LEAST_OF_A_KIND,
        },
        "environment": environment(),
        "data": {**_data(cases, records), "sha256": data_sha256(truths, records)},
        "attributes": attribute_block(truths, records),
        "subsets": {subset.name: _subset(subset, settings, grouped) for subset in subsets},
    }


def claim_report(out: Path, *, overwrite: bool) -> None:
    """Refuse to drop an earlier evaluation without being told to.

    Raises:
        InputError: `out` holds one, or is no folder.
    """
    refuse_earlier(out, METRICS_NAME, "an evaluation", overwrite=overwrite)


def write_report(
    metrics: dict[str, Any], out: Path, galleries: Sequence[Gallery] = ()
) -> list[Path]:
    """Write `metrics.json`, `report.html` and the figures (PNG, SVG); return their paths.

    A figure without data is left out, and one of an earlier evaluation is removed. Each file is
    written beside and then renamed.

    Args:
        metrics: as `evaluate_records` returns them, or with what `run` adds.
        out: folder, made if missing.
        galleries: the worst mistakes, for the page.

    Raises:
        OutputError: the folder or a file cannot be written.
    """
    text = json.dumps(metrics, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    # A path of undecodable bytes holds lone surrogates; escaped, they are still JSON.
    encoded = text.encode("utf-8", "backslashreplace")
    figures = draw_figures(metrics)
    page = render_page(metrics, figures, galleries).encode("utf-8", "backslashreplace")
    files = {METRICS_NAME: encoded, PAGE_NAME: page, **figures}
    for name in FIGURE_FILES:
        if name not in files:
            with naming_output(out / name):
                (out / name).unlink(missing_ok=True)
    for name, content in files.items():
        with replacing_bytes(out / name) as file:
            file.write(content)
    return [out / name for name in files]


def _subset(subset: Subset, settings: Settings, grouped: bool) -> dict[str, Any]:
    curves = subset.name == "all"
    verdict = verdict_block(subset.cases, settings, curves=curves)
    if curves:
        verdict["histogram"] = probability_histogram(subset.cases)
    few = too_few({"verdict": verdict})
    reasons = reason_block(subset.cases)
    return {
        "definition": subset.definition,
        "n": len(subset.cases),
        "reason": subset.reason,
        "too_few": few is not None,
        "too_few_reason": few,
        "verdict": verdict,
        "boxes": box_block(subset.cases, settings, curves=curves),
        "reasons": reasons,
        **({"mistakes": mistakes_block(subset.cases)} if curves else {}),
        "clustered": (
            clustered_block(subset.cases, verdict, reasons, settings) if grouped else None
        ),
    }


def _data(cases: Sequence[Case], records: Sequence[Reading | Failure]) -> dict[str, Any]:
    failed = [(case.truth.path, case.failure) for case in cases if case.failure is not None]
    groups = [case.truth.group for case in cases]
    paths = {case.truth.path for case in cases}
    return {
        "n": len(cases),
        "n_read": len(cases) - len(failed),
        "n_failed": len(failed),
        "failures_by_reason": dict(sorted(Counter(reason for _, reason in failed).items())),
        "failures": [{"path": path, "reason": reason} for path, reason in failed],
        "n_records_without_truth": sum(record.source.path not in paths for record in records),
        "n_fractured": sum(case.fractured is True for case in cases),
        "n_not_fractured": sum(case.fractured is False for case in cases),
        "n_unknown": sum(case.fractured is None for case in cases),
        "n_groups": len({*groups} - {None}) + groups.count(None),
        "n_fractured_annotated_without_box": sum(
            case.fractured is True and case.truth.boxes == () for case in cases
        ),
    }
