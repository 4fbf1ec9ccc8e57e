"""How near drawn outlines come to the true ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry import LinearRing, Polygon

OVERLAP_PX2 = 1e-6
"""Pairs that share more area than this overlap."""
CORNER_PX = 1.5
"""Samples nearer to the end of a true wall may belong to the next one."""
FEWEST_SAMPLES = 6
"""Walls that fewer samples belong to tell nothing of a direction."""


@dataclass(frozen=True, slots=True)
class Score:
    """One row of the table."""

    iou: float
    """Mean intersection over union with the true outlines."""
    iou_p5: float
    """Its 5th percentile over buildings."""
    angle_deg: float
    """Mean error of a building's direction, degrees."""
    hausdorff_m: float
    """Median Hausdorff distance to the true outline, metres."""
    hausdorff_p95_m: float
    """Its 95th percentile."""
    vertices: float
    """Mean number of vertices."""
    bias_percent: float
    """Error of the total area."""
    overlaps: int
    """Pairs of polygons that overlap."""
    invalid: int
    """Polygons that are not valid, or empty."""
    shared: float
    """Share of lots with several houses whose walls coincide vertex for vertex."""

    HEADER = "mean IoU   p5  angle  H50  H95  vertices  area bias  overlaps  invalid  shared walls"

    def row(self) -> str:
        """The figures below HEADER."""
        return (
            f"{self.iou:8.4f} {self.iou_p5:.3f} {self.angle_deg:5.2f} {self.hausdorff_m:5.2f}"
            f"{self.hausdorff_p95_m:5.2f} {self.vertices:8.1f}  {self.bias_percent:+8.2f} % "
            f"{self.overlaps:8d} {self.invalid:8d} {100 * self.shared:11.0f} %"
        )


def iou(truth: NDArray[np.object_], drawn: NDArray[np.object_]) -> NDArray[np.float64]:
    """(n,) intersection over union, pair by pair."""
    common = shapely.area(shapely.intersection(truth, drawn))
    return np.asarray(common / (shapely.area(truth) + shapely.area(drawn) - common))


def score(
    truth: NDArray[np.object_],
    drawn: NDArray[np.object_],
    lot: NDArray[np.int64],
    gsd_m: float,
) -> Score:
    """Figures for outlines in pixels."""
    usable = shapely.is_valid(drawn) & ~shapely.is_empty(drawn)
    sound = np.where(usable, drawn, shapely.buffer(shapely.make_valid(drawn), 0))
    overlap = iou(truth, sound)
    apart_m = gsd_m * shapely.hausdorff_distance(truth, sound, densify=0.05)
    angles = [_turn(a, b) for a, b in zip(truth, sound, strict=True)]
    return Score(
        iou=float(overlap.mean()),
        iou_p5=float(np.percentile(overlap, 5)),
        angle_deg=float(np.mean(angles)),
        hausdorff_m=float(np.nanmedian(apart_m)),
        hausdorff_p95_m=float(np.nanpercentile(apart_m, 95)),
        vertices=float((shapely.get_num_coordinates(sound) - 1).mean()),
        bias_percent=float(100 * (shapely.area(sound).sum() / shapely.area(truth).sum() - 1)),
        overlaps=_overlapping_pairs(sound),
        invalid=int((~usable).sum()),
        shared=_shared(truth, sound, lot),
    )


def _direction(polygon: Polygon) -> float:
    """Length-weighted circular mean of the walls' directions modulo 90 degrees, radians."""
    steps = np.diff(shapely.get_coordinates(shapely.get_exterior_ring(polygon)), axis=0)
    return float(np.angle((np.hypot(*steps.T) * np.exp(4j * np.arctan2(*steps.T[::-1]))).sum()) / 4)


def _turn(truth: Polygon, drawn: Polygon) -> float:
    """Difference of the directions of two outlines, degrees, 0..45."""
    if drawn.geom_type != "Polygon" or drawn.is_empty:
        return 45.0
    return float(
        np.degrees(abs(np.angle(np.exp(4j * (_direction(drawn) - _direction(truth))))) / 4)
    )


def least_angle_error(
    truth: NDArray[np.object_], raw: NDArray[np.object_], lot: NDArray[np.int64]
) -> float:
    """Mean error of the directions that masks give to those who know all true walls, degrees.

    Every lot's true walls are turned as a whole to fit the masks by least squares: how far a tool
    that must find the walls first can come.
    """
    lever = np.array([_lever(*pair) for pair in zip(truth, raw, strict=True)])
    moment, inertia = (np.bincount(lot, weights=column) for column in lever.T)
    return float(np.degrees(np.abs(moment / inertia))[lot].mean())


def _lever(truth: Polygon, raw: Polygon) -> tuple[float, float]:
    """Sums over the true walls: offsets of the mask times place along the wall, places squared."""
    steps = np.concatenate([_steps(ring) for ring in shapely.get_rings(truth)])
    starts, vectors = steps[:, :2], steps[:, 2:]
    lengths = np.hypot(*vectors.T)
    units = vectors / lengths[:, None]
    fine = np.concatenate([_steps(r) for r in shapely.get_rings(shapely.segmentize(raw, 1.0))])
    off = fine[:, None, :2] + fine[:, None, 2:] / 2 - starts  # (samples, walls, 2)
    along = (off * units).sum(axis=2)
    across = off[..., 1] * units[:, 0] - off[..., 0] * units[:, 1]
    wall = np.hypot(across, np.maximum(0, np.maximum(-along, along - lengths))).argmin(axis=1)
    moment = inertia = 0.0
    for number, length in enumerate(lengths):
        mine = along[:, number]
        inner = (wall == number) & (mine > CORNER_PX) & (mine < length - CORNER_PX)
        if inner.sum() >= FEWEST_SAMPLES:
            place = mine[inner] - mine[inner].mean()
            moment += float((place * across[inner, number]).sum())
            inertia += float((place**2).sum())
    return moment, inertia


def _steps(ring: LinearRing) -> NDArray[np.float64]:
    """(n, 4) start and vector of every edge."""
    xy = shapely.get_coordinates(ring)
    return np.hstack([xy[:-1], np.diff(xy, axis=0)])


def _overlapping_pairs(drawn: NDArray[np.object_]) -> int:
    one, other = shapely.STRtree(drawn).query(drawn, predicate="intersects")
    pairs = one < other
    common = shapely.area(shapely.intersection(drawn[one[pairs]], drawn[other[pairs]]))
    return int((common > OVERLAP_PX2).sum())


def _shared(
    truth: NDArray[np.object_], drawn: NDArray[np.object_], lot: NDArray[np.int64]
) -> float:
    """Share of the lots with touching true walls that are valid coverages with touching walls."""
    fine = []
    for number in np.unique(lot):
        members = np.flatnonzero(lot == number)
        if len(members) > 1:
            valid = shapely.coverage_is_valid(drawn[members])
            touch = shapely.length(shapely.intersection(drawn[members[:-1]], drawn[members[1:]]))
            true = shapely.length(shapely.intersection(truth[members[:-1]], truth[members[1:]]))
            fine.append(valid and bool((touch[true > 1] > 0).all()))
    return float(np.mean(fine)) if fine else 1.0
