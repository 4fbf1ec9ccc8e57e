"""The ground beneath a building, from the open ground around it: a plane that nothing lifts.

First through the low samples of each part of the surroundings, then through all that lie near: weights
fall with the residual (Geman and McClure), the scale going from metres to that of the noise (graduated
non-convexity: Blake and Zisserman 1987). What stands above the plane loses weight sooner than what lies
below: trees, cars and roofs that nobody drew stand on the ground.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from geoseg.kernels.jit import inner_jit

Vector = NDArray[np.float64]

MOST_SAMPLES = 400
"""Samples of open ground that a plane is fitted to, evenly among all there are."""
FEWEST_SAMPLES = 24
"""A ring with fewer is made wider."""
CELLS = 4
"""Parts of the surroundings along each side."""
FEWEST_IN_CELL = 6
"""Samples that a part must have to tell how low it is."""
LOW_IN_CELL = 0.1
"""Share of its samples below that."""
COARSE_M = np.array([8.0, 4.0, 2.0, 1.0, 1.0])
"""Residuals of this size have a quarter of the full weight, step by step, for the parts."""
FINE_M = np.array([1.0, 0.7, 0.5, 0.4, 0.35, 0.35, 0.35])
"""And then for the samples, above and below alike."""
NEAR_M = 0.5
"""Samples no farther from the plane than this are ground."""
LEAST_SHARE = 0.05
"""Of the samples, that must be ground for the plane to count."""
LEAST_SLOPE_PULL = 1e-6
"""Keeps the equations solvable where all samples lie on a line: the plane is level across it then."""


@inner_jit
def fit_plane(x: Vector, y: Vector, z: Vector, far: float) -> tuple[float, float, float, int]:
    """Height at the origin, slopes along x and y, and how many samples lie near the plane.

    Args:
        x: (n,) samples to the right of the origin.
        y: (n,) samples below it.
        z: (n,) metres.
        far: What to divide x and y by, for numbers of size one.
    """
    cx, cy, cz = _low_parts(x, y, z, far)
    if len(cz) < CELLS:
        cx, cy, cz = x, y, z
    a, bx, by = _weighted(cx, cy, cz, np.ones(len(cz)), far)
    for scale in COARSE_M:
        a, bx, by = _again(cx, cy, cz, (a, bx, by), (scale, 2 * scale), far)
    for scale in FINE_M:
        a, bx, by = _again(x, y, z, (a, bx, by), (scale, scale), far)
    near = 0
    for k in range(len(z)):
        if abs(z[k] - a - bx * x[k] - by * y[k]) <= NEAR_M:
            near += 1
    return a, bx, by, near


@inner_jit
def _again(
    x: Vector,
    y: Vector,
    z: Vector,
    plane: tuple[float, float, float],
    scales: tuple[float, float],
    far: float,
) -> tuple[float, float, float]:
    """The plane anew, with weights by the residuals of the one before, above it and below it."""
    weights = np.empty(len(z))
    for k in range(len(z)):
        r = z[k] - plane[0] - plane[1] * x[k] - plane[2] * y[k]
        c = scales[0] if r > 0 else scales[1]
        weights[k] = (c * c / (c * c + r * r)) ** 2
    return _weighted(x, y, z, weights, far)


@inner_jit
def _low_parts(x: Vector, y: Vector, z: Vector, far: float) -> tuple[Vector, Vector, Vector]:
    """Middle and low height of each part of the surroundings."""
    cell = np.empty(len(z), np.int64)
    for k in range(len(z)):
        col = min(max(int((x[k] / far + 1) / 2 * CELLS), 0), CELLS - 1)
        row = min(max(int((y[k] / far + 1) / 2 * CELLS), 0), CELLS - 1)
        cell[k] = row * CELLS + col
    out, n = np.empty((3, CELLS * CELLS)), 0
    for one in range(CELLS * CELLS):
        mine = cell == one
        if mine.sum() >= FEWEST_IN_CELL:
            low = np.sort(z[mine])
            out[0, n], out[1, n] = x[mine].mean(), y[mine].mean()
            out[2, n] = low[int(LOW_IN_CELL * len(low))]
            n += 1
    return out[0, :n], out[1, :n], out[2, :n]


@inner_jit
def _weighted(
    x: Vector, y: Vector, z: Vector, weights: Vector, far: float
) -> tuple[float, float, float]:
    """The plane of least weighted squares."""
    w = sx = sy = sz = 0.0
    for k in range(len(z)):
        w += weights[k]
        sx += weights[k] * x[k]
        sy += weights[k] * y[k]
        sz += weights[k] * z[k]
    mx, my, mz = sx / w, sy / w, sz / w
    xx = yy = w * LEAST_SLOPE_PULL * far * far
    xy = xz = yz = 0.0
    for k in range(len(z)):
        dx, dy, dz = x[k] - mx, y[k] - my, z[k] - mz
        xx += weights[k] * dx * dx
        yy += weights[k] * dy * dy
        xy += weights[k] * dx * dy
        xz += weights[k] * dx * dz
        yz += weights[k] * dy * dz
    det = xx * yy - xy * xy
    bx = (yy * xz - xy * yz) / det
    by = (xx * yz - xy * xz) / det
    return mz - bx * mx - by * my, bx, by
