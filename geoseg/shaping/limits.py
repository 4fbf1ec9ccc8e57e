"""How far a drawn outline departs from the raw one, and how far it may."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
import shapely

from geoseg.kernels.jit import inner_jit, jit
from geoseg.shaping.apart import square_gap
from geoseg.shaping.arcs import OUTSIDE
from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons, runs
from geoseg.shaping.noise import stretch
from geoseg.shaping.simple import are_valid
from geoseg.vectors.shared import shared_area

if TYPE_CHECKING:
    from geoseg.shaping.arcs import Arcs
    from geoseg.shaping.settings import RegularizeSettings

PROBE_PX = 0.2
"""Spacing of the points at which a drawn outline is compared with the raw one."""
SINGLE = 2 / 3
"""A single drawing may go so much of the way that outlines may lie from the raw ones after all."""
LATER_ROOM = 2.0
"""Areas of drawings of drawings may depart by so much more than those of a single one: what that
brings near a limit, others take past it, in this run or in another."""
AREA_SHARE = 0.25
"""Errors along an outline cancel each other in its area, but for this share of the band, the larger
the longer noise hangs together."""
MOST_AREA_STRETCH = 1.5
"""Times that share, at most: beyond, polygons with areas far from those of tanks would pass for them."""
WINDOW = 4
"""Edges of a drawn arc, to either side, among which the nearest is sought."""
LEAST_SQUARE = 1e-300
"""Stands for the squared length of an edge that has none."""
DOUBT = 1.1
"""Areas are estimated along the arcs; nearer to the limit than this factor they are computed."""


@dataclass(frozen=True, slots=True)
class Departure:
    """Distances between drawn and raw arcs, pixels; written in place."""

    farthest: Floats
    """(a,) Hausdorff distance, or something less where that is below every limit."""
    band: Floats
    """(a,) area between the two, square pixels, estimated."""
    strays: Bools
    """(a,) True where a drawn arc leads farther from the raw one than is allowed outwards."""

    @classmethod
    def none(cls, arcs: int) -> Self:
        """Of arcs that nothing is known of yet."""
        return cls(np.zeros(arcs), np.zeros(arcs), np.zeros(arcs, dtype=np.bool_))

    def measure(
        self, arcs: Arcs, drawn: tuple[Floats, Ints], chosen: Ints, reach_px: float
    ) -> None:
        """Compare chosen arcs as drawn, vertices and where each begins, with the raw ones."""
        longest = int(np.diff(arcs.first).max(initial=0))
        room = np.empty(longest), np.empty(longest), np.empty(longest)
        out = self.farthest, self.band, self.strays
        _measure((arcs.xy, arcs.first), drawn, (chosen, reach_px), room, out)

    def of_polygons(self, arcs: Arcs, polygons: int) -> tuple[Floats, Floats]:
        """(polygons,) how far the arcs of each lead away at most, and (polygons,) what they span."""
        farthest = _of_polygons(np.maximum, self.farthest, arcs, polygons)
        return farthest, _of_polygons(np.add, self.band, arcs, polygons)


def exceeds_reach(
    strays: Ints, arcs: Arcs, drawn: tuple[Floats, Ints], raw: Polygons, group: Ints, reach: float
) -> Bools:
    """(n,) True where a polygon's outer wall strays too far outside its group's raw polygons.

    Args:
        strays: Arcs that lead farther from the raw ones than ``reach``, outwards or inwards.
        arcs: The raw arcs.
        drawn: Vertices of the drawn arcs, and where each begins.
        raw: (n,) raw polygons.
        group: (n,) their groups, ascending.
        reach: How far outside is allowed, pixels.
    """
    out = np.zeros(len(raw), dtype=bool)
    outer = strays[arcs.far[strays] == OUTSIDE]
    if len(outer) == 0:
        return out
    probes, arc = _probes(*drawn, outer)
    far = np.zeros(len(arc), dtype=np.bool_)
    mark_far((arcs.xy, arcs.first), probes, arc, reach, far)
    for stray in np.unique(arc[far]).tolist():
        home, (x, y) = arcs.near[stray], probes[far & (arc == stray)].T
        members = raw[slice(*np.searchsorted(group, [group[home], group[home] + 1]))]
        out[home] |= not shapely.intersects_xy(members[:, None], x, y).any(axis=0).all()
    return out


def _probes(xy: Floats, first: Ints, chosen: Ints) -> tuple[Floats, Ints]:
    """Points along some of the drawn arcs, no farther apart than ``PROBE_PX``; the arc of each."""
    k, line = runs(first[chosen + 1] - first[chosen])
    lines = shapely.linestrings(xy[first[chosen][line] + k], indices=line)
    probes, line = shapely.get_coordinates(shapely.segmentize(lines, PROBE_PX), return_index=True)
    return probes, chosen[line]


@jit
def mark_far(raw: tuple[Floats, Ints], probes: Floats, arc: Ints, reach: float, far: Bools) -> None:
    """Mark the probes that lie farther than ``reach`` from their raw arc."""
    xy, first = raw
    near = 0
    for i in range(len(arc)):
        lo, hi = first[arc[i]], first[arc[i] + 1] - 1
        near = min(max(near, lo), hi - 1)
        gap, near = _nearest(xy, lo, hi, near, probes[i, 0], probes[i, 1], reach)
        far[i] = gap > reach


def are_near(
    raw: Polygons,
    drawn: Polygons,
    apart: tuple[Floats, Floats],
    noise: Floats,
    settings: RegularizeSettings,
    *,
    later: bool = False,
) -> Bools:
    """(n,) True where a drawn polygon is valid and near enough to its raw polygon.

    A share of the area says little about a shed of ten pixels: a wall that errs by the noise is
    right even there. The limits are therefore the larger of the share and a band along the outline.
    ``apart`` are the distance and the area between the two, (n,) each; the area estimated.
    ``later`` is for what may have been drawn several times.
    """
    room, most = (LATER_ROOM, 1.0) if later else (1.0, SINGLE)
    farthest, between = apart
    good = are_valid(drawn) & ~shapely.is_empty(drawn)
    area, new_area = shapely.area(raw), shapely.area(drawn)
    band = 1.25 * noise * shapely.length(drawn)
    left = AREA_SHARE * min(stretch(settings.correlation_px), MOST_AREA_STRETCH) * band
    good &= np.abs(new_area - area) <= room * np.maximum(settings.max_area_change * area, left)
    good &= farthest <= most * settings.max_deviation_px
    share = 2 * (1 - settings.min_iou) / (1 + settings.min_iou)
    allowed = room * np.maximum(share * 0.5 * (area + new_area), band)
    doubtful = np.flatnonzero(good & (DOUBT * between > allowed))
    common = shared_area(raw[doubtful], drawn[doubtful])
    between[doubtful] = area[doubtful] + new_area[doubtful] - 2 * common
    return np.asarray(good & (between <= allowed))


def _of_polygons(combine: np.ufunc, values: Floats, arcs: Arcs, polygons: int) -> Floats:
    """(polygons,) values of arcs combined over the polygons on either side."""
    out = np.zeros(polygons)
    shared = arcs.far != OUTSIDE
    combine.at(out, arcs.near, values)
    combine.at(out, arcs.far[shared], values[shared])
    return out


@jit
def _measure(
    raw: tuple[Floats, Ints],
    drawn: tuple[Floats, Ints],
    wanted: tuple[Ints, float],
    room: tuple[Floats, Floats, Floats],
    out: tuple[Floats, Floats, Bools],
) -> None:
    """Write the fields of ``Departure`` for some arcs; ``wanted`` are these, and the reach.

    ``room`` are three arrays as long as the longest arc.
    """
    (farthest, band, strays), (chosen, reach) = out, wanted
    for arc in chosen:
        start, stop = raw[1][arc], raw[1][arc + 1] - 1
        lo, hi = drawn[1][arc], drawn[1][arc + 1] - 1
        edges = stop - start
        x, y, square = room[0][:edges], room[1][:edges], room[2][:edges]
        _write_middles(raw[0], start, x, y)
        if hi - lo > 2 * WINDOW + 1:
            _squares_in_windows(drawn[0], lo, hi, (x, y), square)
        else:
            _squares(drawn[0], lo, hi, (x, y), square)
        far, band[arc] = _gaps(x, y, square)
        there = _drawn_from_raw(raw, drawn, arc, reach)
        farthest[arc] = max(there, far)
        strays[arc] = there > reach


@inner_jit
def _write_middles(xy: Floats, start: int, x: Floats, y: Floats) -> None:
    """Write the middles of the edges from one on."""
    for i in range(len(x)):
        x[i] = 0.5 * (xy[start + i, 0] + xy[start + i + 1, 0])
        y[i] = 0.5 * (xy[start + i, 1] + xy[start + i + 1, 1])


@inner_jit
def _squares(chain: Floats, lo: int, hi: int, points: tuple[Floats, Floats], out: Floats) -> None:
    """Write the squared distance of points to the nearest edge of a chain.

    Free of branches, so that processors take several points in one step.
    """
    x, y = points
    for i in range(len(out)):
        out[i] = np.inf
    for edge in range(lo, hi):
        x0, y0 = chain[edge, 0], chain[edge, 1]
        dx, dy = chain[edge + 1, 0] - x0, chain[edge + 1, 1] - y0
        per_square = 1.0 / max(dx * dx + dy * dy, LEAST_SQUARE)
        for i in range(len(out)):
            px, py = x[i] - x0, y[i] - y0
            share = min(max((px * dx + py * dy) * per_square, 0.0), 1.0)
            px, py = px - share * dx, py - share * dy
            out[i] = min(out[i], px * px + py * py)


@inner_jit
def _squares_in_windows(
    chain: Floats, lo: int, hi: int, points: tuple[Floats, Floats], out: Floats
) -> None:
    """The same for many edges: those about the one that was nearest to the point before."""
    x, y = points
    at = found = lo
    for i in range(len(out)):
        best = np.inf
        for k in range(2 * WINDOW + 1):
            edge = lo + (at - lo - WINDOW + k) % (hi - lo)
            square = square_gap(chain, edge, x[i], y[i])
            if square < best:
                best, found = square, edge
        at, out[i] = found, best


@inner_jit
def _gaps(x: Floats, y: Floats, square: Floats) -> tuple[float, float]:
    """The largest of the distances of a raw arc's middles, and the area they span."""
    farthest = area = 0.0
    for i in range(len(square)):
        gap, step = math.sqrt(square[i]), 1.0
        if i > 0:
            # A staircase is longer than the band is: count the step between midpoints.
            step = math.sqrt((x[i] - x[i - 1]) ** 2 + (y[i] - y[i - 1]) ** 2)
        area += gap * step
        farthest = max(farthest, gap)
    return farthest, area


@inner_jit
def _drawn_from_raw(
    raw: tuple[Floats, Ints], drawn: tuple[Floats, Ints], arc: int, reach: float
) -> float:
    """Farthest the drawn arc leads from the raw one, where that is more than ``reach``.

    The distance to the raw arc changes by no more than the way along the drawn one. So where the
    gap is small the next probe can be far; none is nearer than ``PROBE_PX``.
    """
    xy, first = raw
    chain, begin = drawn
    near, farthest = first[arc], 0.0
    for i in range(begin[arc], begin[arc + 1] - 1):
        dx, dy = chain[i + 1, 0] - chain[i, 0], chain[i + 1, 1] - chain[i, 1]
        length, along = math.sqrt(dx * dx + dy * dy), 0.0
        while along < length:
            x, y = chain[i, 0] + dx * along / length, chain[i, 1] + dy * along / length
            gap, near = _nearest(xy, first[arc], first[arc + 1] - 1, near, x, y, reach)
            farthest = max(farthest, gap)
            along += max(PROBE_PX, reach - gap)
    return farthest


@inner_jit
def _nearest(
    raw: Floats, lo: int, hi: int, near: int, x: float, y: float, enough: float
) -> tuple[float, int]:
    """Distance to the raw arc about the edge found last, and the edge that showed it.

    About its nearest vertex, where that is near enough; else beyond a few edges the search goes on
    until an edge is.
    """
    best, at = np.inf, near
    for i in range(max(lo, near - 2 * WINDOW), min(hi, near + 2 * WINDOW + 1)):
        square = (raw[i, 0] - x) ** 2 + (raw[i, 1] - y) ** 2
        if square < best:
            best, at = square, i
    best, vertex = np.inf, at
    for i in range(max(lo, vertex - 2), min(hi, vertex + 2)):
        square = square_gap(raw, i, x, y)
        if square < best:
            best, at = square, i
    if best <= enough * enough:
        return float(math.sqrt(best)), at
    return _nearest_of_all(raw, (lo, hi, near), x, y, enough)


@inner_jit
def _nearest_of_all(
    raw: Floats, edges: tuple[int, int, int], x: float, y: float, enough: float
) -> tuple[float, int]:
    lo, hi, near = edges
    best, at = np.inf, near
    for spread in range(hi - lo):
        if spread > 2 * WINDOW and best <= enough * enough:
            break
        for i in (near - spread, near + spread):
            if i >= lo and i < hi:
                square = square_gap(raw, i, x, y)
                if square < best:
                    best, at = square, i
    return float(math.sqrt(best)), at
