"""Figures beside implementations of others and a published example, where the tests by module
check them by hand or by brute force alone."""

from __future__ import annotations

import contextlib
import io
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn.calibration import calibration_curve
from sklearn.metrics import auc, roc_auc_score
from sklearn.metrics import precision_recall_curve as reference_precision_recall
from statsmodels.genmod.families import Binomial
from statsmodels.genmod.generalized_linear_model import GLM
from statsmodels.stats.proportion import proportion_confint

from detect.evaluate import calibration_metrics, verdict_metrics
from detect.evaluate.bootstrap import bootstrap_estimates
from detect.evaluate.box_metrics import average_precision_of
from detect.evaluate.estimate import proportion
from detect.evaluate.froc import froc_curve, sensitivities_at
from detect.evaluate.matching import Matches, match_boxes

Sample = tuple[NDArray[np.bool_], NDArray[np.float64]]


def sample(seed: int, n: int = 600, intercept: float = 0.4, slope: float = 0.7) -> Sample:
    """Labels, and probabilities that are off by `intercept` and `slope` on the logit scale."""
    generator = np.random.default_rng(seed)
    logits = generator.normal(-1, 1.5, n)
    truth = 1 / (1 + np.exp(-(intercept + slope * logits)))
    return generator.random(n) < truth, 1 / (1 + np.exp(-logits))


@pytest.mark.parametrize("trials", [1, 7, 30, 481])
def test_shares_have_the_wilson_interval_of_statsmodels(trials: int) -> None:
    for successes in {0, 1, trials // 3, trials - 1, trials}:
        interval = proportion(successes, trials, "").interval
        expected = proportion_confint(successes, trials, method="wilson")
        assert interval == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("seed", range(4))
def test_intercept_and_slope_are_those_of_statsmodels_glm(seed: int) -> None:
    labels, probabilities = sample(seed)
    logits = np.log(probabilities / (1 - probabilities))
    outcome, ones = labels.astype(float), np.ones(len(labels))
    slope = GLM(outcome, np.stack([ones, logits], axis=1), family=Binomial()).fit()
    found = calibration_metrics.calibration_slope(labels, probabilities).value
    assert found == pytest.approx(slope.params[1], abs=1e-6)
    large = GLM(outcome, ones, family=Binomial(), offset=logits).fit()
    found = calibration_metrics.calibration_intercept(labels, probabilities).value
    assert found == pytest.approx(large.params[0], abs=1e-6)


@pytest.mark.parametrize(
    ("binning", "strategy"), [("equal_width", "uniform"), ("equal_mass", "quantile")]
)
def test_calibration_error_is_that_of_scikit_learns_curve(binning: Any, strategy: str) -> None:
    labels, probabilities = sample(7)
    fractions, means = calibration_curve(labels, probabilities, n_bins=10, strategy=strategy)
    edges = np.linspace(0, 1, 11)
    if strategy == "quantile":
        edges = np.quantile(probabilities, edges)
    counts, _ = np.histogram(probabilities, edges)
    expected = np.average(np.abs(fractions - means), weights=counts[counts > 0])
    found = calibration_metrics.expected_calibration_error(labels, probabilities, 10, binning)
    assert found.value == pytest.approx(expected)


def test_the_precision_recall_curve_is_scikit_learns_with_recall_rising() -> None:
    labels, probabilities = sample(3, 80)
    found = verdict_metrics.precision_recall(labels, probabilities.round(1))
    assert found is not None
    recalls, precisions = found
    expected = reference_precision_recall(labels, probabilities.round(1))
    assert auc(recalls, precisions) == pytest.approx(auc(expected[1], expected[0]))
    assert (np.diff(recalls) >= 0).all()
    assert (recalls[0], precisions[0], recalls[-1]) == (0, 1, 1)
    assert verdict_metrics.precision_recall(np.zeros(3, dtype=bool), np.zeros(3)) is None


def test_the_bootstrap_of_single_images_is_scipys() -> None:
    labels, scores = sample(5, 300)

    def area(positives: NDArray[np.float64], negatives: NDArray[np.float64]) -> float:
        return float(stats.mannwhitneyu(positives, negatives).statistic) / (
            len(positives) * len(negatives)
        )

    expected = stats.bootstrap(
        (scores[labels], scores[~labels]),
        area,
        paired=False,
        vectorized=False,
        method="percentile",
        n_resamples=2000,
        rng=np.random.default_rng(1),
    ).confidence_interval
    (found,) = bootstrap_estimates(
        lambda drawn: [verdict_metrics.area_under_roc(labels[drawn], scores[drawn])],
        labels,
        [None] * len(labels),
        "",
        n_resamples=2000,
    )
    assert found.value == pytest.approx(roc_auc_score(labels, scores))
    width = expected.high - expected.low
    assert found.interval == pytest.approx((expected.low, expected.high), abs=0.08 * width)


def test_the_bootstrap_of_groups_is_scipys_over_groups() -> None:
    generator = np.random.default_rng(8)
    sizes = generator.integers(1, 6, 80)
    groups = [f"p{group}" for group, size in enumerate(sizes) for _ in range(size)]
    values = np.repeat(generator.normal(size=80), sizes) + generator.normal(size=sizes.sum()) / 4
    sums = np.array([values[np.array(groups) == f"p{group}"].sum() for group in range(80)])

    def ratio(totals: NDArray[np.float64], counts: NDArray[np.float64]) -> float:
        return float(totals.sum() / counts.sum())

    expected = stats.bootstrap(
        (sums, sizes),
        ratio,
        paired=True,
        vectorized=False,
        method="percentile",
        n_resamples=2000,
        rng=np.random.default_rng(2),
    ).confidence_interval
    (found,) = bootstrap_estimates(
        lambda drawn: [float(values[drawn].mean())],
        np.zeros(len(values), dtype=bool),
        groups,
        "",
        n_resamples=2000,
    )
    width = expected.high - expected.low
    assert found.interval == pytest.approx((expected.low, expected.high), abs=0.08 * width)


@pytest.mark.parametrize("least_iou", [0.3, 0.6])
@pytest.mark.parametrize("seed", range(3))
def test_average_precision_at_any_overlap_is_pycocotools(
    box_set: Callable[..., Any], seed: int, least_iou: float
) -> None:
    from pycocotools.coco import COCO
    from pycocotools.cocoeval import COCOeval

    truths, boxes, scores = box_set(seed)

    def entries(sets: Any, **more: Any) -> list[dict[str, Any]]:
        rows = [(image, row) for image, rows in enumerate(sets, start=1) for row in rows]
        return [
            {
                "id": number,
                "image_id": image,
                "category_id": 1,
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                **{key: value[number - 1] for key, value in more.items()},
            }
            for number, (image, (x1, y1, x2, y2)) in enumerate(rows, start=1)
        ]

    n_truths = sum(len(truth) for truth in truths)
    with contextlib.redirect_stdout(io.StringIO()):
        truth_set = COCO()
        truth_set.dataset = {
            "info": {},
            "images": [{"id": image} for image in range(1, len(truths) + 1)],
            "categories": [{"id": 1, "name": "fracture"}],
            "annotations": entries(truths, iscrowd=[0] * n_truths, area=[100.0] * n_truths),
        }
        truth_set.createIndex()
        found_set = truth_set.loadRes(entries(boxes, score=np.concatenate(scores).tolist()))
        evaluation = COCOeval(truth_set, found_set, "bbox")
        evaluation.params.iouThrs = np.array([least_iou])
        evaluation.evaluate()
        evaluation.accumulate()
    expected = evaluation.eval["precision"][0, :, 0, 0, -1].mean()
    matches = match_boxes(truths, boxes, scores, least_iou=least_iou, most_per_image=100)
    assert average_precision_of(matches) == pytest.approx(expected, abs=1e-9)


@pytest.mark.slow  # importing it is
@pytest.mark.parametrize("distinct", [True, False])
def test_the_froc_curve_is_monais(box_set: Callable[..., Any], distinct: bool) -> None:
    from monai.metrics import compute_froc_curve_data

    matches = match_boxes(*box_set(4, 80, distinct=distinct), least_iou=0.3)
    curve = froc_curve(matches)
    assert curve is not None
    false, found = compute_froc_curve_data(
        matches.scores[~matches.hits],
        matches.scores[matches.hits],
        int(matches.n_truths.sum()),
        len(matches.n_truths),
    )
    # theirs begins at the second lowest score, and ends with a point (0, 0)
    assert curve.false_positives[:-1] == pytest.approx(false[:-1][::-1])
    assert curve.sensitivities[:-1] == pytest.approx(found[:-1][::-1])


def test_the_froc_points_of_a_published_reader_study() -> None:
    # Chakraborty, Medical Physics 1989; 16: 561-568, one reader's ratings of 57 images with 259
    # lesions, as given by R's BayesianFROC (dataList.Chakra.1): lesions found and false marks at
    # "definitely", "probably" and "questionably present". Its points are the running sums.
    found, false = (97, 32, 31), (1, 14, 74)
    ratings = np.repeat([3.0, 3, 2, 2, 1, 1], [97, 1, 32, 14, 31, 74])
    hits = np.repeat([True, False] * 3, [97, 1, 32, 14, 31, 74])
    images = np.arange(len(hits), dtype=np.intp) % 57
    lesions = np.full(57, 4, dtype=np.intp)
    lesions[:31] += 1
    which = np.where(hits, np.cumsum(hits) - 1, -1).astype(np.intp)
    matches = Matches(ratings, images, hits, which, lesions)
    curve = froc_curve(matches)
    assert curve is not None
    assert lesions.sum() == 259
    assert curve.thresholds.tolist() == [3, 2, 1]
    assert curve.sensitivities == pytest.approx([97 / 259, 129 / 259, 160 / 259])
    assert curve.false_positives == pytest.approx([1 / 57, 15 / 57, 89 / 57])
    assert curve.sensitivities == pytest.approx(np.cumsum(found) / 259)
    assert curve.false_positives == pytest.approx(np.cumsum(false) / 57)
    assert sensitivities_at(matches, [0.01, 0.25, 1.0, 2.0]) == [
        (0.0, None),
        (pytest.approx(97 / 259), 3.0),
        (pytest.approx(129 / 259), 2.0),
        (pytest.approx(160 / 259), 1.0),
    ]
