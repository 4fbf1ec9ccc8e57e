"""Reading the buildings once, batch by batch, and noting what the statistics need."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.earth.reproject import areas_m2
from geoseg.progress import Progress, ProgressReport, ignored
from geoseg.vectors.buildings import Batch, BuildingSource

OUTSIDE = -1
"""Zone of buildings that lie in none."""


@dataclass(frozen=True, slots=True)
class Buildings:
    """What the statistics need of every building, in file order."""

    zone: NDArray[np.int64]
    """(n,) index of the zone that holds the representative point; OUTSIDE where none does."""
    point: NDArray[np.float64]
    """(n, 2) representative points, x and y."""
    columns: dict[str, NDArray[np.float64]]
    """``area_m2`` always; ``confidence`` and ``at_edge`` (0 or 1) where the layer has them."""
    outlines: NDArray[np.object_] | None
    """(n,) polygons, or None where there are too many to keep."""
    notes: tuple[str, ...]
    """What the user should know, one sentence each."""

    @property
    def area_m2(self) -> NDArray[np.float64]:
        """(n,) geodesic areas."""
        return self.columns["area_m2"]


def collect(
    source: BuildingSource,
    zones: NDArray[np.object_],
    *,
    keep_outlines: bool,
    progress: Progress = ignored,
) -> Buildings:
    """Read every building once and find its zone and its area."""
    shapely.prepare(zones)
    pieces: list[tuple[NDArray[np.int64], NDArray[np.float64], dict[str, NDArray[np.float64]]]] = []
    outlines: list[NDArray[np.object_]] = []
    done = skipped = 0
    for batch in source.batches():
        kept = _with_area(batch)
        point = shapely.get_coordinates(shapely.point_on_surface(kept.geometry))
        columns = {**kept.columns, "area_m2": _areas(kept, source.crs)}
        pieces.append((assign(point, zones), point, columns))
        if keep_outlines:
            outlines.append(kept.geometry)
        skipped += len(batch.geometry) - len(kept.geometry)
        done += len(batch.geometry)
        progress(ProgressReport("reading buildings", done, source.rows, "buildings"))
    zone, point, columns = _join(pieces, source)
    kept_outlines = np.concatenate([*outlines, np.empty(0, object)]) if keep_outlines else None
    return Buildings(zone, point, columns, kept_outlines, _notes(source, zone, skipped))


def assign(point: NDArray[np.float64], zones: NDArray[np.object_]) -> NDArray[np.int64]:
    """(n,) index of the first zone that holds each point, borders included, or OUTSIDE."""
    tree = shapely.STRtree(np.asarray(shapely.points(point), dtype=np.object_))
    # Zones ask the tree of points, so that each zone is indexed once and not once per point.
    zone, index = tree.query(zones, predicate="intersects")
    owner = np.full(len(point), len(zones), dtype=np.int64)
    np.minimum.at(owner, index, zone)
    owner[owner == len(zones)] = OUTSIDE
    return owner


def _with_area(batch: Batch) -> Batch:
    empty = shapely.is_missing(batch.geometry) | shapely.is_empty(batch.geometry)
    kept = ~empty & (shapely.get_dimensions(batch.geometry) == 2)  # noqa: PLR2004
    if kept.all():
        return batch
    return Batch(batch.geometry[kept], {k: v[kept] for k, v in batch.columns.items()})


def _areas(batch: Batch, crs: CRS) -> NDArray[np.float64]:
    """The column where it holds a number, the geodesic area elsewhere."""
    if "area_m2" not in batch.columns:
        return areas_m2(batch.geometry, crs)
    area_m2 = batch.columns["area_m2"].copy()
    unknown = ~np.isfinite(area_m2)
    if unknown.any():
        area_m2[unknown] = areas_m2(batch.geometry[unknown], crs)
    return area_m2


def _join(
    pieces: list[tuple[NDArray[np.int64], NDArray[np.float64], dict[str, NDArray[np.float64]]]],
    source: BuildingSource,
) -> tuple[NDArray[np.int64], NDArray[np.float64], dict[str, NDArray[np.float64]]]:
    names = dict.fromkeys(("area_m2", *source.columns))
    none = (np.empty(0, np.int64), np.empty((0, 2)), {name: np.empty(0) for name in names})
    zones, points, columns = zip(*(pieces or [none]), strict=True)
    joined = {name: np.concatenate([piece[name] for piece in columns]) for name in names}
    return np.concatenate(zones), np.concatenate(points), joined


def _notes(source: BuildingSource, zone: NDArray[np.int64], skipped: int) -> tuple[str, ...]:
    notes = []
    if source.rows == 0:
        notes.append(f"{source.label} holds no buildings.")
    if skipped:
        notes.append(f"{skipped} rows without a polygon were left out.")
    if "area_m2" not in source.columns:
        notes.append("The buildings have no column area_m2; geodesic areas were computed.")
    outside = int((zone == OUTSIDE).sum())
    if outside:
        notes.append(f"{outside} buildings lie in no zone and are not counted.")
    missing = [name for name in ("confidence", "at_edge") if name not in source.columns]
    if missing:
        notes.append(
            f"The buildings have no column {' or '.join(missing)}; its figures are absent."
        )
    return tuple(notes)
