"""A layer lies where it did, whatever the unit of its CRS: GDAL takes UTM zones in feet for those in metres."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from pyproj import CRS, Transformer

from geoseg.earth.geodesy import Ground
from geoseg.export.output import write_frame
from geoseg.vectors.layers import open_layer, read_frame

LONLAT = (85.5, 27.6)


@pytest.mark.parametrize("suffix", [".gpkg", ".fgb", ".shp", ".gdb", ".csv", ".parquet"])
@pytest.mark.parametrize("unit", ["us-ft", "ft", "km", "m"])
def test_a_utm_zone_keeps_its_unit(tmp_path: Path, suffix: str, unit: str) -> None:
    crs = CRS(f"+proj=utm +zone=45 +datum=WGS84 +units={unit}")
    lon, lat = LONLAT
    corners = [(lon, lat), (lon + 1e-3, lat), (lon + 1e-3, lat + 1e-3), (lon, lat + 1e-3)]
    to_units = Transformer.from_crs("EPSG:4326", crs, always_xy=True)
    house = shapely.Polygon([to_units.transform(*corner) for corner in corners])
    path = tmp_path / f"houses{suffix}"

    write_frame(gpd.GeoDataFrame({"row": [1]}, geometry=[house], crs=crs), path)

    read = read_frame(open_layer(path))
    back = shapely.get_coordinates(read.to_crs(4326).geometry)
    assert np.abs(back[0] - LONLAT).max() < 1e-8
    ground = Ground.under(CRS(read.crs))
    assert ground is not None
    (area_m2,), _ = ground.area_and_perimeter(read.geometry.to_numpy())
    assert area_m2 == pytest.approx(10_936, rel=1e-3)
