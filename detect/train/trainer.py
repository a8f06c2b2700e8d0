"""ultralytics' trainer taught the verdict: our data, our network, our validation."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import torch
from ultralytics.data.build import build_dataloader
from ultralytics.models.yolo.detect import DetectionTrainer
from ultralytics.utils import RANK
from ultralytics.utils.torch_utils import unwrap_model

from detect.config import BoxLossConfig
from detect.model.network import FractureNetwork
from detect.train.dataset import ViewDataset, WholeDataset, collate
from detect.train.environment import precision_of
from detect.train.infer import predict_split, to_input
from detect.train.measure import METRIC_KEYS, MonitorResult, measure
from detect.train.prepared import Prepared

__all__ = ["FractureTrainer"]

LOGGER = logging.getLogger(__name__)


class _MetricNames:
    keys = METRIC_KEYS


class Monitor:
    """Stands where ultralytics expects a validator: measures both heads on whole images."""

    metrics = _MetricNames()

    def __init__(self, prepared: Prepared) -> None:
        """Keep the run's data at hand."""
        self.prepared = prepared
        self._fitness = 0.0  # of the last look, repeated where there is none

    def __call__(self, trainer: FractureTrainer) -> MonitorResult | None:
        """Measure the averaged weights on `val`, every few epochs and at the end."""
        if RANK > 0:
            return None
        every = self.prepared.recipe.validate_every
        if (trainer.epoch + 1) % every and trainer.epoch + 1 < trainer.epochs:
            return MonitorResult(dict.fromkeys(METRIC_KEYS, float("nan")), fitness=self._fitness)
        network = trainer.ema.ema
        raw = predict_split(network, self.prepared, "val", trainer.device, batch=trainer.batch_size)
        result = measure(raw, self.prepared, "val")
        self._fitness = result["fitness"]
        return result


class FractureTrainer(DetectionTrainer):
    """Fine-tunes a `FractureNetwork` on a prepared run; `args.data` names its prepared.json."""

    last: Path  # the checkpoint of the last epoch

    def get_dataset(self) -> dict[str, Any]:
        """Read the prepared run in place of ultralytics' data file."""
        self.prepared = Prepared.load(Path(self.args.data))
        names = dict(enumerate(self.prepared.classes))
        return {"names": names, "nc": len(names), "channels": 3, "train": "train", "val": "val"}

    def get_model(
        self, cfg: Any = None, weights: Any = None, verbose: bool = True
    ) -> FractureNetwork:
        """Build the network and load pretrained (or resumed) weights into it."""
        del verbose
        recipe = self.prepared.recipe
        network = FractureNetwork(cfg, nc=self.data["nc"], pooling=recipe.verdict.pooling)
        network = self.set_model_names_for_load(network)
        if weights is not None:
            network.load(weights, verbose=False)
        network.one2many_share = recipe.losses.one2many
        if len(network.heads) == 1 and recipe.losses.one2many != BoxLossConfig().one2many:
            LOGGER.warning("losses.one2many: this network has one detection head; no effect")
        network.verdict_gain = recipe.verdict.joint_gain
        network.evidence_gain = recipe.verdict.evidence_gain if recipe.verdict.joint_gain else 0.0
        on_cpu = self.device.type == "cpu"
        network.cpu_bfloat16 = on_cpu and precision_of("cpu", recipe) != "float32"
        if on_cpu:  # ultralytics does this on CUDA only; here it was measured 1.3–1.5× faster
            network = network.to(memory_format=torch.channels_last)
        return network

    def get_dataloader(
        self, dataset_path: str, batch_size: int = 16, rank: int = 0, mode: str = "train"
    ) -> Any:
        """Return random views for training and whole images for validation."""
        training = mode == "train"
        dataset = ViewDataset(self.prepared) if training else WholeDataset(self.prepared, "val")
        dataset.collate_fn = collate
        del dataset_path
        return build_dataloader(
            dataset,
            batch=batch_size,
            workers=self.args.workers,
            shuffle=training,
            rank=rank,
            device=self.device,
        )

    def preprocess_batch(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Move a batch to the device; images become float (B, 3, H, W) in [0, 1]."""
        for name, value in batch.items():
            if isinstance(value, torch.Tensor):
                batch[name] = value.to(self.device, non_blocking=self.device.type == "cuda")
        batch["img"] = to_input(batch["img"], self.device)
        return batch

    def get_validator(self) -> Monitor:
        """Return our own measure in place of ultralytics' validator."""
        return Monitor(self.prepared)

    def final_eval(self) -> None:
        """Leave the last averaged weights as they are; later stages measure them."""

    def plot_metrics(self) -> None:
        """Leave plotting to the run's own learning curve."""

    def save_model(self) -> bool:
        """Save the checkpoint through a file beside, so that a kill never leaves half of one."""
        final = self.last
        self.last = final.with_name("last.partial.pt")
        try:
            saved = bool(super().save_model())
            self.last.replace(final)
        finally:
            self.last = final
        return saved

    @property
    def network(self) -> FractureNetwork:
        """The bare network, out of any parallel wrapper."""
        return unwrap_model(self.model)
