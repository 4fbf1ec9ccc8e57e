"""What a drawing changes, and which polygons it changes together."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from geoseg.kernels.jit import jit
from geoseg.shaping.arrays import Bools, Floats, Ints, Polygons
from geoseg.shaping.direction import find
from geoseg.shaping.pairs import bits, number_pairs

KEPT_PX = 0.1
"""A vertex that moves by less has not moved."""


@dataclass(frozen=True, slots=True)
class Changes:
    """Polygons before and after a drawing."""

    before: Polygons
    """(n,) polygons of coverages."""
    after: Polygons
    """(n,) the same, drawn once more."""
    moved: Bools
    """(n,) True for polygons that gained, lost or moved a vertex."""
    unit: Ints
    """(n,) numbers of sets: polygons that share a changed vertex change together or not at all."""
    group: Ints
    """(n,) numbers of the coverages."""
    twin: Ints
    """(v,) the vertex before of each vertex after, in the same polygon; -1 where there is none."""

    @classmethod
    def between(cls, before: Polygons, after: Polygons, group: Ints) -> Changes:
        """Compare; ``group`` (n,) numbers the coverages."""
        (old, old_home), (new, new_home) = _vertices(before), _vertices(after)
        span = np.arange(len(before) + 1)
        old_first, new_first = np.searchsorted(old_home, span), np.searchsorted(new_home, span)
        twin, other = np.empty(len(new), np.int64), np.empty(len(old), np.int64)
        _find_twins((new, new_first), (old, old_first), twin)
        _find_twins((old, old_first), (new, new_first), other)
        changed = np.vstack([new[twin < 0], old[other < 0]])
        home = np.concatenate([new_home[twin < 0], old_home[other < 0]])
        moved = np.bincount(home, minlength=len(before)) > 0
        return cls(before, after, moved, _sets(changed, home, group), group, twin)

    def only(self, taken: Bools) -> Polygons:
        """Polygons after where ``taken`` (n,), which holds whole units, the others before.

        Where the two meet they share the vertices from before.
        """
        out = np.where(taken, self.after, self.before)
        new, home = _vertices(self.after)
        number = _in_groups(new, self.group[home])[0]
        seam = np.zeros(len(new), dtype=bool)
        seam[number[~taken[home]]] = True
        back = np.flatnonzero(seam[number] & taken[home] & (self.twin >= 0))
        if len(back):
            new[back] = _vertices(self.before)[0][self.twin[back]]
            out[taken] = shapely.set_coordinates(self.after.copy(), new)[taken]
        return out


def touching(polygons: Polygons, group: Ints) -> Ints:
    """(n,) numbers of the sets of polygons that share vertices, directly or through others."""
    return _sets(*_vertices(polygons), group)


def _vertices(polygons: Polygons) -> tuple[Floats, Ints]:
    """Vertices of all polygons, and whose each is."""
    xy, home = shapely.get_coordinates(polygons, return_index=True)
    return xy, home


def _in_groups(xy: Floats, group: Ints) -> tuple[Ints, Ints]:
    """(v,) numbers of the places of vertices, of each group by themselves, and (k,) where each first occurs."""
    return number_pairs(number_pairs(*bits(xy))[0], group)


def _sets(xy: Floats, home: Ints, group: Ints) -> Ints:
    """(n,) numbers of the sets of polygons of one group that share some of their vertices."""
    out = np.arange(len(group))
    if len(xy):
        vertex, place = _in_groups(xy, group[home])
        _unite(vertex, home, np.full(len(place), -1), out)
    return out


@jit
def _unite(vertex: Ints, home: Ints, seen: Ints, out: Ints) -> None:
    for i in range(len(vertex)):
        mate = seen[vertex[i]]
        seen[vertex[i]] = home[i]
        if mate >= 0:
            a, b = find(out, mate), find(out, home[i])
            out[max(a, b)] = min(a, b)
    for i in range(len(out)):
        out[i] = find(out, i)


@jit
def _find_twins(one: tuple[Floats, Ints], other: tuple[Floats, Ints], out: Ints) -> None:
    """Write the nearest vertex of the same polygon on the other side, -1 where none is near."""
    (xy, first), (there, begin) = one, other
    for polygon in range(len(first) - 1):
        for i in range(first[polygon], first[polygon + 1]):
            least, out[i] = KEPT_PX * KEPT_PX, -1
            for j in range(begin[polygon], begin[polygon + 1]):
                dx, dy = xy[i, 0] - there[j, 0], xy[i, 1] - there[j, 1]
                if dx * dx + dy * dy < least:
                    least, out[i] = dx * dx + dy * dy, j
