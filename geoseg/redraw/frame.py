"""A table of footprints, redrawn with straight walls."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from geoseg.redraw.own import SHAPE, About, drawn_before, remeasure
from geoseg.redraw.placed import RAW, Outlines, Placement, place
from geoseg.settings import require_pixel_size, require_within
from geoseg.shaping.arrays import Bools, Ints, Polygons
from geoseg.shaping.clean import unclean
from geoseg.shaping.correlation import estimate_layer_noise
from geoseg.shaping.coverage import regularize_groups
from geoseg.shaping.near import near_groups
from geoseg.shaping.noise import USUAL_PX
from geoseg.shaping.pairs import number_pairs
from geoseg.shaping.plane import Plane, fit_plane
from geoseg.shaping.repair import Repairs, clean_coverage, refuse_unusable, to_parts
from geoseg.shaping.settings import RegularizeSettings
from geoseg.vectors.load import crs_of_frame
from geoseg.vectors.metadata import KEY
from geoseg.vectors.rows import gathered
from geoseg.version import __version__

if TYPE_CHECKING:
    import geopandas as gpd

SNAPS_M = (0.0, 20.0)
"""Gaps between walls that may be closed: beyond, streets would be."""
CLOSINGS = 8
"""How often gaps between drawn walls are closed and groups drawn again, at most."""
PLAINEST = (RAW, "simplified", "circle", "regularized")
"""How outlines are drawn, the plainest way first."""
KEPT = "kept"
"""Stands for what was drawn before."""
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
    gsd_m: float | None = None,
    snap_m: float | None = None,
    oblique: float | None = None,
    settings: RegularizeSettings | None = None,
    about: About | None = None,
) -> gpd.GeoDataFrame:
    """Redraw footprints with straight walls, right angles and shared walls.

    Args:
        frame: Polygons or multipolygons in any CRS.
        gsd_m: Ground size of a pixel of the imagery that the footprints were drawn from, metres;
            None: as the layer was drawn, that of its run, or 0.3.
        snap_m: Walls nearer to each other than this become one; None: as the layer was drawn, or
            half a pixel.
        oblique: How many times as dear walls are that follow neither direction of their building; None: as in
            ``settings``, else 3 where geoseg predicted them, and 1 elsewhere.
        settings: Limits and tolerances in pixels; None: as the layer was drawn, or the usual ones.
        about: What is known of the layer; None looks at the frame alone.

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

    crs = crs_of_frame(frame, "footprints")
    about = About.of(frame, frame) if about is None else about
    asked = about.asked(gsd_m, snap_m, oblique, settings)
    require_pixel_size(asked.gsd_m)
    if asked.snap_m is not None:
        require_within("snap_m", asked.snap_m, SNAPS_M, "a gap between walls")
    given = gathered(np.array(frame.geometry.array, dtype=object))
    refuse_unusable(given)
    repairs = Repairs(with_z=int((shapely.has_z(given) | shapely.has_m(given)).sum()))
    snap_px = 0.5 if asked.snap_m is None else asked.snap_m / asked.gsd_m
    present = ~(shapely.is_missing(given) | shapely.is_empty(given))
    repairs.empty = int((~present).sum())
    result = _Result(given.copy(), np.full(len(given), None, dtype=object))
    if present.any():
        flat = shapely.force_2d(given)
        flat[~present] = None
        plane = fit_plane(crs, shapely.get_coordinates(flat), asked.gsd_m)
        work = _Work(flat, drawn_before(frame, about, asked), plane)
        drawn = _redraw(work, snap_px, asked.settings or about.usual, repairs)
        filled = present & ~shapely.is_empty(drawn.geometry)
        result.geometry[present] = shapely.Polygon()
        result.geometry[filled] = _wound_back(drawn.geometry[filled], flat[filled], plane)
        result.shape[filled] = drawn.shape[filled]
        kept = drawn.shape == KEPT
        repairs.kept = int(kept.sum())
        if kept.any():
            result.geometry[kept], result.shape[kept] = given[kept], frame[SHAPE].to_numpy()[kept]
        repairs.covered = int((present & ~filled).sum())
    out = frame.copy()
    out[frame.geometry.name] = from_shapely(result.geometry, crs=frame.crs)
    for name, values in remeasure(given, out, about).items():
        out[name] = values
    out[about.column] = result.shape
    out.attrs[SUMMARY] = summarize(result.shape, repairs)
    if about.metadata:
        drawn_so = {"version": __version__, **asked.as_dict(), **out.attrs[SUMMARY]}
        out.attrs[KEY] = {**about.metadata, SUMMARY: drawn_so}
    return out


def summarize(shape: Polygons, repairs: Repairs) -> dict[str, Any]:
    """Counts of rows by how they were drawn, and of repairs."""
    return {
        "rows": len(shape),
        **{name: int((shape == name).sum()) for name in reversed(PLAINEST)},
        **asdict(repairs),
    }


@dataclass(frozen=True, slots=True)
class _Work:
    """Rows to be drawn."""

    flat: Polygons
    """(rows,) geometries in the CRS, without heights, None where there is nothing."""
    before: Bools
    """(rows,) True for single polygons that were drawn before."""
    plane: Plane
    """Where they are drawn."""


def _redraw(work: _Work, snap_px: float, settings: RegularizeSettings, repairs: Repairs) -> _Result:
    """Repair, group, redraw, and put parts together again."""
    flat, plane = work.flat, work.plane
    xy = plane.unwrapped(shapely.get_coordinates(flat))
    pixels = plane.forward(xy)
    parts, row = to_parts(shapely.set_coordinates(flat.copy(), pixels), repairs)
    result = _Result(
        np.full(len(flat), shapely.Polygon(), dtype=object),
        np.full(len(flat), None, dtype=object),
    )
    still = _settled(parts, work.before[row], 2 * settings.max_outward_px)
    result.geometry[row[still]], result.shape[row[still]] = flat[row[still]], KEPT
    parts, row = parts[~still], row[~still]
    pieces, part = clean_coverage(parts, row, snap_px, repairs)
    if len(pieces) == 0:
        return result
    group = near_groups(pieces, 2 * settings.max_outward_px)
    raw = Outlines(pieces, np.full(len(pieces), RAW, dtype=object), row[part], group)
    if settings.correlation_px is None:
        # What shows no noise is weighed as usual: a second run as the first one.
        width, noise = estimate_layer_noise(pieces, group, settings) or (USUAL_PX, None)
        settings = replace(settings, correlation_px=width, layer_noise_px=noise)
    drawn = place(_draw_closed(raw, snap_px, settings), raw, Placement(plane, pixels, xy))
    _collect(drawn, result)
    return result


def _settled(parts: Polygons, before: Bools, distance: float) -> Bools:
    """(n,) True in groups of parts that were all drawn ``before`` and are clean."""
    if not before.any():
        return before
    group = near_groups(parts, distance)
    return ~np.isin(group, group[~before | unclean(parts)])


def _wound_back(drawn: Polygons, given: Polygons, plane: Plane) -> Polygons:
    """Drawn rows on the side of the 180th meridian where each began; none is torn apart by it."""
    if not plane.turn:
        return drawn
    xy, row = shapely.get_coordinates(given, return_index=True)
    first = np.searchsorted(row, np.arange(len(given)))
    away = xy[first, 0] - plane.unwrapped(xy[first])[:, 0]
    if not away.any():
        return drawn
    out, owner = shapely.get_coordinates(drawn, return_index=True)
    out[:, 0] += away[owner]
    return np.asarray(shapely.set_coordinates(drawn.copy(), out))


def _draw_closed(raw: Outlines, snap_px: float, settings: RegularizeSettings) -> Outlines:
    """Draw, and where drawn walls lie so near that they are one, close the gap and draw again.

    So are groups that others lie near by now, or no longer: as another run would begin. Until that
    changes nothing: gaps may open again when they are drawn.
    """
    drawn, group, done = _draw(raw, settings), raw.group, np.zeros(len(raw.row), dtype=bool)
    settings = replace(settings, layer_noise_px=None)  # which is that of outlines given
    for _ in range(CLOSINGS):
        now = near_groups(drawn.polygons, 2 * settings.max_outward_px)
        gaping = _gaping(drawn.polygons, now, snap_px) & ~done
        again = np.isin(now, now[gaping | _are_otherwise(group, now)])
        if not again.any():
            break
        before = drawn.where(again)
        after, source = _closed(replace(before, group=now[again]), snap_px, settings)
        group = np.append(now[~again], after.group)
        done = np.append(done[~again], _are_alike(before.polygons, after, source))
        drawn = drawn.where(~again) + replace(after, group=before.group[source])
    return drawn


def _closed(
    before: Outlines, snap_px: float, settings: RegularizeSettings
) -> tuple[Outlines, Ints]:
    """Outlines with gaps closed, drawn again, and which of those before each is a piece of."""
    closed, source = clean_coverage(before.polygons, before.row, snap_px, Repairs())
    shapes, row, group = before.shapes[source], before.row[source], before.group[source]
    again = _draw(Outlines(closed, shapes, row, group), settings)
    again.shapes[shapes != "simplified"] = shapes[shapes != "simplified"]
    return again, source


def _are_otherwise(one: Ints, other: Ints) -> Bools:
    """(n,) True for members of groups that are not the same in two ways to group."""
    both = number_pairs(one, other)[0]
    sizes = [np.bincount(numbers)[numbers] for numbers in (both, one, other)]
    return np.asarray((sizes[0] != sizes[1]) | (sizes[0] != sizes[2]))


def _are_alike(before: Polygons, after: Outlines, source: Ints) -> Bools:
    """(n,) True in groups of outlines that are all as before; each is a piece of its source."""
    whole = np.bincount(source, minlength=len(before))[source] == 1
    one, other = shapely.normalize(before[source]), shapely.normalize(after.polygons)
    alike = whole & shapely.equals_exact(one, other)
    return ~np.isin(after.group, after.group[~alike])


def _draw(some: Outlines, settings: RegularizeSettings) -> Outlines:
    drawn, shapes = regularize_groups(some.polygons, some.group, settings=settings)
    return Outlines(drawn, np.asarray(shapes, dtype=object), some.row, some.group)


def _gaping(polygons: Polygons, group: Ints, snap_px: float) -> Bools:
    """(n,) True in groups where two polygons leave a gap narrower than ``snap_px``."""
    out = np.zeros(len(group), dtype=bool)
    several = np.flatnonzero(np.bincount(group)[group] > 1)
    if len(several):
        edges = shapely.coverage_invalid_edges(polygons[several], gap_width=snap_px)
        out[several] = ~shapely.is_empty(edges)
    return np.isin(group, group[out])


def _collect(drawn: Outlines, result: _Result) -> None:
    """Write the rows of ``result``: single polygons as they are, several as a multipolygon.

    A row of several parts counts as its plainest part.
    """
    order = np.argsort(drawn.row, kind="stable")
    rows, begins, sizes = np.unique(drawn.row[order], return_index=True, return_counts=True)
    single = sizes == 1
    result.geometry[rows[single]] = drawn.polygons[order[begins[single]]]
    result.shape[rows[single]] = drawn.shapes[order[begins[single]]]
    for home, begin, size in zip(rows[~single], begins[~single], sizes[~single], strict=True):
        members = order[begin : begin + size]
        result.geometry[home] = shapely.MultiPolygon(drawn.polygons[members].tolist())
        result.shape[home] = next(name for name in PLAINEST if name in drawn.shapes[members])
