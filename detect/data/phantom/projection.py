"""Line integrals of X-ray attenuation through bodies, along parallel beams.

Chords through an elliptic cross-section are analytic (2·d·√(1 - u²)). Where a fracture
surface crosses a ray, the share of the chord on the kept side is integrated with
`DEPTH_SAMPLES` points, separately for wall and content, so that a piece without a cut
in its way has exactly the analytic chord.

Attenuation coefficients: J. H. Hubbell and S. M. Seltzer, NIST Standard Reference
Database 126, 40 keV (the mean energy of a beam of about 60 kVp), ICRU-44 tissues.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from detect.data.phantom.geometry import (
    NODE_STEP,
    Affine,
    Cut,
    FloatArray,
    Piece,
    Tube,
    compose,
    invert,
    transform,
)

__all__ = ["ATTENUATION", "Grid", "bone_integral", "flesh_integral", "path_lengths"]

DEPTH_SAMPLES = 24

# per mm
ATTENUATION = {
    "cortical": 0.128,
    "cancellous": 0.048,
    "marrow": 0.0245,
    "muscle": 0.0285,
    "fat": 0.0228,
    "plaster": 0.060,
    "titanium": 1.0,
}


@dataclass(frozen=True, slots=True, eq=False)
class Grid:
    """Pixel centres of an image and the map from them to the limb.

    Attributes:
        height, width: of the (oversampled) image in pixels.
        to_limb: affine map from pixel coordinates, in which (0, 0) is the top-left
            corner of the top-left pixel, to limb millimetres.
    """

    height: int
    width: int
    to_limb: Affine

    def local(self, piece: Piece) -> tuple[slice, slice, FloatArray, FloatArray] | None:
        """Return (rows, columns, t, s) of the window that the piece may cover, or None.

        `t` and `s` are in mm, of shape (rows, columns); the bow is not yet taken out.
        """
        tube = piece.tube
        to_tube = compose(tube.to_local, compose(invert(piece.motion), self.to_limb))
        maps = [to_tube]
        if piece.bend:
            maps.append(compose(tube.to_local, compose(invert(piece.bend.motion), self.to_limb)))
        reach = tube.widest + abs(tube.bow) + 2.0
        spare = 2.0 + max((abs(v) for v in (*tube.relief_start, *tube.relief_end)), default=0.0)
        low, high = -spare, tube.length + spare
        corners = np.array([[low, -reach], [low, reach], [high, -reach], [high, reach]])
        seen = np.concatenate([transform(invert(one), corners) for one in maps])
        left, top = np.floor(seen.min(axis=0)).astype(int)
        right, bottom = np.ceil(seen.max(axis=0)).astype(int)
        left, top = max(left, 0), max(top, 0)
        right, bottom = min(right, self.width), min(bottom, self.height)
        if left >= right or top >= bottom:
            return None
        x = np.arange(left, right, dtype=np.float32)[None, :] + np.float32(0.5)
        y = np.arange(top, bottom, dtype=np.float32)[:, None] + np.float32(0.5)
        t, s = _mapped(to_tube, x, y)
        if piece.bend:
            t_far, s_far = _mapped(maps[1], x, y)
            share = ((t + t_far) / 2 - piece.bend.at) / (2 * piece.bend.reach) + np.float32(0.5)
            share = np.clip(share, 0, 1)
            share = share * share * (3 - 2 * share)
            t, s = t + share * (t_far - t), s + share * (s_far - s)
        return slice(top, bottom), slice(left, right), t, s


def _mapped(affine: Affine, x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    a = affine.astype(np.float32)
    first = a[0, 0] * x + (a[0, 1] * y + a[0, 2])
    second = a[1, 0] * x + (a[1, 1] * y + a[1, 2])
    return first, second


def path_lengths(
    piece: Piece, t: FloatArray, s: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return (outer, inner, filling) for rays at (t, s) mm of the piece's own frame.

    `outer` and `inner` are lengths in mm through the body and through its content;
    `filling` is the share of cancellous bone there.
    """
    tube = piece.tube
    tau = np.clip(t / tube.length, 0.0, 1.0)
    if tube.bow:
        s = s - np.float32(4 * tube.bow) * tau * (1 - tau)
    t_flat = _flatten_joints(tube, t, s, tau)
    last = len(tube.left) - 1
    node = np.clip(np.rint(t_flat * (1 / NODE_STEP)).astype(np.int32) + 1, 0, last)
    outer = _half_chord(tube.left[node], tube.right[node], tube.depth[node], s)
    inner = _half_chord(tube.inner_left[node], tube.inner_right[node], tube.inner_depth[node], s)
    inner = np.minimum(inner, outer)
    filling = tube.filling[node]
    kept_outer, kept_inner = _kept(piece.cuts, t, s, outer, inner)
    outer, inner = 2 * outer * kept_outer, 2 * inner * kept_inner
    change = _band_factor(tube, t, s)
    return outer * change, inner * change, filling


def _flatten_joints(tube: Tube, t: FloatArray, s: FloatArray, tau: FloatArray) -> FloatArray:
    """Take the relief of the joint surfaces out of t, so that both ends are flat."""
    for relief, near_end in ((tube.relief_start, False), (tube.relief_end, True)):
        if not relief:
            continue
        left, right, _ = tube.section(tube.length * (0.97 if near_end else 0.03))
        grid = np.linspace(-left, right, len(relief))
        closeness = np.clip(((tau if near_end else 1 - tau) - 0.75) / 0.25, 0.0, 1.0)
        bump = np.interp(s, grid, relief).astype(np.float32)
        t = t - (1 if near_end else -1) * bump * closeness**2
    return t


def _half_chord(
    left: FloatArray, right: FloatArray, depth: FloatArray, s: FloatArray
) -> FloatArray:
    half = (left + right) * np.float32(0.5)
    u = (s - (right - left) * np.float32(0.5)) / np.maximum(half, np.float32(1e-3))
    return np.asarray(depth * np.sqrt(np.maximum(1 - u * u, 0)), np.float32)


def _kept(
    cuts: Sequence[Cut], t: FloatArray, s: FloatArray, outer: FloatArray, inner: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return the shares of the outer and the inner chord that every cut keeps."""
    kept_outer = np.ones_like(outer)
    kept_inner = np.ones_like(outer)
    if not cuts:
        return kept_outer, kept_inner
    body = outer > 0
    t, s, outer, inner = t[body][:, None], s[body][:, None], outer[body], inner[body]
    nodes = ((np.arange(DEPTH_SAMPLES) + 0.5) / DEPTH_SAMPLES * 2 - 1).astype(np.float32)
    for half, kept in ((outer, kept_outer), (inner, kept_inner)):
        share = np.ones((len(t), DEPTH_SAMPLES), np.float32)
        z = half[:, None] * nodes
        for cut in cuts:
            signed = cut.side * (t - cut.surface.height(s, z)) / cut.surface.steepness
            edge = (signed - cut.gap / 2) / cut.softness
            share *= np.clip(0.5 + 0.5 * edge, 0.0, 1.0)
        kept[body] = share.mean(axis=1)
    return kept_outer, kept_inner


def _band_factor(tube: Tube, t: FloatArray, s: FloatArray) -> FloatArray | float:
    factor: FloatArray | float = 1.0
    for band in tube.bands:
        left, right, _ = tube.section(band.at)
        middle = band.at + band.slope * s + band.wave * np.sin(s * np.float32(0.55))
        u = 2 * (s + left) / max(left + right, 1e-3) - 1
        inside = (u > band.across[0]) & (u < band.across[1])
        factor = factor * (1 + band.change * inside * np.exp(-(((t - middle) / band.width) ** 2)))
    return factor


def bone_integral(grid: Grid, pieces: Sequence[Piece], trabeculae: FloatArray) -> FloatArray:
    """Return what bones add to the line integral of the flesh that they displace.

    Args:
        trabeculae: shape (height, width), relative density about 1.

    Returns:
        float32, shape (height, width), dimensionless.
    """
    total = np.zeros((grid.height, grid.width), np.float32)
    mu = ATTENUATION
    for piece in pieces:
        found = grid.local(piece)
        if found is None:
            continue
        rows, columns, t, s = found
        outer, inner, filling = path_lengths(piece, t, s)
        spongy = filling * trabeculae[rows, columns]
        content = mu["marrow"] + (mu["cancellous"] - mu["marrow"]) * spongy
        total[rows, columns] += (
            mu["cortical"] * (outer - inner) + content * inner - mu["muscle"] * outer
        )
    return total


def flesh_integral(grid: Grid, pieces: Sequence[Piece], fibres: FloatArray) -> FloatArray:
    """Return the line integral of the flesh alone.

    Bodies that meet or overlap are blended by a norm (palm and fingers are one), not
    summed. The shapes and units are those of `bone_integral`.
    """
    power = 4.0
    fat = np.zeros((grid.height, grid.width), np.float32)
    muscle = np.zeros_like(fat)
    for piece in pieces:
        found = grid.local(piece)
        if found is None:
            continue
        rows, columns, t, s = found
        outer, inner, _ = path_lengths(piece, t, s)
        fat[rows, columns] += outer**power
        muscle[rows, columns] += inner**power
    thick: NDArray[np.float32] = fat ** np.float32(1 / power)
    core = np.minimum(muscle ** np.float32(1 / power), thick)
    core = cv2.GaussianBlur(core, (0, 0), 2.0)
    mu = ATTENUATION
    return np.asarray(mu["fat"] * thick + (mu["muscle"] - mu["fat"]) * core * fibres, np.float32)
