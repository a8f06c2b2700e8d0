"""Weights on the way from those that a training started with to those that it ended with.

Between a network and what further training made of it, the weights themselves can be averaged;
the result often keeps what the first did well and what the second learnt, at no cost when it is
used (Wortsman et al., "Robust fine-tuning of zero-shot models", CVPR 2022).
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from detect.errors import TrainingError

if TYPE_CHECKING:
    from detect.model.network import FractureNetwork

__all__ = ["averaged_with"]


def averaged_with(network: FractureNetwork, init: Path, share: float) -> FractureNetwork:
    """Move a trained network's weights back towards those it started with.

    Args:
        network: trained; float32, on the CPU; it is changed.
        init: `model.pt` of the bundle that it was trained from.
        share: of the initial weights, 0 to 1; running statistics are averaged alike.

    Returns:
        `network`.

    Raises:
        TrainingError: `init` is gone or damaged, or a network of another form.
    """
    import torch

    from detect.train.finetune import load_network

    try:
        before, after = load_network(init).state_dict(), network.state_dict()
    except TrainingError as error:  # whose way out is that of a run's own files
        raise TrainingError(
            f"{init}: cannot be read again, so what was trained from it cannot be averaged with "
            "it; put it back, and run again with --resume"
        ) from error
    if {name: value.shape for name, value in before.items()} != {
        name: value.shape for name, value in after.items()
    }:
        raise TrainingError(
            f"{init}: its network is of another form than what was trained from it, so their "
            "weights have no average; set init_share to 0 and run again with --resume"
        )
    with torch.no_grad():
        for name, value in after.items():
            if value.is_floating_point():
                value.lerp_(before[name].to(value.dtype), share)
    return network
