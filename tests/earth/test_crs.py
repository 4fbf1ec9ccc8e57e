"""CRSs that count otherwise than in degrees from Greenwich, that are new, or that have no place."""

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from conftest import RasterMaker, draw_scene, transform_at
from pyproj import CRS, Geod, Transformer
from pyproj.exceptions import CRSError

from geoseg.earth.crs import geographic_base, understood
from geoseg.earth.geodesy import Ground
from geoseg.earth.ground import affine_mapping, local_utm, pixel_size
from geoseg.errors import UnsupportedRasterError
from geoseg.raster import Mosaic
from geoseg.vectors.layers import open_layer, read_frame

ARC_SECONDS = (
    'GEOGCS["WGS 84 in seconds",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
    'PRIMEM["Greenwich",0],UNIT["arc-second",4.84813681109536e-06]]'
)
ROTATED_POLE = (
    'GEOGCRS["rotated",BASEGEOGCRS["WGS 84",DATUM["World Geodetic System 1984",ELLIPSOID["WGS 84",'
    '6378137,298.257223563]]],DERIVINGCONVERSION["Pole rotation",METHOD["Pole rotation (GRIB '
    'convention)"],PARAMETER["Latitude of the southern pole (GRIB convention)",-39.25],PARAMETER['
    '"Longitude of the southern pole (GRIB convention)",18],PARAMETER["Axis rotation (GRIB '
    'convention)",0]],CS[ellipsoidal,2],AXIS["latitude",north],AXIS["longitude",east],ANGLEUNIT['
    '"degree",0.0174532925199433]]'
)
NEWER = 10792
"""UGRF / UTM zone 35N: in EPSG's register since 2025."""
LAMBERT = ((27572, 600_000, 2_200_000), (27571, 600_000, 1_200_000), (27561, 600_000, 200_000))


@pytest.mark.parametrize(("code", "x", "y"), LAMBERT)
def test_the_pixels_of_french_lambert_zones_are_as_long_as_they_are(
    code: int, x: float, y: float
) -> None:
    crs = CRS.from_epsg(code)
    size = pixel_size(crs, affine_mapping(transform_at(0.3, left=x, top=y)), 0, 0)
    lon, lat = Transformer.from_crs(crs, 4326, always_xy=True).transform([x, x + 0.3], [y, y])
    metres = Geod(ellps="WGS84").inv(lon[0], lat[0], lon[1], lat[1])[2]
    assert size.gsd_m == pytest.approx(metres, rel=1e-3)
    assert size.gsd_m == pytest.approx(0.3, rel=1e-3)


def test_a_zone_is_counted_from_greenwich() -> None:
    # The meridian of Paris is in zone 31; 2.34 degrees east of it by its own count still is.
    crs = CRS.from_epsg(27572)
    utm = local_utm(crs, 600_000, 2_200_000)
    assert "zone 31N" in utm.name
    x, y = Transformer.from_crs(crs, utm, always_xy=True).transform(600_000, 2_200_000)
    base = geographic_base(crs)
    assert base is not None
    lon, lat = Transformer.from_crs(crs, base, always_xy=True).transform(600_000, 2_200_000)
    assert (lon, lat) == pytest.approx((2.337229167, 46.8), abs=1e-8)
    expected = Transformer.from_pipeline("+proj=utm +zone=31 +ellps=clrk80ign").transform(lon, lat)
    assert (x, y) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("crs", "per_degree"), [(CRS(4807), 10 / 9), (CRS(ARC_SECONDS), 3600.0)])
def test_grads_and_seconds_are_told_in_metres(crs: CRS, per_degree: float) -> None:
    step = 3e-6 * per_degree
    place = transform_at(step, left=1.0 * per_degree, top=45.0 * per_degree)
    size = pixel_size(crs, affine_mapping(place), 0, 0)
    assert size.row_m == pytest.approx(0.3334, rel=1e-3)
    assert size.col_m == pytest.approx(0.2366, rel=1e-3)
    assert local_utm(crs, 1.0 * per_degree, 45.0 * per_degree).name.endswith("zone 31N")


def test_a_raster_in_grads_is_read_where_it_lies(make_raster: RasterMaker) -> None:
    path = make_raster(
        "a.tif", draw_scene(90, 120), crs="EPSG:4807", transform=transform_at(3e-6, left=0, top=52)
    )
    with Mosaic.open([path], gsd_range_m=None) as mosaic:
        grid = mosaic.grid
        assert grid.gsd_m == pytest.approx(0.2487, rel=0.01)
        lon, lat = Transformer.from_crs(
            grid.crs, geographic_base(grid.crs), always_xy=True
        ).transform(*(grid.transform @ (grid.width / 2, grid.height / 2)))
        assert (lon, lat) == pytest.approx((2.3372 + 1.6e-4, 46.8 - 1e-4), abs=1e-4)
        assert mosaic.read(grid.window).valid.mean() > 0.5


def test_areas_in_grads_are_those_in_degrees() -> None:
    box = shapely.box(1, 50, 1.001, 50.001)
    grads, degrees = Ground.under(CRS(4807)), Ground.under(CRS(4275))
    assert grads is not None
    assert degrees is not None
    in_degrees = shapely.transform(box, lambda xy: xy * 0.9)
    for mine, other in zip(
        grads.area_and_perimeter(np.array([box])),
        degrees.area_and_perimeter(np.array([in_degrees])),
        strict=True,
    ):
        assert mine == pytest.approx(other, rel=1e-9)


def test_other_crss_keep_their_own_base() -> None:
    for code in (4326, 32645, 3857, 2056, 7415):
        crs = CRS.from_epsg(code)
        assert geographic_base(crs) == crs.to_2d().geodetic_crs


@pytest.mark.parametrize(
    ("crs", "message"),
    [
        (ROTATED_POLE, "the CRS 'rotated' is derived from longitude and latitude"),
        ('LOCAL_CS["site",UNIT["metre",1]]', "the CRS 'site' is local"),
        ("EPSG:4978", "the CRS 'WGS 84' counts from the Earth's centre"),
        ("EPSG:5773", "is local"),
    ],
)
def test_crss_without_a_map_are_refused_in_a_sentence(
    make_raster: RasterMaker, crs: str, message: str
) -> None:
    path = make_raster("a.vrt", draw_scene(40, 50), crs=None, transform=transform_at())
    path = _with_crs(path, crs)
    with pytest.raises(UnsupportedRasterError, match=message):
        Mosaic.open([path], gsd_range_m=None)


def _with_crs(tif: Path, crs: str) -> Path:
    """A VRT of a raster: unlike GeoTIFF it holds every CRS."""
    place = ", ".join(map(str, transform_at().to_gdal()))
    vrt = tif.with_name("crs.vrt")
    vrt.write_text(
        f'<VRTDataset rasterXSize="50" rasterYSize="40"><SRS>{_escaped(crs)}</SRS>'
        f"<GeoTransform>{place}</GeoTransform>"
        + "".join(
            f'<VRTRasterBand dataType="Byte" band="{band}"><SimpleSource><SourceFilename '
            f'relativeToVRT="1">{tif.name}</SourceFilename><SourceBand>{band}</SourceBand>'
            "</SimpleSource></VRTRasterBand>"
            for band in (1, 2, 3)
        )
        + "</VRTDataset>"
    )
    return vrt


def _escaped(text: str) -> str:
    return text.replace('"', "&quot;")


def test_a_code_newer_than_the_register_is_taken_from_the_wkt(make_raster: RasterMaker) -> None:
    path = make_raster(
        "a.tif",
        draw_scene(40, 50),
        crs=f"EPSG:{NEWER}",
        transform=transform_at(0.3, left=5e5, top=1e5),
    )
    with Mosaic.open([path], gsd_range_m=None) as mosaic:
        assert mosaic.output_crs.name == "UGRF / UTM zone 35N"
        assert mosaic.grid.gsd_m == pytest.approx(0.3, rel=1e-3)


@pytest.mark.parametrize("suffix", ["gpkg", "fgb", "geojson", "parquet"])
def test_layers_in_it_are_written_and_read(tmp_path: Path, suffix: str) -> None:
    crs = understood(f"EPSG:{NEWER}")
    assert crs.name == "UGRF / UTM zone 35N"
    frame = gpd.GeoDataFrame(
        {"a": [1]}, geometry=[shapely.box(5e5, 1e5, 5e5 + 10, 1e5 + 10)], crs=crs
    )
    path = tmp_path / f"a.{suffix}"
    frame.to_parquet(path) if suffix == "parquet" else frame.to_file(path)
    layer = open_layer(path)
    again = read_frame(layer)
    assert again["a"].tolist() == [1]
    assert again.crs == layer.crs
    assert again.geometry.area[0] == pytest.approx(100)


def test_a_code_that_nobody_knows_is_refused_without_a_word_of_gdal(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(CRSError, match="999999"):
        understood("EPSG:999999")
    assert capfd.readouterr() == ("", "")
