"""Tile services as rasters, by a server on this machine."""

import warnings
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from conftest import RasterMaker, draw_scene, transform_at
from painted import PaintedModel
from pyproj import Transformer
from rasterio.errors import NotGeoreferencedWarning
from remote_server import Server

import geoseg
from geoseg.errors import UnreadableRasterError, UsageError
from geoseg.raster import Mosaic, services
from geoseg.raster.advice import mosaic_warnings
from geoseg.raster.services import is_service

ZOOM, LON, LAT = 18, 85.52, 27.63
"""A tile there has pixels of .53 m."""
SECRET = "s3cr3t"  # noqa: S105


def town() -> PaintedModel:
    return PaintedModel(gsd_m=(0.2, 0.6))


def tile_of(lon: float, lat: float) -> tuple[int, int]:
    x, y = Transformer.from_crs(4326, 3857, always_xy=True).transform(lon, lat)
    half = 20_037_508.342789244
    return int((x + half) / (2 * half) * 2**ZOOM), int((half - y) / (2 * half) * 2**ZOOM)


def served() -> list[tuple[int, int]]:
    """The tiles that there are."""
    col, row = tile_of(LON, LAT)
    return [(x, y) for x in range(col - 3, col + 4) for y in range(row - 3, row + 4)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Serves 7 x 7 tiles around the place, a red house in each."""
    folder = tmp_path_factory.mktemp("tiles")
    house = np.zeros((3, 256, 256), np.uint8)
    house[0, 100:130, 100:140] = 250
    for x, y in served():
        path = folder / str(ZOOM) / str(x) / f"{y}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)
            with rasterio.open(
                path, "w", driver="PNG", count=3, height=256, width=256, dtype="uint8"
            ) as tile:
                tile.write(house)
    with Server(folder) as running:
        yield running


def template(server: Server) -> str:
    return server.address("{z}/{x}/{y}.png", f"?key={SECRET}")


@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_tiles_are_cut_to_the_area_at_the_model_s_zoom(
    server: Server, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    out = tmp_path / "b.gpkg"
    server.order()
    told = geoseg.predict(
        template(server),
        out,
        model=town(),
        aoi=f"{LON - 1e-3},{LAT - 1e-3},{LON + 1e-3},{LAT + 1e-3},4326",
    )
    found = gpd.read_file(out, layer="buildings")
    assert 0 < len(found) <= 9
    assert found.geometry.to_crs(4326).total_bounds == pytest.approx(
        [LON, LAT, LON, LAT], abs=1.5e-3
    )
    assert told.record["grid"]["gsd_m"] == pytest.approx(0.529, abs=0.01)
    asked = [path for _, path, _ in server.requests()]
    assert {path.split("/")[1] for path in asked} == {str(ZOOM)}
    assert len(set(asked)) < 150
    there = {f"/{ZOOM}/{x}/{y}.png" for x, y in served()}
    times = {path: count for path, count in Counter(asked).items() if path.split("?")[0] in there}
    assert len(times) == len(there)
    assert set(times.values()) == {1}  # for a look, for what is blank, and to be read
    assert "for its terms to say" in caplog.text
    assert "{z}/{x}/{y}.png" in told.record["sources"][0]["path"]
    again = geoseg.predict(
        template(server).replace(SECRET, "fresh"),
        model=town(),
        aoi=(LON - 1e-3, LAT - 1e-3, LON + 1e-3, LAT + 1e-3, 4326),
    )
    assert again["source"].tolist() == found["source"].tolist()
    kept = list(Path(services._cache_folder()).rglob("*"))
    assert len([path for path in kept if path.is_file()]) >= len(there)
    names = " ".join(map(str, kept))
    for text in (str(told.as_dict()), caplog.text, out.read_bytes().decode("latin-1"), names):
        assert SECRET not in text


def test_info_describes_what_predict_would_read(server: Server) -> None:
    area = f"{LON - 1e-3},{LAT - 1e-3},{LON + 1e-3},{LAT + 1e-3},4326"
    seen = geoseg.info(template(server), model=town(), aoi=area, tile_px=512)
    assert seen.grid_gsd_m == pytest.approx(0.529, abs=0.01)
    assert seen.rasters[0].path.startswith(template(server).split("?")[0])
    assert 1 <= seen.tiles < seen.megapixels * 1e6 / 512**2
    assert SECRET not in str(seen.as_dict())


def test_warnings_name_a_service_as_it_was_given(
    monkeypatch: pytest.MonkeyPatch, make_raster: RasterMaker
) -> None:
    place = transform_at(0.3, left=9_520_000, top=3_200_000)
    path = make_raster("cut.vrt.tif", draw_scene(40, 40), crs="EPSG:3857", transform=place)
    with Mosaic.open([path], gsd_range_m=None) as mosaic:
        source = mosaic.sources[0]
        assert services.named(source) == "cut.vrt.tif"
        address = "https://tiles.example/{z}/{x}/{y}.png"
        monkeypatch.setitem(services._kept, source.path, (None, f"{address}?key=abc"))
        assert services.named(source) == address
        (told,) = mosaic_warnings(mosaic, None)
    assert told.startswith(f"{address}: its pixels are nominally 0.3 m")


def test_a_service_without_an_area_is_refused(server: Server) -> None:
    for call in (geoseg.predict, geoseg.info):
        with pytest.raises(UsageError, match="is a service without end; name the area") as caught:
            call(template(server), model=town())
        assert SECRET not in str(caught.value)


def test_an_area_of_a_service_needs_a_crs(server: Server) -> None:
    with pytest.raises(UsageError, match="needs a CRS"):
        geoseg.predict(template(server), model=town(), aoi=(0, 0, 1, 1))


def test_a_service_that_shows_nothing_is_told(server: Server) -> None:
    with pytest.raises(UnreadableRasterError) as caught:
        geoseg.predict(
            f"WMS:{server.address('none', f'?token={SECRET}')}", model=town(), aoi="0,0,1,1,4326"
        )
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "service"),
    [
        ("https://a.example/{z}/{x}/{y}.png", True), ("https://a.example/{z}/{y}/{x}", True),
        ("WMS:https://a.example?LAYERS=x", True), ("WMTS:https://a.example,layer=x", True),
        ("<GDAL_WMS><Service/></GDAL_WMS>", True), ("a.tif", False), ("https://a.example/a.tif", False),
        ("a{z}.tif", False),
    ],
)  # fmt: skip
def test_what_is_a_service(name: str, service: bool) -> None:
    assert is_service(name) is service
