"""Noise with the statistics of natural surfaces: every octave half as strong as the coarser one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np

if TYPE_CHECKING:
    from numpy.random import Generator
    from numpy.typing import NDArray


def fractal_noise(
    rng: Generator, side_px: int, *, coarsest_px: float, octaves: int
) -> NDArray[np.float32]:
    """(side, side) of mean 0 and standard deviation 1."""
    total = np.zeros((side_px, side_px), np.float32)
    for octave in range(octaves):
        cell_px = max(1.0, coarsest_px / 2**octave)
        cells = int(np.ceil(side_px / cell_px)) + 2
        values = rng.standard_normal((cells, cells), np.float32)
        whole = round(cells * cell_px)
        smooth = cv2.resize(values, (whole, whole), interpolation=cv2.INTER_CUBIC)
        total += smooth[:side_px, :side_px] / 2**octave
    level: NDArray[np.float32] = (total - total.mean()) / (total.std() + np.float32(1e-6))
    return level


def chance(rng: Generator, share: float) -> bool:
    """True in ``share`` of all cases."""
    return bool(rng.random() < share)
