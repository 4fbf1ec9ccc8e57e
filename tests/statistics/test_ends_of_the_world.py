"""A report across the 180th meridian and at the poles, against geopandas and pyproj alone."""

from __future__ import annotations

import json
import re
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray
from pyproj import CRS, Geod, Transformer
from tries import first

import geoseg

GEOD = Geod(ellps="WGS84")
COUNT = 120
FIJI = ("EPSG:32760", "EPSG:4326", "EPSG:3857", "EPSG:3832", "EPSG:3460")
POLES = (("EPSG:3031", -1), ("EPSG:32761", -1), ("EPSG:3413", 1), ("EPSG:32661", 1))


def houses(spread: float, seed: int = 0) -> NDArray[np.float64]:
    """(COUNT, 5, 2) corners of squares of 12 m around the middle of a plane, metres."""
    middle = np.random.default_rng(seed).uniform(-spread, spread, (COUNT, 1, 2))
    corners = np.array([(-6, -6), (6, -6), (6, 6), (-6, 6), (-6, -6)], dtype=float)
    return middle + corners


def to(crs: str, plane: CRS, corners: NDArray[np.float64]) -> gpd.GeoDataFrame:
    """Every house with its corners in another CRS, by pyproj alone; jumps are left as they come."""
    transformer = Transformer.from_crs(plane, crs, always_xy=True)
    x, y = transformer.transform(corners[..., 0], corners[..., 1])
    return gpd.GeoDataFrame(geometry=shapely.polygons(np.stack([x, y], axis=-1)), crs=crs)


def truth(plane: CRS, corners: NDArray[np.float64]) -> tuple[NDArray[np.float64], Any]:
    """Geodesic areas, and longitude and latitude of the middles."""
    lon, lat = Transformer.from_crs(plane, 4326, always_xy=True).transform(
        corners[..., 0], corners[..., 1]
    )
    areas = [abs(GEOD.polygon_area_perimeter(a, b)[0]) for a, b in zip(lon, lat, strict=True)]
    middle = Transformer.from_crs(plane, 4326, always_xy=True).transform(
        *corners[:, :4].mean(axis=1).T
    )
    return np.array(areas), middle


@pytest.mark.parametrize("crs", first(2, FIJI))
def test_fiji(crs: str) -> None:
    plane = CRS.from_dict({"proj": "laea", "lon_0": 180, "lat_0": -17, "datum": "WGS84"})
    corners = houses(40_000)
    areas, (lon, _) = truth(plane, corners)
    buildings = to(crs, plane, corners)
    west = lon > 0
    zones = gpd.GeoDataFrame(
        {"name": ["west", "east"]},
        geometry=[shapely.box(179, -18, 180, -16), shapely.box(-180, -18, -179, -16)],
        crs=4326,
    )
    table = geoseg.report(buildings, zones=zones).table.set_index("zone")
    assert table["buildings"].tolist() == [west.sum(), (~west).sum(), COUNT]
    assert table.loc["west", "area_m2"] == pytest.approx(areas[west].sum(), rel=1e-4)
    assert table.loc["east", "area_m2"] == pytest.approx(areas[~west].sum(), rel=1e-4)
    degree = abs(GEOD.geometry_area_perimeter(shapely.box(179, -18, 180, -16).segmentize(0.01))[0])
    assert table["observed_km2"].to_numpy()[:2] == pytest.approx(degree / 1e6, rel=1e-3)
    whole = geoseg.report(buildings).table.iloc[-1]
    assert whole["observed_km2"] < 8000
    assert whole["buildings"] == COUNT
    grid = geoseg.report(buildings, grid="5km").table
    assert (grid["buildings"].iloc[:-1].sum(), len(grid) < 400) == (COUNT, True)
    assert grid["area_m2"].iloc[-1] == pytest.approx(areas.sum(), rel=1e-4)


@pytest.mark.parametrize("crs", FIJI)
def test_h3_cells_of_fiji(crs: str) -> None:
    h3 = pytest.importorskip("h3")
    plane = CRS.from_dict({"proj": "laea", "lon_0": 180, "lat_0": -17, "datum": "WGS84"})
    corners = houses(20_000)
    _, (lon, lat) = truth(plane, corners)
    rows = geoseg.report(to(crs, plane, corners), h3=5).table.set_index("zone")["buildings"]
    cells = [h3.latlng_to_cell(b, a, 5) for a, b in zip(lon, lat, strict=True)]
    assert rows["total"] == COUNT
    # A point that is not the middle may lie in the cell beside.
    near = sum(abs(rows[cell] - cells.count(cell)) for cell in set(cells))
    assert near <= 2


@pytest.mark.parametrize(("crs", "sign"), first(1, POLES))
@pytest.mark.parametrize("degrees", [False, True])
def test_poles(crs: str, sign: int, degrees: bool) -> None:
    plane = CRS.from_dict({"proj": "laea", "lon_0": 0, "lat_0": 90 * sign, "datum": "WGS84"})
    corners = houses(30_000)
    areas, (lon, _) = truth(plane, corners)
    buildings = to("EPSG:4326" if degrees else crs, plane, corners)
    south, north = sorted((90.0 * sign, 89.0 * sign))
    zones = gpd.GeoDataFrame(
        {"name": ["west", "east"]},
        geometry=[shapely.box(-180, south, 0, north), shapely.box(0, south, 180, north)],
        crs=4326,
    )
    table = geoseg.report(buildings, zones=zones).table.set_index("zone")
    assert table["buildings"].tolist() == [(lon < 0).sum(), (lon > 0).sum(), COUNT]
    assert table.loc["total", "area_m2"] == pytest.approx(areas.sum(), rel=1e-4)
    cap, _ = GEOD.polygon_area_perimeter(np.arange(0, 360, 0.1), np.full(3600, 89.0))
    assert table.loc["total", "observed_km2"] == pytest.approx(abs(cap) / 1e6, rel=1e-4)
    for kind in ({"grid": "5km"}, {"h3": 4}, {}):
        assert geoseg.report(buildings, **kind).table["buildings"].iloc[-1] == COUNT


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:3857"])
def test_a_page_shows_one_place(crs: str, tmp_path: Any) -> None:
    plane = CRS.from_dict({"proj": "laea", "lon_0": 180, "lat_0": -17, "datum": "WGS84"})
    buildings = to(crs, plane, houses(5_000))
    geoseg.report(buildings, html=tmp_path / "r.html")
    page = (tmp_path / "r.html").read_text(encoding="utf-8")
    home = json.loads(re.search(r'"home":\s*(\[[^\]]*\])', page)[1])  # type: ignore[index]
    quantum = float(re.search(r'"quantum":\s*([0-9.e-]+)', page)[1])  # type: ignore[index]
    assert home[2] * quantum < 15_000


def test_two_dates_and_truth_across() -> None:
    plane = CRS.from_dict({"proj": "laea", "lon_0": 180, "lat_0": -17, "datum": "WGS84"})
    corners = houses(1_000)
    degrees, metres = to("EPSG:4326", plane, corners), to("EPSG:32760", plane, corners)
    compared = geoseg.compare(degrees, metres).as_dict()
    assert (compared["unchanged"], compared["new"], compared["gone"]) == (COUNT, 0, 0)
    found = geoseg.evaluate(degrees, metres, aoi=shapely.box(*metres.total_bounds), gsd_m=2.0).total
    assert found.f1 == 1
    assert found.area_bias == pytest.approx(0, abs=1e-4)
