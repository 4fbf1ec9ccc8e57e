"""Rasters that a VRT or a tile index names, and that GDAL reads as zeros without an error where they are damaged."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from affine import Affine
from conftest import draw_scene
from half_lost import without_right_half

from geoseg.errors import UnreadableRasterError
from geoseg.raster.source import inspect

Maker = Callable[..., Path]
SIDE = 128


@pytest.fixture
def vrt(make_raster: Maker) -> Path:
    """A VRT whose right half is of ``gone.tif``, which is there."""
    made = without_right_half(make_raster("a.tif", draw_scene(SIDE, SIDE)))
    shutil.copy(made.with_name("a.tif"), made.with_name("gone.tif"))
    return made


def move(path: Path, columns: int) -> None:
    """Give a raster a place so many of its columns further east."""
    with rasterio.open(path, "r+") as raster:
        raster.transform = raster.transform @ Affine.translation(columns, 0)


@pytest.fixture
def index(vrt: Path) -> Path:
    """A tile index of both halves."""
    path = vrt.with_name("town.gti.gpkg")
    boxes = []
    move(vrt.with_name("gone.tif"), SIDE)
    for name in ("a.tif", "gone.tif"):
        with rasterio.open(vrt.with_name(name)) as raster:
            boxes.append(shapely.box(*raster.bounds))
        crs = raster.crs
    names = [str(vrt.with_name(name)) for name in ("a.tif", "gone.tif")]
    gpd.GeoDataFrame({"location": names}, geometry=boxes, crs=crs).to_file(path, layer="town")
    return path


@pytest.mark.parametrize("content", [b"", b"II*\0\x08\0", b"<html>404</html>"])
def test_a_part_that_cannot_be_opened_is_refused(vrt: Path, index: Path, content: bytes) -> None:
    for path in (vrt, index):
        inspect(str(path))
    vrt.with_name("gone.tif").write_bytes(content)
    for path in (vrt, index):
        with pytest.raises(
            UnreadableRasterError, match=rf"{path.name} names \S*gone\.tif, which cannot be opened"
        ):
            inspect(str(path))


def test_a_tile_index_is_read_once(index: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read, whole = [], pyogrio.read_dataframe

    def counted(path: str) -> gpd.GeoDataFrame:
        read.append(path)
        return whole(path)

    monkeypatch.setattr(pyogrio, "read_dataframe", counted)
    assert len(inspect(str(index)).files) > 1
    assert read == [str(index)]


def test_a_tile_index_that_lost_a_file_is_refused(index: Path) -> None:
    index.with_name("gone.tif").unlink()
    with pytest.raises(UnreadableRasterError, match=r"gpkg names \S*gone\.tif, which is not there"):
        inspect(str(index))


@pytest.mark.parametrize("crs", ["", "EPSG:4326"])
@pytest.mark.parametrize("columns", [SIDE // 2, 5 * SIDE])
def test_a_tile_that_lies_elsewhere_than_the_index_says_is_refused(
    index: Path, columns: int, crs: str
) -> None:
    if crs:
        told = gpd.read_file(index).to_crs(crs)
        index.unlink()
        told.to_file(index, layer="town")
    inspect(str(index))
    move(index.with_name("gone.tif"), columns)
    with pytest.raises(
        UnreadableRasterError, match=r"gpkg has \S*gone\.tif at another place than where it lies"
    ):
        inspect(str(index))


@pytest.mark.parametrize("by", [-20.0, 20.0])
def test_an_outline_within_its_tile_or_around_it_is_taken(index: Path, by: float) -> None:
    told = gpd.read_file(index)
    with rasterio.open(index.with_name("gone.tif")) as raster:
        told.geometry = told.buffer(by * raster.res[0], join_style="mitre")
    index.unlink()
    told.to_file(index, layer="town")
    inspect(str(index))


def test_a_part_that_was_made_anew_in_another_size_is_refused(
    vrt: Path, make_raster: Maker
) -> None:
    told = f"<SourceProperties RasterXSize='{SIDE}' RasterYSize='{SIDE}' DataType='Byte'/><SrcRect"
    vrt.write_text(vrt.read_text().replace("<SrcRect", told))
    inspect(str(vrt))
    make_raster("gone.tif", draw_scene(SIDE, 2 * SIDE))
    with pytest.raises(
        UnreadableRasterError, match="had 128 x 128 pixels, and it has 256 x 128 now"
    ):
        inspect(str(vrt))


def test_raw_pixels_and_names_with_options_are_passed_over(vrt: Path) -> None:
    raw = vrt.with_name("raw.bin")
    raw.write_bytes(np.full((SIDE, SIDE), 90, np.uint8).tobytes())
    band = (
        "<VRTRasterBand dataType='Byte' band='{}' subClass='VRTRawRasterBand'><SourceFilename "
        "relativeToVRT='1'>raw.bin</SourceFilename></VRTRasterBand>"
    )
    text = vrt.read_text()
    head = text[: text.index("<VRTRasterBand")]
    vrt.write_text(head + "".join(map(band.format, (1, 2, 3))) + "</VRTDataset>")
    assert inspect(str(vrt)).count == 3
