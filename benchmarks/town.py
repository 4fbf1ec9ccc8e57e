"""Synthetic towns: true building outlines, and the masks a network would make of them.

All lengths are pixels unless a name says otherwise. Buildings stand on lots, far enough apart that
the masks of different lots do not meet; the houses of a terrace share their walls.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from rasterio.features import shapes
from scipy.ndimage import gaussian_filter, label
from shapely.affinity import rotate, translate
from shapely.geometry import Point, Polygon, box

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray
    from shapely.geometry import LinearRing
    from shapely.geometry.base import BaseGeometry

JITTER_CORRELATION_PX = 1.5
"""Width of the Gaussian that smooths the displacement field."""


@dataclass(frozen=True, slots=True)
class TownSpec:
    """What to build and how badly to see it."""

    lots: int
    """Number of lots; a terrace has several houses on one lot."""
    kinds: tuple[str, ...]
    """Names of building types, drawn with equal chance."""
    gsd_m: float = 0.3
    """Ground size of a pixel, metres."""
    jitter_px: float = 1.2
    """Standard deviation of the displacement of the mask's boundary, pixels, along each axis."""
    corner_px: float = 0.0
    """Radius to which the mask's corners are rounded, convex and concave ones, pixels."""
    seed: int = 0
    """Of the random generator."""


@dataclass(frozen=True, slots=True)
class Town:
    """True outlines and traced masks, building by building, in pixels."""

    truth: list[Polygon]
    """True outlines."""
    raw: list[Polygon]
    """Masks traced along pixel edges, same order."""
    lot: NDArray[np.int64]
    """(n,) number of the lot."""
    kind: list[str]
    """Type of each building."""


def _house(rng: np.random.Generator, m: float) -> list[Polygon]:
    return [box(0, 0, rng.uniform(10, 17) * m, rng.uniform(9, 13) * m)]


def _ell(rng: np.random.Generator, m: float) -> list[Polygon]:
    width, depth = rng.uniform(14, 24) * m, rng.uniform(12, 20) * m
    cut = box(width * rng.uniform(0.4, 0.6), depth * rng.uniform(0.4, 0.6), width * 2, depth * 2)
    return [box(0, 0, width, depth) - cut]


def _courtyard(rng: np.random.Generator, m: float) -> list[Polygon]:
    width, depth = rng.uniform(22, 35) * m, rng.uniform(20, 30) * m
    wing = rng.uniform(6, 8) * m
    return [box(0, 0, width, depth) - box(wing, wing, width - wing, depth - wing)]


def _warehouse(rng: np.random.Generator, m: float) -> list[Polygon]:
    width, depth = rng.uniform(30, 60) * m, rng.uniform(20, 35) * m
    hall = box(0, 0, width, depth)
    start = width * rng.uniform(0.1, 0.5)
    return [hall | box(start, -4 * m, start + rng.uniform(6, 12) * m, depth / 2)]


def _terrace(rng: np.random.Generator, m: float) -> list[Polygon]:
    width, depth = rng.uniform(7, 10) * m, rng.uniform(9, 13) * m
    steps = rng.choice([0.0, 0.0, 1.5 * m], size=int(rng.integers(3, 8)))
    return [box(i * width, step, (i + 1) * width, step + depth) for i, step in enumerate(steps)]


def _octagon(rng: np.random.Generator, m: float) -> list[Polygon]:
    radius, turn = rng.uniform(5, 10) * m, np.pi / 8
    angles = turn + np.arange(8) * np.pi / 4
    return [Polygon(radius * np.column_stack([np.cos(angles), np.sin(angles)]))]


def _circle(rng: np.random.Generator, m: float) -> list[Polygon]:
    return [Point(0, 0).buffer(rng.uniform(4, 12) * m, quad_segs=32)]


def _trapezoid(rng: np.random.Generator, m: float) -> list[Polygon]:
    width, depth = rng.uniform(10, 20) * m, rng.uniform(8, 15) * m
    top = width * rng.uniform(0.55, 0.85)
    return [Polygon([(0, 0), (width, 0), (top, depth), (rng.uniform(0, 0.2) * width, depth)])]


def _bay(rng: np.random.Generator, m: float) -> list[Polygon]:
    width, depth = rng.uniform(14, 20) * m, rng.uniform(8, 12) * m
    start, size = width * rng.uniform(0.2, 0.4), rng.uniform(5, 7) * m
    third, out = size / 3, -size / 3
    x = start + np.array([0, 0, third, 2 * third, size, size])
    bay = Polygon(np.column_stack([x, [1, 0, out, out, 0, 1]]))
    return [box(0, 0, width, depth) | bay]


def _curved(rng: np.random.Generator, m: float) -> list[Polygon]:
    outer, depth = rng.uniform(25, 45) * m, rng.uniform(9, 12) * m
    angles = np.linspace(0, rng.uniform(0.7, 1.6), 40)
    arc = np.column_stack([np.cos(angles), np.sin(angles)])
    return [Polygon(np.vstack([outer * arc, (outer - depth) * arc[::-1]]))]


BUILDERS: dict[str, Callable[[np.random.Generator, float], list[Polygon]]] = {
    "house": _house,
    "ell": _ell,
    "courtyard": _courtyard,
    "warehouse": _warehouse,
    "terrace": _terrace,
    "octagon": _octagon,
    "circle": _circle,
    "trapezoid": _trapezoid,
    "bay": _bay,
    "curved": _curved,
}
RECTILINEAR = ("house", "house", "house", "ell", "ell", "courtyard", "warehouse", "terrace")
OBLIQUE = ("octagon", "circle", "trapezoid", "bay", "curved")


def build_town(spec: TownSpec) -> Town:
    """Draw a town lot by lot; lots lie in one row, so that a town of any size is linear in time."""
    truth: list[Polygon] = []
    raw: list[Polygon] = []
    lots: list[int] = []
    kinds: list[str] = []
    offset = 0
    for number in range(spec.lots):
        rng = np.random.default_rng([spec.seed, number])
        kind = spec.kinds[int(rng.integers(len(spec.kinds)))]
        true_lot, raw_lot, width = _build_lot(kind, spec, rng)
        truth += [translate(polygon, offset, 0) for polygon in true_lot]
        raw += [translate(polygon, offset, 0) for polygon in raw_lot]
        lots += [number] * len(true_lot)
        kinds += [kind] * len(true_lot)
        offset += width
    return Town(truth, raw, np.asarray(lots), kinds)


def _build_lot(
    kind: str, spec: TownSpec, rng: np.random.Generator
) -> tuple[list[Polygon], list[Polygon], int]:
    shapes_px = BUILDERS[kind](rng, 1 / spec.gsd_m)
    angle = rng.uniform(0, 360)
    turned = [rotate(polygon, angle, origin=(0, 0)) for polygon in shapes_px]
    margin = 8 + 4 * spec.jitter_px
    x_min, y_min, x_max, y_max = shapely.total_bounds(turned)
    shift = rng.uniform(0, 1, 2) + margin - (x_min, y_min)
    truth = [translate(polygon, *shift) for polygon in turned]
    width, height = int(x_max - x_min + 2 * margin) + 2, int(y_max - y_min + 2 * margin) + 2
    seen = _rounded(truth, spec.corner_px) if spec.corner_px else truth
    labels = _see(seen, height, width, spec.jitter_px, rng)
    return truth, [_trace(labels, number + 1) for number in range(len(truth))], width


def _rounded(truth: list[Polygon], radius_px: float) -> list[BaseGeometry]:
    """The outlines of a lot as networks see them: its corners rounded, shared walls as they are."""
    lot = shapely.union_all(truth)
    blurred = lot.buffer(-radius_px).buffer(2 * radius_px).buffer(-radius_px)
    return [(house | (house.buffer(radius_px) - lot)) & blurred for house in truth]


def _see(
    truth: Sequence[BaseGeometry],
    height: int,
    width: int,
    jitter_px: float,
    rng: np.random.Generator,
) -> NDArray[np.int32]:
    """Labels of pixels whose centres, displaced by a smooth random field, lie in a building."""
    col, row = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    col = col + jitter_px * _smooth_field(rng, height, width)
    row = row + jitter_px * _smooth_field(rng, height, width)
    labels = np.zeros((height, width), dtype=np.int32)
    for number, polygon in enumerate(truth):
        shapely.prepare(polygon)
        inside = shapely.contains_xy(polygon, col.ravel(), row.ravel()).reshape(height, width)
        labels[_largest(inside & (labels == 0))] = number + 1
    return labels


def _smooth_field(rng: np.random.Generator, height: int, width: int) -> NDArray[np.float64]:
    """Gaussian noise of unit variance, correlated over a few pixels."""
    pad = int(4 * JITTER_CORRELATION_PX)
    noise = rng.standard_normal((height + 2 * pad, width + 2 * pad))
    smooth = gaussian_filter(noise, JITTER_CORRELATION_PX, mode="wrap")
    gain = 2 * np.sqrt(np.pi) * JITTER_CORRELATION_PX
    return np.asarray(gain * smooth[pad : pad + height, pad : pad + width])


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    pieces, _ = label(mask)
    sizes = np.bincount(pieces.ravel())
    sizes[0] = 0
    return np.asarray(pieces == sizes.argmax())


def _trace(labels: NDArray[np.int32], number: int) -> Polygon:
    """The outline of one label along pixel edges; specks of holes below four pixels are filled."""
    mask = labels == number
    parts = [_polygon(part) for part, value in shapes(mask.astype(np.uint8), mask=mask) if value]
    largest = max(parts, key=lambda part: part.area)
    rings = [largest.exterior, *(r for r in largest.interiors if Polygon(r).area >= 4)]
    nodes = _lattice_nodes(labels)
    return Polygon(_keep_nodes(rings[0], nodes), [_keep_nodes(ring, nodes) for ring in rings[1:]])


def _polygon(part: dict[str, list[list[tuple[float, float]]]]) -> Polygon:
    shell, *holes = part["coordinates"]
    return Polygon(shell, holes)


def _lattice_nodes(labels: NDArray[np.int32]) -> NDArray[np.bool_]:
    """(height + 1, width + 1) True for pixel corners where three or more labels meet."""
    padded = np.pad(labels, 1)
    around = np.stack([padded[:-1, :-1], padded[:-1, 1:], padded[1:, :-1], padded[1:, 1:]])
    ranked = np.sort(around, axis=0)
    return np.asarray((np.diff(ranked, axis=0) != 0).sum(axis=0) >= 2)


def _keep_nodes(ring: LinearRing, nodes: NDArray[np.bool_]) -> NDArray[np.float64]:
    """The ring's corners, and the nodes on its straight edges."""
    fine = np.round(shapely.get_coordinates(shapely.segmentize(ring, 1.0)))[:-1]
    turn = fine - np.roll(fine, 1, axis=0) != np.roll(fine, -1, axis=0) - fine
    col, row = fine.T.astype(int)
    return np.asarray(fine[turn.any(axis=1) | nodes[row, col]])


def scale(geometries: list[Polygon], factor: float) -> list[BaseGeometry]:
    """Pixels to metres or back."""
    return list(shapely.transform(np.asarray(geometries), lambda xy: xy * factor))
