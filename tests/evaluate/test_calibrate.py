"""What validation decides: the fit, the operating points and the box thresholds."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from detect.errors import DataError
from detect.evaluate.calibrate import box_threshold, fit_calibration, operating_points

_busy = settings(deadline=None)  # the machine may be busy


def _opinions(
    seed: int, count: int = 300, apart: float = 2.0
) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
    rng = np.random.default_rng(seed)
    labels = rng.random(count) < 0.4
    labels[:2] = True, False
    return (
        labels,
        rng.normal(np.where(labels, apart, 0), 1.5) * 3 + 7,
        rng.normal(np.where(labels, apart, 0), 1.0) - 4,
    )


@pytest.mark.parametrize("seed", range(5))
def test_the_fit_is_scikit_learns_own(seed: int) -> None:
    labels, image, box = _opinions(seed)
    calibration = fit_calibration(labels, image, box)
    features = StandardScaler().fit(np.stack([image, box], 1))
    model = LogisticRegression(C=1.0, max_iter=1000).fit(
        features.transform(np.stack([image, box], 1)), labels
    )
    fresh_image, fresh_box = _opinions(seed + 100)[1:]
    expected = model.predict_proba(features.transform(np.stack([fresh_image, fresh_box], 1)))
    np.testing.assert_allclose(
        calibration.probabilities(fresh_image, fresh_box), expected[:, 1], rtol=1e-9
    )


def test_the_fit_stays_finite_where_the_split_is_separable() -> None:
    labels = np.array([False] * 20 + [True] * 20)
    logits = np.where(labels, 5.0, -5.0)
    calibration = fit_calibration(labels, logits, logits)
    probabilities = calibration.probabilities(logits, logits)
    assert np.isfinite([calibration.intercept, calibration.image_weight]).all()
    assert probabilities[labels].min() > 0.9 > 0.1 > probabilities[~labels].max()


def test_an_opinion_that_never_varies_gets_no_say() -> None:
    """Before boxes are any good, every best box may have the same score."""
    labels, image, _ = _opinions(0)
    calibration = fit_calibration(labels, image, np.full(len(labels), -9.2))
    assert abs(calibration.box_weight) < 1e-6
    assert np.isfinite(calibration.intercept)


_samples = st.lists(
    st.tuples(st.booleans(), st.floats(0, 0.99999) | st.sampled_from([0.1, 0.5, 0.9])),
    min_size=2,
    max_size=80,
)


@_busy
@given(_samples)
def test_operating_points_keep_their_order_and_their_rules(
    sample: list[tuple[bool, float]],
) -> None:
    labels = np.array([label for label, _ in sample])
    assume(labels.any() and not labels.all())
    # Readings state six decimals: probabilities that agree in them cannot be told apart.
    probabilities = np.array([probability for _, probability in sample]).round(6)
    points = operating_points(labels, probabilities)
    assert list(points) == ["screening", "balanced", "confirm"]
    screening, balanced, confirm = points.values()
    assert 0 <= screening.threshold <= balanced.threshold <= confirm.threshold <= 1
    for point in points.values():
        called = probabilities >= point.threshold
        assert point.sensitivity == pytest.approx(called[labels].mean(), abs=1e-4)
        assert point.specificity == pytest.approx((~called[~labels]).mean(), abs=1e-4)
    assert (probabilities >= screening.threshold)[labels].mean() >= 0.95
    assert (probabilities < confirm.threshold)[~labels].mean() >= 0.95
    # Balanced: no threshold between the other two has a greater Youden index.
    best = balanced.sensitivity + balanced.specificity
    for cut in [screening.threshold, confirm.threshold, *probabilities]:
        if screening.threshold <= cut <= confirm.threshold:
            called = probabilities >= cut
            assert called[labels].mean() + (~called[~labels]).mean() <= best + 1e-3


def _rates_at(
    labels: NDArray[np.bool_], probabilities: NDArray[np.float64], cut: float
) -> tuple[float, float]:
    return (
        float((probabilities[labels] >= cut).mean()),
        float((probabilities[~labels] < cut).mean()),
    )


@pytest.mark.parametrize("seed", range(5))
def test_of_a_middling_model_screening_and_confirm_are_as_mild_as_their_rules_allow(
    seed: int,
) -> None:
    labels, image, box = _opinions(seed, apart=0.8)
    probabilities = fit_calibration(labels, image, box).probabilities(image, box)
    points = operating_points(labels, probabilities)
    above = probabilities[probabilities > points["screening"].threshold].min()
    assert _rates_at(labels, probabilities, above + 1e-9)[0] < 0.95
    below = probabilities[probabilities < points["confirm"].threshold].max()
    assert _rates_at(labels, probabilities, below)[1] < 0.95


def test_of_a_faultless_model_every_point_is_better_than_its_rule() -> None:
    labels = np.array([False] * 100 + [True] * 100)
    probabilities = np.linspace(0.01, 0.99, 200)
    points = operating_points(labels, probabilities)
    assert points["screening"].sensitivity == 1.0
    assert points["confirm"].specificity == 1.0
    assert points["balanced"].sensitivity == points["balanced"].specificity == 1.0
    assert points["screening"].threshold < points["confirm"].threshold


def test_thresholds_lie_between_probabilities_so_that_noise_flips_nothing() -> None:
    labels = np.array([False, False, True, True])
    points = operating_points(labels, np.array([0.1, 0.2, 0.6, 0.8]))
    assert points["balanced"].threshold == pytest.approx(0.4)


@pytest.mark.parametrize("only", [True, False])
def test_one_kind_of_image_sets_no_threshold(only: bool) -> None:
    with pytest.raises(DataError, match="val needs"):
        operating_points(np.full(4, only), np.linspace(0.1, 0.9, 4))


def _scene(
    seed: int, images: int
) -> tuple[list[NDArray[np.float64]], list[NDArray[np.float64]], list[NDArray[np.float64]]]:
    """Annotated boxes, and detections of which some are right; scores with many ties."""
    rng = np.random.default_rng(seed)
    truths, boxes, scores = [], [], []
    for _ in range(images):
        corner = rng.integers(0, 80, (rng.integers(0, 3), 2)).astype(np.float64)
        truth = np.hstack([corner, corner + 20])
        stray = rng.integers(0, 80, (rng.integers(0, 4), 2)).astype(np.float64)
        found = np.vstack([truth[rng.random(len(truth)) < 0.7], np.hstack([stray, stray + 20])])
        truths.append(truth)
        boxes.append(found)
        levels = rng.choice([3, 1_000_000])
        scores.append(rng.integers(1, levels + 1, len(found)) / (levels + 1))
    return truths, boxes, scores


def _iou(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    sides = np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])
    both = float(np.prod(sides.clip(0)))
    return both / float(np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - both)


def _count(
    truths: list[NDArray[np.float64]],
    boxes: list[NDArray[np.float64]],
    scores: list[NDArray[np.float64]],
    cut: float,
) -> tuple[int, int]:
    """Right and false detections at a score, counted one by one."""
    right = false = 0
    for truth, box, score in zip(truths, boxes, scores, strict=True):
        free = list(range(len(truth)))
        for index in sorted(range(len(box)), key=lambda i: -score[i]):
            if score[index] < cut:
                continue
            overlaps = {j: _iou(box[index], truth[j]) for j in free}
            best = max(overlaps, key=lambda j: (overlaps[j], j), default=None)
            if best is not None and overlaps[best] >= 0.3:
                free.remove(best)
                right += 1
            else:
                false += 1
    return right, false


@_busy
@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 12),
    st.sampled_from([0.0, 0.1, 0.5, 1.0, 100.0]),
)
def test_the_box_threshold_holds_its_rate_and_is_the_lowest_that_does(
    seed: int, images: int, rate: float
) -> None:
    truths, boxes, scores = _scene(seed, images)
    threshold = box_threshold(truths, boxes, scores, rate)
    right, false = _count(truths, boxes, scores, threshold.score)
    assert false / images <= rate
    assert threshold.false_positives_per_image == pytest.approx(false / images, abs=1e-4)
    annotated = max(1, sum(map(len, truths)))
    assert threshold.sensitivity == pytest.approx(right / annotated, abs=1e-4)
    lower = [s for s in np.concatenate(scores) if s < threshold.score - 1e-4]
    if lower:  # the next score down, rounded up as thresholds are, already allows too many
        assert _count(truths, boxes, scores, max(lower) - 1e-4)[1] / images > rate


def test_boxes_that_are_never_right_get_a_threshold_that_none_reaches() -> None:
    nowhere = [np.zeros((0, 4))] * 3
    stray = [np.array([[0.0, 0, 10, 10]])] * 3
    threshold = box_threshold(nowhere, stray, [np.array([0.9])] * 3, 0.1)
    assert threshold.score == 1.0
    assert threshold.false_positives_per_image == 0.0


def test_no_detections_at_all_leave_a_threshold() -> None:
    nothing = [np.zeros((0, 4))] * 2
    assert box_threshold(nothing, nothing, [np.zeros(0)] * 2, 0.5).score == 1.0
