"""One cluster in, one polygon per building out: valid, without overlaps, walls shared."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely import Polygon

from geoseg.footprints.arcs import Arcs, trace
from geoseg.footprints.fit import REACH_PX
from geoseg.footprints.rings import Rings, assemble, polygons
from geoseg.footprints.simplify import smooth, thin
from geoseg.regularize import RegularizeSettings, regularize_coverage
from geoseg.types import Cluster

Shape = Literal["raw", "simplified", "regularized", "circle"]


@dataclass(frozen=True, slots=True)
class FootprintSettings:
    """How outlines are drawn. Lengths are in pixels of the analysis grid."""

    shape: Literal["raw", "simplified", "regularized"] = "regularized"
    """raw: along pixel edges; simplified: fewer vertices; regularized: straight walls."""
    tolerance_px: float = 0.7
    """Detail of a wall that simplifying leaves out, at most 0.9: with half a pixel for the middle
    of the staircase that stays below the 1.5 px between clusters."""
    min_hole_px: int = 16
    """Holes of background with fewer pixels are filled, unless a building stands in them."""
    regularize: RegularizeSettings = field(default_factory=RegularizeSettings)
    """Limits of the straight walls."""

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
    shape: Shape
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
    """How many ``detached_parts`` (of buildings in several parts, all but the largest) and
    ``filled_holes`` there were; reasons without a case are left out."""


def draw(cluster: Cluster, settings: FootprintSettings) -> DrawnCluster:
    """Draw every instance of a cluster.

    The result depends on the cluster and the settings alone. If the shapes asked for are not a
    clean coverage, the whole cluster is drawn in the next simpler way.
    """
    arcs = trace(cluster)
    assembly = assemble(cluster, arcs, min_hole_px=settings.min_hole_px)
    shapes, names = _outlines(cluster, arcs, assembly.rings, settings)
    footprints = tuple(
        Footprint(
            key=instance.key,
            polygon=polygon,
            shape=name,
            confidence=instance.body_sum / (255 * instance.pixels),
            at_edge=instance.at_edge,
            pixels=instance.pixels,
        )
        for instance, polygon, name in zip(cluster.instances, shapes, names, strict=True)
    )
    counts = {"detached_parts": assembly.detached_parts, "filled_holes": assembly.filled_holes}
    return DrawnCluster(footprints, {reason: n for reason, n in counts.items() if n})


def clashing(outlines: NDArray[np.object_]) -> NDArray[np.bool_]:
    """(n,) True where one is not a valid, non-empty Polygon, overlaps, or breaks a shared wall."""
    polygonal = shapely.get_type_id(outlines) == shapely.GeometryType.POLYGON
    broken = ~(polygonal & shapely.is_valid(outlines)) | shapely.is_empty(outlines)
    if len(outlines) > 1 and not broken.any():
        broken = ~shapely.is_empty(shapely.coverage_invalid_edges(outlines))
    return np.asarray(broken)


def _outlines(
    cluster: Cluster, arcs: Arcs, rings: Rings, settings: FootprintSettings
) -> tuple[NDArray[np.object_], list[Shape]]:
    count = len(cluster.instances)
    if settings.shape == "regularized" and not cluster.loose:
        regular = _regularized(polygons(arcs, rings), settings.regularize)
        if regular is not None:
            return regular
    if settings.shape != "raw":
        simple = _simplified(arcs, rings, settings, loose=cluster.loose)
        if simple is not None:
            return simple, ["simplified"] * count
    return polygons(arcs, rings), ["raw"] * count


def _simplified(
    arcs: Arcs, rings: Rings, settings: FootprintSettings, *, loose: bool
) -> NDArray[np.object_] | None:
    """Walls within the tolerance; those of buildings that would clash are thinned safely.

    A loose piece cannot see its neighbours, so all its walls are.
    """
    smoothed = smooth(arcs)
    safely = np.full(len(arcs.closed), loose)
    while True:
        outlines = polygons(thin(smoothed, settings.tolerance_px, safely=safely), rings)
        clash = np.zeros(len(outlines), np.bool_) if loose else clashing(outlines)
        if not clash.any():
            return outlines
        touched = rings.arc[np.repeat(clash[rings.owner], np.diff(rings.offset))] // 2
        if safely[touched].all():
            return None
        safely[touched] = True


def _regularized(
    raw: NDArray[np.object_], settings: RegularizeSettings
) -> tuple[NDArray[np.object_], list[Shape]] | None:
    """Straight walls, where any building of the cluster takes them and the cluster stays clean."""
    drawn = regularize_coverage(list(raw), settings=settings)
    outlines = np.array([polygon for polygon, _ in drawn], dtype=object)
    names: list[Shape] = [name for _, name in drawn]
    regular = any(name != "simplified" for name in names)
    return (outlines, names) if regular and not clashing(outlines).any() else None
