"""Rows of touching houses, and in which of them right angles explain little.

Where houses touch, a small step to the next house makes a straight front look as if it leant, so
oblique walls are dear there. In an old street no two walls stand at right angles, and that price
would press each of them into steps. Which of the two a row is shows in all its walls together: in
what the best walls along the houses' directions cost, and what walls cost that may run anywhere, but
are all equally dear. Only who knows over how many pixels the noise hangs together can weigh the two:
long noise looks like odd angles.
"""

from __future__ import annotations

import numpy as np

from geoseg.shaping.arcs import OUTSIDE
from geoseg.shaping.arrays import Bools, Floats, runs
from geoseg.shaping.cut import FreeCut, Walls
from geoseg.shaping.kept import replaced
from geoseg.shaping.noise import residuals
from geoseg.shaping.segment import FREE

ANY_WALL = 42.0
"""Price of a wall in a row without right angles, in squared standard deviations of the noise."""


def odd_arcs(cut: FreeCut, unit: Floats, cost: Floats, price: float) -> Bools:
    """(a,) True for arcs of rows that walls of any direction explain more cheaply.

    Args:
        cut: Their walls.
        unit: (n,) what prices are counted in, for each polygon.
        cost: (a,) what the best walls along the houses' directions cost.
        price: Of a wall that may run anywhere, counted so.
    """
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    arcs = cut.arcs
    shared = arcs.far != OUTSIDE
    touch = np.ones(int(shared.sum())), (arcs.near[shared], arcs.far[shared])
    count, row = connected_components(
        coo_array(touch, shape=(len(unit), len(unit))), directed=False
    )
    size = np.bincount(row, minlength=count)
    gain = (cost - _free_cost(cut, unit, price)) / unit[arcs.near]
    odd = (np.bincount(row[arcs.near], gain, minlength=count) > 0) & (size > 1)
    return np.asarray(odd[row[arcs.near]])


def _free_cost(cut: FreeCut, unit: Floats, price: float) -> Floats:
    """(a,) what the walls of any direction cost."""
    _, arc = runs(np.diff(cut.first))
    begin = np.append(0, cut.end[:-1])
    begin[cut.first[:-1]] = cut.arcs.first[:-1]
    weight, square = residuals(cut.sums, begin, cut.end)
    each = price * unit[cut.arcs.near[arc]]
    cost = np.bincount(arc, weight * square + each, minlength=len(cut.arcs.near))
    return np.asarray(cost, dtype=np.float64)


def with_free_walls(walls: Walls, cut: FreeCut, chosen: Bools) -> Walls:
    """The walls, chosen arcs (a,) cut into those of any direction."""
    some = np.flatnonzero(chosen)
    spans = some, cut.first[some], cut.first[some + 1]
    end, first = replaced((walls.end, walls.first), cut.end, *spans)
    kind, _ = replaced((walls.kind, walls.first), np.full_like(cut.end, FREE), *spans)
    return walls._replace(first=first, end=end, kind=kind)
