"""Zones that nobody drew: a regular grid, H3 cells, the whole area."""

from __future__ import annotations

import re

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info

from geoseg.earth.places import DEGREES, box_of_shapes, outline_of_box, place_of_shapes, whole_way
from geoseg.earth.reproject import ground_under, metres_per_unit, reproject
from geoseg.errors import MissingDependencyError, UsageError
from geoseg.statistics.table import M2_PER_KM2
from geoseg.statistics.zones import WHOLE, Zones
from geoseg.vectors.observed import observed_m2
from geoseg.vectors.polygons import sound
from geoseg.vectors.rows import polygonal

MOST_CELLS = 100_000
"""Cells beyond this are refused."""
TRUE_SCALE = 0.005
"""A CRS whose unit is off by more than this on the ground is no place for a grid in metres."""
FINEST_H3 = 15
"""Resolutions of H3 go from 0 to this."""
STRIP_DEG = 60
"""Areas are handed to H3 in pieces as wide as this, degrees."""
SOUTHERNMOST_UTM, NORTHERNMOST_UTM = -80.0, 84.0
"""Where UTM ends, degrees."""
EASE_NORTH, EASE_SOUTH = 6931, 6932
"""EASE-Grid 2.0 on WGS 84: a metre is one to .4 % in all that UTM leaves out."""
UNITS_M = {"m": 1.0, "km": 1000.0}
"""Units of a cell size."""


def parse_size_m(text: object) -> float:
    """Metres of a cell size such as ``500m`` or ``1.5km``.

    Raises:
        UsageError: when the text is no such size.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*(m|km)?\s*", str(text).lower())
    size_m = float(match[1]) * UNITS_M[match[2] or "m"] if match else 0.0
    if size_m <= 0:
        raise UsageError(f"--grid takes a cell size such as 500m or 1km; got {text!r}")
    return size_m


def whole_zone(areas: list[shapely.Geometry], crs: CRS) -> Zones:
    """One zone around all ``areas``."""
    box = box_of_shapes(np.array(areas, dtype=object), crs)
    assert box is not None  # noqa: S101  # there is an area
    return Zones((WHOLE,), np.array([outline_of_box(box, crs)], dtype=object), crs)


def grid_zones(area: shapely.Geometry, crs: CRS, size_m: float) -> Zones:
    """Square cells of ``size_m`` on the ground that touch ``area``.

    Cells start at multiples of their size in the CRS of the buildings, or in the local UTM zone
    (beyond 84 N and 80 S in EASE-Grid 2.0) where a metre of that CRS is not a metre on the ground, so that two reports of one place have
    the same cells. A cell's name is its lower left corner.
    """
    grid_crs = crs if true_to_scale(area, crs) else _local(area, crs)
    step = size_m / metres_per_unit(grid_crs)
    outline = reproject(np.array([area], dtype=object), crs, grid_crs)[0]
    columns, rows = _lattice(outline, grid_crs, step, size_m)
    boxes = shapely.box(columns * step, rows * step, (columns + 1) * step, (rows + 1) * step)
    touched = _share_area(outline, boxes)
    names = tuple(
        f"E{column * step:.0f} N{row * step:.0f}"
        for column, row in zip(columns[touched], rows[touched], strict=True)
    )
    return Zones(names, sound(reproject(boxes[touched], grid_crs, crs)), crs)


def h3_zones(area: shapely.Geometry, crs: CRS, resolution: int) -> Zones:
    """The H3 cells that touch ``area``; a cell's name is its index.

    Raises:
        UsageError: when the resolution does not exist or gives too many cells.
        MissingDependencyError: without the package h3.
    """
    if not 0 <= resolution <= FINEST_H3:
        raise UsageError(f"--h3 takes a resolution from 0 to {FINEST_H3}; got {resolution}")
    try:
        import h3
    except ImportError as error:
        raise MissingDependencyError(
            "H3 cells need the package h3: pip install 'geoseg[report]'"
        ) from error
    pieces = _narrow(reproject(np.array([area], dtype=object), crs, DEGREES)[0])
    km2 = observed_m2(pieces, DEGREES).sum() / M2_PER_KM2
    _refuse_too_many(km2 / h3.average_hexagon_area(resolution, unit="km^2"), f"--h3 {resolution}")
    found: set[str] = set()
    for piece in pieces:
        shape = h3.geo_to_h3shape(piece)
        found.update(h3.h3shape_to_cells_experimental(shape, resolution, contain="overlap"))
        for pole in (-90.0, 90.0):
            if pole in (piece.bounds[1], piece.bounds[3]):  # where H3 sees a line, not a point
                found.update(h3.grid_disk(h3.latlng_to_cell(pole, 0.0, resolution), 1))
    cells = sorted(found)
    rings = [[(lon, lat) for lat, lon in h3.cell_to_boundary(cell)] for cell in cells]
    drawn = np.array([shapely.Polygon(ring) for ring in rings], dtype=object)
    polygons = sound(reproject(whole_way(drawn), DEGREES, crs))
    touched = _share_area(area, polygons)
    return Zones(tuple(np.array(cells)[touched].tolist()), polygons[touched], crs)


def _narrow(lonlat: shapely.Geometry) -> NDArray[np.object_]:
    """The parts of an area between meridians so near that H3 takes no edge the other way round."""
    strips = [shapely.box(west, -90, west + STRIP_DEG, 90) for west in range(-180, 180, STRIP_DEG)]
    parts = shapely.get_parts(
        polygonal(np.asarray(shapely.intersection(lonlat, np.array(strips)), object))
    )
    areal: NDArray[np.object_] = parts[shapely.area(parts) > 0]
    return areal


def _lattice(
    outline: shapely.Geometry, crs: CRS, step: float, size_m: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Columns and rows of the cells that cover an outline's box, row by row."""
    box = box_of_shapes(np.array([outline], dtype=object), crs)
    assert box is not None  # noqa: S101  # there is an area
    first = np.floor(np.array(box[:2]) / step).astype(np.int64)
    last = np.ceil(np.array(box[2:]) / step).astype(np.int64)
    _refuse_too_many(float(np.prod((last - first).astype(float))), f"--grid {size_m:g}m")
    columns, rows = np.meshgrid(np.arange(first[0], last[0]), np.arange(first[1], last[1]))
    return columns.ravel(), rows.ravel()


def _share_area(outline: shapely.Geometry, polygons: NDArray[np.object_]) -> NDArray[np.bool_]:
    """True where a polygon shares more than an edge with the outline."""
    shapely.prepare(outline)
    touched = shapely.intersects(outline, polygons) & ~shapely.touches(outline, polygons)
    return np.asarray(touched, dtype=bool)


def _refuse_too_many(cells: float, option: str) -> None:
    if cells > MOST_CELLS:
        raise UsageError(
            f"{option} would make about {cells:,.0f} cells; at most {MOST_CELLS:,} are allowed, "
            "take larger ones"
        )


def true_to_scale(area: shapely.Geometry, crs: CRS) -> bool:
    """Whether a metre of a CRS is one on the ground where an area is."""
    if not crs.is_projected:
        return False
    inside = shapely.point_on_surface(area)
    unit_m = metres_per_unit(crs)
    ends = np.array([[-500, 0], [500, 0], [0, -500], [0, 500]]) / unit_m
    lengths_m = ground_under(crs).distances(shapely.get_coordinates(inside) + ends)
    return bool(np.all(np.abs(lengths_m / 1000 - 1) < TRUE_SCALE))


def _local(area: shapely.Geometry, crs: CRS) -> CRS:
    """UTM, or near a pole, where there is none, the equal-area grid of EASE."""
    place = place_of_shapes(np.array([area], dtype=object), crs)
    if place is None:
        raise UsageError("--grid: the buildings lie nowhere on Earth; check their CRS")
    lon, lat = place.middle
    if lat < SOUTHERNMOST_UTM or lat > NORTHERNMOST_UTM:
        return CRS.from_epsg(EASE_NORTH if lat > 0 else EASE_SOUTH)
    found = query_utm_crs_info("WGS 84", AreaOfInterest(lon, lat, lon, lat), contains=True)
    return CRS.from_epsg(found[0].code)
