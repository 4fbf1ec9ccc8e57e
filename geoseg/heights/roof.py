"""How steep and how even a roof is: planes through small patches of its inner surface."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from geoseg.kernels.jit import inner_jit

FEWEST_PATCHES = 3
"""Fewer tell nothing of a roof."""


@inner_jit
def planes(
    z: NDArray[np.float64], inner: NDArray[np.uint8], half: int, col_m: float, row_m: float
) -> tuple[float, float]:
    """Median slope (1 is 45 degrees) and median roughness, metres, of the patches; NaN: too few.

    Args:
        z: (rows, columns) metres, NaN where unknown.
        inner: (rows, columns) 1 where a patch may lie.
        half: Patches are 2 half + 1 samples wide; they begin every half of that half.
        col_m: Metres between columns.
        row_m: Metres between rows.
    """
    rows, cols = z.shape
    step = max(1, half // 2)
    most = (rows // step + 1) * (cols // step + 1)
    slopes, roughs, n = np.empty(most), np.empty(most), 0
    for i in range(half, rows - half, step):
        for j in range(half, cols - half, step):
            if inner[i, j]:
                slope, rough = _patch(z, inner, i, j, half, col_m, row_m)
                if not math.isnan(slope):
                    slopes[n], roughs[n] = slope, rough
                    n += 1
    if n < FEWEST_PATCHES:
        return math.nan, math.nan
    return float(np.median(slopes[:n])), float(np.median(roughs[:n]))


@inner_jit
def _patch(
    z: NDArray[np.float64],
    inner: NDArray[np.uint8],
    row: int,
    col: int,
    half: int,
    col_m: float,
    row_m: float,
) -> tuple[float, float]:
    """Slope and root mean square of the residuals of the plane through one patch; NaN: it has holes."""
    base = z[row, col]
    total = along = down = squares = 0.0
    for i in range(-half, half + 1):
        for j in range(-half, half + 1):
            if not inner[row + i, col + j]:
                return math.nan, math.nan
            d = z[row + i, col + j] - base
            total += d
            along += j * d
            down += i * d
            squares += d * d
    side = 2 * half + 1
    count = side * side
    spread = side * half * (half + 1) * side / 3.0  # of the sum of i * i over the patch
    bx, by = along / spread, down / spread
    left = squares - total * total / count - spread * (bx * bx + by * by)
    return math.hypot(bx / col_m, by / row_m), math.sqrt(max(left, 0.0) / max(count - 3, 1))
