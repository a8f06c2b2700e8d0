"""Bodies that a phantom is made of, and the surfaces along which bones break.

Everything here is in the frame of the limb: millimetres of an adult, x towards
the lateral (thumb, fibula) side, y from proximal to distal, z along the beam. A
body is a `Tube`: a straight or bowed axis with an elliptic cross-section that
varies along it, and a second, inner ellipse that parts wall (cortex, fat) from
content (marrow, muscle). That is enough for long bones, small bones, flesh, casts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "IDENTITY",
    "NODE_STEP",
    "Band",
    "Bend",
    "Cut",
    "Piece",
    "Surface",
    "Tube",
    "compose",
    "invert",
    "make_tube",
    "rigid_motion",
    "transform",
]

FloatArray = NDArray[np.float32]
Affine = NDArray[np.float64]  # shape (2, 3): maps a point (x, y) to another

NODE_STEP = 0.2  # mm between the nodes of a profile
IDENTITY: Affine = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def compose(after: Affine, before: Affine) -> Affine:
    """Return the affine map that does `before`, then `after`."""
    linear = after[:, :2] @ before[:, :2]
    shift = after[:, :2] @ before[:, 2] + after[:, 2]
    return np.column_stack([linear, shift])


def invert(affine: Affine) -> Affine:
    """Return the inverse of an affine map."""
    linear = np.linalg.inv(affine[:, :2])
    return np.column_stack([linear, -linear @ affine[:, 2]])


def transform(affine: Affine, points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Map points of shape (N, 2)."""
    return points @ affine[:, :2].T + affine[:, 2]


def rigid_motion(
    degrees: float, pivot: tuple[float, float], shift: tuple[float, float] = (0.0, 0.0)
) -> Affine:
    """Return the rotation about `pivot` (mm), followed by `shift` (mm)."""
    angle = np.deg2rad(degrees)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    centre = np.asarray(pivot)
    return np.column_stack([turn, centre - turn @ centre + np.asarray(shift)])


@dataclass(frozen=True, slots=True)
class Band:
    """A line across a bone that thins or thickens it: growth plate, vessel canal, scar."""

    at: float  # mm along the axis, where the band crosses it
    width: float  # mm, standard deviation of its profile
    slope: float  # mm along the axis per mm across it
    change: float  # relative change of the path through bone: -0.5 halves it
    wave: float = 0.0  # mm, amplitude of an undulation
    across: tuple[float, float] = (-1.2, 1.2)  # part of the half-width that it spans


@dataclass(frozen=True, slots=True, eq=False)
class Tube:
    """One body. Profiles hold a leading and a trailing zero around nodes `NODE_STEP` apart."""

    name: str
    start: tuple[float, float]
    end: tuple[float, float]
    bow: float  # mm, sagitta of the axis towards +s
    left: FloatArray  # outer half-width towards -s
    right: FloatArray  # outer half-width towards +s
    depth: FloatArray  # outer half-depth
    inner_left: FloatArray
    inner_right: FloatArray
    inner_depth: FloatArray
    filling: FloatArray  # share of cancellous bone in the content, 0..1
    relief_start: tuple[float, ...] = ()  # mm, joint surface, evenly spaced from -s to +s
    relief_end: tuple[float, ...] = ()
    bands: tuple[Band, ...] = ()

    @property
    def length(self) -> float:
        """Length of the axis in mm."""
        return float(np.hypot(self.end[0] - self.start[0], self.end[1] - self.start[1]))

    @property
    def widest(self) -> float:
        """Largest half-width in mm."""
        return float(max(self.left.max(), self.right.max()))

    @property
    def to_local(self) -> Affine:
        """Map from the limb to (t along the axis, s across it), before the bow is taken out."""
        axis = (np.asarray(self.end) - np.asarray(self.start)) / self.length
        linear = np.array([[axis[0], axis[1]], [axis[1], -axis[0]]])
        return np.column_stack([linear, -linear @ np.asarray(self.start)])

    def bow_at(self, t: float) -> float:
        """Return the offset of the bowed axis in mm at `t` mm."""
        tau = min(max(t / self.length, 0.0), 1.0)
        return 4.0 * self.bow * tau * (1.0 - tau)

    def section(self, t: float) -> tuple[float, float, float]:
        """Return (left, right, depth) of the outer ellipse in mm at `t` mm."""
        node = int(np.clip(np.rint(t / NODE_STEP), 0, len(self.left) - 3)) + 1
        return float(self.left[node]), float(self.right[node]), float(self.depth[node])

    def point(self, t: float, s: float = 0.0) -> tuple[float, float]:
        """Return the limb coordinates of a point given along and across the bowed axis."""
        back = invert(self.to_local)
        x, y = transform(back, np.array([[t, s + self.bow_at(t)]]))[0]
        return float(x), float(y)


def make_tube(
    name: str,
    start: tuple[float, float],
    end: tuple[float, float],
    outline: Sequence[tuple[float, float, float]],
    *,
    wall: Sequence[tuple[float, float]] = ((0.0, 0.0), (1.0, 0.0)),
    flatness: float = 0.9,
    depth: Sequence[tuple[float, float]] | None = None,
    rounding: tuple[float, float] = (6.0, 6.0),
    cap: float = 1.0,
    filling: Sequence[tuple[float, float]] = ((0.0, 1.0), (0.25, 0.1), (0.75, 0.1), (1.0, 1.0)),
    bow: float = 0.0,
    relief_start: tuple[float, ...] = (),
    relief_end: tuple[float, ...] = (),
    bands: tuple[Band, ...] = (),
    smoothing: float = 0.02,
) -> Tube:
    """Build a tube from knots given along the axis as (0..1, mm...).

    Args:
        outline: (position, half-width towards -s, half-width towards +s).
        wall: (position, thickness); zero means that wall and content are one.
        flatness: half-depth over mean half-width, used where `depth` is not given.
        depth: (position, half-depth).
        rounding: mm over which each end closes; 0 leaves it open.
        cap: thickness in mm of the wall at a closed end (the subchondral plate).
        filling: (position, share of cancellous bone).
        smoothing: share of the length over which knots are smoothed.
    """
    length = float(np.hypot(end[0] - start[0], end[1] - start[1]))
    nodes = max(int(np.ceil(length / NODE_STEP)) + 1, 4)
    t = np.linspace(0.0, length, nodes)
    tau = t / length

    def profile(knots: Sequence[tuple[float, float]]) -> NDArray[np.float64]:
        values = np.interp(tau, [k[0] for k in knots], [k[1] for k in knots])
        reach = max(int(3 * smoothing * nodes), 1)
        kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / (smoothing * nodes + 1e-9)) ** 2)
        padded = np.pad(values, reach, mode="edge")
        return np.convolve(padded, kernel / kernel.sum(), mode="valid")

    left = profile([(k[0], k[1]) for k in outline])
    right = profile([(k[0], k[2]) for k in outline])
    deep = profile(depth) if depth is not None else flatness * (left + right) / 2
    thick = profile(wall)
    outer = _closing(t, rounding[0]) * _closing(length - t, rounding[1])
    inner = _closing(t - cap, rounding[0]) * _closing(length - t - cap, rounding[1])
    solid = thick <= 0

    def shell(values: NDArray[np.float64]) -> FloatArray:
        inside = np.where(solid, values * outer, np.maximum(values - thick, 0.0) * inner)
        return _between_zeros(inside)

    return Tube(
        name=name,
        start=start,
        end=end,
        bow=bow,
        left=_between_zeros(left * outer),
        right=_between_zeros(right * outer),
        depth=_between_zeros(deep * outer),
        inner_left=shell(left),
        inner_right=shell(right),
        inner_depth=shell(deep),
        filling=_between_zeros(profile(filling)),
        relief_start=relief_start,
        relief_end=relief_end,
        bands=bands,
    )


def _closing(distance: NDArray[np.float64], reach: float) -> NDArray[np.float64]:
    """Return a factor that falls from 1 at `reach` mm from an end to 0 at the end."""
    if reach <= 0:
        return np.ones_like(distance)
    gone = np.clip((reach - distance) / reach, 0.0, 1.0)
    return (1.0 - gone**2.6) ** (1 / 2.6)


def _between_zeros(values: NDArray[np.float64]) -> FloatArray:
    return np.pad(values, 1).astype(np.float32)


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A fracture surface: `t` as a function of (s, z), all in mm of the bone's own frame."""

    at: float
    slope: float = 0.0  # mm of t per mm of s
    tilt: float = 0.0  # mm of t per mm of z
    pitch: float = 0.0  # mm of t per turn about the axis: a spiral
    kink: tuple[float, float] = (0.0, 0.0)  # (s where a wedge begins, slope beyond it)
    waves: FloatArray = field(default_factory=lambda: np.zeros((0, 4), np.float32))
    # rows of (amplitude mm, per mm of s, per mm of z, phase): the roughness of the break

    def height(self, s: FloatArray, z: FloatArray) -> FloatArray:
        """Return t of the surface in mm, broadcast over `s` and `z`."""
        t = self.at + self.slope * s + self.tilt * z
        if self.pitch:
            t = t + self.pitch / (2 * np.pi) * np.arctan2(z, s)
        if self.kink[1]:
            t = t + self.kink[1] * np.maximum(s - self.kink[0], 0.0)
        for amplitude, along_s, along_z, phase in self.waves:
            # the arcsine of a sine is a triangle wave: bone breaks in facets, not in swells
            facet = np.arcsin(0.98 * np.sin(along_s * s + along_z * z + phase))
            t = t + amplitude * (2 / np.pi) * facet
        return np.asarray(t, np.float32)

    @property
    def steepness(self) -> float:
        """Return how much longer a distance along t is than one at right angles."""
        return float(np.sqrt(1.0 + max(abs(self.slope), abs(self.kink[1])) ** 2 + self.tilt**2))


@dataclass(frozen=True, slots=True, eq=False)
class Cut:
    """Keep one side of a surface."""

    surface: Surface
    side: int  # -1 keeps what lies proximal of it, +1 what lies distal
    gap: float = 0.0  # mm, at right angles to the surface, shared by both sides
    softness: float = 0.12  # mm over which the edge fades


@dataclass(frozen=True, slots=True, eq=False)
class Bend:
    """Flesh that follows a broken bone: it turns gradually where the bone turns at once."""

    motion: Affine  # of the distal part, in limb millimetres
    at: float  # mm along the tube
    reach: float  # mm on either side over which the turn is spread


@dataclass(frozen=True, slots=True, eq=False)
class Piece:
    """A tube, or a part of it, after it has been moved."""

    tube: Tube
    motion: Affine = field(default_factory=lambda: IDENTITY)
    cuts: tuple[Cut, ...] = ()
    bend: Bend | None = None
