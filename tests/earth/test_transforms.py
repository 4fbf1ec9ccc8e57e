"""One transformation of datums for a layer: PROJ chooses anew for every point, in boxes whose edges cross towns."""

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from affine import Affine
from pyproj import CRS, Geod, Transformer

import geoseg
from geoseg.attributes.measure import measure, on_grid
from geoseg.earth.reproject import areas_m2, reproject
from geoseg.footprints import Footprint
from geoseg.run.extent import Extent
from geoseg.types import Grid

ARC_1950, ARC_UTM_35S, WGS_84 = CRS.from_epsg(4209), CRS.from_epsg(20935), CRS.from_epsg(4326)
EDGE = 29.38
"""Longitude to which what is used for Botswana reaches, in Zimbabwe; beside it PROJ moves points by ten metres more."""
HOUSE = shapely.box(EDGE - 1e-4, -20.0001, EDGE + 1e-4, -19.9999)
"""21 m wide, on that line."""


def edge_x(y: float, left: float, right: float) -> float:
    """Where PROJ takes another transformation from Arc 1950 / UTM zone 35S to WGS 84, between two x."""
    moved = Transformer.from_crs(ARC_UTM_35S, WGS_84, always_xy=True)
    own = Transformer.from_crs(ARC_UTM_35S, ARC_1950, always_xy=True)

    def shift(x: float) -> float:
        return moved.transform(x, y)[0] - own.transform(x, y)[0]

    while right - left > 0.01:
        middle = (left + right) / 2
        here = abs(shift(middle) - shift(left)) > abs(shift(right) - shift(middle))
        left, right = (left, middle) if here else (middle, right)
    assert abs(shift(right) - shift(left)) > 1e-5  # a metre
    return right


def grid_on_the_edge() -> Grid:
    y = 7_400_000.0
    x = edge_x(y, 740_000, 790_000)
    return Grid(ARC_UTM_35S, Affine(0.5, 0, x - 50.25, 0, -0.5, y + 50.25), 201, 201, 0.5)


def wide_m(shape: shapely.Geometry) -> float:
    west, south, east, _ = shape.bounds
    return Geod(ellps="WGS84").inv(west, south, east, south)[2]


def test_an_outline_is_moved_as_a_whole() -> None:
    (moved,) = reproject(np.array([HOUSE]), ARC_1950, WGS_84)
    assert wide_m(moved) == pytest.approx(wide_m(HOUSE), abs=0.01)
    (back,) = reproject(np.array([moved]), WGS_84, ARC_1950)
    assert shapely.equals_exact(back, HOUSE, 1e-7)


@pytest.mark.parametrize("stray", [(0.0, 0.0), (-157.8, 21.3), (100.0, 50.0)])
def test_one_that_went_astray_does_not_choose_for_all(stray: tuple[float, float]) -> None:
    nad_27, x = CRS.from_epsg(4267), -100.0
    town = np.array([shapely.box(x + i / 1e3, 40, x + (i + 0.5) / 1e3, 40.0005) for i in range(5)])
    (there,) = shapely.points([stray])
    moved = reproject(np.append(town, there.buffer(1e-4)), nad_27, WGS_84)
    assert shapely.equals_exact(moved[:5], reproject(town, nad_27, WGS_84), 0).all()


def test_a_building_is_as_large_in_another_crs() -> None:
    grid = grid_on_the_edge()
    drawn = [Footprint(1, shapely.box(80, 90, 122, 110), "raw", 0.9, at_edge=False, pixels=840)]
    own, other = (measure(drawn, grid, crs) for crs in (grid.crs, WGS_84))
    assert other.area_m2 == pytest.approx(own.area_m2, rel=1e-4)
    assert other.perimeter_m == pytest.approx(own.perimeter_m, rel=1e-4)
    (pixels,) = on_grid(other.geometry, grid, WGS_84)
    assert shapely.symmetric_difference(pixels, drawn[0].polygon).area < 0.1


def test_the_observed_area_goes_with_the_buildings() -> None:
    grid = grid_on_the_edge()
    extent = Extent(grid)
    extent.add(0, 0, np.ones((grid.height, grid.width), bool))
    (area,) = areas_m2(np.array([extent.polygon(WGS_84)], object), WGS_84)
    assert area == pytest.approx(100.5**2, rel=2e-3)


def test_coco_keeps_the_size_of_a_building(tmp_path: Path) -> None:
    grid = grid_on_the_edge()
    raster, coco = tmp_path / "photo.tif", tmp_path / "coco.json"
    kind = {"driver": "GTiff", "count": 3, "dtype": "uint8", "crs": grid.crs.to_wkt()}
    size = {"height": grid.height, "width": grid.width, "transform": grid.transform}
    with rasterio.open(raster, "w", **kind, **size) as photo:
        photo.write(np.full((3, grid.height, grid.width), 90, np.uint8))
    x, y = grid.middle
    (house,) = reproject(np.array([shapely.box(x - 10, y - 10, x + 10, y + 10)]), grid.crs, WGS_84)
    frame = gpd.GeoDataFrame(geometry=[house], crs=WGS_84)
    geoseg.to_coco(frame, coco, rasters=raster)
    (annotation,) = json.loads(coco.read_text())["annotations"]
    assert annotation["bbox"] == pytest.approx([80.5, 80.5, 40, 40], abs=1.5)


@pytest.mark.parametrize("kind", ["geojson", "kml"])
def test_files_in_degrees_keep_the_size_of_a_building(kind: str, tmp_path: Path) -> None:
    grid, path = grid_on_the_edge(), tmp_path / f"b.{kind}"
    x, y = grid.middle
    house = shapely.box(x - 10, y - 10, x + 10, y + 10)
    frame = gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=[house, None], crs=grid.crs)
    geoseg.convert(frame, path)
    read = gpd.read_file(path)
    assert len(read) == len(frame)
    assert wide_m(read.geometry.iloc[0]) == pytest.approx(20, abs=0.7)
    assert read.geometry.iloc[1] is None
