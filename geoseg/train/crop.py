"""A crop: what a network learns from at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Crop:
    """A square cut from a scene and resampled."""

    image: NDArray[np.uint8]
    """(crop, crop, 3)."""
    labels: NDArray[np.uint16]
    """(crop, crop)."""
    ignore: NDArray[np.uint8]
    """(crop, crop), 1 where unknown."""
    blobs: bool
