"""The evidence map, its pooling into one logit, and what it is taught by boxes."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from detect.model.network import VerdictHead, evidence_loss, evidence_target


@pytest.mark.parametrize("pooling", ["lse", "topk", "attention"])
def test_each_pooling_gives_one_finite_logit_an_image(pooling: str) -> None:
    head = VerdictHead([16, 32, 64], pooling)  # type: ignore[arg-type]
    features = [torch.randn(3, c, 96 // s, 160 // s) for c, s in ((16, 8), (32, 16), (64, 32))]
    evidence, logit = head(features)
    assert evidence.shape == (3, 1, 12, 20)
    assert logit.shape == (3,)
    assert torch.isfinite(logit).all()


@pytest.mark.parametrize("pooling", ["lse", "topk", "attention"])
def test_more_evidence_anywhere_never_lowers_the_logit(pooling: str) -> None:
    """So the map explains the verdict: its bright places are what raised it."""
    head = VerdictHead([8, 8, 8], pooling)  # type: ignore[arg-type]
    merged = torch.randn(2, 48, 8, 8)
    evidence = (torch.randn(2, 1, 8, 8) * 4 - 5).requires_grad_()
    logit = head._pool(evidence, merged)
    logit.sum().backward()
    assert (evidence.grad >= 0).all()
    assert float(evidence.grad.abs().max()) > 0
    with torch.no_grad():
        raised = head._pool(evidence + torch.rand_like(evidence), merged)
    assert (raised > logit).all()


def test_one_strong_cell_among_thousands_carries_the_log_sum_exp() -> None:
    """The fracture is some 0.4 % of a picture: a mean would drown it."""
    head = VerdictHead([8, 8, 8], "lse")
    quiet = torch.full((1, 1, 80, 80), -9.0)
    spot = quiet.clone()
    spot[0, 0, 40, 40] = 4.0
    merged = torch.zeros(1, 48, 80, 80)
    assert head._pool(quiet, merged).item() == pytest.approx(-9 + math.log(6400), abs=1e-3)
    assert head._pool(spot, merged).item() == pytest.approx(
        4 + math.log1p(6399 * math.exp(-13)), abs=1e-3
    )


def test_log_sum_exp_stays_finite_far_out() -> None:
    head = VerdictHead([8, 8, 8], "lse")
    evidence = torch.full((1, 1, 8, 8), 1e4, requires_grad=True)
    logit = head._pool(evidence, torch.zeros(1, 48, 8, 8))
    logit.backward()
    assert torch.isfinite(logit)
    assert torch.isfinite(evidence.grad).all()


@pytest.mark.parametrize("pooling", ["lse", "topk", "attention"])
def test_a_fresh_head_is_undecided(pooling: str) -> None:
    """P near one half at the default input size, so that training starts without a jolt."""
    torch.manual_seed(0)
    head = VerdictHead([64, 128, 256], pooling).eval()  # type: ignore[arg-type]
    features = [torch.randn(2, c, 640 // s, 640 // s) for c, s in ((64, 8), (128, 16), (256, 32))]
    with torch.no_grad():
        _, logit = head(features)
    assert (logit.abs() < 2.5).all()


def _boxes(*rows: tuple[float, float, float, float, float]) -> dict[str, Tensor]:
    """(image, x1, y1, x2, y2), relative."""
    table = torch.tensor(rows).reshape(-1, 5)
    centre, extent = (table[:, 1:3] + table[:, 3:]) / 2, table[:, 3:] - table[:, 1:3]
    return {"batch_idx": table[:, 0], "bboxes": torch.cat([centre, extent], 1)}


def test_the_target_is_one_where_a_cell_centre_lies_in_a_box() -> None:
    evidence = torch.zeros(2, 1, 4, 8)
    target = evidence_target(evidence, _boxes((1, 0.25, 0.5, 0.5, 1.0)))
    expected = torch.zeros(2, 1, 4, 8)
    expected[1, 0, 2:4, 2:4] = 1
    torch.testing.assert_close(target, expected)


def test_a_box_smaller_than_a_cell_still_marks_its_cell() -> None:
    target = evidence_target(torch.zeros(1, 1, 8, 8), _boxes((0, 0.51, 0.27, 0.52, 0.28)))
    expected = torch.zeros(1, 1, 8, 8)
    expected[0, 0, 2, 4] = 1
    torch.testing.assert_close(target, expected)


def test_overlapping_boxes_do_not_add_up() -> None:
    target = evidence_target(
        torch.zeros(1, 1, 8, 8), _boxes((0, 0, 0, 0.5, 0.5), (0, 0.25, 0.25, 0.75, 0.75))
    )
    assert target.max() == 1
    assert target.sum() == 16 + 16 - 4


def test_no_boxes_make_an_empty_target() -> None:
    assert evidence_target(torch.randn(3, 1, 8, 8), _boxes()).sum() == 0


@pytest.mark.parametrize("seed", range(5))
def test_the_target_covers_the_share_of_the_image_that_boxes_do(seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    corner = torch.rand(2, generator=generator) * 0.5
    extent = torch.rand(2, generator=generator) * 0.4 + 0.1
    row = (0.0, *corner.tolist(), *(corner + extent).tolist())
    target = evidence_target(torch.zeros(1, 1, 200, 200), _boxes(row))
    assert float(target.mean()) == pytest.approx(float(extent.prod()), abs=0.01)


def test_evidence_loss_falls_towards_the_truth_and_is_zero_at_it() -> None:
    target = evidence_target(torch.zeros(1, 1, 8, 8), _boxes((0, 0.25, 0.25, 0.5, 0.5)))
    boxed = torch.tensor([True])
    losses = [
        float(evidence_loss((target * 2 - 1) * sure, target, boxed)) for sure in (-3, 0, 3, 20)
    ]
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] == pytest.approx(0.0, abs=1e-6)
