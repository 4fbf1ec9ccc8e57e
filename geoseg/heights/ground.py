"""The ground beneath a building, from the open ground around it: a plane that nothing lifts.

A least-squares plane whose weights fall with the residual (Geman and McClure), the scale going from
metres to that of the noise (graduated non-convexity: Blake and Zisserman 1987). On the way, what stands
above the plane loses weight sooner than what lies below: trees, cars and walls stand on the ground.
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
SCALES_M = np.array([8.0, 4.0, 2.0, 1.0, 0.6, 0.4, 0.35, 0.35, 0.35])
"""Residuals of this size have a quarter of the full weight, step by step."""
EVEN_FROM = 5
"""From this step on, above and below weigh alike."""
NEAR_M = 0.5
"""Samples no farther from the plane than this are ground."""
LEAST_SHARE = 0.2
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
    weights = np.ones(len(z))
    a, bx, by = _weighted(x, y, z, weights, far)
    for step in range(len(SCALES_M)):
        scale = SCALES_M[step] * SCALES_M[step]
        below = scale if step >= EVEN_FROM else 4 * scale
        for k in range(len(z)):
            r = z[k] - a - bx * x[k] - by * y[k]
            c = scale if r > 0 else below
            weights[k] = (c / (c + r * r)) ** 2
        a, bx, by = _weighted(x, y, z, weights, far)
    near = 0
    for k in range(len(z)):
        if abs(z[k] - a - bx * x[k] - by * y[k]) <= NEAR_M:
            near += 1
    return a, bx, by, near


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
