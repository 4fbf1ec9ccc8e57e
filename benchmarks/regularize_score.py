"""How near drawn outlines come to the true ones, and how near they could."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from outline_limit import FEWEST_SAMPLES, Edges, moved_walls
from town_kinds import RIGHT_ANGLED, ROUND

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry import Polygon
    from town import Town

    Polygons = NDArray[np.object_]

OVERLAP_PX2 = 1e-6
"""Pairs that share more area than this overlap."""
THROUGH_PX = 0.05
"""Vertices nearer to a straight wall than this are none of its corners."""
TOLERANCES_PX = (0.5, 1.0, 1.5, 2.0, 2.5, 3.0)
"""Simplify takes part with the best of these."""
ROOM_PX = 50
"""Between towns."""


@dataclass(frozen=True, slots=True)
class Truth:
    """What outlines of a town are held against."""

    outlines: Polygons
    """(n,) true outlines, pixels."""
    raw: Polygons
    """(n,) masks."""
    lot: NDArray[np.int64]
    """(n,) the lot of each."""
    kind: NDArray[np.str_]
    """(n,) what it is."""
    gsd_m: float
    """Ground size of a pixel, metres."""
    limit: NDArray[np.float64]
    """(n,) agreement of the true walls, each moved to the mean of its own pixels."""
    simple: NDArray[np.float64]
    """(n,) agreement of Douglas-Peucker at its best tolerance."""
    tolerance_px: float
    """That tolerance."""

    @classmethod
    def of(cls, towns: list[Town], gsd_m: float) -> Truth:
        """Of towns, side by side."""
        outlines, raw, lot, right, lots = [], [], [], 0.0, 0
        for town in towns:
            outlines.append(_moved(town.truth, right))
            raw.append(_moved(town.raw, right))
            lot.append(town.lot + lots)
            right = float(np.ceil(shapely.total_bounds(raw[-1])[2])) + ROOM_PX
            lots += int(town.lot.max()) + 1
        true, masks = np.concatenate(outlines), np.concatenate(raw)
        kind = np.concatenate([np.asarray(town.kind) for town in towns])
        thinned = {px: iou(true, shapely.simplify(masks, px)) for px in TOLERANCES_PX}
        best = max(TOLERANCES_PX, key=lambda px: thinned[px].mean())
        limit = iou(true, moved_walls(true, masks))
        return cls(true, masks, np.concatenate(lot), kind, gsd_m, limit, thinned[best], best)

    @property
    def right_angled(self) -> NDArray[np.bool_]:
        """(n,) True where all corners are right ones."""
        return np.isin(self.kind, sorted(RIGHT_ANGLED))


@dataclass(frozen=True, slots=True)
class Score:
    """One row of the table."""

    iou: float
    """Mean intersection over union with the true outlines."""
    iou_p5: float
    """Its 5th percentile over buildings."""
    below: float
    """By how much the mean lies below that of the limit."""
    below_p5: float
    """By how much the 5th percentile does."""
    angle_deg: float
    """Mean error of the direction of buildings with right angles, degrees."""
    hausdorff_m: float
    """Median Hausdorff distance to the true outline, metres."""
    hausdorff_p95_m: float
    """Its 95th percentile."""
    vertices: float
    """Mean number of corners more than the true outline has, where that has straight walls."""
    bias_percent: float
    """Error of the total area."""
    loss: float
    """By how much simplify is better, of the kinds of buildings with other than right angles the
    worst; below 0 where it never is."""
    worst: str
    """That kind."""
    overlaps: int
    """Pairs of polygons that overlap."""
    invalid: int
    """Polygons that are not valid, or empty."""
    shared: float
    """Share of lots with several houses whose walls coincide vertex for vertex."""

    HEADER = (
        "     IoU    p5   below p5 below angle   H50   H95 vertices   area  loss to simplify"
        "          overlaps invalid shared"
    )

    def row(self) -> str:
        """The figures below HEADER."""
        return (
            f"{self.iou:8.4f} {self.iou_p5:.3f} {self.below:7.4f} {self.below_p5:8.4f}"
            f" {self.angle_deg:5.2f} {self.hausdorff_m:5.2f} {self.hausdorff_p95_m:5.2f}"
            f" {self.vertices:+8.2f} {self.bias_percent:+5.2f}% {self.loss:+7.4f} {self.worst:18}"
            f"{self.overlaps:8d} {self.invalid:7d} {100 * self.shared:5.0f}%"
        )


def iou(truth: Polygons, drawn: Polygons) -> NDArray[np.float64]:
    """(n,) intersection over union, pair by pair."""
    common = shapely.area(shapely.intersection(truth, drawn))
    return np.asarray(common / (shapely.area(truth) + shapely.area(drawn) - common))


def sound(drawn: Polygons) -> Polygons:
    """(n,) the same, those that are not valid repaired: everybody is scored."""
    usable = shapely.is_valid(drawn) & ~shapely.is_empty(drawn)
    return np.where(usable, drawn, shapely.buffer(shapely.make_valid(drawn), 0))


def score(truth: Truth, drawn: Polygons) -> Score:
    """Figures for outlines in pixels."""
    true, usable, some = (
        truth.outlines,
        shapely.is_valid(drawn) & ~shapely.is_empty(drawn),
        sound(drawn),
    )
    agreement = iou(true, some)
    apart_m = truth.gsd_m * shapely.hausdorff_distance(true, some, densify=0.05)
    square, straight = truth.right_angled, ~np.isin(truth.kind, sorted(ROUND))
    more = corners(some[straight]) - corners(true[straight])
    loss, worst = _worst(truth, agreement)
    return Score(
        iou=float(agreement.mean()),
        iou_p5=float(np.percentile(agreement, 5)),
        below=float(truth.limit.mean() - agreement.mean()),
        below_p5=float(np.percentile(truth.limit, 5) - np.percentile(agreement, 5)),
        angle_deg=float(angle_errors(true[square], some[square]).mean())
        if square.any()
        else np.nan,
        hausdorff_m=float(np.nanmedian(apart_m)),
        hausdorff_p95_m=float(np.nanpercentile(apart_m, 95)),
        vertices=float(more.mean()),
        bias_percent=float(100 * (shapely.area(some).sum() / shapely.area(true).sum() - 1)),
        loss=loss,
        worst=worst,
        overlaps=_overlapping_pairs(some),
        invalid=int((~usable).sum()),
        shared=_shared(true, some, truth.lot),
    )


def corners(outlines: Polygons) -> NDArray[np.int64]:
    """(n,) vertices, without those amid straight walls."""
    plain = shapely.simplify(outlines, THROUGH_PX)
    return np.asarray(
        shapely.get_num_coordinates(plain) - shapely.get_num_interior_rings(plain) - 1
    )


def _worst(truth: Truth, agreement: NDArray[np.float64]) -> tuple[float, str]:
    """What simplify gains over outlines of the kind that they fare worst with, and its name."""
    kinds = np.unique(truth.kind[~truth.right_angled])
    if len(kinds) == 0:
        return np.nan, ""
    gain = truth.simple - agreement
    losses = [float(gain[truth.kind == kind].mean()) for kind in kinds]
    return max(losses), str(kinds[int(np.argmax(losses))])


def angle_errors(truth: Polygons, drawn: Polygons) -> NDArray[np.float64]:
    """(n,) differences of the directions of outlines, degrees, 0..45."""
    return np.array([_turn(one, other) for one, other in zip(truth, drawn, strict=True)])


def _turn(truth: Polygon, drawn: Polygon) -> float:
    if drawn.geom_type != "Polygon" or drawn.is_empty:
        return 45.0
    return float(np.degrees(abs(np.angle(np.exp(4j * (direction(drawn) - direction(truth))))) / 4))


def direction(polygon: Polygon) -> float:
    """Length-weighted circular mean of the walls' directions modulo 90 degrees, radians."""
    steps = np.diff(shapely.get_coordinates(shapely.get_exterior_ring(polygon)), axis=0)
    return float(np.angle((np.hypot(*steps.T) * np.exp(4j * np.arctan2(*steps.T[::-1]))).sum()) / 4)


def least_angle_error(truth: Truth) -> float:
    """Mean error of the directions that masks give to those who know all true walls, degrees.

    The true walls of every lot with right angles are turned as a whole to fit the masks by least
    squares: how far a tool that must find the walls first can come.
    """
    square = truth.right_angled
    pairs = zip(truth.outlines[square], truth.raw[square], strict=True)
    lever = np.array([_lever(Edges.of(*pair)) for pair in pairs])
    moment, inertia = (np.bincount(truth.lot[square], weights=column) for column in lever.T)
    return float(np.degrees(np.abs(moment / np.maximum(inertia, 1e-9)))[truth.lot[square]].mean())


def _lever(edges: Edges) -> tuple[float, float]:
    """Sums over the true walls: offsets of the mask times place along the wall, places squared."""
    moment = inertia = 0.0
    inner = edges.inner
    for number in range(len(edges.length)):
        mine = inner & (edges.owner == number)
        if mine.sum() >= FEWEST_SAMPLES:
            place = edges.along[mine] - edges.along[mine].mean()
            moment += float((place * edges.across[mine]).sum())
            inertia += float((place**2).sum())
    return moment, inertia


def _overlapping_pairs(drawn: Polygons) -> int:
    one, other = shapely.STRtree(drawn).query(drawn, predicate="intersects")
    pairs = one < other
    common = shapely.area(shapely.intersection(drawn[one[pairs]], drawn[other[pairs]]))
    return int((common > OVERLAP_PX2).sum())


def _shared(truth: Polygons, drawn: Polygons, lot: NDArray[np.int64]) -> float:
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


def _moved(polygons: list[Polygon], right: float) -> Polygons:
    return np.asarray(
        shapely.transform(
            np.asarray(polygons, dtype=object), lambda xy: xy + np.array([right, 0.0])
        )
    )
