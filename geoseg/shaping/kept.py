"""What arcs that were given up are drawn from: the vertices that simplifying keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import numpy as np
import shapely

from geoseg.shaping.arcs import Arcs
from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons
from geoseg.shaping.pairs import bits, number_pairs
from geoseg.shaping.thinning import can_thin, thinned

Values = TypeVar("Values", Floats, Ints)


@dataclass(frozen=True, slots=True)
class Kept:
    """The vertices of all arcs that simplifying keeps."""

    xy: Floats
    """(k, 2) of arc after arc; closed ones end where they begin."""
    first: Ints
    """(a + 1,) where each arc begins in ``xy``."""

    @classmethod
    def of(cls, arcs: Arcs, kept: Bools) -> Kept:
        """From (v,) True for vertices that are kept."""
        chosen = np.flatnonzero(kept)
        first = np.searchsorted(chosen, arcs.first)
        xy, some = arcs.xy[chosen], np.diff(first) > 0
        begin, end = first[:-1][some], first[1:][some] - 1
        opened = np.zeros(len(some), dtype=bool)
        opened[some] = (arcs.node_from[some] < 0) & (xy[begin] != xy[end]).any(axis=1)
        last, start = first[1:][opened], first[:-1][opened]
        more = np.concatenate([[0], np.cumsum(opened)])
        return cls(np.insert(xy, last, xy[start], axis=0), first + more)

    def moved(self, arcs: Arcs, chosen: Ints, nodes: Floats) -> Floats:
        """The vertices, ends of the chosen arcs at their nodes' new places."""
        xy, ends = self.xy.copy(), chosen[arcs.node_from[chosen] >= 0]
        xy[self.first[ends]] = nodes[arcs.node_from[ends]]
        xy[self.first[ends + 1] - 1] = nodes[arcs.node_to[ends]]
        return xy


def simplified_vertices(
    raw: Polygons, arcs: Arcs, groups: list[slice], tolerance_px: float
) -> Bools:
    """(v,) True for the vertices of arcs that simplified coverages keep, and the ends of open arcs.

    Args:
        raw: (n,) polygons that the arcs were made of.
        arcs: Theirs.
        groups: The polygons of each coverage that is looked at; the vertices of others are False.
        tolerance_px: How much is left out.
    """
    if can_thin(raw, arcs):
        spans = np.array([(span.start, span.stop) for span in groups])
        begin, end = np.searchsorted(arcs.near, spans.T)
        out = thinned(arcs, (begin, end), tolerance_px)
    else:
        out = _as_geos_keeps(raw, arcs, groups, tolerance_px)
    out[arcs.first[:-1]] |= arcs.node_from >= 0
    out[arcs.first[1:] - 1] |= arcs.node_to >= 0
    return out


def _as_geos_keeps(raw: Polygons, arcs: Arcs, groups: list[slice], tolerance_px: float) -> Bools:
    """(v,) True for the vertices of arcs that GEOS keeps, wherever they lie."""
    out = np.zeros(len(arcs.xy), dtype=bool)
    for span in groups:
        simplified = shapely.coverage_simplify(raw[span], tolerance_px)
        begin, end = arcs.first[np.searchsorted(arcs.near, [span.start, span.stop])]
        out[begin:end] = _are_among(arcs.xy[begin:end], shapely.get_coordinates(simplified))
    return out


def _are_among(xy: Floats, others: Floats) -> Bools:
    """(n,) True for places (n, 2) that equal one of the others."""
    number, _ = number_pairs(*bits(np.vstack([others, xy])))
    return np.asarray(number[len(others) :] <= number[: len(others)].max(initial=-1))


def replaced(
    drawn: tuple[Values, Ints], other: Values, arcs: Ints, first: Ints, last: Ints
) -> tuple[Values, Ints]:
    """The drawn arcs, some with other vertices, or other walls.

    Args:
        drawn: vertices of all arcs, and where each begins.
        other: (k, 2) where the others are taken from.
        arcs: (c,) which arcs get others.
        first: (c,) where theirs begin in ``other``.
        last: (c,) where theirs end, one past the last.
    """
    xy, bounds = drawn
    begin, size = bounds[:-1].copy(), np.diff(bounds)
    begin[arcs], size[arcs] = first + len(xy), last - first
    out = np.concatenate([[0], np.cumsum(size)])
    places = np.arange(out[-1]) + np.repeat(begin - out[:-1], size)
    return np.concatenate([xy, other])[places], out
