"""Typed models of `configs/*.yaml`: unknown keys refused, all mistakes listed at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from detect.errors import ConfigError

__all__ = [
    "CLASS_NAME",
    "AugmentConfig",
    "BoxLossConfig",
    "ModelConfig",
    "OptimiserConfig",
    "TrainConfig",
    "VerdictConfig",
    "load_config",
]

CLASS_NAME = "fracture"  # the one class of box that the network finds
Pooling = Literal["lse", "topk", "attention"]
Share = Annotated[float, Field(ge=0, le=1)]


class _Section(BaseModel):
    """A section of a configuration file: frozen, and strict about its keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class ModelConfig(_Section):
    """What the network sees."""

    image_size: int = Field(640, ge=64, multiple_of=32)  # side of the square input, pixels


class AugmentConfig(_Section):
    """Random views of the training images; probabilities are per view."""

    view_size: int = Field(448, ge=64, multiple_of=32)  # side of the training view, pixels
    scale: tuple[float, float] = (0.65, 1.35)  # zoom relative to the network's whole-image scale
    turn_degrees: float = Field(15.0, ge=0, le=180)  # largest turn either way
    focus: float = Field(0.7, ge=0, le=1)  # share of views of a fractured image held on a box
    flip_horizontal: float = Field(0.5, ge=0, le=1)
    flip_vertical: float = Field(0.2, ge=0, le=1)
    quarter_turn: float = Field(0.15, ge=0, le=1)
    gamma: float = Field(0.35, ge=0)  # half-width of log gamma
    contrast: float = Field(0.25, ge=0, lt=1)
    brightness: float = Field(0.12, ge=0, lt=1)  # share of full range
    blur: float = Field(0.1, ge=0, le=1)
    sharpen: float = Field(0.1, ge=0, le=1)
    noise: float = Field(0.2, ge=0, le=1)
    jpeg: float = Field(0.1, ge=0, le=1)
    source_noise: float = Field(0.0, ge=0, le=1)  # before the image is scaled, as machines do
    source_jpeg: float = Field(0.0, ge=0, le=1)  # before the image is scaled, as archives do
    local_contrast: float = Field(0.0, ge=0, le=1)  # CLAHE, as some machines process
    resample: float = Field(0.0, ge=0, le=1)  # detail lost in a smaller copy
    collimation: float = Field(0.0, ge=0, le=1)  # dark edges, off the boxes
    marker: float = Field(0.0, ge=0, le=1)  # letters such as L and R, off the boxes
    mosaic: float = Field(0.0, ge=0, le=1)  # share of views tiled from four images

    @field_validator("scale")
    @classmethod
    def _ascending(cls, scale: tuple[float, float]) -> tuple[float, float]:
        if not 0 < scale[0] <= scale[1]:
            raise ValueError("must be two numbers above 0, the smaller one first")
        return scale


class OptimiserConfig(_Section):
    """How the weights move."""

    name: Literal["AdamW", "SGD", "MuSGD"] = "AdamW"
    learning_rate: float = Field(1e-3, gt=0)
    final_fraction: float = Field(0.02, gt=0, le=1)  # of the learning rate, at the end (cosine)
    weight_decay: float = Field(5e-4, ge=0)
    warmup_epochs: float = Field(1.0, ge=0)


class BoxLossConfig(_Section):
    """Weights of the losses of the detection heads, by ultralytics' names and with its defaults."""

    box: float = Field(7.5, gt=0)  # of how little a box overlaps the annotated one (CIoU)
    cls: float = Field(0.5, gt=0)  # of its score
    dfl: float = Field(1.5, gt=0)  # of the distances of its sides
    # share of the one2many head, in the first epoch and in the last, where a network has a
    # one2one head as well; of the two, only one2many teaches the trunk
    one2many: tuple[Share, Share] = (0.8, 0.1)


class VerdictConfig(_Section):
    """The verdict head and its losses."""

    pooling: Pooling = "lse"  # how the evidence map becomes the image logit
    joint_gain: float = Field(1.0, ge=0)  # weight of the image loss while fine-tuning; 0: not joint
    evidence_gain: float = Field(0.5, ge=0)  # weight of box supervision on the evidence map
    frozen_epochs: int = Field(4, ge=0)  # epochs of a second head on the frozen trunk; 0: none
    frozen_learning_rate: float = Field(2e-3, gt=0)

    @model_validator(mode="after")
    def _trained(self) -> VerdictConfig:
        if not self.joint_gain and not self.frozen_epochs:
            raise ValueError("joint_gain and frozen_epochs are both 0: nothing trains the verdict")
        return self


class TrainConfig(_Section):
    """A whole training recipe."""

    epochs: int = Field(40, ge=1)
    batch: int = Field(16, ge=1)
    fracture_repeat: int = Field(3, ge=1)  # times a fractured image is seen per epoch
    validate_every: int = Field(5, ge=1)  # epochs between looks at the validation split
    # share of the initial weights in those that ship, where a bundle's model.pt is trained further
    init_share: float = Field(0.0, ge=0, lt=1)
    seed: int = Field(0, ge=0)
    # loader processes; null: none on the CPU, where the network needs the cores, else up to 8
    workers: int | None = Field(None, ge=0)
    precision: Literal["auto", "fp32", "bf16"] = "auto"
    # dataset class → fracture, or null for boxes that are not used; {}: told by their names
    classes: dict[str, Literal["fracture"] | None] = Field(default_factory=dict)
    model: ModelConfig = ModelConfig()
    augment: AugmentConfig = AugmentConfig()
    optimiser: OptimiserConfig = OptimiserConfig()
    losses: BoxLossConfig = BoxLossConfig()
    verdict: VerdictConfig = VerdictConfig()


Config = TypeVar("Config", bound=BaseModel)


def load_config(path: Path, kind: type[Config]) -> Config:
    """Read one YAML file into its typed model.

    Raises:
        ConfigError: the file is missing, is no YAML mapping, or has mistakes (all are named).
    """
    try:
        plain = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such configuration file") from None
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        # ValueError: bytes that are no text, and dates that are no dates
        raise ConfigError(f"{path}: cannot be read as YAML: {_one_line(error)}") from error
    if plain is None:
        plain = {}
    if not isinstance(plain, dict):
        raise ConfigError(f"{path}: must hold keys and values, not a {type(plain).__name__}")
    try:
        return kind.model_validate(plain)
    except ValidationError as error:
        mistakes = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}"
            for item in error.errors()
        )
        raise ConfigError(f"{path}: {mistakes}") from error


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
