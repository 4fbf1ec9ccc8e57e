"""How much masks know: what one finds in them who is told the true walls.

The limit of any drawing: the true walls, each moved to the mean of its own boundary pixels, without
being turned. Walls that bend smoothly (a tank) move as one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from shapely.geometry import Polygon

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Polygons = NDArray[np.object_]

CORNER_PX = 1.5
"""Samples nearer to the end of a true wall may belong to the next one."""
FEWEST_SAMPLES = 6
"""Walls that fewer samples belong to tell nothing of a direction."""
SMOOTH_DEG = 25.0
"""Edges that turn by less against each other are one wall that bends."""
STRAIGHT = 0.02
"""Sine of the angle below which neighbouring edges are not made to meet."""


@dataclass(frozen=True, slots=True)
class Edges:
    """The true edges of one building, and the boundary pixels of its mask that belong to each."""

    start: Floats
    """(e, 2) where each begins."""
    unit: Floats
    """(e, 2) its direction."""
    length: Floats
    """(e,) pixels."""
    ring_first: Ints
    """(rings + 1,) where each ring's edges begin."""
    owner: Ints
    """(s,) the edge that each sample belongs to."""
    along: Floats
    """(s,) how far along its edge a sample lies."""
    across: Floats
    """(s,) how far to the left of it."""

    @classmethod
    def of(cls, truth: Polygon, raw: Polygon) -> Edges:
        """Cut the mask's boundary into samples a pixel apart; each belongs to the nearest edge."""
        rings = [_edges(ring) for ring in shapely.get_rings(shapely.simplify(truth, 1e-6))]
        first = np.append(0, np.cumsum([len(ring) for ring in rings]))
        steps = np.concatenate(rings)
        start, vector = steps[:, :2], steps[:, 2:]
        length = np.hypot(*vector.T)
        unit = vector / length[:, None]
        fine = np.concatenate([_edges(r) for r in shapely.get_rings(shapely.segmentize(raw, 1.0))])
        off = fine[:, None, :2] + fine[:, None, 2:] / 2 - start  # (samples, edges, 2)
        along = (off * unit).sum(axis=2)
        across = off[..., 1] * unit[:, 0] - off[..., 0] * unit[:, 1]
        owner = np.hypot(across, np.maximum(0, np.maximum(-along, along - length))).argmin(axis=1)
        mine = np.arange(len(owner)), owner
        return cls(start, unit, length, first, owner, along[mine], across[mine])

    @property
    def inner(self) -> NDArray[np.bool_]:
        """(s,) True for samples that are not near the ends of their edge."""
        beyond = self.length[self.owner] - CORNER_PX
        return np.asarray((self.along > CORNER_PX) & (self.along < beyond))


def _edges(ring: shapely.LinearRing) -> Floats:
    """(n, 4) start and vector of every edge."""
    xy = shapely.get_coordinates(ring)
    return np.hstack([xy[:-1], np.diff(xy, axis=0)])


def moved_walls(truth: Polygons, raw: Polygons) -> Polygons:
    """(n,) true outlines whose walls were moved to the mean of the pixels in the masks."""
    out = np.empty(len(truth), dtype=object)
    out[:] = [moved(one, Edges.of(one, mask)) for one, mask in zip(truth, raw, strict=True)]
    return out


def moved(truth: Polygon, edges: Edges, turn: Floats | float = 0.0) -> Polygon:
    """The true outline with its edges turned by ``turn`` (e,) radians, and moved to their pixels."""
    wall = walls_of(edges)
    mean = _means(wall[edges.owner[edges.inner]], edges.across[edges.inner], wall.max() + 1)
    every = _means(wall[edges.owner], edges.across, wall.max() + 1)
    shift = np.nan_to_num(np.where(np.isnan(mean), every, mean))[wall]
    lines = _turned(edges, shift, np.broadcast_to(turn, len(wall)))
    rings = [
        _ring(*(x[a:b] for x in lines), edges.length[a:b])
        for a, b in zip(edges.ring_first, edges.ring_first[1:], strict=False)
    ]
    out = Polygon(rings[0], rings[1:])
    return out if out.is_valid and not out.is_empty else truth


def walls_of(edges: Edges) -> Ints:
    """(e,) the wall that each edge is part of."""
    out = np.arange(len(edges.length))
    for first, end in zip(edges.ring_first, edges.ring_first[1:], strict=False):
        unit = edges.unit[first:end]
        turn = (unit * np.roll(unit, 1, axis=0)).sum(axis=1)
        bends = turn < np.cos(np.radians(SMOOTH_DEG))  # (edges of the ring,) a wall begins here
        number = np.cumsum(bends)
        number[number == 0] = max(1, number[-1])
        out[first:end] = first + number - 1
    return out


def _means(group: Ints, values: Floats, count: int) -> Floats:
    """(count,) mean of each group, NaN where there is nothing."""
    with np.errstate(invalid="ignore"):
        return np.bincount(group, values, minlength=count) / np.bincount(group, minlength=count)


def _turned(edges: Edges, shift: Floats, turn: Floats) -> tuple[Floats, Floats]:
    """(e, 2) where each edge begins, and (e, 2) its direction, once it is moved and turned.

    It is moved to its left by ``shift`` (e,), and turned by ``turn`` (e,) about the mean of its pixels.
    """
    mean = _means(edges.owner[edges.inner], edges.along[edges.inner], len(shift))
    middle = np.where(np.isnan(mean), edges.length / 2, mean)[:, None]
    left = np.column_stack([-edges.unit[:, 1], edges.unit[:, 0]])
    unit = np.cos(turn)[:, None] * edges.unit + np.sin(turn)[:, None] * left
    return edges.start + left * shift[:, None] + middle * (edges.unit - unit), unit


def _ring(start: Floats, direction: Floats, length: Floats) -> Floats:
    """(k, 2) corners of a ring of edges that begin and run so."""
    normal = np.column_stack([-direction[:, 1], direction[:, 0]])
    before, end = (np.roll(x, 1, axis=0) for x in (direction, start + direction * length[:, None]))
    sine = before[:, 0] * direction[:, 1] - before[:, 1] * direction[:, 0]
    blunt = np.abs(sine) < STRAIGHT
    way = ((end - start) * normal).sum(axis=1) / np.where(blunt, 1.0, sine)
    return np.where(blunt[:, None], (start + end) / 2, end + before * way[:, None])
