"""The sorted ranking against scikit-learn, which sorts every resample anew."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score, roc_auc_score

from detect.evaluate import verdict_metrics
from detect.evaluate.ranking import rank

Sample = tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.intp]]


def arrays(rows: list[tuple[bool, int, int]]) -> Sample:
    return (
        np.array([label for label, _, _ in rows], dtype=bool),
        np.array([score / 8 for _, score, _ in rows]),  # few, so that ties are common
        np.array([index % len(rows) for _, _, index in rows], dtype=np.intp),
    )


samples = st.lists(
    st.tuples(st.booleans(), st.integers(0, 8), st.integers(0, 99)), min_size=1, max_size=40
).map(arrays)


@given(samples, st.integers(0, 10))
def test_figures_of_a_resample_are_those_of_its_images(sample: Sample, tenths: int) -> None:
    labels, scores, drawn = sample
    area, precision, sensitivity = rank(labels, scores).figures(drawn, tenths / 10)
    some, values = labels[drawn], scores[drawn]
    found = verdict_metrics.sensitivity_at_specificity(some, values, tenths / 10)
    if some.all() or not some.any():
        assert (area, precision, sensitivity, found) == (None, None, None, None)
        return
    assert area == pytest.approx(roc_auc_score(some, values), abs=1e-12)
    assert precision == pytest.approx(average_precision_score(some, values), abs=1e-12)
    assert found is not None
    assert sensitivity == pytest.approx(found[0], abs=1e-12)


def test_nothing_to_rank_has_no_figures() -> None:
    nothing = np.zeros(0, dtype=np.intp)
    assert rank(np.zeros(0, dtype=bool), np.zeros(0)).figures(nothing, 0.9) == (None, None, None)


def test_unfit_arrays_are_refused() -> None:
    with pytest.raises(ValueError, match="finite"):
        rank(np.array([True]), np.array([np.nan]))
    with pytest.raises(ValueError, match="expected bool"):
        rank(np.array([True]), np.zeros(2))
