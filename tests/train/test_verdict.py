"""Two verdict heads are fitted, and the one that val prefers is kept."""

from __future__ import annotations

import itertools
import logging
import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from detect.config import VerdictConfig
from detect.train.prepared import Prepared
from detect.train.verdict import fit_verdict


def _with(prepared: Prepared, batch: int = 2, **verdict: Any) -> Prepared:
    settings = VerdictConfig.model_validate({"frozen_epochs": 1} | verdict)
    recipe = prepared.recipe.model_copy(update={"verdict": settings, "batch": batch})
    return replace(prepared, recipe=recipe)


def _weights(network: Any) -> dict[str, Any]:
    return {name: value.clone() for name, value in network.state_dict().items()}


def _changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    return {name for name in before if not before[name].equal(after[name])}


@pytest.mark.parametrize(
    ("joint", "frozen", "kept"), [(0.9, 0.8, "joint"), (0.8, 0.9, "frozen"), (0.8, 0.8, "joint")]
)
def test_the_head_with_the_greater_area_is_kept(
    prepared: Prepared,
    make_network: Callable[..., Any],
    monkeypatch: pytest.MonkeyPatch,
    joint: float,
    frozen: float,
    kept: str,
) -> None:
    network = make_network()
    before = _weights(network)
    areas = iter((joint, frozen))
    monkeypatch.setattr("detect.train.verdict._auroc", lambda *_: next(areas))

    chosen, choice = fit_verdict(network, _with(prepared), "cpu", show_progress=False)

    assert choice.to_json() == {"kept": kept, "joint_auroc": joint, "frozen_auroc": frozen}
    changed = _changed(before, _weights(chosen))
    assert bool(changed) == (kept == "frozen")
    assert all(name.startswith("verdict.") for name in changed)  # the trunk stays as it is


def test_areas_are_measured_on_val(prepared: Prepared, make_network: Callable[..., Any]) -> None:
    _, choice = fit_verdict(make_network(), _with(prepared), "cpu", show_progress=False)

    for area in (choice.joint_auroc, choice.frozen_auroc):
        assert area is not None
        assert area * 4 == pytest.approx(round(area * 4))  # two times two pairs
    assert choice.kept == (
        "joint" if (choice.joint_auroc or 0) >= (choice.frozen_auroc or 0) else "frozen"
    )


def test_a_recipe_may_leave_out_either_head(
    prepared: Prepared, make_network: Callable[..., Any]
) -> None:
    _, only_joint = fit_verdict(
        make_network(), _with(prepared, frozen_epochs=0), "cpu", show_progress=False
    )
    _, only_frozen = fit_verdict(
        make_network(), _with(prepared, joint_gain=0), "cpu", show_progress=False
    )

    assert (only_joint.kept, only_joint.frozen_auroc) == ("joint", None)
    assert (only_frozen.kept, only_frozen.joint_auroc) == ("frozen", None)


@pytest.mark.parametrize("batch", [2, 64])
def test_the_frozen_head_depends_on_the_seed_alone(
    prepared: Prepared, make_network: Callable[..., Any], batch: int
) -> None:
    # A resumed run comes here without the random numbers that fine-tuning has drawn.
    results = []
    for state in (1, 2):
        random.seed(state)
        network, _ = fit_verdict(
            make_network(), _with(prepared, batch, joint_gain=0), "cpu", show_progress=False
        )
        results.append(_weights(network))

    assert _changed(*results) == set()


def test_fewer_images_than_a_batch_train_the_frozen_head_all_the_same(
    prepared: Prepared, make_network: Callable[..., Any]
) -> None:
    def fitted(epochs: int) -> dict[str, Any]:
        data = _with(prepared, 64, joint_gain=0, frozen_epochs=epochs)
        return _weights(fit_verdict(make_network(), data, "cpu", show_progress=False)[0])

    # Batch statistics are counted whenever a batch goes through the head in training.
    counts = {
        epochs: {
            int(value)
            for name, value in fitted(epochs).items()
            if name.startswith("verdict.") and name.endswith("num_batches_tracked")
        }
        for epochs in (1, 3)
    }
    assert counts == {1: {1}, 3: {3}}


def test_a_batch_job_hears_how_far_the_frozen_head_has_come(
    prepared: Prepared,
    make_network: Callable[..., Any],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = itertools.count(step=100)
    monkeypatch.setattr("detect.progress.time.monotonic", lambda: float(next(clock)))
    with caplog.at_level(logging.INFO, "detect"):
        fit_verdict(make_network(), _with(prepared), "cpu", show_progress=False)

    told = [r.getMessage() for r in caplog.records if r.name == "detect.progress"]
    assert told[-1].startswith(f"fit verdict: {len(told)} of {len(told)} steps")
