"""WMS and WMTS as rasters, by a server of both on this machine."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pytest
import shapely
from conftest import REPOSITORY
from map_server import EVERY_M, HOUSE_M
from painted import PaintedModel
from tries import first

import geoseg
from geoseg.errors import UnreadableRasterError

WEST, SOUTH = 9_520_000.0, 3_200_000.0
"""Corner of a house."""
SIDE_M = 3 * EVERY_M
AREA = f"{WEST - 10},{SOUTH - 10},{WEST + SIDE_M - 10},{SOUTH + SIDE_M - 10},3857"
"""Nine houses."""
WMS = (
    "WMS:{}/?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=houses&CRS=EPSG:3857"
    "&BBOX=-20037508.34,-20037508.34,20037508.34,20037508.34&FORMAT=image/png"
)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    script = REPOSITORY / "tests" / "map_server.py"
    with subprocess.Popen(
        [sys.executable, str(script)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.kill()


@pytest.mark.parametrize(
    "service",
    first(1, ["WMTS:{}/capabilities.xml,layer=houses", WMS]),
    ids=["WMTS", "WMS"],
)
@pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
def test_houses_of_a_service_lie_where_they_are(address: str, service: str, tmp_path: Path) -> None:
    out = tmp_path / "b.gpkg"
    told = geoseg.predict(
        service.format(address), out, model=PaintedModel(gsd_m=(0.2, 0.6)), aoi=AREA
    )
    assert 0.2 < told.gsd_m < 0.7
    found = gpd.read_file(out, layer="buildings").to_crs(3857)
    truth = [
        shapely.box(west, south, west + HOUSE_M, south + HOUSE_M)
        for west in (WEST, WEST + EVERY_M, WEST + 2 * EVERY_M)
        for south in (SOUTH, SOUTH + EVERY_M, SOUTH + 2 * EVERY_M)
    ]
    assert len(found) == len(truth)
    for house in truth:
        overlap = found.geometry.intersection(house).area.max()
        assert overlap > 0.85 * house.area


@pytest.mark.thorough
@pytest.mark.parametrize(
    ("service", "said"),
    first(
        1,
        [
            (
                "{}/shut/{{z}}/{{x}}/{{y}}.png?key=abc",
                "the service answers 403 Forbidden; does its address",
            ),
            (
                "http://127.0.0.1:1/{{z}}/{{x}}/{{y}}.png?key=abc",
                r"the service gives no answer \(.*connect",
            ),
        ],
    ),
    ids=["refuses", "is not there"],
)
def test_a_service_that_gives_nothing_is_named(address: str, service: str, said: str) -> None:
    name = service.format(address)
    with pytest.raises(UnreadableRasterError, match=said) as error:
        geoseg.info(name, aoi=AREA)
    assert str(error.value).startswith(name.partition("?")[0])
    assert "abc" not in str(error.value)
