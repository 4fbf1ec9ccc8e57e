"""Rasters as users give them: paths, addresses, open datasets."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from conftest import draw_scene, transform_at
from rasterio.io import MemoryFile
from rasterio.vrt import WarpedVRT

from geoseg.errors import UsageError
from geoseg.raster import Mosaic
from geoseg.raster.given import raster_names
from geoseg.raster.remote import opening

IMAGE = draw_scene(40, 50)


def test_paths_texts_and_lists_of_them() -> None:
    assert raster_names("https://host/a.tif") == ["https://host/a.tif"]
    assert raster_names(Path("a.tif")) == ["a.tif"]
    assert raster_names([Path("a.tif"), "b.tif"]) == ["a.tif", "b.tif"]
    assert raster_names(()) == []


def test_an_open_dataset_goes_by_its_name(make_raster: Any) -> None:
    path = make_raster("a.tif", IMAGE)
    with rasterio.open(path) as dataset:
        assert raster_names(dataset) == [str(path)]
        other = make_raster("b.tif", IMAGE)
        assert raster_names([dataset, other]) == [str(path), str(other)]


def test_a_memory_file_that_opens_by_its_name_will_do() -> None:
    profile = {"driver": "GTiff", "dtype": "uint8", "count": 3, "height": 40, "width": 50}
    with MemoryFile() as memory:
        with memory.open(crs="EPSG:32645", transform=transform_at(), **profile) as dataset:
            dataset.write(IMAGE)
            with pytest.raises(UsageError, match="open for writing"):
                raster_names(dataset)
        with memory.open() as dataset:
            assert raster_names(dataset) == [dataset.name]


def test_what_cannot_be_opened_by_its_name_is_refused(make_raster: Any) -> None:
    path = make_raster("a.tif", IMAGE)
    with (
        rasterio.open(path) as dataset,
        WarpedVRT(dataset, crs="EPSG:4326") as warped,
        pytest.raises(UsageError, match="WarpedVRT"),
    ):
        raster_names(warped)
    with pytest.raises(UsageError, match="is closed; give the path"):
        raster_names(dataset)
    path.rename(path.with_name("moved.tif"))
    with rasterio.open(path.with_name("moved.tif")) as dataset:
        path.with_name("moved.tif").unlink()
        with pytest.raises(UsageError, match="cannot be opened by its name"):
            raster_names(dataset)


def test_a_view_of_overviews_is_not_taken_for_the_raster(make_raster: Any) -> None:
    path = make_raster("a.tif", draw_scene(200, 200))
    with rasterio.open(path, "r+") as dataset:
        dataset.build_overviews([2])
    with (
        rasterio.open(path, overview_level=0) as half,
        pytest.raises(UsageError, match="opened with options"),
    ):
        raster_names(half)


@pytest.mark.parametrize(
    ("given", "named"),
    [(np.zeros(3), "ndarray"), ([5], "int"), (None, "None"), (b"a.tif", "bytes")],
)
def test_what_is_no_raster(given: Any, named: str) -> None:
    with pytest.raises(UsageError, match=f"a {named}.* is no raster; give the path"):
        raster_names(given)


@pytest.mark.skipif(os.name == "nt", reason="names are Unicode there")
def test_names_that_are_not_in_utf8(make_raster: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    path = make_raster("a.tif", IMAGE)
    try:
        path = path.rename(path.with_name(os.fsdecode(b"dom\xe9.tif")))
    except OSError:
        pytest.skip("this file system has no such names")
    monkeypatch.chdir(path.parent)
    for given in (path, [path.name], "dom*.tif"):
        with pytest.raises(UsageError, match=r"dom\\xe9\.tif is not in UTF-8.*; rename it$"):
            raster_names(given)


def test_side_files_count_in_an_archive_of_this_machine(
    make_raster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_raster("a.tif", IMAGE)
    rasterio.shutil.copy(path, path.with_name("b.png"), driver="PNG", WORLDFILE="YES")
    monkeypatch.chdir(path.parent)
    with zipfile.ZipFile("b.zip", "w") as archive:
        for name in ("b.png", "b.wld", "b.png.aux.xml"):
            archive.write(name)
    with Mosaic.open(["/vsizip/b.zip/b.png"], gsd_range_m=None) as mosaic:
        assert mosaic.output_crs.to_epsg() == 32645
        assert mosaic.sources[0].transform == transform_at()


def test_what_lies_here_is_asked_of_no_server() -> None:
    for name in (
        "a.tif",
        "/vsimem/a/a.tif",
        "/vsizip//data/a.zip/a.tif",
        "/vsizip/vsimem/a.zip/a.tif",
    ):
        with opening(name), rasterio.Env() as env:
            assert "GDAL_DISABLE_READDIR_ON_OPEN" not in env.options | rasterio.env.getenv(), name
    with opening("/vsizip//vsicurl/https://host/a.zip/a.tif"):
        assert rasterio.env.getenv()["GDAL_DISABLE_READDIR_ON_OPEN"] == "EMPTY_DIR"
