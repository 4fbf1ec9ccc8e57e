"""Over how many pixels the noise of a layer's outlines hangs together, told by the layer itself.

Along a straight wall the boundary of a mask errs by a smooth curve. Two of its points differ by
more the farther they lie apart, until they know nothing of each other (the variogram, Matheron
1963). For noise smoothed by a Gaussian of width s, half the mean square of the difference at a
distance h is ``variance * (1 - exp(-h**2 / (4 * s**2)))``, so two distances tell s.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import shapely

from geoseg.kernels.jit import inner_jit, jit
from geoseg.shaping.arcs import Arcs, build_arcs
from geoseg.shaping.arrays import Floats, Ints, Polygons
from geoseg.shaping.noise import MOST_STRETCH, residuals, usual_noise
from geoseg.shaping.segment import NO_ENDS, moments
from geoseg.shaping.simple import are_valid
from geoseg.shaping.walls import cut_freely

if TYPE_CHECKING:
    from geoseg.shaping.settings import RegularizeSettings

NEAR_PX, FAR_PX = 3.0, 9.0
"""The two distances."""
LONG_PX = 24.0
"""Shorter walls follow the noise too well to show it."""
ENOUGH = 400
"""About so many outlines are looked at."""
FEWEST = 400
"""Fewer pairs of points tell nothing."""
STRAIGHT_PX2 = 0.01
"""Mean squared distance from its line below which a wall was drawn with a ruler."""
STAIRS_PX2 = 0.06
"""What a staircase of pixels adds at either distance, square pixels."""
WIDTHS_PX = np.array([1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 5.0, 6.0])
"""Widths to tell apart."""


class LayerNoise(NamedTuple):
    """How the outlines of a layer err about the true walls."""

    correlation_px: float
    """Width of the Gaussian that seems to have smoothed the noise."""
    noise_px: float | None
    """Its usual standard deviation, pixels; None where it is lost in the staircases of pixels."""


def estimate_layer_noise(
    polygons: Polygons, group: Ints, settings: RegularizeSettings
) -> LayerNoise | None:
    """How the outlines of a layer seem to err, or None where they show no noise, or too few long walls.

    Looks at some of the groups, evenly spread, whatever their order.

    Args:
        polygons: (n,) polygons; those of one group form a valid coverage, in pixels.
        group: (n,) numbers of the groups.
        settings: Most that counts as noise.
    """
    chosen = _some(polygons, group)
    if len(chosen) == 0:
        return None
    number = np.unique(group[chosen], return_inverse=True)[1].astype(np.int64)
    arcs = build_arcs(shapely.normalize(polygons[chosen]), number)
    sums = np.empty((len(arcs.xy), 6))
    first, end, noise = cut_freely(arcs, number, settings, sums, MOST_STRETCH)
    width = correlation_width(arcs, sums, first, end)
    if width is None:
        return None
    return LayerNoise(width, usual_noise(noise, shapely.length(polygons[chosen])))


def _some(polygons: Polygons, group: Ints) -> Ints:
    """Polygons of enough groups, those of one group together."""
    bounds = shapely.bounds(polygons)
    sound = ~np.isin(group, group[~are_valid(polygons)])
    order = np.lexsort((*bounds.T[::-1], group))
    order = order[sound[order]]
    begin = np.flatnonzero(np.diff(group[order], prepend=-1))
    size = np.diff(np.append(begin, len(order)))
    ranked = np.lexsort(bounds[order[begin]].T[::-1])
    taken = ranked[:: max(1, len(order) // ENOUGH)]
    places = np.concatenate([np.arange(begin[i], begin[i] + size[i]) for i in taken] or [begin])
    return np.asarray(order[places])


def correlation_width(arcs: Arcs, sums: Floats, first: Ints, end: Ints) -> float | None:
    """Width of the Gaussian that seems to have smoothed the noise along walls, pixels.

    Args:
        arcs: The outlines.
        sums: Prefix sums of their samples, see ``segment.prefix_sums``.
        first: (a + 1,) first wall of each arc.
        end: (w,) vertex at which each wall ends.

    Returns:
        The width, or None where long walls are too few or show no noise. Where most were drawn with a
        ruler, the others do not show noise, but what was drawn.
    """
    if _are_ruled(sums, np.repeat(arcs.first[:-1], np.diff(first)), first, end):
        return None
    square, pairs = np.zeros(2), np.zeros(2)
    longest = int(np.diff(arcs.first).max())
    room = np.empty(longest), np.empty(longest)
    _variogram((arcs.xy, arcs.first), (sums, first, end), room, (square, pairs))
    if pairs.min() < FEWEST:
        return None
    near, far = square / pairs - STAIRS_PX2
    if near <= 0 or far <= STAIRS_PX2:
        return None
    shape = 1 - np.exp(-(np.array([NEAR_PX, FAR_PX]) ** 2) / (4 * WIDTHS_PX[:, None] ** 2))
    return float(np.interp(far / near, shape[:, 1] / shape[:, 0], WIDTHS_PX))


def _are_ruled(sums: Floats, start: Ints, first: Ints, end: Ints) -> bool:
    """Whether more than half the long walls are straight; ``start`` (w,) is where their arcs begin."""
    begin = np.append(0, end[:-1])
    heads = first[:-1][np.diff(first) > 0]
    begin[heads] = start[heads]
    weight, square = residuals(sums, begin, end)
    ruled = square[weight >= LONG_PX] < STRAIGHT_PX2
    return bool(2 * ruled.sum() > len(ruled))


@jit
def _variogram(
    arcs: tuple[Floats, Ints],
    walls: tuple[Floats, Ints, Ints],
    room: tuple[Floats, Floats],
    out: tuple[Floats, Floats],
) -> None:
    """Add half the squared differences at the two distances, and the number of pairs."""
    (xy, arc_first), (sums, first, end), (along, off), (square, pairs) = arcs, walls, room, out
    for arc in range(len(arc_first) - 1):
        i = arc_first[arc]
        x0, y0 = xy[i, 0], xy[i, 1]
        for wall in range(first[arc], first[arc + 1]):
            j = end[wall]
            w, x, y, _, d, c = moments(sums, i, j, NO_ENDS)
            if w >= LONG_PX:
                _look_along(xy, (i, j), (x + x0, y + y0, 0.5 * math.atan2(c, d)), along, off)
                for lag, distance in ((0, NEAR_PX), (1, FAR_PX)):
                    _add_pairs(along[: j - i], off[: j - i], distance, lag, square, pairs)
            i = j


@inner_jit
def _look_along(
    xy: Floats, span: tuple[int, int], line: tuple[float, float, float], along: Floats, off: Floats
) -> None:
    """Write places along a wall's line, and distances from it, of the middles of its edges."""
    (start, stop), (x, y, phi) = span, line
    ux, uy = math.cos(phi), math.sin(phi)
    if ux * (xy[stop, 0] - xy[start, 0]) + uy * (xy[stop, 1] - xy[start, 1]) < 0.0:
        ux, uy = -ux, -uy
    for i in range(start, stop):
        dx, dy = 0.5 * (xy[i, 0] + xy[i + 1, 0]) - x, 0.5 * (xy[i, 1] + xy[i + 1, 1]) - y
        along[i - start], off[i - start] = ux * dx + uy * dy, ux * dy - uy * dx


@inner_jit
def _add_pairs(
    along: Floats, off: Floats, distance: float, lag: int, square: Floats, pairs: Floats
) -> None:
    k = 0
    for i in range(len(along)):
        while k < len(along) and along[k] - along[i] < distance:
            k += 1
        if k == len(along):
            break
        square[lag] += 0.5 * (off[k] - off[i]) ** 2
        pairs[lag] += 1.0
