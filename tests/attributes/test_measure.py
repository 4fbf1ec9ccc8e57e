from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from affine import Affine
from pyproj import CRS, Proj, Transformer
from shapely import Polygon
from shapely.affinity import rotate

from geoseg.attributes.measure import MeasuredBatch, measure, measure_again
from geoseg.errors import UnsupportedRasterError
from geoseg.footprints import Footprint
from geoseg.types import Grid

GEOD_NOISE_M2 = 1e-5
"""Rounding in geodesic areas: pieces down to the equator, 1e8 m2 each, are subtracted."""
BOX = shapely.box(10, 20, 70, 60)
COURTYARD = Polygon(BOX.exterior.coords, [shapely.box(30, 30, 50, 50).exterior.coords])


def grid_at(epsg: int, lon: float, lat: float, size: float) -> Grid:
    """A grid whose upper left corner lies near the given place, pixels of ``size`` CRS units."""
    crs = CRS.from_epsg(epsg)
    x, y = Transformer.from_crs(crs.geodetic_crs, crs, always_xy=True).transform(lon, lat)
    return Grid(crs, Affine(size, 0, round(x, 1), 0, -size, round(y, 1)), 1000, 1000, 0.5)


def footprint(polygon: Polygon, key: int = 7) -> Footprint:
    return Footprint(key, polygon, "raw", 0.75, at_edge=True, pixels=int(polygon.area))


def measured(grid: Grid, *polygons: Polygon, output: CRS | None = None) -> MeasuredBatch:
    return measure([footprint(polygon) for polygon in polygons], grid, output or grid.crs)


PLACES = {
    "utm": grid_at(32645, 85.5, 27.6, 0.3),
    "web mercator at 60 degrees": grid_at(3857, 24.9, 60.0, 0.3),
    "feet": grid_at(2263, -73.9, 40.7, 1.0),
    "degrees": grid_at(4326, 24.9, 60.0, 3e-6),
    "grads": grid_at(4807, 0.05, 52.0, 3e-6),
}


@pytest.fixture(params=PLACES.values(), ids=PLACES.keys())
def grid(request: pytest.FixtureRequest) -> Grid:
    return request.param


def test_area_and_perimeter_are_those_of_the_densified_outline(grid: Grid) -> None:
    batch = measured(grid, COURTYARD)
    geographic = grid.crs.geodetic_crs
    dense = shapely.segmentize(batch.geometry[0], grid.transform.a)
    to_lonlat = Transformer.from_crs(grid.crs, geographic, always_xy=True)
    grads = 0.9 if "grad" in geographic.axis_info[0].unit_name else 1.0
    on_earth = shapely.transform(
        dense, lambda xy: grads * np.column_stack(to_lonlat.transform(*xy.T))
    )
    geod = grid.crs.get_geod()
    area_m2 = geod.geometry_area_perimeter(shapely.orient_polygons(on_earth))[0]
    rings = [on_earth.exterior, *on_earth.interiors]
    perimeter_m = sum(geod.line_length(*np.transpose(ring.coords)) for ring in rings)
    assert batch.area_m2[0] == pytest.approx(area_m2, rel=1e-8, abs=GEOD_NOISE_M2)
    assert batch.perimeter_m[0] == pytest.approx(perimeter_m, rel=1e-8)


def test_area_is_the_plane_area_over_the_areal_scale(grid: Grid) -> None:
    if grid.crs.is_geographic:
        pytest.skip("degrees have no plane area")
    batch = measured(grid, COURTYARD)
    unit_m = grid.crs.axis_info[0].unit_conversion_factor
    centre = batch.geometry[0].centroid
    lon, lat = Proj(grid.crs)(centre.x, centre.y, inverse=True)
    scale = Proj(grid.crs).get_factors(lon, lat).areal_scale
    if grid.crs.to_epsg() == 3857:  # a sphere in the plane, an ellipsoid on the ground
        e2, sine = CRS(4326).get_geod().es, math.sin(math.radians(lat))
        meridian = (1 - e2) / (1 - e2 * sine**2) ** 1.5
        normal = 1 / math.sqrt(1 - e2 * sine**2)
        scale = 1 / (meridian * normal * math.cos(math.radians(lat)) ** 2)
    assert batch.area_m2[0] == pytest.approx(batch.geometry[0].area * unit_m**2 / scale, rel=2e-6)


def test_a_square_of_ten_metres_on_the_central_meridian() -> None:
    grid = grid_at(32633, 15.0, 50.0, 0.1)
    batch = measured(grid, shapely.box(0, 0, 100, 100))
    assert batch.area_m2[0] == pytest.approx(100 / 0.9996**2, abs=GEOD_NOISE_M2)
    assert batch.perimeter_m[0] == pytest.approx(40 / 0.9996, rel=1e-9)
    assert batch.length_m[0] == pytest.approx(10 / 0.9996, rel=1e-9)
    assert batch.orientation_deg[0] == 0


def test_web_mercator_shrinks_to_the_ground() -> None:
    grid = PLACES["web mercator at 60 degrees"]
    batch = measured(grid, shapely.box(0, 0, 100, 100))
    assert batch.area_m2[0] == pytest.approx(30 * 30 * 0.25, rel=0.01)


@pytest.mark.parametrize("bearing", [0.0, 30.0, 90.0, 135.0, 179.0])
def test_length_width_and_bearing_of_a_turned_rectangle(bearing: float) -> None:
    upright = shapely.box(-10, -30, 10, 30)  # 60 pixels north to south
    # Rows point down, so shapely's counter-clockwise is clockwise on the map.
    batch = measured(PLACES["utm"], rotate(upright, bearing, origin=(0, 0)))
    assert batch.orientation_deg[0] == pytest.approx(bearing, abs=1e-6)
    assert batch.length_m[0] == pytest.approx(18, rel=1e-3)
    assert batch.width_m[0] == pytest.approx(6, rel=1e-3)


@pytest.mark.parametrize("bearing", [0.3, 20.0, 44.9, 137.0])
def test_a_hut_far_from_the_origin_keeps_its_sides(bearing: float) -> None:
    # The rectangle around it, sought among coordinates as large as these, is off by a tenth of a degree.
    grid = Grid(CRS.from_epsg(32745), Affine(0.1, 0, 900_000, 0, -0.1, 9_900_000), 900, 900, 0.1)
    drawn = rotate(shapely.box(200, 485, 220, 515), bearing)
    batch = measured(grid, drawn)
    again = measure_again(batch.geometry, grid, grid.crs)
    stretch = Proj(grid.crs).get_factors(*Proj(grid.crs)(900_021, 9_899_950, inverse=True))
    for length_m, width_m, turned in (
        (batch.length_m, batch.width_m, batch.orientation_deg),
        again[2:],
    ):
        assert length_m[0] == pytest.approx(3 / stretch.meridional_scale, rel=1e-6)
        assert width_m[0] == pytest.approx(2 / stretch.meridional_scale, rel=1e-6)
        assert turned[0] == pytest.approx(bearing, abs=1e-6)


def test_a_turned_square_takes_the_smaller_bearing() -> None:
    square = rotate(shapely.box(-10, -10, 10, 10), 20, origin=(0, 0))
    assert measured(PLACES["utm"], square).orientation_deg[0] == pytest.approx(20)


def test_shared_vertices_stay_shared_in_another_crs() -> None:
    rng = np.random.default_rng(0)
    wall = np.sort(rng.uniform(0, 50, (9, 2)), axis=0)
    left = Polygon([(0, 60), *wall, (60, 60)])
    right = Polygon([(60, 60), *wall[::-1], (60, 0)])
    batch = measured(PLACES["utm"], left, right, output=CRS.from_epsg(4326))
    one, other = (set(map(tuple, shapely.get_coordinates(p))) for p in batch.geometry)
    assert len(one & other) == 10


def test_a_footprint_is_measured_alike_in_any_batch() -> None:
    rng = np.random.default_rng(1)
    many = [rotate(shapely.box(*rng.uniform(0, 40, 2), 50, 55), a) for a in rng.uniform(0, 90, 21)]
    together = measured(PLACES["utm"], *many, output=CRS.from_epsg(3857))
    for i, polygon in enumerate(many):
        alone = measured(PLACES["utm"], polygon, output=CRS.from_epsg(3857))
        for name in ("area_m2", "perimeter_m", "length_m", "width_m", "orientation_deg"):
            assert getattr(alone, name)[0] == getattr(together, name)[i], name
        assert alone.geometry[0].wkb == together.geometry[i].wkb


def test_measures_do_not_depend_on_the_output_crs() -> None:
    here = measured(PLACES["utm"], COURTYARD)
    there = measured(PLACES["utm"], COURTYARD, output=CRS.from_epsg(4326))
    assert there.area_m2[0] == pytest.approx(here.area_m2[0], rel=1e-7)
    assert there.orientation_deg[0] == here.orientation_deg[0]
    assert 85 < there.geometry[0].centroid.x < 86


def test_attributes_pass_through_and_shells_turn_counter_clockwise() -> None:
    batch = measured(PLACES["utm"], COURTYARD)
    assert batch.building_id.tolist() == [7]
    assert batch.confidence.dtype == np.float32
    assert batch.confidence[0] == 0.75
    assert batch.at_edge.tolist() == [True]
    assert batch.shape.tolist() == ["raw"]
    assert batch.geometry[0].exterior.is_ccw
    assert not batch.geometry[0].interiors[0].is_ccw


def test_no_footprints_give_empty_columns() -> None:
    batch = measure([], PLACES["utm"], PLACES["utm"].crs)
    assert len(batch.geometry) == len(batch.area_m2) == len(batch.orientation_deg) == 0


def test_a_crs_that_floats_in_space_is_refused() -> None:
    local = CRS.from_wkt('LOCAL_CS["site",UNIT["metre",1]]')
    grid = Grid(local, Affine.scale(0.5, -0.5), 10, 10, 0.5)
    with pytest.raises(UnsupportedRasterError, match="not tied to the Earth"):
        measured(grid, BOX)


@pytest.mark.parametrize(
    ("epsg", "place", "north"),
    [
        (2065, (14.4, 50.1), (-1, 0)),
        (5514, (14.4, 50.1), (0, 1)),
        (2053, (29.5, -27.0), (0, -1)),
        (2193, (170.0, -43.0), (0, 1)),
    ],
)
def test_orientation_is_from_north_where_a_crs_counts_south_or_west(
    epsg: int, place: tuple[float, float], north: tuple[int, int]
) -> None:
    """The azimuth, less that of the grid's north."""
    grid = grid_at(epsg, *place, 0.5)
    batch = measured(grid, rotate(shapely.box(100, 100, 160, 120), 25))
    corners = shapely.get_coordinates(batch.geometry[0])
    to_lonlat = Transformer.from_crs(grid.crs, grid.crs.geodetic_crs, always_xy=True)
    geod = grid.crs.get_geod()
    lon, lat = to_lonlat.transform(*corners.T)
    azimuth, _, length_m = geod.inv(lon[:-1], lat[:-1], lon[1:], lat[1:])
    x, y = corners[0]
    to = to_lonlat.transform(x + 100 * north[0], y + 100 * north[1])
    grid_north, _, _ = geod.inv(lon[0], lat[0], *to)
    expected = (azimuth[np.argmax(length_m)] - grid_north) % 180
    assert abs(grid_north) < 30
    assert batch.orientation_deg[0] == pytest.approx(expected, abs=0.01)
