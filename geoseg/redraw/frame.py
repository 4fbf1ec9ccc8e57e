"""A table of footprints, redrawn with straight walls."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoseg.errors import UsageError
from geoseg.shaping.arrays import Bools, Ints, Polygons
from geoseg.shaping.coverage import regularize_groups
from geoseg.shaping.near import near_groups
from geoseg.shaping.plane import fit_plane
from geoseg.shaping.repair import Repairs, clean_coverage, refuse_unusable, to_parts
from geoseg.shaping.settings import RegularizeSettings
from geoseg.vectors.load import crs_of_frame

if TYPE_CHECKING:
    import geopandas as gpd

FRAME_SETTINGS = RegularizeSettings(max_outward_px=4.0)
"""All footprints are at hand here, so groups can be wider apart than in a stream of strips."""
CLOSINGS = 3
"""How often gaps between drawn walls are closed, at most."""
SUMMARY = "regularize"
"""Key of the summary in the frame's ``attrs``."""


@dataclass(frozen=True, slots=True)
class _Result:
    geometry: Polygons
    """(rows,) polygons, multipolygons or empty polygons, pixels."""
    shape: Polygons
    """(rows,) how each was drawn; None for rows without a geometry."""


def redraw(
    frame: gpd.GeoDataFrame,
    *,
    gsd_m: float = 0.3,
    snap_m: float | None = None,
    settings: RegularizeSettings | None = None,
) -> gpd.GeoDataFrame:
    """Redraw footprints with straight walls, right angles and shared walls.

    Args:
        frame: Polygons or multipolygons in any CRS.
        gsd_m: Ground size of a pixel of the imagery that the footprints were drawn from, metres.
        snap_m: Walls nearer to each other than this become one; half a pixel where None.
        settings: Limits and tolerances in pixels.

    Returns:
        A new frame: same rows, same index, same columns, and ``shape``: "regularized", "circle",
        "simplified", or None where there was nothing to draw. ``attrs["regularize"]`` counts what
        was drawn and what was repaired.

    Raises:
        UnreadableVectorError: the frame has no CRS.
        UsageError: it holds anything but polygons, has coordinates that are not finite, or an
            argument cannot be used.
    """
    from geopandas.array import from_shapely

    crs_of_frame(frame, "footprints")
    if not (math.isfinite(gsd_m) and gsd_m > 0):
        raise UsageError(f"gsd_m must be above 0 metres, got {gsd_m}")
    if snap_m is not None and not (math.isfinite(snap_m) and snap_m >= 0):
        raise UsageError(f"snap_m must be 0 metres or more, got {snap_m}")
    given = np.asarray(frame.geometry.array, dtype=object)
    refuse_unusable(given)
    repairs = Repairs(with_z=int(shapely.has_z(given).sum()))
    snap_px = 0.5 if snap_m is None else snap_m / gsd_m
    present = ~(shapely.is_missing(given) | shapely.is_empty(given))
    repairs.empty = int((~present).sum())
    result = _Result(given.copy(), np.full(len(given), None, dtype=object))
    if present.any():
        plane = fit_plane(frame.crs, shapely.total_bounds(given[present]), gsd_m)
        drawn = _redraw(plane.to_pixels(given), snap_px, settings or FRAME_SETTINGS, repairs)
        filled = present & ~shapely.is_empty(drawn.geometry)
        result.geometry[present] = shapely.Polygon()
        result.geometry[filled] = plane.from_pixels(drawn.geometry[filled])
        result.shape[filled] = drawn.shape[filled]
        repairs.covered = int((present & ~filled).sum())
    out = frame.copy()
    out[frame.geometry.name] = from_shapely(result.geometry, crs=frame.crs)
    out["shape"] = result.shape
    out.attrs[SUMMARY] = summarize(result.shape, repairs)
    return out


def summarize(shape: Polygons, repairs: Repairs) -> dict[str, Any]:
    """Counts of rows by how they were drawn, and of repairs."""
    names = ("regularized", "circle", "simplified")
    return {
        "rows": len(shape),
        **{name: int((shape == name).sum()) for name in names},
        **asdict(repairs),
    }


def _redraw(
    given: Polygons, snap_px: float, settings: RegularizeSettings, repairs: Repairs
) -> _Result:
    """Repair, group, redraw, and put parts together again; all in pixels."""
    parts, row = to_parts(given, repairs)
    pieces, part = clean_coverage(parts, snap_px, repairs)
    result = _Result(
        np.full(len(given), shapely.Polygon(), dtype=object),
        np.full(len(given), None, dtype=object),
    )
    if len(pieces) == 0:
        return result
    drawn, shapes, piece = _draw_closed(pieces, snap_px, settings)
    _collect(drawn, shapes, row[part[piece]], result)
    return result


def _draw_closed(
    pieces: Polygons, snap_px: float, settings: RegularizeSettings
) -> tuple[Polygons, Polygons, Ints]:
    """Draw, and where drawn walls lie so near that they are one, close the gap and draw again.

    Returns:
        The polygons, how each was drawn, and the piece that each is of.
    """
    group, piece = near_groups(pieces, 2 * settings.max_outward_px), np.arange(len(pieces))
    drawn, shapes = _draw(pieces, group, settings)
    for _ in range(CLOSINGS):
        gaping = _gaping(drawn, group, snap_px)
        if not gaping.any():
            break
        closed, source = clean_coverage(drawn[gaping], snap_px, Repairs())
        mine = np.flatnonzero(gaping)[source]
        again, how = _draw(closed, group[mine], settings)
        how = np.where(shapes[mine] == "simplified", how, shapes[mine])
        order = np.argsort(np.append(piece[~gaping], piece[mine]), kind="stable")
        drawn = np.append(drawn[~gaping], again)[order]
        shapes = np.append(shapes[~gaping], how)[order]
        group = np.append(group[~gaping], group[mine])[order]
        piece = np.append(piece[~gaping], piece[mine])[order]
    return drawn, shapes, piece


def _draw(pieces: Polygons, group: Ints, settings: RegularizeSettings) -> tuple[Polygons, Polygons]:
    drawn, shapes = regularize_groups(pieces, group, settings=settings)
    return drawn, np.asarray(shapes, dtype=object)


def _gaping(drawn: Polygons, group: Ints, snap_px: float) -> Bools:
    """(n,) True in groups where two polygons leave a gap narrower than ``snap_px``."""
    out = np.zeros(len(drawn), dtype=bool)
    several = np.flatnonzero(np.bincount(group)[group] > 1)
    if len(several):
        edges = shapely.coverage_invalid_edges(drawn[several], gap_width=snap_px)
        out[several] = ~shapely.is_empty(edges)
    return np.isin(group, group[out])


def _collect(drawn: Polygons, shapes: Polygons, row: Ints, result: _Result) -> None:
    """Write the rows of ``result``: single polygons as they are, several as a multipolygon.

    A row of several parts counts as simplified where one of them is.
    """
    order = np.argsort(row, kind="stable")
    rows, begins, sizes = np.unique(row[order], return_index=True, return_counts=True)
    single = sizes == 1
    result.geometry[rows[single]] = drawn[order[begins[single]]]
    result.shape[rows[single]] = shapes[order[begins[single]]]
    for home, begin, size in zip(rows[~single], begins[~single], sizes[~single], strict=True):
        members = order[begin : begin + size]
        result.geometry[home] = shapely.MultiPolygon(drawn[members].tolist())
        worst = [s for s in ("simplified", "regularized", "circle") if s in shapes[members]]
        result.shape[home] = worst[0]
