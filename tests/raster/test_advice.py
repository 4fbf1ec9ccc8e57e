"""What is told of many rasters at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from conftest import draw_scene
from rasterio.transform import from_origin

from geoseg.raster.advice import mosaic_warnings
from geoseg.raster.mosaic import Mosaic


def test_rasters_of_which_the_same_holds_share_a_sentence(
    make_raster: Callable[..., Path],
) -> None:
    paths = [
        make_raster(
            f"tile_{number}.tif",
            draw_scene(64, 64),
            crs="EPSG:3857",
            transform=from_origin(9_517_000 + 64 * 0.6 * number, 3_203_000, 0.6, 0.6),
        )
        for number in range(4)
    ]
    with Mosaic.open([str(path) for path in paths], gsd_range_m=None) as mosaic:
        told = [one for one in mosaic_warnings(mosaic, None) if "nominally" in one]
    assert len(told) == 1
    assert told[0].startswith("tile_0.tif (and 3 more): its pixels are nominally 0.6 m but ")
