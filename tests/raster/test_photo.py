"""The picture of the ground below a page's map."""

from __future__ import annotations

import base64
from pathlib import Path

import numpy as np
import pytest
import rasterio
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.enums import ColorInterp
from rasterio.io import MemoryFile

from geoseg.raster.photo import read_photo

pytestmark = pytest.mark.filterwarnings("ignore::rasterio.errors.NotGeoreferencedWarning")
ACROSS = CRS.from_dict({"proj": "laea", "lon_0": 180, "lat_0": -17, "datum": "WGS84"})
GREY = 90


def raster(path: Path, left: float, grey: int = GREY, side: int = 100) -> Path:
    with rasterio.open(
        path, "w", driver="GTiff", width=side, height=side, count=3, dtype="uint8", crs="EPSG:4326",
        transform=Affine(2e-5, 0, left, 0, -2e-5, -16.999),
    ) as target:  # fmt: skip
        target.write(np.full((3, side, side), grey, np.uint8))
    return path


def seen(*paths: Path) -> NDArray[np.uint8]:
    """(rows, columns) of the picture of 160 m around a place on the 180th meridian."""
    url = read_photo(paths, ACROSS, (-80, -80, 80, 80), (160, 160), longest_px=80)
    with MemoryFile(base64.b64decode(url.split(",")[1])) as memory, memory.open() as picture:
        band: NDArray[np.uint8] = picture.read(1)
        return band


@pytest.mark.parametrize("left", [179.999, -180.001])
def test_a_raster_across_the_180th_meridian_is_seen_on_both_sides(
    tmp_path: Path, left: float
) -> None:
    picture = seen(raster(tmp_path / "across.tif", left)).astype(int)
    assert np.abs(picture - GREY).max() < 6


@pytest.mark.parametrize("order", ["names", "colours"])
def test_colours_are_those_that_the_raster_names(tmp_path: Path, order: str) -> None:
    path, greys = (
        tmp_path / "bgr.tif",
        (40, 120, 200),
    )  # blue, green, red, as some cameras have them
    with rasterio.open(
        path, "w", driver="GTiff", width=100, height=100, count=3, dtype="uint8", crs="EPSG:4326",
        transform=Affine(2e-5, 0, 179.999, 0, -2e-5, -16.999), photometric="minisblack",
    ) as target:  # fmt: skip
        for band, (grey, name) in enumerate(zip(greys, ("blue", "green", "red"), strict=True), 1):
            target.write(np.full((100, 100), grey, np.uint8), band)
            if order == "names":
                target.set_band_description(band, name)
        if order == "colours":
            target.colorinterp = [ColorInterp.blue, ColorInterp.green, ColorInterp.red]
    url = read_photo(path, ACROSS, (-80, -80, 80, 80), (160, 160), longest_px=80)
    with MemoryFile(base64.b64decode(url.split(",")[1])) as memory, memory.open() as picture:
        assert np.abs(picture.read()[:, 40, 40].astype(int) - (200, 120, 40)).max() < 6


def test_later_rasters_lie_on_top(tmp_path: Path) -> None:
    below = raster(tmp_path / "below.tif", 179.999)
    above = raster(tmp_path / "above.tif", 180.0002, grey=200)
    row = seen(below, above)[40].astype(int)
    assert abs(row[10] - GREY) < 6
    assert abs(row[70] - 200) < 6
