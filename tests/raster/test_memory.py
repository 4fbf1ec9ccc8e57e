"""How much decoded imagery is kept for rasters of some sizes and layouts."""

from __future__ import annotations

import gc
import os
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import rasterio
from conftest import draw_scene
from rasterio.env import get_gdal_config, set_gdal_config

from geoseg.raster import Mosaic
from geoseg.raster.blocks import BlockCache
from geoseg.raster.memory import (
    GDAL_CACHE_OPTION,
    MEGABYTE,
    CacheLimit,
    gdal_cache_bytes,
    warp_cache_bytes,
)
from geoseg.types import Window


def source(width: int, *, striped: bool = False, count: int = 3, item_bytes: int = 1) -> Any:
    return SimpleNamespace(width=width, striped=striped, count=count, item_bytes=item_bytes)


@pytest.mark.parametrize(
    ("sources", "megabytes"),
    [
        ([], 32),
        ([source(4096)], 32),
        ([source(24 * 1024)], 96),  # 1,024 rows of four bytes
        ([source(8 * 1024)] * 3, 96),
        ([source(100_000)], 128),
        ([source(16 * 1024, striped=True)], 96),  # 1,536 rows
        ([source(16 * 1024, striped=True), source(100_000)], 128),
        ([source(16 * 1024, striped=True, count=7, item_bytes=2)], 384),
        ([source(200_000, striped=True)], 512),
    ],
)
def test_room_for_what_rows_of_tiles_share(sources: list[Any], megabytes: int) -> None:
    assert gdal_cache_bytes(sources) == megabytes * MEGABYTE


@pytest.mark.parametrize(("width", "megabytes"), [(1024, 20), (12 * 1024, 64), (1_000_000, 384)])
def test_room_for_two_rows_of_warped_blocks_and_those_being_read(
    width: int, megabytes: int
) -> None:
    grid: Any = SimpleNamespace(width=width)
    assert warp_cache_bytes(grid) == megabytes * MEGABYTE


def test_what_rows_of_tiles_share_is_hardly_warped_twice() -> None:
    columns, pixels = 40, (np.zeros((3, 1, 1), np.uint8), np.zeros((1, 1), np.bool_))
    cache = BlockCache(limit_bytes=4 * (2 * columns + 16))
    warped = []
    for top in range(0, 10, 2):  # rows of tiles see three rows of blocks, one of them in common
        for left in range(0, columns, 4):
            for row in (top, top, top + 1, top + 1, top + 2, top + 2):
                for col in range(left, left + 4):
                    key = ("a.tif", Window(row, col, 1, 1))
                    if cache.get(key) is None:
                        cache.put(key, pixels)
                        warped.append((row, col))
    assert len(set(warped)) == 11 * columns
    assert len(warped) < 12 * columns  # 15, if what was not used for longest went first


def cache_bytes() -> int:
    return int(get_gdal_config(GDAL_CACHE_OPTION))


@pytest.mark.skipif(GDAL_CACHE_OPTION in os.environ, reason="set by the environment")
def test_the_cache_is_as_before_once_the_last_mosaic_is_closed(
    make_raster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    gc.collect()  # what other tests left open
    monkeypatch.setattr(CacheLimit, "_holders", 0)
    start, path = cache_bytes(), str(make_raster("a.tif", draw_scene(40, 50)))
    before = 48 * MEGABYTE
    set_gdal_config(GDAL_CACHE_OPTION, before)
    with Mosaic.open([path], gsd_range_m=None) as mosaic:
        with mosaic.reopened():
            assert cache_bytes() == 32 * MEGABYTE != before
        assert cache_bytes() == 32 * MEGABYTE
    assert cache_bytes() == before
    forgotten = mosaic.reopened()
    assert cache_bytes() == 32 * MEGABYTE
    del forgotten
    assert cache_bytes() == before
    set_gdal_config(GDAL_CACHE_OPTION, start)


def test_a_cache_that_the_caller_set_stays(make_raster: Any) -> None:
    path = str(make_raster("a.tif", draw_scene(40, 50)))
    with (
        rasterio.Env(GDAL_CACHEMAX=77 * MEGABYTE),
        Mosaic.open([path], gsd_range_m=None),
    ):
        assert cache_bytes() == 77 * MEGABYTE
