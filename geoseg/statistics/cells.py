"""Zones that nobody drew: a regular grid, H3 cells, the whole area."""

from __future__ import annotations

import re

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Transformer
from pyproj.aoi import AreaOfInterest
from pyproj.database import query_utm_crs_info

from geoseg.earth.reproject import ground_under, metres_per_unit, reproject
from geoseg.errors import MissingDependencyError, UsageError
from geoseg.statistics.zones import WHOLE, Zones

MOST_CELLS = 100_000
"""Cells beyond this are refused."""
TRUE_SCALE = 0.005
"""A CRS whose unit is off by more than this on the ground is no place for a grid in metres."""
FINEST_H3 = 15
"""Resolutions of H3 go from 0 to this."""
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
    return Zones((WHOLE,), np.array([shapely.box(*shapely.total_bounds(areas))]), crs)


def grid_zones(area: shapely.Geometry, crs: CRS, size_m: float) -> Zones:
    """Square cells of ``size_m`` on the ground that touch ``area``.

    Cells start at multiples of their size in the CRS of the buildings, or in the local UTM zone
    where a metre of that CRS is not a metre on the ground, so that two reports of one place have
    the same cells. A cell's name is its lower left corner.
    """
    grid_crs = crs if _true_to_scale(area, crs) else _local_utm(area, crs)
    step = size_m / metres_per_unit(grid_crs)
    outline = reproject(np.array([area], dtype=object), crs, grid_crs)[0]
    columns, rows = _lattice(shapely.bounds(outline), step, size_m)
    boxes = shapely.box(columns * step, rows * step, (columns + 1) * step, (rows + 1) * step)
    touched = _share_area(outline, boxes)
    names = tuple(
        f"E{column * step:.0f} N{row * step:.0f}"
        for column, row in zip(columns[touched], rows[touched], strict=True)
    )
    return Zones(names, reproject(boxes[touched], grid_crs, crs), crs)


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
    degrees = CRS.from_epsg(4326)
    outline = reproject(np.array([area], dtype=object), crs, degrees)[0]
    _refuse_too_many(
        _area_km2(outline) / h3.average_hexagon_area(resolution, unit="km^2"), f"--h3 {resolution}"
    )
    shape = h3.geo_to_h3shape(outline)
    cells = sorted(h3.h3shape_to_cells_experimental(shape, resolution, contain="overlap"))
    rings = [[(lon, lat) for lat, lon in h3.cell_to_boundary(cell)] for cell in cells]
    polygons = reproject(np.array([shapely.Polygon(ring) for ring in rings]), degrees, crs)
    touched = _share_area(area, polygons)
    return Zones(tuple(np.array(cells)[touched].tolist()), polygons[touched], crs)


def _lattice(
    bounds: NDArray[np.float64], step: float, size_m: float
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Columns and rows of the cells that cover the bounds, row by row."""
    first = np.floor(bounds[:2] / step).astype(np.int64)
    last = np.ceil(bounds[2:] / step).astype(np.int64)
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


def _true_to_scale(area: shapely.Geometry, crs: CRS) -> bool:
    if not crs.is_projected:
        return False
    centre = shapely.centroid(area)
    unit_m = metres_per_unit(crs)
    ends = np.array([[-500, 0], [500, 0], [0, -500], [0, 500]]) / unit_m
    transformer = Transformer.from_crs(crs.to_2d(), CRS.from_epsg(4326), always_xy=True)
    lon, lat = transformer.transform(centre.x + ends[:, 0], centre.y + ends[:, 1])
    _, _, lengths_m = ground_under(crs).geod.inv(lon[::2], lat[::2], lon[1::2], lat[1::2])
    return bool(np.all(np.abs(np.asarray(lengths_m) / 1000 - 1) < TRUE_SCALE))


def _local_utm(area: shapely.Geometry, crs: CRS) -> CRS:
    transformer = Transformer.from_crs(crs.to_2d(), CRS.from_epsg(4326), always_xy=True)
    centre = shapely.centroid(area)
    lon, lat = transformer.transform(centre.x, centre.y)
    found = query_utm_crs_info("WGS 84", AreaOfInterest(lon, lat, lon, lat), contains=True)
    if not found:
        raise UsageError(
            "--grid needs a projected CRS this close to a pole; reproject the buildings first"
        )
    return CRS.from_epsg(found[0].code)


def _area_km2(outline: shapely.Geometry) -> float:
    geod = ground_under(CRS.from_epsg(4326)).geod
    return abs(geod.geometry_area_perimeter(outline)[0]) / 1e6
