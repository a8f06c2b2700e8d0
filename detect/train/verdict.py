"""Stage 3: fit a second verdict head on the frozen trunk, and keep the better of the two.

Joint training lets the image label shape the trunk; a head on the frozen trunk sees whole images
and cannot disturb the boxes. Which is better depends on the data, so both are measured on the
validation split and the choice is written down.
"""

from __future__ import annotations

import copy
import logging
import random
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch.utils.data import DataLoader

from detect.cores import threads_to_compute
from detect.evaluate.verdict_metrics import area_under_roc
from detect.model.network import FractureNetwork, VerdictHead, evidence_loss, evidence_target
from detect.progress import Progress
from detect.train.dataset import ViewDataset, collate
from detect.train.environment import loader_workers, torch_device
from detect.train.infer import predict_split, to_input
from detect.train.prepared import Prepared

__all__ = ["VerdictChoice", "fit_verdict"]

LOGGER = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class VerdictChoice:
    """Validation AUROC of the image logit of each head, and which was kept."""

    kept: str  # joint or frozen
    joint_auroc: float | None  # None: the recipe trains no joint head
    frozen_auroc: float | None  # None: the recipe fits no frozen head

    def to_json(self) -> dict[str, Any]:
        """Return plain JSON types."""
        return asdict(self)


def fit_verdict(
    network: FractureNetwork, prepared: Prepared, device: str, show_progress: bool
) -> tuple[FractureNetwork, VerdictChoice]:
    """Return the network with the better verdict head."""
    place = torch_device(device)
    if place.type == "cpu":
        torch.set_num_threads(threads_to_compute())  # --resume may come here without fine-tuning
    recipe = prepared.recipe
    network = network.to(place)
    joint = _auroc(network, prepared, place) if recipe.verdict.joint_gain else None
    if not recipe.verdict.frozen_epochs:
        return network, VerdictChoice("joint", joint, None)
    frozen_network = copy.deepcopy(network)
    _fit_frozen(frozen_network, prepared, place, show_progress)
    frozen = _auroc(frozen_network, prepared, place)
    kept = "joint" if joint is not None and joint >= (frozen or 0.0) else "frozen"
    LOGGER.info(
        "verdict head on val: joint AUROC %s, frozen trunk %s; kept %s",
        "not trained" if joint is None else f"{joint:.4f}",
        "undefined" if frozen is None else f"{frozen:.4f}",
        kept,
    )
    return (network if kept == "joint" else frozen_network), VerdictChoice(kept, joint, frozen)


def _auroc(network: FractureNetwork, prepared: Prepared, device: torch.device) -> float | None:
    logits = predict_split(network, prepared, "val", device, prepared.recipe.batch).image_logit
    labels = np.array([entry.fractured for entry in prepared.splits["val"]])
    known = labels >= 0
    return area_under_roc(labels[known] == 1, logits[known].astype(np.float64))


def _fit_frozen(
    network: FractureNetwork, prepared: Prepared, device: torch.device, show_progress: bool
) -> None:
    """Train a fresh verdict head; the trunk stays as it is, statistics included."""
    recipe = prepared.recipe
    torch.manual_seed(recipe.seed)
    random.seed(recipe.seed)  # of the views, which a resumed run must cut alike
    for parameter in network.parameters():
        parameter.requires_grad_(False)
    network.eval()
    head = VerdictHead(network.feature_channels, recipe.verdict.pooling).to(device)
    views = ViewDataset(prepared)
    loader = DataLoader(
        views,
        batch_size=recipe.batch,
        shuffle=True,
        drop_last=len(views) >= recipe.batch,  # a small set must not lose its only batch
        collate_fn=collate,
        num_workers=loader_workers(device.type, recipe),
        generator=torch.Generator().manual_seed(recipe.seed),
    )
    steps = recipe.verdict.frozen_epochs * len(loader)
    optimiser = torch.optim.AdamW(head.parameters(), lr=recipe.verdict.frozen_learning_rate)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, max_lr=recipe.verdict.frozen_learning_rate, total_steps=steps
    )
    with Progress("fit verdict", steps, bar=show_progress, unit="step") as progress:
        for _ in range(recipe.verdict.frozen_epochs):
            for batch in loader:
                batch = {
                    k: v.to(device) if isinstance(v, torch.Tensor) else v for k, v in batch.items()
                }
                image = to_input(batch["img"], device)
                with (
                    torch.no_grad(),
                    torch.autocast("cpu", torch.bfloat16, enabled=network.cpu_bfloat16),
                ):
                    _, raw = network(image)
                features = [level.float() for level in raw.get("one2many", raw)["feats"]]
                evidence, logit = head(features)
                known = batch["fractured"] >= 0
                loss = evidence.sum() * 0.0
                if known.any():
                    loss = loss + F.binary_cross_entropy_with_logits(
                        logit[known], batch["fractured"][known]
                    )
                target = evidence_target(evidence, batch)
                located = evidence_loss(evidence, target, batch["boxed"])
                loss = loss + recipe.verdict.evidence_gain * located
                optimiser.zero_grad()
                loss.backward()
                torch.nn.utils.clip_grad_norm_(head.parameters(), 10.0)
                optimiser.step()
                schedule.step()
                progress.advance()
    network.verdict = head.eval()
