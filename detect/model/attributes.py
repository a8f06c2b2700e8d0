"""What else a bundle says of a whole image, read off the trunk's pooled features.

Two kinds of attribute, both fitted by `detect.train.attributes`:

- `region_NAME` (yes or no) for each body region that the training data labels, by logistic
  regression; several may hold. `region` names the likeliest one, where any holds.
- `out_of_scope` (yes or no): whether the image is unlike the radiographs of the training. It is
  told by the Mahalanobis distance to them (as a measure of novelty: Lee et al., NeurIPS 2018)
  under a probabilistic principal component analysis (Tipping & Bishop, J R Stat Soc B 61:611,
  1999) of normal scores, since the features have long tails (a Gaussian copula: Liu et al.,
  JMLR 10:2295, 2009). Of an image out of scope no region is told, since nothing in it was ever
  seen.

The probability of an attribute that says yes or no is that of yes, whatever the label, as a
verdict's is that of fracture; the probability of `region` is that of the region it names.

Kept in a bundle as `attributes.json`: plain numbers, so that nothing is unpickled.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from detect.errors import BundleError
from detect.record import Attribute

__all__ = [
    "ATTRIBUTES_SCHEMA",
    "EVEN",
    "NO",
    "OUT_OF_SCOPE",
    "REGION",
    "YES",
    "AttributeHeads",
    "AttributesFile",
    "RegionFit",
    "ScopeFit",
    "is_out_of_scope",
    "load_attributes",
    "normal_scores",
]

ATTRIBUTES_SCHEMA = 1
OUT_OF_SCOPE = "out_of_scope"
REGION = "region"
YES, NO = "yes", "no"
EVEN = 0.5  # from this probability on an attribute holds
_DECIMALS = 6

Numbers = Annotated[tuple[float, ...], Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class RegionFit(_Part):
    """A logistic model over standardised features."""

    intercept: float
    weights: Numbers  # one a feature


class ScopeFit(_Part):
    """A probabilistic PCA of the features' normal scores, and what its distances mean."""

    scores: Numbers  # ascending, K at least 2
    knots: tuple[Numbers, ...]  # K ascending values for each feature: of these scores
    axes: tuple[Numbers, ...] = Field(min_length=1)  # orthonormal rows, one number a feature
    variances: Numbers  # along each axis, above 0
    noise: float = Field(gt=0)  # variance along every other direction
    centre: float  # log of the squared distance that is as likely in scope as out of it
    slope: float = Field(gt=0)  # of the log-odds of being out of scope, over that log


class AttributesFile(_Part):
    """`attributes.json`."""

    schema_version: int
    mean: Numbers  # of each feature over the training images
    scale: Numbers  # standard deviation, above 0
    regions: dict[str, RegionFit]
    scope: ScopeFit | None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        size = len(self.mean)
        rows = [self.scale, *(fit.weights for fit in self.regions.values())]
        if self.scope is not None:
            rows += self.scope.axes
            if len(self.scope.variances) != len(self.scope.axes):
                raise ValueError("scope: not one variance an axis")
            if len(self.scope.knots) != size or not _ascending(self.scope):
                raise ValueError("scope: not a row of ascending knots, one a score, a feature")
        if any(len(row) != size for row in rows):
            raise ValueError(f"not all rows have the {size} numbers of `mean`")
        if min(self.scale) <= 0 or (self.scope is not None and min(self.scope.variances) <= 0):
            raise ValueError("a scale or variance is not above 0")
        return self


@dataclass(frozen=True, slots=True, eq=False)
class AttributeHeads:
    """The fitted numbers as arrays, of D features; safe to call from several threads.

    Attributes:
        mean, scale: float64 (D,).
        names: R regions.
        weights: float64 (R, D).
        intercepts: float64 (R,).
        axes: float64 (k, D); k is 0 where scope was not fitted.
        variances: float64 (k,).
        knots: float64 (D, K).
        scores: float64 (K,).
        scope: the rest of the fit; None where there is none.
    """

    mean: NDArray[np.float64]
    scale: NDArray[np.float64]
    names: tuple[str, ...]
    weights: NDArray[np.float64]
    intercepts: NDArray[np.float64]
    axes: NDArray[np.float64]
    variances: NDArray[np.float64]
    knots: NDArray[np.float64]
    scores: NDArray[np.float64]
    scope: ScopeFit | None

    @classmethod
    def of(cls, file: AttributesFile) -> Self:
        """Take what a file states."""
        size, scope = len(file.mean), file.scope
        fits = file.regions.values()
        return cls(
            mean=np.array(file.mean),
            scale=np.array(file.scale),
            names=tuple(file.regions),
            weights=np.array([fit.weights for fit in fits]).reshape(-1, size),
            intercepts=np.array([fit.intercept for fit in fits], np.float64),
            axes=np.array(scope.axes if scope else (), np.float64).reshape(-1, size),
            variances=np.array(scope.variances if scope else (), np.float64),
            knots=np.array(scope.knots if scope else (), np.float64),
            scores=np.array(scope.scores if scope else (), np.float64),
            scope=scope,
        )

    def __call__(self, features: NDArray[np.floating]) -> dict[str, Attribute]:
        """Return the attributes of one image from its features, (D,).

        Raises:
            BundleError: the network gives another number of features.
        """
        if features.shape != self.mean.shape:
            raise BundleError(
                f"attributes.json is of {len(self.mean)} features, but the graph gives "
                f"{features.shape}; get the bundle again"
            )
        told: dict[str, Attribute] = {}
        if self.scope is not None:
            outside = _stated(self.out_of_scope(features[None])[0])
            told[OUT_OF_SCOPE] = _yes_or_no(outside)
            if told[OUT_OF_SCOPE].label == YES:
                return told
        chances = [_stated(chance) for chance in self.regions(features[None])[0]]
        if chances and max(chances) >= EVEN:
            likeliest = int(np.argmax(chances))
            told[REGION] = Attribute(self.names[likeliest], chances[likeliest])
        for name, chance in zip(self.names, chances, strict=True):
            told[f"{REGION}_{name}"] = _yes_or_no(chance)
        return told

    def regions(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the probability of each region, (n, R), from features (n, D)."""
        standardised = (features.astype(np.float64) - self.mean) / self.scale
        return _sigmoid(standardised @ self.weights.T + self.intercepts)

    def out_of_scope(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the probability of being out of scope, (n,), from features (n, D)."""
        assert self.scope is not None
        distance = np.log(self.squared_distances(features))
        return _sigmoid(self.scope.slope * (distance - self.scope.centre))

    def squared_distances(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return the squared Mahalanobis distance to the training images, (n,)."""
        assert self.scope is not None
        moved = normal_scores(features.astype(np.float64), self.knots, self.scores)
        along = moved @ self.axes.T
        rest = np.maximum((moved**2).sum(1) - (along**2).sum(1), 0.0)
        squared = (along**2 / self.variances).sum(1) + rest / self.scope.noise
        # what lies in the very middle has distance 0
        held: NDArray[np.float64] = np.maximum(squared, np.finfo(np.float64).tiny)
        return held


def normal_scores(
    features: NDArray[np.float64], knots: NDArray[np.float64], scores: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Carry each feature to where it would lie, were it spread normally.

    Args:
        features: (n, D).
        knots: (D, K), ascending values of each feature.
        scores: (K,), of the knots; between them it is linear, beyond the last ones constant.

    Returns:
        (n, D), within the scores.
    """
    last = knots.shape[1] - 1
    below = (features[..., None] >= knots).sum(-1).clip(1, last) - 1
    column = np.arange(knots.shape[0])
    start, end = knots[column, below], knots[column, below + 1]
    share = ((features - start) / (end - start)).clip(0, 1)
    moved: NDArray[np.float64] = scores[below] + share * (scores[below + 1] - scores[below])
    return moved


def is_out_of_scope(attributes: dict[str, Attribute]) -> bool:
    """Whether attributes say that the model was not made for the image."""
    said = attributes.get(OUT_OF_SCOPE)
    return said is not None and said.label == YES


def load_attributes(path: Path) -> AttributeHeads:
    """Read `attributes.json`.

    Raises:
        BundleError: it is missing, damaged, or newer than this program.
    """
    try:
        file = AttributesFile.model_validate_json(path.read_bytes())
    except OSError as error:
        raise BundleError(f"{path}: cannot be read: {error.strerror or error}") from error
    except ValidationError as error:
        first: Any = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        message = f"{path}: {where + ': ' if where else ''}{first['msg']}; get the bundle again"
        raise BundleError(" ".join(message.split())) from error
    if file.schema_version != ATTRIBUTES_SCHEMA:
        raise BundleError(
            f"{path}: has schema {file.schema_version}, not the {ATTRIBUTES_SCHEMA} that this "
            "program knows; update fracture-locator, or get the bundle again"
        )
    return AttributeHeads.of(file)


def _ascending(scope: ScopeFit) -> bool:
    rows = (scope.scores, *scope.knots)
    ascending = all(np.all(np.diff(row) > 0) for row in rows)
    return ascending and all(len(row) == len(scope.scores) >= 2 for row in rows)


def _yes_or_no(probability: float) -> Attribute:
    return Attribute(YES if probability >= EVEN else NO, probability)


def _stated(probability: float) -> float:
    """Round as a record states it, before it is compared."""
    return round(float(probability), _DECIMALS)


def _sigmoid(z: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.exp(-np.logaddexp(0.0, -z))
