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
from shapely.geometry import Polygon
from town_kinds import BUILDERS, RECTILINEAR

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely.geometry import LinearRing
    from shapely.geometry.base import BaseGeometry

__all__ = ["BUILDERS", "RECTILINEAR", "Town", "TownSpec", "build_town"]

SUN = (0.8, 0.6)
"""Shadows fall this way, in every lot: a unit vector."""
SHADOW_STEP_PX = 0.5
"""Shadows are swept in such steps."""


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
    correlation_px: float = 1.5
    """Width of the Gaussian that smooths the displacement field."""
    opened_px: float = 0.0
    """Radius to which the mask's convex corners are rounded, pixels."""
    closed_px: float = 0.0
    """Radius to which its concave corners are filled."""
    houses: int | None = None
    """No further lot once so many buildings stand; None: all lots."""
    swell_px: float = 0.0
    """How far the mask reaches beyond the building on one side, as shadows make it."""
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


def build_town(spec: TownSpec) -> Town:
    """Draw a town lot by lot; lots lie in one row, so that a town of any size is linear in time."""
    truth: list[Polygon] = []
    raw: list[Polygon] = []
    lots: list[int] = []
    kinds: list[str] = []
    offset = 0
    for number in range(spec.lots):
        if spec.houses is not None and len(truth) >= spec.houses:
            break
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
    margin = 8 + 4 * spec.jitter_px + spec.swell_px
    x_min, y_min, x_max, y_max = shapely.total_bounds(turned)
    shift = rng.uniform(0, 1, 2) + margin - (x_min, y_min)
    truth = [translate(polygon, *shift) for polygon in turned]
    width, height = int(x_max - x_min + 2 * margin) + 2, int(y_max - y_min + 2 * margin) + 2
    labels = _see(_as_networks_see(truth, spec), (height, width), spec, rng)
    seen = np.flatnonzero(np.bincount(labels.ravel(), minlength=len(truth) + 1)[1:])
    return [truth[i] for i in seen], [_trace(labels, int(i) + 1) for i in seen], width


def _as_networks_see(truth: list[Polygon], spec: TownSpec) -> Sequence[BaseGeometry]:
    """The outlines of a lot with shadows, and its corners rounded; shared walls as they are."""
    lot = shapely.union_all(truth)
    out: list[BaseGeometry] = list(truth)
    if spec.swell_px:
        out = [house | (_shadow(house, spec.swell_px) - lot) for house in out]
        lot = shapely.union_all(out)
    most = max(spec.opened_px, spec.closed_px)
    if most:
        opened, closed = spec.opened_px, spec.closed_px
        blurred = lot.buffer(-opened).buffer(opened + closed).buffer(-closed)
        out = [(house | (house.buffer(most) - lot)) & blurred for house in out]
    return out


def _shadow(house: BaseGeometry, length_px: float) -> BaseGeometry:
    """What a house covers while it moves along the shadows."""
    steps = np.append(np.arange(SHADOW_STEP_PX, length_px, SHADOW_STEP_PX), length_px)
    return shapely.union_all([translate(house, step * SUN[0], step * SUN[1]) for step in steps])


def _see(
    truth: Sequence[BaseGeometry],
    shape: tuple[int, int],
    spec: TownSpec,
    rng: np.random.Generator,
) -> NDArray[np.int32]:
    """Labels of pixels whose centres, displaced by a smooth random field, lie in a building."""
    height, width = shape
    col, row = np.meshgrid(np.arange(width) + 0.5, np.arange(height) + 0.5)
    col = col + spec.jitter_px * _smooth_field(rng, shape, spec.correlation_px)
    row = row + spec.jitter_px * _smooth_field(rng, shape, spec.correlation_px)
    labels = np.zeros((height, width), dtype=np.int32)
    for number, polygon in enumerate(truth):
        shapely.prepare(polygon)
        inside = shapely.contains_xy(polygon, col.ravel(), row.ravel()).reshape(height, width)
        labels[_largest(inside & (labels == 0))] = number + 1
    return labels


def _smooth_field(
    rng: np.random.Generator, shape: tuple[int, int], correlation_px: float
) -> NDArray[np.float64]:
    """Gaussian noise of unit variance, correlated over a few pixels."""
    height, width = shape
    pad = int(4 * correlation_px)
    noise = rng.standard_normal((height + 2 * pad, width + 2 * pad))
    smooth = gaussian_filter(noise, correlation_px, mode="wrap")
    gain = 2 * np.sqrt(np.pi) * correlation_px
    return np.asarray(gain * smooth[pad : pad + height, pad : pad + width])


def _largest(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    pieces, count = label(mask)
    if count == 0:
        return mask
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
