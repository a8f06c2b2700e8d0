"""The network: an ultralytics YOLO detector with a verdict head on its feature pyramid.

    pixels ─ trunk ─ P3 P4 P5 ─┬─ Detect ─── boxes, scores
                               └─ VerdictHead ─ evidence map ─ pooling ─ image logit

The verdict head stays outside `self.model`, so that layer indices are ultralytics' own.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from ultralytics.nn.modules import Conv, DWConv
from ultralytics.nn.tasks import DetectionModel
from ultralytics.utils.loss import E2ELoss

from detect.config import Pooling

__all__ = ["FractureNetwork", "VerdictHead", "evidence_loss", "evidence_target"]

_WIDTH = 48  # channels of the verdict head
_BACKGROUND_LOGIT = -7.0  # a fresh head's evidence: some 6,400 cells sum to P ≈ 0.5


class VerdictHead(nn.Module):
    """Fully convolutional evidence over P3–P5 and its pooling into one image logit."""

    def __init__(self, channels: list[int], pooling: Pooling = "lse") -> None:
        """Build for feature maps of the given channel counts, finest first."""
        super().__init__()
        self.pooling = pooling
        self.lateral = nn.ModuleList(Conv(c, _WIDTH, 1) for c in channels)
        self.mix = nn.Sequential(
            DWConv(_WIDTH, _WIDTH, 5), Conv(_WIDTH, _WIDTH, 1), DWConv(_WIDTH, _WIDTH, 3)
        )
        self.evidence = nn.Conv2d(_WIDTH, 1, 1)
        self.attention = nn.Conv2d(_WIDTH, 1, 1) if pooling == "attention" else None
        self.sharpness = nn.Parameter(torch.zeros(()))
        self.bias = nn.Parameter(torch.zeros(()))
        nn.init.normal_(self.evidence.weight, std=0.01)
        nn.init.constant_(self.evidence.bias, _BACKGROUND_LOGIT)

    def forward(self, features: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Map P3–P5, (B, C, h, w) each, to evidence logits (B, 1, h3, w3) and image logits (B,)."""
        size = features[0].shape[-2:]
        levels = [layer(f) for layer, f in zip(self.lateral, features, strict=True)]
        merged = levels[0]
        for level in levels[1:]:
            merged = merged + F.interpolate(level, size=size, mode="nearest")
        merged = self.mix(merged)
        evidence = self.evidence(merged).float()
        return evidence, self._pool(evidence, merged)

    def _pool(self, evidence: Tensor, merged: Tensor) -> Tensor:
        flat = evidence.flatten(1)
        if self.pooling == "lse":
            # A soft "any cell": with sharpness 1 this is close to noisy-or (Pinheiro & Collobert,
            # CVPR 2015, use the mean form; the sum form keeps a small fracture's say in a large
            # image). The peak is taken out first so that exp cannot overflow.
            sharpness = self.sharpness.exp()
            peak = flat.amax(1, keepdim=True).detach()
            total = (sharpness * (flat - peak)).exp().sum(1).log() / sharpness
            pooled = peak.squeeze(1) + total
        elif self.pooling == "topk":
            pooled = flat.topk(16, dim=1).values.mean(1) - _BACKGROUND_LOGIT
        else:
            assert self.attention is not None
            weight = self.attention(merged).float().flatten(1).softmax(1)
            pooled = (weight * flat).sum(1) - _BACKGROUND_LOGIT
        return pooled + self.bias


class FractureNetwork(DetectionModel):
    """`DetectionModel` whose predictions carry `evidence` and `image_logit` as well."""

    def __init__(
        self,
        cfg: str | dict[str, Any] = "yolo26n.yaml",
        ch: int = 3,
        nc: int | None = None,
        verbose: bool = False,
        pooling: Pooling = "lse",
    ) -> None:
        """Build from an ultralytics model description, with `nc` box classes."""
        super().__init__(cfg, ch=ch, nc=nc, verbose=verbose)
        self.verdict = VerdictHead(self.feature_channels, pooling)
        self.verdict_gain = 1.0
        self.evidence_gain = 0.5
        self.cpu_bfloat16 = False

    @property
    def feature_channels(self) -> list[int]:
        """Channel counts of P3, P4, P5."""
        return [branch[0].conv.in_channels for branch in self.model[-1].cv2]

    def predict(self, x: Tensor, *args: Any, **kwargs: Any) -> Any:
        """Run trunk and both heads on (B, 3, H, W) in [0, 1].

        Returns what `DetectionModel.predict` does; its raw dict gains `evidence`
        (B, 1, H/8, W/8), logits, and `image_logit` (B,).
        """
        output = super().predict(x, *args, **kwargs)
        head = getattr(self, "verdict", None)  # absent while the parent measures its strides
        if head is not None:
            raw = output[1] if isinstance(output, tuple) else output
            features = raw.get("one2many", raw)["feats"]
            raw["evidence"], raw["image_logit"] = head(features)
        return output

    def loss(self, batch: dict[str, Tensor], preds: Any = None) -> tuple[Tensor, dict[str, Tensor]]:
        """Detection loss over images with boxes drawn, verdict loss over images with a label.

        `batch` carries, besides ultralytics' keys, `fractured` float (B,): 1, 0 or -1 (unknown),
        and `boxed` bool (B,): whether somebody annotated boxes (having none counts as annotated).
        An image that is not `boxed` is left out of the detection loss; it is not background.
        """
        if preds is None:
            with torch.autocast("cpu", torch.bfloat16, enabled=self.cpu_bfloat16):
                preds = self.forward(batch["img"])
        if self.criterion is None:
            self.criterion = self.init_criterion()
        raw = preds[1] if isinstance(preds, tuple) else preds
        evidence, image_logit = raw["evidence"], raw["image_logit"]
        boxed = batch["boxed"]

        detection, items = self._detection_loss(raw, batch, boxed)
        size = float(image_logit.shape[0])
        known = batch["fractured"] >= 0
        if known.any():
            verdict = F.binary_cross_entropy_with_logits(
                image_logit[known], batch["fractured"][known]
            )
        else:
            verdict = image_logit.sum() * 0.0
        located = evidence_loss(evidence, evidence_target(evidence, batch), boxed)
        total = torch.stack(
            [
                *detection.unbind(),
                verdict * self.verdict_gain * size,
                located * self.evidence_gain * size,
            ]
        )
        return total, items | {
            "verdict_loss": verdict.detach(),
            "evidence_loss": located.detach(),
        }

    criterion: Any = None
    one2many_share: tuple[float, float] = (0.8, 0.1)  # of the class: older checkpoints have none

    def init_criterion(self) -> Any:
        """Return ultralytics' loss; of two heads, `one2many_share` from first epoch to last."""
        criterion = super().init_criterion()
        if isinstance(criterion, E2ELoss):
            criterion.o2m_copy, criterion.final_o2m = self.one2many_share
            criterion.o2m = criterion.o2m_copy
            criterion.o2o = criterion.total - criterion.o2m
        return criterion

    def decode(self, raw: dict[str, Any], head: str = "one2one") -> tuple[Tensor, Tensor]:
        """Return boxes (B, N, 4), xyxy in network pixels, and scores (B, N, classes) in [0, 1].

        Args:
            raw: the raw dict of `predict`.
            head: `one2one` or `one2many`; networks with a single head have no other.
        """
        detect = self.model[-1]
        detect.xyxy = True
        boxes = detect._get_decode_boxes(raw.get(head, raw))
        return boxes.transpose(1, 2), raw.get(head, raw)["scores"].sigmoid().transpose(1, 2)

    def pooled(self, raw: dict[str, Any]) -> Tensor:
        """Return the means of every channel of P3, P4 and P5, float (B, channels of all three)."""
        features = raw.get("one2many", raw)["feats"]
        return torch.cat([level.float().mean((2, 3)) for level in features], 1)

    @property
    def heads(self) -> tuple[str, ...]:
        """Names of the detection heads that `decode` can read."""
        two = getattr(self.model[-1], "one2one_cv2", None) is not None
        return ("one2one", "one2many") if two else ("one2many",)

    def _detection_loss(
        self, raw: dict[str, Any], batch: dict[str, Tensor], boxed: Tensor
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Return ultralytics' loss over the boxed images alone."""
        keep = boxed.nonzero().flatten()
        if len(keep) == 0:
            # One image keeps every head in the graph (several GPUs need that), at no weight.
            keep = torch.zeros(1, dtype=torch.long, device=boxed.device)
            weight = 0.0
        else:
            weight = 1.0
        place = torch.full_like(boxed, -1, dtype=torch.long)
        place[keep] = torch.arange(len(keep), device=boxed.device)
        rows = place[batch["batch_idx"].long()] >= 0
        part = {
            "batch_idx": place[batch["batch_idx"].long()][rows].to(batch["batch_idx"].dtype),
            "cls": batch["cls"][rows],
            "bboxes": batch["bboxes"][rows],
        }
        loss, items = self.criterion(_select(raw, keep), part)
        return loss * weight, {name: value * weight for name, value in items.items()}


def _select(raw: dict[str, Any], keep: Tensor) -> dict[str, Any]:
    """Pick images `keep` out of a raw prediction dict, in full precision."""
    picked: dict[str, Any] = {}
    for name, value in raw.items():
        if name in ("evidence", "image_logit"):
            continue
        if isinstance(value, dict):
            picked[name] = _select(value, keep)
        elif isinstance(value, list):
            picked[name] = [item[keep] for item in value]
        else:
            picked[name] = value[keep].float()
    return picked


def evidence_target(evidence: Tensor, batch: dict[str, Tensor]) -> Tensor:
    """Rasterise a batch's boxes (`bboxes` (n, 4): centre, size, relative) onto the evidence grid.

    Returns:
        float (B, 1, h, w): 1 in cells whose centre lies in a box, and in the cell of its centre.
    """
    target = torch.zeros_like(evidence)
    rows, columns = evidence.shape[-2:]
    if len(batch["bboxes"]) == 0:
        return target
    y = (torch.arange(rows, device=evidence.device) + 0.5) / rows
    x = (torch.arange(columns, device=evidence.device) + 0.5) / columns
    for index, (cx, cy, width, height) in zip(
        batch["batch_idx"].long().tolist(), batch["bboxes"].float(), strict=True
    ):
        inside_y = (y - cy).abs() <= (height / 2).clamp(min=0.5 / rows)
        inside_x = (x - cx).abs() <= (width / 2).clamp(min=0.5 / columns)
        target[index, 0] = torch.maximum(
            target[index, 0], (inside_y[:, None] & inside_x[None, :]).float()
        )
    return target


def evidence_loss(evidence: Tensor, target: Tensor, boxed: Tensor) -> Tensor:
    """Focal loss (Lin et al., ICCV 2017; γ 2, α 0.5) of the map over the boxed images.

    Normalised by the number of fractured cells, as detectors do.
    """
    if not bool(boxed.any()):
        return evidence.sum() * 0.0
    logits, truth = evidence[boxed].float(), target[boxed]
    raw = F.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    probability = logits.sigmoid()
    miss = torch.where(truth > 0, 1 - probability, probability)
    return 0.5 * (raw * miss.square()).sum() / truth.sum().clamp(min=float(len(logits)))
