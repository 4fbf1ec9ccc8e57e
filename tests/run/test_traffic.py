"""What is read from a server, and that it is told."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from painted import PaintedModel, paint_town
from rasterio.shutil import copy
from remote_server import Server
from stopped_runs import OPTIONS, SIGNED, Served, interrupted

import geoseg
from geoseg.raster import gdal, traffic

# A try that is given up too early would count twice on the server.
pytestmark = pytest.mark.usefixtures("patient")


@pytest.fixture
def cog(server: Server, make_raster: Any, tmp_path_factory: pytest.TempPathFactory) -> Served:
    noise = np.random.default_rng(0).integers(0, 90, (3, 1500, 1200), np.uint8)
    pixels = np.maximum(np.tile(paint_town(500, 300)[0], (1, 3, 4)), noise)
    plain = make_raster("plain.tif", pixels)
    path = plain.with_name("cog.tif")
    copy(plain, path, driver="COG", compress="DEFLATE", blocksize=256)
    return Served(server, path, tmp_path_factory.getbasetemp())


@pytest.mark.thorough
@pytest.mark.parametrize("tile_px", [320, 48])
def test_a_cog_is_read_at_most_once_with_few_requests_besides(
    cog: Served, tmp_path: Path, tile_px: int
) -> None:
    cog.server.order()
    gdal.count_requests_anew()  # GDAL asks once whether to count
    summary = geoseg.predict(
        cog.address(SIGNED), tmp_path / "b.gpkg", model=PaintedModel(), tile_px=tile_px,
        shape="raw", readers=2,
    )  # fmt: skip
    size, asked = cog.path.stat().st_size, cog.server.requests()
    data = [
        span for method, _, span in asked if method == "GET" and span not in (None, "bytes=0-0")
    ]
    sent = sum(min(int(last), size - 1) - int(first) + 1 for first, last in map(_span, data))
    assert summary.bytes_read == sent <= size
    assert summary.requests == len(asked)
    assert len(asked) - len(data) <= 10  # looks before five rows, or fifty, are kept among them
    told = summary.as_dict()
    assert (told["bytes_read"], told["requests"]) == (summary.bytes_read, summary.requests)
    assert told["record"]["bytes_read"] == sent
    assert dict(summary.in_words())["downloaded"] == f"{sent / 1e6:.1f} MB in {len(asked)} requests"


def _span(asked: str | None) -> list[str]:
    return str(asked).removeprefix("bytes=").split("-")


@pytest.mark.thorough
def test_each_run_counts_for_itself(town: Served, tmp_path: Path) -> None:
    town.server.order()
    output = tmp_path / "b.gpkg"
    interrupted(town.address(), output)
    before = len(town.server.requests())
    summary = geoseg.predict(town.address(), output, model=PaintedModel(), resume=True, **OPTIONS)
    assert summary.requests == len(town.server.requests()) - before


def test_of_files_nothing_is_told(town: Served, tmp_path: Path) -> None:
    town.server.order()
    geoseg.predict(town.address(), model=PaintedModel(), **OPTIONS)
    summary = geoseg.predict(town.path, tmp_path / "b.gpkg", model=PaintedModel(), **OPTIONS)
    assert (summary.bytes_read, summary.requests) == (None, None)
    assert not dict(summary.in_words())["downloaded"]


@pytest.mark.thorough
def test_where_gdal_does_not_tell_nothing_is_said(
    town: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    town.server.order()
    monkeypatch.setitem(gdal._SIGNATURES, "VSINoSuchFunction", (None, []))  # type: ignore[index]
    gdal._library.cache_clear()
    try:
        summary = geoseg.predict(
            town.address(), tmp_path / "b.gpkg", model=PaintedModel(), **OPTIONS
        )
    finally:
        gdal._library.cache_clear()
    assert summary.buildings
    assert (summary.bytes_read, summary.requests) == (None, None)


@pytest.mark.thorough
def test_who_wants_no_count_gets_none(town: Served, tmp_path: Path) -> None:
    town.server.order()
    with rasterio.Env(**{traffic.COUNT: "NO"}):
        gdal.count_requests_anew()
        summary = geoseg.predict(
            town.address(), tmp_path / "b.gpkg", model=PaintedModel(), **OPTIONS
        )
    gdal.count_requests_anew()
    assert (summary.bytes_read, summary.requests) == (None, None)
