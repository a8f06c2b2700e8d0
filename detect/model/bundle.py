"""The weights bundle: a folder that says all that inference needs, checked before use.

weights/<name>/
    manifest.yaml   names, thresholds, calibration, provenance, sha256 of every file
    model.onnx      one graph: boxes, scores, image logit, evidence map, pooled features
    attributes.json what these features say of the image; bundles of older versions have none
    CARD.md         the model card
    model.int8.xml, .bin   the same graph in 8 bits, if it was made
    model.pt        for further fine-tuning only; never opened by inference
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from detect.errors import BundleError
from detect.model.attributes import AttributeHeads, load_attributes
from detect.model.calibration import Calibration
from detect.model.runtimes import RuntimeName
from detect.record import ModelInfo

__all__ = [
    "BUNDLE_SCHEMA",
    "OPERATING_POINTS",
    "BoxThreshold",
    "Bundle",
    "CalibrationFit",
    "InputForm",
    "Manifest",
    "OperatingPoint",
    "file_sha256",
    "find_bundle",
    "load_bundle",
]

BUNDLE_SCHEMA = 2  # 2: `input.pad_to`
OPERATING_POINTS = ("screening", "balanced", "confirm")
MANIFEST = "manifest.yaml"
GRAPH = "model.onnx"
INT8_GRAPH = "model.int8.xml"  # OpenVINO's own form; its numbers lie beside it
INT8_FILES = (INT8_GRAPH, "model.int8.bin")
ATTRIBUTES = "attributes.json"
_SHIPPED = Path(__file__).resolve().parent.parent.parent / "weights"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class InputForm(_Part):
    """How pixels become the network's input."""

    size: int = Field(ge=32)  # of the longer side, pixels
    pad_to: int | None = Field(None, ge=1)  # sides are multiples of it; null: a square
    channels: Literal[1] = 1
    dtype: Literal["uint8"] = "uint8"
    pad_value: Literal[114]  # `preprocess.PAD_VALUE`, the one that networks are trained with
    fit: Literal["letterbox-centred"] = "letterbox-centred"


class OperatingPoint(_Part):
    """A threshold on the calibrated probability, and what it gave on validation."""

    threshold: float = Field(ge=0, le=1)
    rule: str
    sensitivity: float = Field(ge=0, le=1)
    specificity: float = Field(ge=0, le=1)


class BoxThreshold(_Part):
    """A threshold on box scores, and its false positives per image on validation."""

    score: float = Field(ge=0, le=1)
    false_positives_per_image: float = Field(ge=0)
    sensitivity: float = Field(ge=0, le=1)  # share of annotated boxes found, IoU ≥ 0.3


class CalibrationFit(_Part):
    """Coefficients of `detect.model.calibration.Calibration`."""

    intercept: float
    image_weight: float
    box_weight: float


class BoxThresholds(_Part):
    """The two certainties of a box."""

    definite: BoxThreshold
    suspicious: BoxThreshold


class Manifest(_Part):
    """`manifest.yaml`."""

    schema_version: int
    name: str
    version: str
    classes: tuple[str, ...] = Field(min_length=1)
    input: InputForm
    calibration: CalibrationFit
    operating_points: dict[str, OperatingPoint]  # of exactly `OPERATING_POINTS`
    default_operating_point: str
    box_thresholds: BoxThresholds
    training: dict[str, Any]
    metrics: dict[str, Any]
    files: dict[str, str]  # name → sha256, hex

    @field_validator("operating_points")
    @classmethod
    def _all_and_no_other(cls, points: dict[str, OperatingPoint]) -> dict[str, OperatingPoint]:
        if points.keys() != set(OPERATING_POINTS):
            raise ValueError(f"must be {', '.join(OPERATING_POINTS)}")
        return points


@dataclass(frozen=True, slots=True)
class Bundle:
    """A bundle whose files were checked against its manifest."""

    folder: Path
    manifest: Manifest
    sha256: str  # of manifest.yaml, hex; pins every other file too
    # what a file states, whose hash the manifest holds
    attributes: AttributeHeads | None = field(default=None, compare=False)

    @property
    def graph(self) -> Path:
        """The ONNX graph."""
        return self.folder / GRAPH

    def graph_for(self, runtime: RuntimeName) -> Path:
        """Return the graph that a runtime computes.

        Raises:
            BundleError: it wants one in 8 bits, and there is none.
        """
        if runtime != "openvino-int8":
            return self.graph
        if any(name not in self.manifest.files for name in INT8_FILES):
            raise BundleError(
                f"{self.folder}: has no {INT8_GRAPH} for --runtime {runtime}; make it with "
                "`python cli.py export --int8`, or leave out the option"
            )
        return self.folder / INT8_GRAPH

    @property
    def info(self) -> ModelInfo:
        """What every reading says of the bundle."""
        return ModelInfo(self.manifest.name, self.manifest.version, self.sha256)

    @property
    def calibration(self) -> Calibration:
        """The fitted calibration."""
        fit = self.manifest.calibration
        return Calibration(fit.intercept, fit.image_weight, fit.box_weight)


def find_bundle(name_or_path: str, option: str = "--weights") -> Path:
    """Return the folder of a bundle given by path, or by name under the shipped `weights/`.

    Args:
        name_or_path: as typed.
        option: with which it was; for the message.

    Raises:
        BundleError: there is none.
    """
    for candidate in (Path(name_or_path), _SHIPPED / name_or_path):
        if (candidate / MANIFEST).is_file():
            return candidate
    shipped = sorted(path.parent.name for path in _SHIPPED.glob(f"*/{MANIFEST}"))
    raise BundleError(
        f"{option} {name_or_path}: no such bundle (a folder with {MANIFEST}); "
        f"shipped ones: {', '.join(shipped) or 'none'}"
    )


def load_bundle(name_or_path: str) -> Bundle:
    """Find a bundle and check its schema and the hash of every file.

    Raises:
        BundleError: it is missing, newer than this program, incomplete or changed.
    """
    folder = find_bundle(name_or_path)
    path = folder / MANIFEST
    try:
        data = path.read_bytes()
        plain = yaml.safe_load(data)
    except (OSError, ValueError, RecursionError, yaml.YAMLError) as error:
        # ValueError: bytes that are no text, and dates that are no dates
        raise BundleError(f"{path}: cannot be read: {' '.join(str(error).split())}") from error
    schema = plain.get("schema_version") if isinstance(plain, dict) else None
    if not isinstance(schema, int):
        raise BundleError(f"{path}: is not a manifest; get the bundle again")
    if schema > BUNDLE_SCHEMA:
        raise BundleError(
            f"{path}: has schema {schema!r}, newer than the {BUNDLE_SCHEMA} that this program "
            "knows; update fracture-locator"
        )
    try:
        manifest = Manifest.model_validate(plain)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise BundleError(f"{path}: {where}: {first['msg']}; get the bundle again") from error
    if GRAPH not in manifest.files:
        raise BundleError(f"{path}: lists no {GRAPH}; get the bundle again")
    if manifest.default_operating_point not in manifest.operating_points:
        raise BundleError(f"{path}: default_operating_point is not among operating_points")
    for name, expected in manifest.files.items():
        file = folder / name
        if Path(name).name != name or not file.is_file():
            raise BundleError(f"{file}: missing from the bundle; get the bundle again")
        if file_sha256(file) != expected:
            raise BundleError(
                f"{file}: was changed (its sha256 is not the manifest's); get the bundle again"
            )
    heads = load_attributes(folder / ATTRIBUTES) if ATTRIBUTES in manifest.files else None
    return Bundle(folder, manifest, hashlib.sha256(data).hexdigest(), heads)


def file_sha256(path: Path) -> str:
    """Return the sha256 of a file's bytes, hex."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
