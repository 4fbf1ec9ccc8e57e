"""Random layers of footprints of the kinds that people have, and of those that nobody should have.

A layer is drawn in pixels first and then laid somewhere on the Earth: in metres, feet, degrees or
grads, near the origin or ten million units from it, at the 180th meridian or near a pole.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.features import shapes
from shapely import affinity
from shapely.geometry import MultiPolygon, Point, Polygon, box
from shapely.geometry.base import BaseGeometry

Random = np.random.Generator
Shapes = list[BaseGeometry]
HALF_TURN = 180.0
EARTH_RADIUS_M = 6_371_000.0


@dataclass(frozen=True, slots=True)
class Place:
    """Where on the Earth a layer lies."""

    name: str
    """For reports."""
    crs: str
    """Of the layer."""
    x: float
    """Of its middle, units of the CRS."""
    y: float
    """Of its middle, units of the CRS."""
    unit_m: tuple[float, float]
    """Length on the ground of one unit along x and along y, metres."""


def _degrees(name: str, crs: str, lon: float, lat: float, unit: float = 1.0) -> Place:
    """A place in degrees, or in units of so many degrees."""
    metres = np.radians(unit) * EARTH_RADIUS_M
    stretch = np.cos(np.radians(lat * unit))
    return Place(name, crs, lon, lat, (float(metres * stretch), float(metres)))


PLACES = (
    Place("UTM", "EPSG:32633", 512_345.678, 5_412_345.678, (1.0, 1.0)),
    Place("UTM, at its origin", "EPSG:32733", 500_000.0, 10_000_000.0, (1.0, 1.0)),
    Place("Web Mercator, far north", "EPSG:3857", -1.9e7, 1.15e7, (0.325, 0.325)),
    Place("feet", "EPSG:2263", 987_654.3, 201_234.5, (0.3048006096, 0.3048006096)),
    Place("feet of a state plane", "EPSG:2230", 6_300_000.0, 1_900_000.0, (0.3048006096,) * 2),
    _degrees("degrees", "EPSG:4326", 85.33, 27.7),
    _degrees("degrees, far north", "EPSG:4326", -52.7, 81.3),
    _degrees("degrees, far south", "EPSG:4326", 12.0, -87.9),
    _degrees("degrees, at 180", "EPSG:4326", 180.0, -16.8),
    _degrees("degrees, at -180", "EPSG:4326", -180.0, 51.9),
    _degrees("degrees of another datum", "EPSG:4267", -97.5, 35.4),
    _degrees("grads from Paris", "EPSG:4807", 1.5, 54.0, 0.9),
)
GSDS_M = (0.05, 0.1, 0.3, 0.3, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class RandomLayer:
    """A layer and how it is to be drawn."""

    seed: int
    """That makes it again."""
    place: Place
    """Where it lies."""
    kinds: tuple[str, ...]
    """What was put into it."""
    frame: gpd.GeoDataFrame
    """The footprints; a column ``row`` numbers them."""
    gsd_m: float
    """Ground size of a pixel, metres."""
    snap_m: float | None
    """Walls nearer than this become one."""
    unit_px: tuple[float, float]
    """Length of a unit of the CRS in pixels, along x and along y."""

    @property
    def snap_px(self) -> float:
        """``snap_m`` in pixels."""
        return 0.5 if self.snap_m is None else self.snap_m / self.gsd_m

    def pixels(self, geometry: NDArray[np.object_]) -> NDArray[np.object_]:
        """Geometries of the layer in pixels, about its middle; close to what they are drawn in."""
        middle, scale = np.array([self.place.x, self.place.y]), np.array(self.unit_px)

        def forward(xy: NDArray[np.float64]) -> NDArray[np.float64]:
            away = xy - middle
            if abs(self.place.x) == HALF_TURN:
                away[:, 0] = _wrap(away[:, 0])
            return away * scale

        return np.asarray(shapely.transform(geometry, forward))


def random_layer(seed: int) -> RandomLayer:
    """One layer of up to some forty polygons."""
    rng = np.random.default_rng(seed)
    place, gsd_m = PLACES[rng.integers(len(PLACES))], float(rng.choice(GSDS_M))
    kinds = tuple(rng.choice(list(KINDS), size=rng.integers(1, 4)).tolist())
    drawn: Shapes = []
    for kind in kinds:
        spot = rng.uniform(-60, 60, 2) if rng.random() < 0.7 else np.zeros(2)
        drawn += [affinity.translate(shape, *spot) for shape in KINDS[kind](rng)]
    drawn = _spoil(rng, _turn(rng, drawn))
    unit_px = (place.unit_m[0] / gsd_m, place.unit_m[1] / gsd_m)
    there = shapely.transform(
        np.array(drawn, dtype=object),
        lambda xy: np.array([place.x, place.y]) + xy / np.array(unit_px),
    )
    if abs(place.x) == HALF_TURN:
        there = _wrapped(rng, there)
    frame = gpd.GeoDataFrame(
        {"row": np.arange(len(there))}, geometry=list(there), crs=CRS.from_user_input(place.crs)
    )
    snap_m = rng.choice([None, None, 0.0, 0.1 * gsd_m, gsd_m, 2 * gsd_m])
    return RandomLayer(seed, place, kinds, frame, gsd_m, snap_m, unit_px)


def _wrapped(rng: Random, there: NDArray[np.object_]) -> NDArray[np.object_]:
    """Longitudes beyond 180 degrees as they are, or wrapped vertex by vertex."""
    if rng.random() < 0.5:
        return there
    return np.asarray(
        shapely.transform(there, lambda xy: np.column_stack([_wrap(xy[:, 0]), xy[:, 1]]))
    )


def _wrap(lon: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray((lon + HALF_TURN) % (2 * HALF_TURN) - HALF_TURN)


def _turn(rng: Random, drawn: Shapes) -> Shapes:
    """The same turned, on a grid of half pixels, or as it is."""
    match rng.integers(4):
        case 0:
            degrees = float(rng.uniform(0, 90))
            return [affinity.rotate(shape, degrees, origin=(0, 0)) for shape in drawn]
        case 1:
            return [shapely.transform(shape, lambda xy: np.round(2 * xy) / 2) for shape in drawn]
        case _:
            return drawn


def _spoil(rng: Random, drawn: Shapes) -> Shapes:
    """Some of the rows with what files have: heights, several parts, nothing, copies."""
    out = list(drawn)
    for number, shape in enumerate(drawn):
        match int(rng.integers(60)):
            case 0:
                out[number] = shapely.force_3d(shape, 7.0)
            case 1 if isinstance(shape, Polygon):
                away = affinity.translate(shape, *rng.choice([-40.2, -7.0, 0.3, 25.0], 2))
                out[number] = MultiPolygon([shape, away])
            case 2:
                out[number] = None if rng.random() < 0.5 else Polygon()
            case 3:
                out.append(affinity.translate(shape, *rng.choice([0.0, 1e-7, 0.2, 3.0], 2)))
            case _:
                pass
    return out


def _random_house(rng: Random, side: float = 30.0) -> Polygon:
    """A rectangle with bites and bays."""
    house: BaseGeometry = box(0, 0, *rng.uniform(0.3 * side, side, 2))
    for _ in range(rng.integers(0, 4)):
        x, y = rng.uniform(-0.2 * side, side, 2)
        part = box(x, y, x + rng.uniform(1, side), y + rng.uniform(1, side))
        house = house - part if rng.random() < 0.5 else house | part
    largest = max(shapely.get_parts(house), key=shapely.area, default=house)
    return largest if largest.area > 0 else box(0, 0, side, side)


def _scattered(rng: Random, shape: BaseGeometry, spread: float = 70.0) -> BaseGeometry:
    return affinity.translate(shape, *rng.uniform(-spread, spread, 2))


def houses(rng: Random) -> Shapes:
    """Houses anywhere, which may overlap."""
    return [_scattered(rng, _random_house(rng)) for _ in range(rng.integers(1, 9))]


def masks(rng: Random) -> Shapes:
    """Buildings of a label map with ragged, shared borders, along pixels."""
    height, width = rng.integers(20, 70, 2)
    count = int(rng.integers(1, 14))
    seeds = np.column_stack([rng.uniform(0, height, count), rng.uniform(0, width, count)])
    rows, cols = np.mgrid[:height, :width]
    noise = rng.uniform(0, 2.5, (2, height, width))
    away = np.abs(rows + noise[0] - seeds[:, 0, None, None])
    away = np.maximum(away, np.abs(cols + noise[1] - seeds[:, 1, None, None]))
    label = np.where(away.min(axis=0) < rng.uniform(4, 15), away.argmin(axis=0) + 1, 0)
    label[rng.random(label.shape) < rng.choice([0.0, 0.01, 0.1])] = 0
    return _of_labels(label.astype(np.int32))


def blocks(rng: Random) -> Shapes:
    """A label map of random rectangles, one over the other: holes, corners that touch, slivers."""
    label = np.zeros((50, 50), np.int32)
    for number in range(1, int(rng.integers(2, 14))):
        row, col = rng.integers(0, 45, 2)
        label[row : row + rng.integers(1, 25), col : col + rng.integers(1, 25)] = number
    label[10:30, 10:30] *= rng.integers(0, 2)
    return _of_labels(label)


def _of_labels(label: NDArray[np.int32]) -> Shapes:
    """One shape per label, of several parts where it has them or only the largest."""
    found: dict[int, list[BaseGeometry]] = {}
    for outline, value in shapes(label, mask=label > 0):
        found.setdefault(int(value), []).append(shapely.geometry.shape(outline))
    return [part for parts in found.values() for part in parts]


def terrace(rng: Random) -> Shapes:
    """Many houses side by side, exactly, or with small steps and gaps."""
    count, width = int(rng.integers(2, 15)), float(rng.uniform(2, 15))
    depth, gap = rng.uniform(5, 20), float(rng.choice([0.0, 0.0, 1e-9, 1e-3, 0.2, 0.49, 0.7, -0.3]))
    steps = rng.choice([0.0, 0.0, 1e-6, 0.4, 2.0, 5.0], count)
    return [
        box(i * (width + gap), step, i * (width + gap) + width, step + depth)
        for i, step in enumerate(steps)
    ]


def quarter(rng: Random) -> Shapes:
    """A plane cut into convex cells that all touch, some left out."""
    spots = rng.uniform(0, 80, (int(rng.integers(4, 25)), 2))
    cells = shapely.voronoi_polygons(shapely.MultiPoint(spots), extend_to=box(-5, -5, 85, 85))
    inside = [cell & box(-5, -5, 85, 85) for cell in shapely.get_parts(cells)]
    return [cell for cell in inside if rng.random() < 0.9]


def strips(rng: Random) -> Shapes:
    """Slivers side by side, thinner than a pixel or little more."""
    x, out = 0.0, []
    for width in rng.choice([0.01, 0.1, 0.4, 0.6, 1.0, 1.7, 4.0], int(rng.integers(2, 10))):
        out.append(box(x, 0, x + width, rng.uniform(1, 40)))
        x += width + rng.choice([0.0, 0.0, 0.3, 2.0])
    return out


def specks(rng: Random) -> Shapes:
    """Buildings of less than a pixel, and of a few."""
    return [
        _scattered(
            rng, affinity.rotate(box(0, 0, *rng.uniform(0.01, 3.0, 2)), rng.uniform(0, 90)), 20
        )
        for _ in range(rng.integers(1, 12))
    ]


def spiked(rng: Random) -> Shapes:
    """Houses with a spike out or in, thin or of no width at all."""
    out: Shapes = []
    for _ in range(rng.integers(1, 5)):
        xy = shapely.get_coordinates(_random_house(rng).exterior)[:-1]
        at = int(rng.integers(len(xy)))
        tip = xy[at] + rng.uniform(-25, 25, 2)
        back = xy[at] + rng.choice([0.0, 1e-9, 1e-4, 0.3]) * rng.uniform(-1, 1, 2)
        out.append(_scattered(rng, Polygon(np.vstack([xy[: at + 1], tip, back, xy[at + 1 :]]))))
    return out


def repeated(rng: Random) -> Shapes:
    """Houses whose vertices come twice, nearly twice, or lie amid straight walls."""
    out: Shapes = []
    for _ in range(rng.integers(1, 5)):
        house = shapely.segmentize(_random_house(rng), rng.choice([0.3, 1.0, 3.0, 10.0]))
        xy = shapely.get_coordinates(house.exterior)[:-1]
        xy = np.repeat(xy, rng.integers(1, 3, len(xy)), axis=0)
        xy = xy + rng.normal(0, rng.choice([0.0, 1e-12, 1e-8, 1e-4, 0.05]), xy.shape)
        out.append(_scattered(rng, Polygon(xy)))
    return out


def tangled(rng: Random) -> Shapes:
    """Rings that cross or touch themselves, on a grid or not."""
    out: Shapes = []
    for _ in range(rng.integers(1, 5)):
        xy = rng.uniform(0, 30, (int(rng.integers(4, 12)), 2))
        if rng.random() < 0.5:
            xy = np.round(xy / 5) * 5
        out.append(_scattered(rng, Polygon(xy)))
    return out


def yards(rng: Random) -> Shapes:
    """Courtyards with buildings in them, and holes that touch the shell."""
    side = float(rng.uniform(20, 50))
    inner = box(*rng.uniform(0.0, 0.3 * side, 2), *rng.uniform(0.5 * side, side, 2))
    second = box(0, 0.4 * side, rng.uniform(0.1, 1.0) * side, 0.6 * side)
    holes = [inner.exterior, second.exterior][: rng.integers(1, 3)]
    outer = Polygon(box(0, 0, side, side).exterior, holes)
    within = affinity.scale(inner, *rng.choice([0.5, 0.97, 1.0, 1.0, 1.02], 2))
    notch = Polygon([(0, 0), (side / 2, side / 3), (side, 0), (side / 2, side)])
    pinched = Polygon(box(0, -side, side, side).exterior, [notch.exterior])
    return [outer, within, affinity.translate(pinched, side + rng.choice([0.0, 0.4, 5.0]), 0)]


def silos(rng: Random) -> Shapes:
    """Circles that lie alone, touch or overlap."""
    return [
        _scattered(
            rng, Point(0, 0).buffer(rng.uniform(1, 15), quad_segs=int(rng.integers(2, 20))), 30
        )
        for _ in range(rng.integers(1, 6))
    ]


def sketches(rng: Random) -> Shapes:
    """Star-shaped outlines with many sharp corners, as a careless hand would draw."""
    out: Shapes = []
    for _ in range(rng.integers(1, 6)):
        angle = np.sort(rng.uniform(0, 2 * np.pi, int(rng.integers(3, 30))))
        radius = rng.uniform(2, 25, len(angle))
        xy = radius[:, None] * np.column_stack([np.cos(angle), np.sin(angle)])
        out.append(_scattered(rng, Polygon(xy), 40))
    return out


def traced(rng: Random) -> Shapes:
    """Touching houses whose common wall was drawn twice, a little apart, by hand."""
    whole = [_random_house(rng, 40)]
    for _ in range(rng.integers(1, 5)):
        x0, y0, x1, y1 = whole[0].bounds
        cut = affinity.rotate(
            box(x0 - 99, y0 - 99, rng.uniform(x0, x1), y1 + 99), rng.uniform(-9, 9)
        )
        pieces = [piece for one in whole for piece in (one & cut, one - cut)]
        whole = [part for piece in pieces for part in shapely.get_parts(piece)]
        whole = [part for part in whole if isinstance(part, Polygon) and part.area > 1e-6]
    error = rng.choice([0.0, 1e-9, 1e-5, 0.05, 0.3])
    return [_shaken(rng, one, error) if error else one for one in whole]


def _shaken(rng: Random, polygon: Polygon, error: float) -> Polygon:
    """The outer ring with an error at every vertex."""
    xy = shapely.get_coordinates(polygon.exterior)[:-1]
    return Polygon(xy + rng.normal(0, error, xy.shape))


KINDS: dict[str, Callable[[Random], Shapes]] = {
    maker.__name__: maker
    for maker in (
        houses, masks, blocks, terrace, quarter, strips, specks, spiked, repeated, tangled, yards,
        silos, sketches, traced,
    )
}  # fmt: skip
"""What a layer is made of, by name."""
