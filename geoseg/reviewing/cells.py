"""The observed ground in square cells: what plots are drawn from."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geoseg.earth.reproject import densify, reproject
from geoseg.errors import UsageError
from geoseg.reviewing.population import Population
from geoseg.vectors.observed import observed_m2, observed_parts
from geoseg.vectors.polygons import sound
from geoseg.vectors.within import OUTSIDE

BUILDINGS_WANTED = 8
"""In a plot of middling density: two minutes' work. Twice as many in a plot tell hardly more."""
LOOK_M = 100.0
"""Side of the squares by which the density is found."""
SIDES_M = (30.0, 300.0)
"""Plots are not made smaller or larger by themselves."""
LEAST_SIDE_M = 15.0
"""Nor smaller than this where the ground is small: a plot must hold a house."""
CELLS_PER_PLOT = 4
"""Cells to choose from, at least, where the ground allows."""
MOST_CELLS = 1_000_000
"""More are refused."""
PAD_M = 1.0
"""Room around the ground's box: edges that are straight in one CRS bow in another."""


@dataclass(frozen=True, slots=True)
class Cells:
    """Cells with observed ground; together they are all of it."""

    shapes: NDArray[np.object_]
    """(n,) the observed part of each, in the CRS of the buildings."""
    area_m2: NDArray[np.float64]
    """(n,) its geodesic area."""
    count: NDArray[np.int64]
    """(n,) predicted buildings whose representative point lies there."""
    confidence: NDArray[np.float64]
    """(n,) their mean confidence; NaN where none has one."""
    side_m: float
    """Side of a whole cell."""


def plot_side_m(xy: NDArray[np.float64], ground_m2: float, plots: int) -> float:
    """Side of plots that hold about BUILDINGS_WANTED where there are buildings.

    Args:
        xy: (n, 2) buildings on the plane, metres.
        ground_m2: Area of the ground.
        plots: How many will be drawn.
    """
    side = LOOK_M
    if len(xy):
        _, counts = np.unique(np.floor(xy / LOOK_M), axis=0, return_counts=True)
        side = LOOK_M * math.sqrt(BUILDINGS_WANTED / float(np.median(counts)))
        side = min(max(5 * round(side / 5), SIDES_M[0]), SIDES_M[1])
    enough = math.sqrt(ground_m2 / (CELLS_PER_PLOT * plots))
    return max(min(side, enough), LEAST_SIDE_M)


def cut_cells(population: Population, plots: int, side_m: float | None = None) -> Cells:
    """Cut the ground.

    Whole cells span the box of the ground, so their sides differ a little from what was asked for.

    Raises:
        UsageError: there would be too many, or too few for the plots.
    """
    outline = densify(np.array([population.ground], dtype=object), population.crs)
    outline = reproject(outline, population.crs, population.plane)
    xy = population.on_plane(population.points)
    side = side_m or plot_side_m(xy, float(shapely.area(outline[0])), plots)
    roomy = shapely.buffer(outline[0], PAD_M)
    shapely.prepare(roomy)
    left, bottom, right, top = shapely.bounds(roomy)
    cols, rows = max(1, round((right - left) / side)), max(1, round((top - bottom) / side))
    if cols * rows > MOST_CELLS:
        raise UsageError(
            f"plots of {side:g} m would make {cols * rows:,} cells; at most {MOST_CELLS:,} are allowed, "
            "take larger ones by --plot-size"
        )
    size = np.array([(right - left) / cols, (top - bottom) / rows])
    row, col = (axis.ravel() for axis in np.mgrid[:rows, :cols])
    corner = np.column_stack([col, row]) * size + [left, bottom]
    boxes = shapely.box(*corner.T, *(corner + size).T)
    met = shapely.intersects(roomy, boxes)
    placed = sound(reproject(boxes[met], population.plane, population.crs))
    parts = observed_parts(placed, population.ground)
    area_m2 = observed_m2(parts, population.crs)
    real = area_m2 > 0
    cells = np.flatnonzero(met)[real]
    at = np.floor((xy - [left, bottom]) / size).astype(np.int64)
    inside = ((at >= 0) & (at < [cols, rows])).all(axis=1)
    number = np.where(inside, at[:, 1] * cols + at[:, 0], OUTSIDE)
    count, confidence = _tally(number, cells, population.confidence)
    return Cells(parts[real], area_m2[real], count, confidence, float(math.sqrt(size.prod())))


def _tally(
    number: NDArray[np.int64], cells: NDArray[np.intp], confidence: NDArray[np.float64] | None
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Buildings and mean confidence of each of the cells, whose numbers rise."""
    place = np.minimum(np.searchsorted(cells, number), len(cells) - 1)
    hit = cells[place] == number
    count = np.bincount(place[hit], minlength=len(cells))
    mean = np.full(len(cells), np.nan)
    if confidence is not None:
        known = hit & np.isfinite(confidence)
        of_cell = np.bincount(place[known], minlength=len(cells))
        sums = np.bincount(place[known], weights=confidence[known], minlength=len(cells))
        np.divide(sums, of_cell, out=mean, where=of_cell > 0)
    return count, mean
