"""From a raster's numbers to eight bits, by one stretch for the whole mosaic.

A stretch per tile would make one roof look different in two tiles; so the limits come from pixels
sampled all over the mosaic, once, and go into the result's metadata.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoseg.errors import UsageError

LOW_PERCENT, HIGH_PERCENT = 2.0, 98.0


@dataclass(frozen=True, slots=True)
class Stretch:
    """Linear from ``low`` (0) to ``high`` (255), clipped, rounded."""

    low: float
    """Becomes 0, in the raster's unit."""
    high: float
    """Becomes 255, in the raster's unit."""

    def __post_init__(self) -> None:
        if not (np.isfinite([self.low, self.high]).all() and self.low < self.high):
            raise UsageError(
                f"stretch {self.low:g},{self.high:g}: give two numbers, the lower one first, "
                "such as 200,2800"
            )

    def apply(self, pixels: NDArray[Any]) -> NDArray[np.uint8]:
        """Stretch pixels of any shape; each result depends on its own pixel alone."""
        if pixels.dtype == np.uint16:
            table: NDArray[np.uint8] = self._of(np.arange(1 << 16))
            return np.asarray(table[pixels])
        return self._of(pixels)

    def _of(self, pixels: NDArray[Any]) -> NDArray[np.uint8]:
        scaled = pixels.astype(np.float32)
        with np.errstate(over="ignore"):  # by fills such as -3.4e38, which no one will see
            scaled -= np.float32(self.low)
            scaled *= np.float32(255 / (self.high - self.low))
        np.nan_to_num(scaled, copy=False)
        np.clip(scaled, 0, 255, out=scaled)
        return np.rint(scaled, out=scaled).astype(np.uint8)


def percentile_stretch(samples: NDArray[Any]) -> Stretch:
    """The stretch from the 2nd to the 98th percentile of ``samples`` (bands, n), all valid.

    Pixels that are 0 in every band are left out: more often than not they are a frame that nobody
    marked as nodata.
    """
    lit = samples.any(axis=0)
    samples = samples[:, lit] if lit.any() else samples
    low, high = np.percentile(samples.astype(np.float64), [LOW_PERCENT, HIGH_PERCENT])
    # A raster of one value is flat whatever its stretch.
    return Stretch(float(low), float(high if high > low else low + 1))
