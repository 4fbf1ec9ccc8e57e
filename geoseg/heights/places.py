"""Footprints by place: batches of neighbours, with all that lie around them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.earth.affine import moved_by
from geoseg.earth.ground import same_crs
from geoseg.earth.reproject import reproject
from geoseg.heights.store import Footprints
from geoseg.raster.source import Source
from geoseg.types import Window

PLACE_PX = 1024
"""Side of a place, samples: footprints whose boxes' middles lie in it are measured together."""
MOST_PX = 4096
"""Larger windows are looked at in coarser steps."""

Boxes = NDArray[np.float64]
"""(n, 4) left, top, right, bottom in pixels of the surface; NaN without a place."""


@dataclass(frozen=True, slots=True)
class Place:
    """What is measured together."""

    wanted: NDArray[np.int64]
    """(n,) rows to measure, rising."""
    around: NDArray[np.int64]
    """(m,) rows that bear on them, rising; those wanted are among them."""
    window: Window
    """Where, in pixels of the surface."""
    step: int
    """Every so many pixels one is a sample."""


class Sampled(Protocol):
    """A raster that samples are taken of."""

    @property
    def source(self) -> Source:
        """Where its pixels lie."""
        ...

    @property
    def crs(self) -> CRS:
        """Its horizontal CRS."""
        ...

    @property
    def stride(self) -> int:
        """Every so many pixels one is a sample."""
        ...


class Placing:
    """From the CRS of the footprints to pixels of a surface."""

    def __init__(self, crs: CRS, surface: Sampled) -> None:
        # The same but for the order of axes is the same to shapely's x and y.
        self._source = surface.crs if same_crs(crs, surface.crs) else crs
        self._target = surface.crs
        self._inverse = ~surface.source.transform

    def __call__(self, polygons: NDArray[np.object_]) -> NDArray[np.object_]:
        """(n,) the same in columns and rows of pixels; empty where the CRSs have nothing in common."""
        return moved_by(reproject(polygons, self._source, self._target), self._inverse)


def boxes_of(footprints: Footprints, placing: Placing) -> Boxes:
    """The boxes of all rows."""
    numbers = range(footprints.batches.num_record_batches)
    parts = [shapely.bounds(placing(footprints.geometry(number))) for number in numbers]
    return np.concatenate([np.zeros((0, 4)), *parts])


def places(boxes: Boxes, surface: Sampled, reach: int) -> Iterator[Place]:
    """All rows that meet the surface, each wanted once; the same ones always come together.

    Args:
        boxes: Of all rows.
        surface: What they are measured on.
        reach: Samples around a box that bear on it.
    """
    source, stride = surface.source, surface.stride
    side = PLACE_PX * stride
    left, top, right, bottom = boxes.T
    with np.errstate(invalid="ignore"):
        meets = (right > 0) & (bottom > 0) & (left < source.width) & (top < source.height)
        large = np.maximum(right - left, bottom - top) > side
        small = np.flatnonzero(~large & np.isfinite(left))
    lattice = _Lattice.of(boxes, small, side)
    giants = np.flatnonzero(large)
    for members in lattice.groups():
        wanted = members[meets[members]]
        if len(wanted):
            yield _place(boxes, wanted, (lattice, giants), stride, reach)
    for giant in giants[meets[giants]]:
        yield _place(boxes, np.array([giant]), (lattice, giants), stride, reach)


@dataclass(frozen=True, slots=True)
class _Lattice:
    """Rows by the place that the middle of their box lies in."""

    rows: NDArray[np.int64]
    """Sorted by place, rising within one."""
    key: NDArray[np.int64]
    """(places, 2) row and column of each place, sorted."""
    begins: NDArray[np.int64]
    """(places + 1,) where the rows of each begin."""
    side: int
    """Of a place, pixels."""

    @classmethod
    def of(cls, boxes: Boxes, rows: NDArray[np.int64], side: int) -> _Lattice:
        middle = (boxes[rows, :2] + boxes[rows, 2:]) / 2
        cell = np.floor(middle[:, ::-1] / side).astype(np.int64)
        order = np.lexsort((rows, cell[:, 1], cell[:, 0]))
        key, begins = np.unique(cell[order], axis=0, return_index=True)
        return cls(rows[order], key, np.append(begins, len(rows)).astype(np.int64), side)

    def groups(self) -> Iterator[NDArray[np.int64]]:
        """The rows of each place."""
        for first, last in zip(self.begins[:-1], self.begins[1:], strict=True):
            yield self.rows[first:last]

    def near(self, box: NDArray[np.float64]) -> NDArray[np.int64]:
        """Rows of all places in which the middle of a box that meets this one can lie."""
        low = np.floor((box[:2] - self.side / 2) / self.side)[::-1]
        high = np.floor((box[2:] + self.side / 2) / self.side)[::-1]
        first = np.searchsorted(self.key[:, 0], low[0])
        last = np.searchsorted(self.key[:, 0], high[0], side="right")
        columns = self.key[first:last, 1]
        found = np.flatnonzero((columns >= low[1]) & (columns <= high[1])) + first
        parts = [self.rows[self.begins[i] : self.begins[i + 1]] for i in found]
        return np.concatenate([np.zeros(0, np.int64), *parts])


def _place(
    boxes: Boxes,
    wanted: NDArray[np.int64],
    others: tuple[_Lattice, NDArray[np.int64]],
    stride: int,
    reach: int,
) -> Place:
    lattice, giants = others
    mine = boxes[wanted]
    left, top = np.floor(mine[:, :2].min(axis=0))
    right, bottom = np.ceil(mine[:, 2:].max(axis=0))
    longest = max(right - left, bottom - top)
    step = stride * max(1, int(np.ceil(longest / (MOST_PX * stride))))
    margin = reach * step
    box = np.array([left - margin, top - margin, right + margin, bottom + margin])
    near = np.union1d(lattice.near(box), giants)
    b = boxes[near]
    meets = (b[:, 0] <= box[2]) & (b[:, 2] >= box[0]) & (b[:, 1] <= box[3]) & (b[:, 3] >= box[1])
    window = Window(int(box[1]), int(box[0]), int(box[3] - box[1]), int(box[2] - box[0]))
    return Place(wanted, near[meets], window, step)
