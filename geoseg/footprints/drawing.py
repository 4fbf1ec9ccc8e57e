"""One cluster in, one polygon per building out: valid, without overlaps, walls shared."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from geoseg.footprints.arcs import CrackArcs, Ints, trace
from geoseg.footprints.fit import REACH_PX
from geoseg.footprints.rings import Assembly, assemble, polygons
from geoseg.footprints.simplify import smooth, thin
from geoseg.shaping import PREDICTED, RegularizeSettings, regularize_groups
from geoseg.shaping.clean import overlapping
from geoseg.shaping.simple import are_valid
from geoseg.types import Cluster, DrawnAs, Shape

Outlines = NDArray[np.object_]
"""(n,) shapely polygons, x the column and y the row."""
CRACKS_TOGETHER = 20_000
"""Clusters with so many are traced together: some hundred buildings, 3 megabytes."""


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
    """Clusters on the way: several together, or a loose one."""

    loose: bool
    arcs: CrackArcs
    assembly: Assembly

    @classmethod
    def of(cls, clusters: Sequence[Cluster], settings: FootprintSettings) -> _Traced:
        arcs = trace(clusters)
        assembly = assemble(clusters, arcs, min_hole_px=settings.min_hole_px)
        return cls(clusters[0].loose, arcs, assembly)

    def polygons(self) -> Outlines:
        return polygons(self.arcs, self.assembly.rings)


class _Outlined(NamedTuple):
    """The buildings of one cluster as drawn."""

    outlines: Outlines
    """(n,) theirs."""
    shapes: list[DrawnAs]
    """How each was made."""
    detached: Ints
    """(n,) parts that each has lost."""


def draw(cluster: Cluster, settings: FootprintSettings) -> DrawnCluster:
    """Draw every instance of a cluster.

    The result depends on the cluster and the settings alone. If the shapes asked for are not a
    clean coverage, the whole cluster is drawn in the next simpler way.
    """
    return draw_all([cluster], settings)[0]


def draw_all(clusters: Iterable[Cluster], settings: FootprintSettings) -> list[DrawnCluster]:
    """The same for many clusters, faster than one by one; they do not influence each other."""
    every = list(clusters)
    regular = _regularized(every, settings) if settings.shape == "regularized" else {}
    return [_drawn(one, regular.get(i) or _plain(one, settings)) for i, one in enumerate(every)]


def _drawn(cluster: Cluster, drawn: _Outlined) -> DrawnCluster:
    footprints = tuple(
        Footprint(
            key=instance.key,
            polygon=polygon,
            shape=shape,
            confidence=instance.body_sum / (255 * instance.pixels),
            at_edge=instance.at_edge,
            pixels=instance.pixels,
        )
        for instance, polygon, shape in zip(
            cluster.instances, drawn.outlines, drawn.shapes, strict=True
        )
    )
    detached = int(drawn.detached.sum())
    return DrawnCluster(footprints, {"detached_parts": detached} if detached else {})


def clashing(outlines: Outlines) -> NDArray[np.bool_]:
    """(n,) True where one is not a valid, non-empty Polygon, overlaps, or breaks a shared wall."""
    broken = _broken(outlines, shapely.is_valid(outlines))
    if broken.any() or len(outlines) == 1:
        return broken
    return np.asarray(~shapely.is_empty(shapely.coverage_invalid_edges(outlines)))


def _broken(outlines: Outlines, valid: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """(n,) True where one is not a valid, non-empty Polygon."""
    polygonal = shapely.get_type_id(outlines) == shapely.GeometryType.POLYGON
    return np.asarray(~(polygonal & valid) | shapely.is_empty(outlines))


def _regularized(clusters: Sequence[Cluster], settings: FootprintSettings) -> dict[int, _Outlined]:
    """Straight walls, where any building of a cluster takes them and the cluster stays clean."""
    chosen = [i for i, one in enumerate(clusters) if not one.loose]
    if not chosen:
        return {}
    size = [len(clusters[i].instances) for i in chosen]
    home, kept = np.repeat(chosen, size), dict[int, _Outlined]()
    traced = [_Traced.of(some, settings) for some in _together([clusters[i] for i in chosen])]
    raw = np.concatenate([some.polygons() for some in traced])
    detached = np.concatenate([some.assembly.detached_parts for some in traced])
    drawn, shapes = regularize_groups(raw, home, settings=settings.regularize)
    broken = _broken(drawn, are_valid(drawn))
    broken |= overlapping(drawn, home, broken)
    for i, last, count in zip(chosen, np.cumsum(size).tolist(), size, strict=True):
        mine = slice(last - count, last)
        names: list[DrawnAs] = [*shapes[mine]]
        regular = any(name in {"regularized", "circle"} for name in names)
        if regular and not broken[mine].any():
            outlined = _Outlined(drawn[mine], names, detached[mine])
            kept[i] = _thinned_where_raw(clusters[i], outlined, settings)
    return kept


def _together(clusters: Sequence[Cluster]) -> Iterator[list[Cluster]]:
    """Runs of clusters that are traced together: many cost no more than one, and far more memory."""
    waiting: list[Cluster] = []
    cracks = 0
    for cluster in clusters:
        waiting.append(cluster)
        cracks += len(cluster.crack_row)
        if cracks >= CRACKS_TOGETHER:
            yield waiting
            waiting, cracks = [], 0
    if waiting:
        yield waiting


def _thinned_where_raw(
    cluster: Cluster, drawn: _Outlined, settings: FootprintSettings
) -> _Outlined:
    """What straight walls have left along the pixels, simplified where the cluster stays clean."""
    raw = np.array([name == "raw" for name in drawn.shapes])
    if not raw.any():
        return drawn
    simple = _simplified(_Traced.of([cluster], settings), settings.tolerance_px)
    if simple is None:
        return drawn
    both = np.where(raw, simple, drawn.outlines)
    if clashing(both).any():
        return drawn
    names: list[DrawnAs] = ["simplified" if name == "raw" else name for name in drawn.shapes]
    return _Outlined(both, names, drawn.detached)


def _plain(cluster: Cluster, settings: FootprintSettings) -> _Outlined:
    """Simplified, or else along the pixels."""
    one = _Traced.of([cluster], settings)
    simple = None if settings.shape == "raw" else _simplified(one, settings.tolerance_px)
    outlines: Outlines = one.polygons() if simple is None else simple
    shape: DrawnAs = "raw" if simple is None else "simplified"
    return _Outlined(outlines, [shape] * len(outlines), one.assembly.detached_parts)


def _simplified(one: _Traced, tolerance_px: float) -> Outlines | None:
    """Walls within the tolerance; those of buildings that would clash are thinned safely.

    A loose piece cannot see its neighbours, so all its walls are.
    """
    smoothed, rings, loose = smooth(one.arcs), one.assembly.rings, one.loose
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
