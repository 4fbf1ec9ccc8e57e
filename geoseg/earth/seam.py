"""Where the map of a CRS is torn: the meridian at which its left and its right side meet.

Longitudes end at 180 degrees, and so do the eastings of Mercator's and other cylindrical maps. A
shape that lies across is written in one of three ways: beyond the end (179 to 181), in two parts
(179 to 180 and -180 to -179), or with a jump (179 to -179). Two of these are not one place on the
plane, so shapes are made *continuous* before they are carried elsewhere, and *cut* once they arrive.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from shapely.affinity import translate
from shapely.geometry.base import BaseGeometry

from geoseg.earth.transforms import way

NEAR = 1e-9
"""Nearer to the seam than this share of the world's width, 4 cm, is on it."""
LONG_TURN = 1 / 72
"""Of the world's width: a ring with an edge this long, beside those that jump, means its jumps."""
FULL_TURN = 1 - 1e-9
"""An edge this long, in widths of the world, goes all the way round."""


def near_turn(xy: NDArray[np.float64], middle: float, turn: float) -> NDArray[np.float64]:
    """(n, 2) the same with x within half a turn of the middle; as it is where there is no turn.

    Args:
        xy: Coordinates, each by itself: no edge of a shape smaller than half a turn is torn.
        middle: The x that they are to lie around.
        turn: What x may differ by and be the same place, such as 360 degrees; 0 for none.
    """
    if not turn:
        return xy
    moved = xy.copy()
    moved[:, 0] -= turn * np.round((xy[:, 0] - middle) / turn)
    return moved


@dataclass(frozen=True, slots=True)
class Seam:
    """The seam of a CRS whose x goes with the longitude."""

    right: float
    """x at the right end of the world, CRS units."""
    period: float
    """Width of the world, CRS units."""
    pole: float | None
    """y of the north pole, that of the south pole being its negative; None: it is nowhere."""

    @property
    def left(self) -> float:
        """X at the left end of the world."""
        return self.right - self.period

    @classmethod
    def of(cls, crs: CRS) -> Seam | None:
        """None where x does not go with the longitude, as in UTM, conic and polar maps."""
        return _seam(crs)

    def is_left(self, box: tuple[float, float, float, float]) -> bool:
        """Whether a box, left to right, reaches beyond an end of the world."""
        near = NEAR * self.period
        return box[0] < self.left - near or box[2] > self.right + near

    def goes_round(self, geometry: NDArray[np.object_]) -> NDArray[np.bool_]:
        """(n,) True where a shape spans the whole world from left to right."""
        bounds = shapely.bounds(geometry)
        return np.asarray(bounds[:, 2] - bounds[:, 0] >= self.period * (1 - NEAR))

    def continuous(
        self, geometry: NDArray[np.object_], *, drawn: bool = True
    ) -> NDArray[np.object_]:
        """(n,) polygons without jumps, what was cut at the seam being one again.

        Args:
            geometry: In any of the three ways, or beyond both ends.
            drawn: As somebody drew them: an edge from end to end may be meant. False: every edge goes
                the shorter way round, as after a transformation.
        """
        result, doubtful = geometry, np.flatnonzero(self._doubtful(geometry))
        if len(doubtful):
            result = geometry.copy()
            result[doubtful] = [self._continuous(geometry[row], drawn) for row in doubtful]
        return result

    def cut(self, geometry: NDArray[np.object_]) -> NDArray[np.object_]:
        """(n,) polygons from the left to the right end; continuous ones that reach over it in parts."""
        bounds = shapely.bounds(geometry)
        beyond = (bounds[:, 0] < self.left) | (bounds[:, 2] > self.right)
        result, rows = geometry, np.flatnonzero(beyond)
        if len(rows):
            result = geometry.copy()
            result[rows] = [self._cut(geometry[row]) for row in rows]
        return result

    def tidy(self, geometry: NDArray[np.object_]) -> NDArray[np.object_]:
        """(n,) polygons as somebody drew them, cut where they reach over the end of the world."""
        return self.cut(self.continuous(geometry))

    def turned(
        self, geometry: NDArray[np.object_], left: float, right: float
    ) -> NDArray[np.object_]:
        """(n,) polygons that were cut, turned by whole worlds to where they meet left to right."""
        first = math.floor((left - self.left) / self.period)
        last = math.ceil((right - self.right) / self.period)
        turns = range(first, last + 1)
        made = [[translate(one, turn * self.period) for turn in turns] for one in geometry]
        result = np.empty(len(geometry), dtype=object)
        result[:] = [shapely.union_all(copies) for copies in made]
        return result

    def narrowest(
        self, left: NDArray[np.float64], right: NDArray[np.float64]
    ) -> tuple[float, float]:
        """The shortest stretch of x that holds all stretches (n,): its end may lie beyond ``right``."""
        if (right - left).max() >= self.period:
            return self.left, self.right
        begin = (left - self.left) % self.period
        order = np.argsort(begin)
        begin, end = begin[order], (begin + (right - left))[order]
        reach = np.maximum.accumulate(end)
        following = np.append(begin[1:], begin[0] + self.period)
        gap = following - np.maximum(reach, reach[-1] - self.period)
        widest = int(np.argmax(gap))
        if gap[widest] <= 0:
            return self.left, self.right
        start = following[widest] % self.period + self.left
        return float(start), float(start + self.period - gap[widest])

    def _doubtful(self, geometry: NDArray[np.object_]) -> NDArray[np.bool_]:
        """(n,) True where there may be a jump, parts at both ends, or x beyond them."""
        xy, owner = shapely.get_coordinates(geometry, return_index=True)
        doubtful = np.zeros(len(geometry), dtype=bool)
        jumps = (np.abs(np.diff(xy[:, 0])) > self.period / 2) & (owner[1:] == owner[:-1])
        doubtful[owner[1:][jumps]] = True
        if self.pole is not None:
            doubtful[owner[self._at_pole(xy)]] = True
        return doubtful

    def _at_pole(self, xy: NDArray[np.float64]) -> NDArray[np.bool_]:
        """(n,) True where a vertex is a pole, which has every longitude."""
        if self.pole is None:
            return np.zeros(len(xy), dtype=bool)
        return np.asarray(np.abs(xy[:, 1]) >= self.pole * (1 - NEAR))

    def _over_pole(self, xy: NDArray[np.float64]) -> NDArray[np.float64]:
        """A ring that has, where it touches a pole, the longitudes of both its neighbours there."""
        if not self._at_pole(xy).any():
            return xy
        open_ring, made = xy[:-1], []
        for at, before, after in zip(
            open_ring, np.roll(open_ring, 1, axis=0), np.roll(open_ring, -1, axis=0), strict=True
        ):
            alone = self._at_pole(np.array([before, at, after])).tolist() == [False, True, False]
            made += [[before[0], at[1]], [after[0], at[1]]] if alone else [at.tolist()]
        return np.array([*made, made[0]])

    def _continuous(self, shape: BaseGeometry, drawn: bool) -> BaseGeometry:
        parts = [self._unrolled(part, drawn) for part in shapely.get_parts(shape)]
        polygons = [part for part in parts if part is not None]
        joined = self._joined([one for part in polygons for one in shapely.get_parts(part)])
        return joined[0] if len(joined) == 1 else shapely.MultiPolygon(joined)

    def _unrolled(self, part: BaseGeometry, drawn: bool) -> BaseGeometry | None:
        """One polygon without jumps; None for anything else."""
        if not isinstance(part, shapely.Polygon) or part.is_empty:
            return None
        shell, turns = self._ring(shapely.get_coordinates(part.exterior), drawn)
        holes = [self._ring(shapely.get_coordinates(ring), drawn) for ring in part.interiors]
        middle = (shell[:, 0].min() + shell[:, 0].max()) / 2
        plain = [self._beside(ring, middle) for ring, turned in holes if not turned]
        made = shapely.Polygon(shell, [] if turns else plain)
        if not turns:
            return made
        # What goes round a pole fills the world's width, wherever its ring began.
        whole = self._cut(made)
        for ring, _ in holes:
            whole = shapely.difference(whole, self._cut(shapely.Polygon(ring)))
        return whole

    def _ring(self, xy: NDArray[np.float64], drawn: bool) -> tuple[NDArray[np.float64], bool]:
        """A ring without jumps, and whether it goes round a pole, over which it is closed then."""
        xy = xy if drawn else self._over_pole(xy)
        step = np.diff(xy[:, 0])
        jump = (np.abs(step) > self.period / 2) & (np.abs(step) < self.period * FULL_TURN)
        if not jump.any() or (drawn and self._meant(xy, jump)):
            return xy, False
        step[jump] -= np.round(step[jump] / self.period) * self.period
        unrolled = xy.copy()
        unrolled[1:, 0] = xy[0, 0] + np.cumsum(step)
        if abs(unrolled[-1, 0] - unrolled[0, 0]) < self.period / 2:
            unrolled[-1] = unrolled[0]
            return unrolled, False
        pole = (self.pole or 0.0) * (1 if xy[:, 1].mean() > 0 else -1)
        over = [[unrolled[-1, 0], pole], [unrolled[0, 0], pole], unrolled[0]]
        return np.vstack([unrolled, over]), True

    def _meant(self, xy: NDArray[np.float64], jump: NDArray[np.bool_]) -> bool:
        """Whether a ring goes all round the world: it has other long edges than those that jump."""
        others = np.abs(np.diff(xy, axis=0))[~jump]
        return bool((others > self.period * LONG_TURN).any())

    def _beside(self, ring: NDArray[np.float64], middle: float) -> NDArray[np.float64]:
        own = (ring[:, 0].min() + ring[:, 0].max()) / 2
        moved: NDArray[np.float64] = ring.copy()
        moved[:, 0] += np.round((middle - own) / self.period) * self.period
        return moved

    def _joined(self, parts: list[shapely.Polygon]) -> list[shapely.Polygon]:
        """Parts that meet at the seam as one."""
        if len(parts) < 2:  # noqa: PLR2004
            return parts
        near = NEAR * self.period
        bounds = shapely.bounds(parts)
        at_left, at_right = bounds[:, 0] <= self.left + near, bounds[:, 2] >= self.right - near
        if not (at_left & ~at_right).any() or not (at_right & ~at_left).any():
            return parts
        low = (bounds[:, 0] + bounds[:, 2]) / 2 < self.right - self.period / 2
        moved = [
            translate(part, self.period) if is_low else part
            for part, is_low in zip(parts, low, strict=True)
        ]
        united = shapely.union_all(moved, grid_size=None)
        found = [one for one in shapely.get_parts(united) if one.geom_type == "Polygon"]
        return found if len(found) < len(parts) else parts

    def _cut(self, shape: BaseGeometry) -> BaseGeometry:
        whole = shape if shape.is_valid else shapely.make_valid(shape)
        low, bottom, high, top = whole.bounds
        if not math.isfinite(high - low) or high - low > 4 * self.period:
            return shapely.MultiPolygon()
        first = math.floor((low - self.left) / self.period)
        last = math.ceil((high - self.right) / self.period)
        pieces = [self._piece(whole, turn, (bottom, top)) for turn in range(first, last + 1)]
        found = shapely.union_all(pieces)
        areal = [one for one in shapely.get_parts(found) if one.geom_type == "Polygon"]
        return areal[0] if len(areal) == 1 else shapely.MultiPolygon(areal)

    def _piece(self, whole: BaseGeometry, turn: int, height: tuple[float, float]) -> BaseGeometry:
        """What lies between the ends of the world, so many turns to the right, turned back."""
        off = turn * self.period
        world = shapely.box(self.left + off, height[0] - 1, self.right + off, height[1] + 1)
        return translate(shapely.intersection(whole, world), -off)


@lru_cache(maxsize=64)
def _seam(crs: CRS) -> Seam | None:
    flat = crs.to_2d()
    if flat.is_geographic:
        quarter = math.pi / 2 / flat.axis_info[0].unit_conversion_factor
        return Seam(round(2 * quarter, 9), round(4 * quarter, 9), round(quarter, 9))
    operation = flat.coordinate_operation
    if not flat.is_projected or operation is None or not _is_cylindrical(operation.method_name):
        return None
    geographic = flat.geodetic_crs
    if geographic is None:
        return None
    radian = 1 / geographic.axis_info[0].unit_conversion_factor
    longitudes = np.array([-1.0, 0.0, 1.0]) * radian + central_meridian(flat)
    transformer = way(geographic, flat)
    x, _ = transformer.transform(longitudes, np.zeros(3))
    period = float(x[2] - x[0]) * math.pi
    return Seam(float(x[1]) + period / 2, period, None) if math.isfinite(period) else None


def _is_cylindrical(method: str) -> bool:
    named = "Mercator" in method or "Cylindrical" in method
    return named and not any(word in method for word in ("Transverse", "Oblique"))


def central_meridian(crs: CRS) -> float:
    """The longitude in the middle of a projected CRS, as its geographic CRS counts; 0 for none."""
    operation, geographic = crs.to_2d().coordinate_operation, crs.geodetic_crs
    named = [one for one in (operation.params if operation else ()) if "ongitude" in one.name]
    if not named or geographic is None:
        return 0.0
    unit = geographic.axis_info[0].unit_conversion_factor
    return float(named[0].value) * named[0].unit_conversion_factor / unit
