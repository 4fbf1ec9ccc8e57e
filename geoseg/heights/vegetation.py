"""Where plants grow, from red and near infrared: treetops that a network takes for roofs.

NDVI = (infrared - red) / (infrared + red) (Rouse et al. 1974, Monitoring vegetation systems in the Great
Plains with ERTS). The numbers of an orthophoto are no reflectances, so no more is asked of it than
whether it exceeds a low limit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.export.layer import horizontal_crs
from geoseg.heights.burning import above_inside, edges_of
from geoseg.heights.places import Place, Placing, boxes_of, places
from geoseg.heights.store import Footprints
from geoseg.heights.surface import sampled, stride_of
from geoseg.raster.bands import red_and_infrared
from geoseg.raster.source import Source, inspect, open_dataset
from geoseg.raster.spectrum import band_signs
from geoseg.types import Window

GREEN_NDVI = 0.2
"""Plants, thin ones too, lie above: the limit of the United States Geological Survey, *NDVI, the
foundation for remote sensing phenology*."""
GreenBands = tuple[tuple[int, int] | None, ...]
"""Of every raster the numbers of red and near infrared; None where no band sees near infrared."""


@dataclass(frozen=True, slots=True)
class Photo:
    """A raster whose bands of red and near infrared are known, open."""

    source: Source
    """Which bands of it are read, and where it lies."""
    dataset: Any
    """The open raster."""

    @property
    def crs(self) -> CRS:
        """Its horizontal CRS."""
        return horizontal_crs(self.source.crs)

    @property
    def stride(self) -> int:
        """Every so many pixels one is used."""
        return stride_of(self.source)

    def read(self, window: Window, step: int) -> NDArray[np.float64]:
        """NDVI at every ``step``-th row and column of a window; NaN where unknown.

        Raises:
            UnreadableRasterError: a block cannot be read.
        """
        return sampled(self.dataset, self.source, window, step, ndvi)


def ndvi(pixels: NDArray[Any]) -> NDArray[np.float64]:
    """(rows, columns) -1..1 of (2, rows, columns) red and infrared; NaN where both are 0 or below."""
    red, infrared = pixels.astype(np.float64)
    both = red + infrared
    index: NDArray[np.float64] = np.full(both.shape, np.nan)
    np.divide(infrared - red, both, out=index, where=both > 0)
    return index


def bands_of(sources: Iterable[Source], wanted: int | None) -> GreenBands:
    """Red and near infrared; ``wanted``: the latter's number, None: as each raster states.

    Raises:
        UsageError: a raster has no band ``wanted``.
    """
    found = []
    for source in sources:
        with open_dataset(source.path) as dataset:
            signs, colors = band_signs(dataset), dataset.colorinterp
            found.append(red_and_infrared(source.name, colors, wanted, signs))
    return tuple(found)


def green_share(
    footprints: Footprints, sources: Sequence[Source], bands: GreenBands
) -> NDArray[np.float64]:
    """(rows,) share of each footprint's samples that are green; NaN where nothing is known.

    Raises:
        UnreadableRasterError: a block cannot be read.
    """
    counts = np.zeros((footprints.rows, 2))
    for source, pair in zip(sources, bands, strict=True):
        if pair is not None:
            with _opened(source, pair) as photo:
                _count(footprints, photo, counts)
    known = counts[:, 0]
    share: NDArray[np.float64] = np.full(len(known), np.nan)
    np.divide(counts[:, 1], known, out=share, where=known > 0)
    return share


@contextmanager
def _opened(source: Source, pair: tuple[int, int]) -> Iterator[Photo]:
    red, infrared = pair
    with open_dataset(source.path) as dataset:
        yield Photo(inspect(source.path, [red, infrared, infrared]), dataset)


def _count(footprints: Footprints, photo: Photo, counts: NDArray[np.float64]) -> None:
    """Add each footprint's samples that are known, and that are green."""
    placing = Placing(footprints.crs, photo)
    for place in places(boxes_of(footprints, placing), photo, 0):
        counts[place.wanted] += _counted(footprints, photo, place, placing)


def _counted(
    footprints: Footprints, photo: Photo, place: Place, placing: Placing
) -> NDArray[np.float64]:
    window, step = place.window, place.step
    edges, starts = edges_of(placing(footprints.take(place.wanted)))
    offset = np.array([window.col_off + 0.5, window.row_off + 0.5] * 2)
    found = np.zeros((len(place.wanted), 2))
    above_inside(photo.read(window, step), GREEN_NDVI, (edges - offset) / step, starts, found)
    return found
