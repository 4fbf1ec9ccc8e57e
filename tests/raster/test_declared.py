"""What a raster declares to be no image counts, whether by one mark or several, copied or warped."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio
from conftest import RasterMaker, draw_scene, transform_at
from numpy.typing import NDArray
from rasterio.enums import ColorInterp

from geoseg.raster import Mosaic

RGBA = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
SIDE = 240
WEST, NORTH = np.s_[:, :80], np.s_[:60]
"""What the first of two marks declares, and the second."""
COLLAR = (255, 0, 7)


def halves() -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """(height, width) each, True where the first and the second mark say that there is no image."""
    first, second = np.zeros((2, SIDE, SIDE), np.bool_)
    first[WEST], second[NORTH] = True, True
    return first, second


def scene() -> NDArray[np.uint8]:
    return draw_scene(SIDE, SIDE).clip(20, 230)


def opacity(hidden: NDArray[np.bool_]) -> NDArray[np.uint8]:
    return np.where(hidden, 0, 255).astype(np.uint8)[None]


def alpha_and_nodata(make: RasterMaker) -> Path:
    first, second = halves()
    image = np.where(second, 0, scene()).astype(np.uint8)
    return make("a.tif", np.concatenate([image, opacity(first)]), colors=RGBA, nodata=0)


def alpha_and_mask(make: RasterMaker) -> Path:
    first, second = halves()
    return make("a.tif", np.concatenate([scene(), opacity(first)]), colors=RGBA, mask=~second)


def mask_and_nodata(make: RasterMaker) -> Path:
    first, second = halves()
    image = np.where(second, 0, scene()).astype(np.uint8)
    return make("a.tif", image, mask=~first, nodata=0)


def nodata_of_each_band(make: RasterMaker) -> Path:
    hidden = np.logical_or(*halves())
    image = np.where(hidden, np.array(COLLAR)[:, None, None], scene()).astype(np.uint8)
    with rasterio.open(make("a.tif", image)) as dataset:
        bands = "".join(
            f'<VRTRasterBand dataType="Byte" band="{i}"><NoDataValue>{value}</NoDataValue><SimpleSource>'
            f'<SourceFilename relativeToVRT="1">a.tif</SourceFilename><SourceBand>{i}</SourceBand>'
            "</SimpleSource></VRTRasterBand>"
            for i, value in enumerate(COLLAR, 1)
        )
        place = ",".join(map(repr, dataset.transform.to_gdal()))
    path = make.folder / "a.vrt"
    path.write_text(
        f'<VRTDataset rasterXSize="{SIDE}" rasterYSize="{SIDE}"><SRS>EPSG:32645</SRS>'
        f"<GeoTransform>{place}</GeoTransform>{bands}</VRTDataset>"
    )
    return path


@pytest.mark.parametrize("gsd_m", [None, 0.25, 0.6])
@pytest.mark.parametrize(
    "maker", [alpha_and_nodata, alpha_and_mask, mask_and_nodata, nodata_of_each_band]
)
def test_all_marks_count(
    make_raster: RasterMaker, maker: Callable[[RasterMaker], Path], gsd_m: float | None
) -> None:
    path, hidden = maker(make_raster), np.logical_or(*halves())
    with Mosaic.open([path], gsd_range_m=None, gsd_m=gsd_m) as mosaic:
        assert mosaic.resampled == (gsd_m is not None)
        grid = mosaic.grid
        valid = mosaic.read(grid.window).valid
    rows, cols = np.indices(valid.shape) + 0.5
    x, y = grid.transform.a * cols + grid.transform.c, grid.transform.e * rows + grid.transform.f
    place = transform_at()
    col, row = (x - place.c) / place.a, (y - place.f) / place.e
    inside = (col > 0) & (col < SIDE) & (row > 0) & (row < SIDE)
    expected = np.zeros_like(valid)
    expected[inside] = ~hidden[row[inside].astype(int), col[inside].astype(int)]
    assert not (valid & ~expected & inside & far(col, row)).any()
    assert valid[expected & far(col, row)].all()


def far(col: NDArray[np.float64], row: NDArray[np.float64]) -> NDArray[np.bool_]:
    """True more than 8 pixels from where image and none meet."""
    return (np.abs(col - 80) > 8) & (np.abs(row - 60) > 8) & (np.minimum(col, row) > 8)


def test_dark_pixels_of_an_image_make_no_holes_in_a_warp(make_raster: RasterMaker) -> None:
    image = scene()
    image[:, 100:103, 170:174] = 0
    path = make_raster(
        "a.tif", np.concatenate([image, opacity(halves()[0])]), colors=RGBA, nodata=0
    )
    with Mosaic.open([path], gsd_range_m=None, gsd_m=0.25) as mosaic:
        valid = mosaic.read(mosaic.grid.window).valid
    middle = np.s_[valid.shape[0] // 4 : -valid.shape[0] // 4, valid.shape[1] // 2 : -20]
    assert valid[middle].all()
    assert valid.mean() < 0.75
