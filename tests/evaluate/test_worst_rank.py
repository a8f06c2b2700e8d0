"""A failed image ranks below every fractured and above every normal one."""

from __future__ import annotations

import numpy as np
from sklearn.metrics import roc_auc_score

from detect.evaluate.verdict_metrics import auroc_delong
from detect.evaluate.worst_rank import worst_answers


def test_failures_are_the_worst_answers() -> None:
    labels = np.array([True, True, True, False, False])
    scores = np.array([0.9, np.nan, 0.4, 0.2, np.nan])
    worst = worst_answers(labels, scores)
    assert worst.tolist() == [0.9, 0.0, 0.4, 0.2, 1.0]
    # of six pairs, 0.9 and 0.4 win over 0.2 alone
    value = auroc_delong(labels, worst).value
    assert value == 2 / 6
    assert value == roc_auc_score(labels, worst)
    # of those read all pairs are right
    assert auroc_delong(labels[[0, 2, 3]], scores[[0, 2, 3]]).value == 1


def test_without_failures_nothing_changes() -> None:
    generator = np.random.default_rng(0)
    labels, scores = generator.random(50) < 0.3, generator.random(50)
    np.testing.assert_array_equal(worst_answers(labels, scores), scores)
