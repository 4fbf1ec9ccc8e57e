"""One cluster in, one polygon per building out: valid, without overlaps, walls shared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from geoseg.footprints.arcs import CrackArcs, trace
from geoseg.footprints.fit import REACH_PX
from geoseg.footprints.rings import Assembly, all_polygons, assemble, polygons
from geoseg.footprints.simplify import smooth, thin
from geoseg.shaping import PREDICTED, RegularizeSettings, regularize_groups
from geoseg.shaping.simple import are_valid
from geoseg.types import Cluster, DrawnAs, Shape

Outlines = NDArray[np.object_]
"""(n,) shapely polygons, x the column and y the row."""


@dataclass(frozen=True, slots=True)
class FootprintSettings:
    """How outlines are drawn. Lengths are in pixels of the analysis grid."""

    shape: Shape = "regularized"
    """raw: along pixel edges; simplified: fewer vertices; regularized: straight walls."""
    tolerance_px: float = 0.7
    """Detail of a wall that simplifying leaves out, at most 0.9: with half a pixel for the middle
    of the staircase that stays below half the distance between clusters."""
    min_hole_px: int = 16
    """Holes of background with fewer pixels are filled, unless a building stands in them."""
    regularize: RegularizeSettings = PREDICTED
    """How straight walls are found, and their limits."""

    def __post_init__(self) -> None:
        if not 0 <= self.tolerance_px <= REACH_PX:
            raise ValueError(f"tolerance_px must be in 0..{REACH_PX}, got {self.tolerance_px}")
        if self.min_hole_px < 0:
            raise ValueError(f"min_hole_px must not be negative, got {self.min_hole_px}")


@dataclass(frozen=True, slots=True)
class Footprint:
    """One building, still on the analysis grid."""

    key: int
    """The building_id."""
    polygon: Polygon
    """x is the column, y the row, on the lattice of pixel corners; shell and holes."""
    shape: DrawnAs
    """How its outline was made in the end."""
    confidence: float
    """Mean body probability over its pixels, 0..1."""
    at_edge: bool
    """It touches the border of the grid or an invalid pixel."""
    pixels: int
    """Pixels of its label, before holes were filled and detached parts dropped."""


@dataclass(frozen=True, slots=True)
class DrawnCluster:
    """The buildings of one cluster and what did not make it into them."""

    footprints: tuple[Footprint, ...]
    """In the order of the cluster's instances."""
    dropped: dict[str, int] = field(default_factory=dict)
    """How many ``detached_parts`` there were: of buildings in several parts, all but the largest.
    Reasons without a case are left out."""


@dataclass(frozen=True, slots=True)
class _Traced:
    """A cluster on the way."""

    cluster: Cluster
    arcs: CrackArcs
    assembly: Assembly

    @classmethod
    def of(cls, cluster: Cluster, settings: FootprintSettings) -> _Traced:
        arcs = trace(cluster)
        return cls(cluster, arcs, assemble(cluster, arcs, min_hole_px=settings.min_hole_px))

    def polygons(self) -> Outlines:
        return polygons(self.arcs, self.assembly.rings)


def draw(cluster: Cluster, settings: FootprintSettings) -> DrawnCluster:
    """Draw every instance of a cluster.

    The result depends on the cluster and the settings alone. If the shapes asked for are not a
    clean coverage, the whole cluster is drawn in the next simpler way.
    """
    return draw_all([cluster], settings)[0]


def draw_all(clusters: Iterable[Cluster], settings: FootprintSettings) -> list[DrawnCluster]:
    """The same for many clusters, faster than one by one; they do not influence each other."""
    traced = [_Traced.of(cluster, settings) for cluster in clusters]
    regular = _regularized(traced, settings) if settings.shape == "regularized" else {}
    return [_drawn(one, *(regular.get(i) or _plain(one, settings))) for i, one in enumerate(traced)]


def _drawn(one: _Traced, outlines: Outlines, shapes: list[DrawnAs]) -> DrawnCluster:
    footprints = tuple(
        Footprint(
            key=instance.key,
            polygon=polygon,
            shape=shape,
            confidence=instance.body_sum / (255 * instance.pixels),
            at_edge=instance.at_edge,
            pixels=instance.pixels,
        )
        for instance, polygon, shape in zip(one.cluster.instances, outlines, shapes, strict=True)
    )
    detached = one.assembly.detached_parts
    return DrawnCluster(footprints, {"detached_parts": detached} if detached else {})


def clashing(outlines: Outlines) -> NDArray[np.bool_]:
    """(n,) True where one is not a valid, non-empty Polygon, overlaps, or breaks a shared wall."""
    broken = _broken(outlines, shapely.is_valid(outlines))
    return broken if broken.any() else _overlapping(outlines)


def _broken(outlines: Outlines, valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(n,) True where one is not a valid, non-empty Polygon."""
    polygonal = shapely.get_type_id(outlines) == shapely.GeometryType.POLYGON
    return np.asarray(~(polygonal & valid) | shapely.is_empty(outlines))


def _overlapping(outlines: Outlines) -> NDArray[np.bool_]:
    """(n,) True where valid ones overlap, or break a shared wall."""
    if len(outlines) == 1:
        return np.zeros(1, np.bool_)
    return np.asarray(~shapely.is_empty(shapely.coverage_invalid_edges(outlines)))


def _regularized(
    traced: list[_Traced], settings: FootprintSettings
) -> dict[int, tuple[Outlines, list[DrawnAs]]]:
    """Straight walls, where any building of a cluster takes them and the cluster stays clean."""
    chosen = [i for i, one in enumerate(traced) if not one.cluster.loose]
    if not chosen:
        return {}
    size = [len(traced[i].cluster.instances) for i in chosen]
    raw = all_polygons([(traced[i].arcs, traced[i].assembly.rings) for i in chosen])
    drawn, shapes = regularize_groups(raw, np.repeat(chosen, size), settings=settings.regularize)
    broken, kept = _broken(drawn, are_valid(drawn)), dict[int, tuple[Outlines, list[DrawnAs]]]()
    for i, last, count in zip(chosen, np.cumsum(size).tolist(), size, strict=True):
        mine = slice(last - count, last)
        names: list[DrawnAs] = [*shapes[mine]]
        regular = any(name in {"regularized", "circle"} for name in names)
        if regular and not broken[mine].any() and not _overlapping(drawn[mine]).any():
            kept[i] = _thinned_where_raw(traced[i], drawn[mine], names, settings.tolerance_px)
    return kept


def _thinned_where_raw(
    one: _Traced, outlines: Outlines, names: list[DrawnAs], tolerance_px: float
) -> tuple[Outlines, list[DrawnAs]]:
    """What straight walls have left along the pixels, simplified where the cluster stays clean."""
    raw = np.array([name == "raw" for name in names])
    simple = _simplified(one, tolerance_px) if raw.any() else None
    if simple is None:
        return outlines, names
    both = np.where(raw, simple, outlines)
    if clashing(both).any():
        return outlines, names
    return both, ["simplified" if name == "raw" else name for name in names]


def _plain(one: _Traced, settings: FootprintSettings) -> tuple[Outlines, list[DrawnAs]]:
    """Simplified, or else along the pixels."""
    simple = None if settings.shape == "raw" else _simplified(one, settings.tolerance_px)
    outlines: Outlines = one.polygons() if simple is None else simple
    shape: DrawnAs = "raw" if simple is None else "simplified"
    return outlines, [shape] * len(outlines)


def _simplified(one: _Traced, tolerance_px: float) -> Outlines | None:
    """Walls within the tolerance; those of buildings that would clash are thinned safely.

    A loose piece cannot see its neighbours, so all its walls are.
    """
    smoothed, rings, loose = smooth(one.arcs), one.assembly.rings, one.cluster.loose
    safely = np.full(len(smoothed.closed), loose)
    while True:
        outlines = polygons(thin(smoothed, tolerance_px, safely=safely), rings)
        clash = np.zeros(len(outlines), np.bool_) if loose else clashing(outlines)
        if not clash.any():
            return outlines
        touched = rings.arc[np.repeat(clash[rings.owner], np.diff(rings.offset))] // 2
        if safely[touched].all():
            return None
        safely[touched] = True
