"""A surface or terrain model: its numbers as metres, holes as NaN, read window by window."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.errors import UnreadableRasterError, UnsupportedRasterError, UsageError
from geoseg.export.layer import horizontal_crs
from geoseg.heights.units import unit_m
from geoseg.raster.given import Raster, raster_names
from geoseg.raster.pixels import read_native
from geoseg.raster.sampling import sample_windows
from geoseg.raster.source import Source, inspect, open_dataset
from geoseg.types import HeightUnit, Window

Heights = NDArray[np.float64]
"""(height, width) metres; NaN where nothing is known."""
LOWEST_M, HIGHEST_M = -1000.0, 10_000.0
"""No ground and no roof lies beyond: such numbers are holes that nobody marked."""
FINEST_M = 0.2
"""Finer pixels tell nothing more of a building: of such surfaces every n-th pixel is read."""
APART_M, NEAR_SHARE = 20.0, 0.005
"""Where fewer of all other numbers than this share lie so near to the number 0, it is no height: somebody filled holes."""
SAMPLES_PER_SIDE = 8
"""Places along a side that are looked at for that."""
SLAB_PX = 1 << 22
"""Pixels that are read at a time where not all are kept."""


@dataclass(frozen=True, slots=True)
class Surface:
    """One raster of heights, open."""

    source: Source
    """What it holds and where it lies."""
    crs: CRS
    """Its horizontal CRS."""
    scale: float
    """Metres per unit of its numbers."""
    offset: float
    """Metres of the number 0."""
    filled: bool
    """True where the number 0 stands for holes that nobody marked."""
    notes: tuple[str, ...]
    """What to tell of its unit and holes, if anything."""
    dataset: Any
    """The open raster."""

    @property
    def name(self) -> str:
        """How messages name it."""
        return self.source.name

    @property
    def stride(self) -> int:
        """Every so many pixels one is used."""
        return stride_of(self.source)

    def read(self, window: Window, step: int = 1) -> Heights:
        """Every ``step``-th row and column of a window, which may reach beyond the raster.

        Returns:
            (ceil(height / step), ceil(width / step)), from the window's first pixel on.

        Raises:
            UnreadableRasterError: a block cannot be read.
        """
        return sampled(self.dataset, self.source, window, step, self._metres)

    def _metres(self, pixels: NDArray[Any]) -> Heights:
        numbers: Heights = pixels[0] * self.scale + self.offset
        numbers[(numbers < LOWEST_M) | (numbers > HIGHEST_M)] = np.nan
        if self.filled:
            numbers[pixels[0] == 0] = np.nan
        return numbers


def stride_of(source: Source) -> int:
    """Every so many pixels one is used: 1 unless they are very fine."""
    pixel = source.pixel
    return max(1, math.floor(FINEST_M / max(pixel.col_m, pixel.row_m) + 1e-9))


def sampled(
    dataset: Any,  # noqa: ANN401 - rasterio is untyped
    source: Source,
    window: Window,
    step: int,
    number: Callable[[NDArray[Any]], NDArray[np.float64]],
) -> NDArray[np.float64]:
    """Numbers at every ``step``-th row and column of a window, which may reach beyond the raster.

    Args:
        dataset: The open raster.
        source: Which bands of it are read.
        window: Where, pixels.
        step: Pixels between samples.
        number: From pixels (bands, rows, columns) to numbers (rows, columns).

    Returns:
        (ceil(height / step), ceil(width / step)), from the window's first pixel on; NaN where nothing
        is valid.

    Raises:
        UnreadableRasterError: a block cannot be read.
    """
    out = np.full((-(-window.height // step), -(-window.width // step)), np.nan)
    inside = window.intersection(source.window)
    if inside is None:
        return out
    rows = max(step, SLAB_PX // inside.width // step * step)
    # Slabs begin on rows that are kept.
    first = window.row_off + -(-(inside.row_off - window.row_off) // step) * step
    shift = -(inside.col_off - window.col_off) % step
    col = (inside.col_off + shift - window.col_off) // step
    for row_off in range(first, inside.row_end, rows):
        slab = Window(row_off, inside.col_off, min(rows, inside.row_end - row_off), inside.width)
        pixels, valid = read_native(dataset, source, slab)
        known = valid[::step, shift::step]
        numbers = np.where(known, number(pixels[:, ::step, shift::step]), np.nan)
        row = (row_off - window.row_off) // step
        out[row : row + numbers.shape[0], col : col + numbers.shape[1]] = numbers
    return out


@contextmanager
def opened(
    raster: Raster,
    role: str,
    height_unit: HeightUnit | None = None,
    *,
    above_ground: bool = False,
) -> Iterator[Surface]:
    """Open a surface.

    Args:
        raster: A file, VRT or address, or an open dataset of rasterio.
        role: What it is, for messages: "the surface model (--dsm)".
        height_unit: The unit of its numbers; None: as it states, else metres.
        above_ground: They are heights above ground, of which 0 is one.

    Raises:
        UnreadableRasterError: it cannot be opened.
        UnsupportedRasterError: it has no band or CRS, or holds a picture.
        UsageError: ``height_unit`` is no unit, or several rasters are given.
    """
    names = raster_names(raster)
    if len(names) != 1:
        raise UsageError(
            f"{role} is one raster, and {len(names)} are given; join them, for example with "
            "gdalbuildvrt surface.vrt *.tif"
        )
    with open_dataset(names[0]) as dataset:
        surface = _described(names[0], dataset, role, height_unit)
        yield surface if above_ground else _without_filled(surface)


def _described(path: str, dataset: Any, role: str, height_unit: HeightUnit | None) -> Surface:  # noqa: ANN401
    if dataset.count == 0:
        raise UnsupportedRasterError(
            f"{path} has no band to take as {role}; name one of its subdatasets, which gdalinfo lists"
        )
    source = inspect(path, [1])
    if source.count > 1:
        raise UnsupportedRasterError(
            f"{path} has {source.count} bands and looks like a picture; {role} has one, with heights"
        )
    if source.item_bytes == 1:
        raise UnsupportedRasterError(
            f"{path} holds 8 bits, as a picture or hillshade does; {role} holds heights, as 32-bit "
            "floats or 16-bit numbers"
        )
    metres, note = unit_m(source.name, source.crs, dataset.units[0], height_unit)
    scale, offset = float(dataset.scales[0]), float(dataset.offsets[0])
    crs = horizontal_crs(source.crs)
    notes = () if note is None else (note,)
    return Surface(
        source, crs, metres * scale, metres * offset, filled=False, notes=notes, dataset=dataset
    )


def _without_filled(surface: Surface) -> Surface:
    """The same without the number 0, where that lies far from all heights around."""
    looks = [np.zeros((0, 0)), *_looks(surface)]
    seen = np.concatenate([look[np.isfinite(look)] for look in looks])
    above = np.abs(seen - surface.offset)
    zero = above == 0
    near = np.count_nonzero((above < APART_M) & ~zero)
    if not zero.any() or zero.all() or near > NEAR_SHARE * np.count_nonzero(~zero):
        return surface
    note = (
        f"{surface.name}: the number 0, {zero.mean():.1%} of what was looked at, lies {APART_M:g} m and more "
        "from the other heights; it is taken for holes that are not marked as nodata"
    )
    return replace(surface, filled=True, notes=(*surface.notes, note))


def _looks(surface: Surface) -> Iterator[Heights]:
    """Heights here and there; whether what cannot be read is needed is seen later."""
    source = surface.source
    for window in sample_windows(source.height, source.width, SAMPLES_PER_SIDE):
        with suppress(UnreadableRasterError):
            yield surface.read(window)
