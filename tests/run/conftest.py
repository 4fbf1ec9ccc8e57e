"""A server, a raster on it, and GDAL as it was."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from painted import paint_town
from rasterio._env import del_gdal_config
from remote_server import Server
from stopped_runs import TILED, Served

from geoseg.raster import remote
from geoseg.raster.traffic import COUNT


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Try again at once, and leave GDAL as it was."""
    monkeypatch.setattr(remote, "RETRY_WAITS_S", (0.0,) * 4)
    monkeypatch.setattr(remote, "SILENCE_S", 1)
    options = {
        **remote.OPTIONS,
        "GDAL_HTTP_MAX_RETRY": "4",
        "GDAL_HTTP_RETRY_DELAY": "0.01",
        "GDAL_HTTP_LOW_SPEED_TIME": "1",
    }
    monkeypatch.setattr(remote, "OPTIONS", options)
    yield
    for name in (*options, remote.NO_HEAD[0], COUNT):
        del_gdal_config(name)


@pytest.fixture
def patient() -> Iterator[None]:
    """Leave GDAL as it was."""
    yield
    for name in (*remote.OPTIONS, remote.NO_HEAD[0], COUNT):
        del_gdal_config(name)


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Server(tmp_path_factory.getbasetemp()) as running:
        yield running


@pytest.fixture
def town(server: Server, make_raster: Any, tmp_path_factory: pytest.TempPathFactory) -> Served:
    noise = np.random.default_rng(0).integers(0, 90, (3, 700, 120), np.uint8)
    pixels = np.maximum(paint_town(700, 120)[0], noise)
    path = make_raster("served/town.tif", pixels, **TILED)
    return Served(server, path, tmp_path_factory.getbasetemp())
