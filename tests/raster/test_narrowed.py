"""VRTs of 8 bits over parts of 16: GDAL makes 255 of every larger value."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import rasterio.shutil
from conftest import draw_scene

from geoseg.raster.advice import mosaic_warnings
from geoseg.raster.mosaic import Mosaic

Maker = Callable[..., Path]


@pytest.fixture
def deep(make_raster: Maker) -> Path:
    """A raster of 16 bits, eight of them above the first."""
    return make_raster("deep.tif", draw_scene(128, 128).astype(np.uint16) * 257)


def warned(path: Path) -> str:
    with Mosaic.open([str(path)], gsd_range_m=None) as mosaic:
        return " ".join(mosaic_warnings(mosaic, None))


def vrt_of(path: Path, *changes: tuple[str, str]) -> Path:
    vrt = path.with_suffix(".vrt")
    rasterio.shutil.copy(path, vrt, driver="VRT")
    text = vrt.read_text()
    for before, after in changes:
        assert before in text
        text = text.replace(before, after)
    vrt.write_text(text)
    return vrt


TO_BYTES = ('<VRTRasterBand dataType="UInt16"', '<VRTRasterBand dataType="Byte"')
SAID = "deep.vrt shows parts of uint16 as uint8 without scaling them, so that every value above 255 is 255"


def test_a_vrt_that_cuts_its_parts_is_told(deep: Path) -> None:
    assert "without scaling" not in warned(deep) + warned(vrt_of(deep))
    told = warned(vrt_of(deep, TO_BYTES))
    assert SAID in told
    assert "--nodata" not in told


def test_a_vrt_that_says_nothing_of_its_parts_is_told(deep: Path) -> None:
    assert SAID in warned(vrt_of(deep, TO_BYTES, ("<SourceProperties", "<Other")))


def test_a_vrt_that_warps_its_parts_is_told(deep: Path) -> None:
    with (
        rasterio.open(deep) as raster,
        rasterio.vrt.WarpedVRT(raster, crs="EPSG:3857") as warped,
    ):
        rasterio.shutil.copy(warped, deep.with_suffix(".vrt"), driver="VRT")
    vrt = deep.with_suffix(".vrt")
    assert "VRTWarpedDataset" in vrt.read_text()
    assert "without scaling" not in warned(vrt)
    vrt.write_text(vrt.read_text().replace('"UInt16"', '"Byte"'))
    assert SAID in warned(vrt)


def test_a_vrt_that_scales_its_parts_is_taken(deep: Path) -> None:
    scale = "<ScaleOffset>0</ScaleOffset><ScaleRatio>0.00389</ScaleRatio></ComplexSource>"
    changes = ("<SimpleSource", "<ComplexSource"), ("</SimpleSource>", scale)
    assert "without scaling" not in warned(vrt_of(deep, TO_BYTES, *changes))
