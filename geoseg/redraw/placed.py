"""Drawn outlines back in the layer's CRS, where they are a clean layer to the last bit.

Rounding, and walls that are straight on a plane but not in degrees, can make outlines cross that
did not before. Groups in which that happens come back as they were given.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import shapely

from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons
from geoseg.shaping.clean import partition, unclean, unite
from geoseg.shaping.nodes import with_common_nodes
from geoseg.shaping.pairs import bits, number_pairs
from geoseg.shaping.plane import Plane

RAW = "raw"
"""How outlines are drawn that come back as they were given."""
GRID = 2.0**-12
"""Spacing, in pixels and about, of the grid for what is not clean even as it was given."""


@dataclass(frozen=True, slots=True)
class Outlines:
    """Polygons on their way into the rows of a layer."""

    polygons: Polygons
    """(n,) polygons."""
    shapes: Polygons
    """(n,) how each was drawn."""
    row: Ints
    """(n,) the row of each."""
    group: Ints
    """(n,) numbers of the groups of polygons that lie near each other."""

    def where(self, chosen: Bools) -> Self:
        """Some of them."""
        return type(self)(
            self.polygons[chosen], self.shapes[chosen], self.row[chosen], self.group[chosen]
        )

    def __add__(self, other: Self) -> Self:
        return type(self)(
            np.append(self.polygons, other.polygons),
            np.append(self.shapes, other.shapes),
            np.append(self.row, other.row),
            np.append(self.group, other.group),
        )


@dataclass(frozen=True, slots=True)
class Placement:
    """The way from pixels back to the CRS: vertices that have not moved come back to the last bit."""

    plane: Plane
    """For all others."""
    pixels: Floats
    """(n, 2) the vertices given, in pixels."""
    given: Floats
    """(n, 2) the same in the CRS."""

    def __call__(self, polygons: Polygons) -> Polygons:
        """(n,) polygons in the CRS."""
        xy = shapely.get_coordinates(polygons)
        number, place = number_pairs(*bits(np.vstack([self.pixels, xy])))
        source = place[number[len(self.pixels) :]]
        known = source < len(self.pixels)
        placed = np.empty_like(xy)
        placed[known] = self.given[source[known]]
        placed[~known] = self.plane.backward(xy[~known])
        return np.asarray(shapely.set_coordinates(polygons.copy(), placed))

    @property
    def grid(self) -> float:
        """Spacing of a fine grid whose points are exact, units of the CRS."""
        return float(2.0 ** np.floor(np.log2(GRID * self.plane.pixel)))


def place(drawn: Outlines, raw: Outlines, placement: Placement) -> Outlines:
    """Drawn outlines in the CRS, which are a clean layer there.

    Where the groups' outlines clash they come back raw, and where these clash too, rounded to a grid
    that grows until they do not.

    Args:
        drawn: In pixels.
        raw: The same groups in pixels, before they were drawn.
        placement: The way to the CRS.
    """
    level = np.zeros(int(raw.group.max()) + 1, dtype=np.int64)
    first = _placed(drawn, placement)
    now = first
    while (bad := unclean(now.polygons)).any():
        level[np.unique(now.group[bad])] += 1
        back = _placed(raw, placement)
        rounded = back.where(level[back.group] > 1)
        now = first.where(level[first.group] == 0) + back.where(level[back.group] == 1)
        if len(rounded.row):
            now += _rounded(rounded, placement.grid * 2.0 ** int(level.max() - 2))
    polygons, source = unite(
        with_common_nodes(now.polygons), now.row
    )  # drawn walls may have fallen together
    return Outlines(polygons, now.shapes[source], now.row[source], now.group[source])


def _placed(some: Outlines, placement: Placement) -> Outlines:
    return Outlines(placement(some.polygons), some.shapes, some.row, some.group)


def _rounded(some: Outlines, grid: float) -> Outlines:
    whole = shapely.make_valid(some.polygons, method="structure", keep_collapsed=False)
    polygons, source = partition(whole, some.row, grid)
    return Outlines(polygons, some.shapes[source], some.row[source], some.group[source])
