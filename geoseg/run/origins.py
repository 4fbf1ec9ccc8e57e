"""Which raster shows a place, and when it was taken."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoseg.raster import Mosaic


@dataclass(frozen=True, slots=True)
class Origins:
    """Names and days of a mosaic's rasters, looked up once."""

    mosaic: Mosaic
    """The rasters."""
    names: tuple[str, ...]
    """Theirs."""
    dates: tuple[str | None, ...]
    """The day of each; None where it states none."""

    @classmethod
    def of(cls, mosaic: Mosaic, date: str | None) -> Self:
        """With a day for all of them; None: as each raster states it."""
        names = tuple(mosaic.names)
        stated = mosaic.image_dates if date is None else dict.fromkeys(names, date)
        return cls(mosaic, names, tuple(stated[name] for name in names))

    def columns(self, points: NDArray[np.object_]) -> dict[str, list[str | None]]:
        """Columns ``source`` and ``image_date`` of (n,) points in pixels of the grid."""
        cols, rows = np.floor(shapely.get_coordinates(points)).astype(int).T
        indices = self.mosaic.indices_at(rows, cols)
        return {
            "source": [self.names[i] for i in indices],
            "image_date": [self.dates[i] for i in indices],
        }
