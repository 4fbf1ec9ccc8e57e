"""Towns with a surface model: true roofs on sloping ground, and what photogrammetry makes of them.

No labelled surface is free to ship, so these are rendered. Lots lie in a square; on each stands a
detached house, a terrace, a block with a courtyard or a shed, with flat, gabled or hipped roofs. Around
them: trees as high as the roofs that touch the walls, lorries and containers. Some lots hold a pool or a
car park instead of a building, some are crossed by a bridge.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import rasterio
import shapely
from affine import Affine
from scipy.ndimage import gaussian_filter, uniform_filter
from shapely.affinity import rotate, translate
from shapely.geometry import Polygon, box

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.random import Generator
    from numpy.typing import NDArray

CRS = "EPSG:32645"
LEFT_M, TOP_M = 345_600.0, 3_072_000.0
LOT_M = 36.0
FINE = 4
"""Samples per pixel along each side, for the truth."""


@dataclass(frozen=True, slots=True)
class SurfaceSpec:
    """What to build and how badly to see it."""

    lots: int
    """Lots along each side of the square."""
    slope: float = 0.0
    """Of the ground, 0.25 is 25 %."""
    gsd_m: float = 0.5
    noise_m: float = 0.15
    smear_px: int = 2
    holes: float = 0.02
    """Share of the surface that is not known."""
    shift_m: float = 0.0
    """How far the footprints lie beside their buildings."""
    clutter: bool = True
    """Trees, lorries and containers."""
    seed: int = 0


@dataclass(slots=True)
class SurfaceTown:
    """Surface, ground and buildings, and what is true of them."""

    surface: NDArray[np.float32]
    """(rows, columns) metres, NaN in holes."""
    ground: NDArray[np.float32]
    """(rows, columns) the ground beneath everything."""
    transform: Affine
    footprints: list[Polygon] = field(default_factory=list)
    """As they were drawn: shifted."""
    kind: list[str] = field(default_factory=list)
    height_m: list[float] = field(default_factory=list)
    """Median height above the ground, over the true footprint."""
    ground_m: list[float] = field(default_factory=list)
    """Mean ground where it was drawn."""
    pitched: list[bool] = field(default_factory=list)
    flat: list[Polygon] = field(default_factory=list)
    """Pools and car parks, drawn as if they were buildings."""
    trees: list[Polygon] = field(default_factory=list)
    """Groups of trees, drawn as if they were buildings."""


def build(spec: SurfaceSpec) -> SurfaceTown:
    """Render a town."""
    rng = np.random.default_rng(spec.seed)
    side = round(spec.lots * LOT_M / spec.gsd_m)
    transform = Affine(spec.gsd_m, 0, LEFT_M, 0, -spec.gsd_m, TOP_M)
    hill = _Hill(spec.slope, rng.uniform(0, 2 * np.pi))
    x, y = _centres(0, 0, side, side, spec.gsd_m)
    ground = hill(x, y)
    town = SurfaceTown(ground.copy(), ground, transform)
    turn = rng.uniform(0, 2 * np.pi)
    drawn_at = np.array([np.cos(turn), np.sin(turn)]) * spec.shift_m
    for row in range(spec.lots):
        for col in range(spec.lots):
            origin = (LEFT_M + col * LOT_M, TOP_M - (row + 1) * LOT_M)
            _Lot(town, spec, hill, rng, origin, drawn_at).build()
    town.surface = _seen(town.surface, spec, rng)
    return town


@dataclass(frozen=True, slots=True)
class _Hill:
    slope: float
    direction: float

    def __call__(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float32]:
        along = (x - LEFT_M) * np.cos(self.direction) + (y - TOP_M) * np.sin(self.direction)
        z = 500 + self.slope * along + 0.6 * np.sin((x - LEFT_M) / 60) * np.cos((y - TOP_M) / 75)
        return z.astype(np.float32)


@dataclass(frozen=True, slots=True)
class _Lot:
    town: SurfaceTown
    spec: SurfaceSpec
    hill: _Hill
    rng: Generator
    origin: tuple[float, float]
    drawn_at: NDArray[np.float64]

    def build(self) -> None:
        rng = self.rng
        kinds = ("detached", "terrace", "courtyard", "shed", "flat", "grove")
        kind = str(rng.choice(kinds, p=[0.42, 0.25, 0.1, 0.1, 0.08, 0.05]))
        middle = np.array(self.origin) + LOT_M / 2
        if kind == "flat":
            return self._flat(middle)
        if kind == "grove":
            return self._grove(middle)
        eaves = rng.uniform(2.4, 3.2) if kind == "shed" else rng.uniform(3.5, 14)
        built = []
        for outline, roof in self._outlines(kind, middle):
            height = eaves + rng.choice([0.0, 0.0, 1.5, 3.0])
            built.append((outline, self._raise(outline, roof, height, kind)))
        if self.spec.clutter:
            self._clutter(built)
        return None

    def _outlines(self, kind: str, middle: NDArray[np.float64]) -> list[tuple[Polygon, str]]:
        rng = self.rng
        angle = float(rng.uniform(0, 180))
        roof = str(rng.choice(["flat", "gable", "hip"]))
        if kind == "terrace":
            wide, deep = rng.uniform(5.5, 7), rng.uniform(9, 12)
            flat = [box(i * wide, 0, (i + 1) * wide, deep) for i in range(4)]
            flat = [translate(one, -2 * wide, -deep / 2) for one in flat]
        elif kind == "courtyard":
            a, b, wing = rng.uniform(11, 13), rng.uniform(11, 13), rng.uniform(5, 6)
            outer = box(-a, -b, a, b)
            flat, roof = [outer - box(-a + wing, -b + wing, a - wing, b - wing)], "flat"
        elif kind == "shed":
            flat, roof = [box(-2, -2, rng.uniform(2, 3), rng.uniform(1.5, 2))], "flat"
        else:
            flat = [
                box(-rng.uniform(5, 8), -rng.uniform(4, 6), rng.uniform(5, 8), rng.uniform(4, 6))
            ]
        return [(translate(rotate(one, angle, (0, 0)), *middle), roof) for one in flat]

    def _raise(self, outline: Polygon, roof: str, height: float, kind: str) -> float:
        """Put a building onto the surface, note the truth, and give its roof's level."""
        rows, cols = self._window(outline)
        x, y = _centres(rows.start, cols.start, rows.stop, cols.stop, self.spec.gsd_m)
        inside = shapely.contains_xy(outline, x, y)
        level = float(self.hill(*map(np.asarray, outline.centroid.coords[0]))) + height
        shape = _Roof(outline, roof)
        part = self.town.surface[rows, cols]
        part[inside] = level + shape(x[inside], y[inside])
        fx, fy = _centres(rows.start, cols.start, rows.stop, cols.stop, self.spec.gsd_m, FINE)
        fine = shapely.contains_xy(outline, fx, fy)
        below = self.hill(fx[fine], fy[fine])
        drawn = self.hill(fx[fine] + self.drawn_at[0], fy[fine] + self.drawn_at[1])
        town = self.town
        town.footprints.append(translate(outline, *self.drawn_at))
        town.kind.append(kind)
        town.height_m.append(float(np.median(level + shape(fx[fine], fy[fine]) - below)))
        town.ground_m.append(float(drawn.mean()))
        town.pitched.append(roof != "flat")
        return level

    def _clutter(self, built: list[tuple[Polygon, float]]) -> None:
        rng = self.rng
        lot = box(*self.origin, self.origin[0] + LOT_M, self.origin[1] + LOT_M)
        everything = shapely.union_all([outline for outline, _ in built])
        for _ in range(rng.integers(0, 3)):  # trees that touch the walls, as high as the roof
            outline, level = built[rng.integers(len(built))]
            radius = rng.uniform(2, 4)
            at = outline.exterior.interpolate(rng.uniform(0, 1), normalized=True)
            self._crown(at.buffer(radius) - everything, level, radius)
        for _ in range(rng.integers(0, 3)):  # lorries and containers
            at = np.array(self.origin) + rng.uniform(3, LOT_M - 3, 2)
            turned = rotate(
                box(-1.3, -4, 1.3, rng.uniform(4, 8)), float(rng.uniform(0, 180)), (0, 0)
            )
            thing = (translate(turned, *at) - everything.buffer(0.5)) & lot
            if not thing.is_empty:
                self._lift(thing, float(rng.uniform(2.5, 4)))

    def _crown(self, crown: shapely.Geometry, level: float, radius: float) -> None:
        if crown.is_empty:
            return
        rows, cols = self._window(crown)
        x, y = _centres(rows.start, cols.start, rows.stop, cols.stop, self.spec.gsd_m)
        inside = shapely.contains_xy(crown, x, y)
        rough = self.rng.normal(0, 0.2 * radius, x.shape)
        part = self.town.surface[rows, cols]
        part[inside] = (level + rough)[inside]

    def _lift(self, outline: shapely.Geometry, by_m: float) -> None:
        rows, cols = self._window(outline)
        x, y = _centres(rows.start, cols.start, rows.stop, cols.stop, self.spec.gsd_m)
        inside = shapely.contains_xy(outline, x, y)
        part = self.town.surface[rows, cols]
        part[inside] = self.hill(x[inside], y[inside]) + by_m

    def _flat(self, middle: NDArray[np.float64]) -> None:
        a, b = self.rng.uniform(3, 9, 2)
        outline = translate(rotate(box(-a, -b, a, b), float(self.rng.uniform(0, 180))), *middle)
        self._lift(outline, float(self.rng.choice([-1.2, -0.2, 0.0, 0.1])))
        self.town.flat.append(outline)

    def _grove(self, middle: NDArray[np.float64]) -> None:
        outline = shapely.Point(middle).buffer(self.rng.uniform(5, 9))
        level = float(self.hill(*map(np.asarray, middle))) + self.rng.uniform(6, 12)
        self._crown(outline, level, 5.0)
        self.town.trees.append(outline)

    def _window(self, outline: shapely.Geometry) -> tuple[slice, slice]:
        left, bottom, right, top = outline.bounds
        gsd, limit = self.spec.gsd_m, self.town.surface.shape[0]
        rows = slice(
            max(int((TOP_M - top) / gsd) - 1, 0), min(int((TOP_M - bottom) / gsd) + 2, limit)
        )
        cols = slice(
            max(int((left - LEFT_M) / gsd) - 1, 0), min(int((right - LEFT_M) / gsd) + 2, limit)
        )
        return rows, cols


class _Roof:
    """Metres above the eaves."""

    def __init__(self, outline: Polygon, kind: str) -> None:
        self._kind = kind
        corners = np.array(shapely.minimum_rotated_rectangle(outline).exterior.coords)[:4]
        sides = np.linalg.norm(np.diff(corners, axis=0), axis=1)
        at = int(sides[0] < sides[1])  # the long side
        self._along = (corners[at + 1] - corners[at]) / sides[at]
        self._middle = corners.mean(axis=0)
        self._half = sides[at] / 2, sides[1 - at] / 2

    def __call__(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        if self._kind == "flat":
            return np.zeros_like(x)
        dx, dy = x - self._middle[0], y - self._middle[1]
        u = np.abs(dx * self._along[0] + dy * self._along[1])
        v = np.abs(dy * self._along[0] - dx * self._along[1])
        inward = self._half[1] - v
        if self._kind == "hip":
            inward = np.minimum(inward, self._half[0] - u)
        return 0.6 * np.maximum(inward, 0)


def _centres(
    top: int, left: int, bottom: int, right: int, gsd_m: float, fine: int = 1
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    cols = left + (np.arange((right - left) * fine) + 0.5) / fine
    rows = top + (np.arange((bottom - top) * fine) + 0.5) / fine
    x, y = np.meshgrid(LEFT_M + cols * gsd_m, TOP_M - rows * gsd_m)
    return x, y


def _seen(surface: NDArray[np.float32], spec: SurfaceSpec, rng: Generator) -> NDArray[np.float32]:
    """Smeared walls, noise, holes."""
    seen = uniform_filter(surface, spec.smear_px + 1) if spec.smear_px else surface
    seen = seen + rng.normal(0, spec.noise_m, surface.shape)
    if spec.holes:
        field_ = gaussian_filter(rng.standard_normal(surface.shape).astype(np.float32), 3)
        seen[field_ > np.quantile(field_[::4, ::4], 1 - spec.holes)] = np.nan
    return seen.astype(np.float32)


def write(path: Path, surface: NDArray[np.float32], transform: Affine) -> None:
    """A surface as a tiled GeoTIFF, holes as nodata."""
    with rasterio.open(
        path, "w", driver="GTiff", height=surface.shape[0], width=surface.shape[1], count=1,
        dtype="float32", crs=CRS, transform=transform, nodata=-9999, tiled=True, blockxsize=256,
        blockysize=256, compress="deflate", predictor=3, BIGTIFF="IF_SAFER",
    ) as dataset:  # fmt: skip
        dataset.write(np.where(np.isnan(surface), np.float32(-9999), surface), 1)
