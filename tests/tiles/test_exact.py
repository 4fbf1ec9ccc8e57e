"""The built-in model on a real photo: tiles give what one pass over the whole gives."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import rasterio
import torch
from conftest import REPOSITORY
from numpy.typing import NDArray
from rasterio.windows import Window
from seams import tiled_maps
from tries import first

import geoseg
from geoseg.models import load_model
from geoseg.models.certify import TOLERANCE
from geoseg.models.dense import TorchDenseModel
from geoseg.models.protocols import DenseModel
from geoseg.models.runtimes.dense import OpenVinoDenseModel
from geoseg.raster import Mosaic
from geoseg.types import Grid

PHOTO = REPOSITORY / "examples" / "banepa.tif"
PIECES = {
    "tall": Window(100, 200, 96, 640),
    "wide": Window(0, 300, 512, 96),
}
"""Longer than a tile, so that tiles end in the middle of the photo, and narrow, to be quick."""


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(("torch", "fp32"), marks=pytest.mark.thorough),
        ("openvino", "fp32"),
        ("openvino", "auto"),
    ],
    ids="-".join,
)
def model(request: pytest.FixtureRequest) -> Iterator[DenseModel]:
    runtime, precision = request.param
    loaded = load_model("default", device="cpu", runtime=runtime, precision=precision)
    assert isinstance(loaded, TorchDenseModel if runtime == "torch" else OpenVinoDenseModel)
    # Threads that wait for each other on a busy machine make small tiles ten times slower.
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield loaded
    torch.set_num_threads(threads)


def cut(folder: Path, piece: Window) -> Path:
    path = folder / "piece.tif"
    with rasterio.open(PHOTO) as photo:
        profile = {
            "driver": "GTiff", "count": 3, "dtype": "uint8", "crs": photo.crs,
            "height": piece.height, "width": piece.width,
            "transform": photo.window_transform(piece),
        }  # fmt: skip
        with rasterio.open(path, "w", **profile) as dataset:
            dataset.write(photo.read(window=piece))
    return path


def opened(path: Path) -> tuple[Grid, NDArray[np.uint8]]:
    with Mosaic.open([path], gsd_range_m=None) as mosaic:
        return mosaic.grid, mosaic.read(mosaic.grid.window).image


def two_views(model: DenseModel) -> bool:
    """Where that costs little: OpenVINO compiles a graph for each view of each shape."""
    return isinstance(model, TorchDenseModel)


def buildings(path: Path, model: DenseModel, gsd_m: float, tile_px: int) -> set[bytes]:
    frame = geoseg.predict(
        path, model=model, gsd_m=gsd_m, tile_px=tile_px, shape="simplified", tta=two_views(model)
    )
    return set(frame.geometry.to_wkb())


@pytest.mark.parametrize("tile_px", first(1, [512, 560]))
@pytest.mark.parametrize("name", first(1, PIECES))
def test_maps_of_tiles_equal_those_of_one_pass(
    model: DenseModel, tmp_path: Path, name: str, tile_px: int
) -> None:
    grid, image = opened(cut(tmp_path, PIECES[name]))
    whole = model.predict_maps(image[None])[0]
    maps = tiled_maps(image, grid, model, tile_px, model.halo_px)
    assert np.abs(maps - whole).max() < TOLERANCE


@pytest.mark.thorough
def test_the_cutting_never_shows(model: DenseModel, tmp_path: Path) -> None:
    """To the bit, confidences included: rows at a time, tiles per call, threads that read."""
    path = cut(tmp_path, PIECES["tall"])
    found = [
        geoseg.predict(
            path,
            model=model,
            gsd_m=0.5,
            tile_px=512,
            shape="simplified",
            tta=two_views(model),
            **cutting,
        )
        for cutting in ({}, {"strip_px": 48, "batch": 3, "readers": 2})
    ]
    assert len(found[0]) > 10
    assert found[0].to_wkb().equals(found[1].to_wkb())


def test_half_the_halo_is_not_enough(model: DenseModel, tmp_path: Path) -> None:
    grid, image = opened(cut(tmp_path, PIECES["tall"]))
    whole = model.predict_maps(image[None])[0]
    maps = tiled_maps(image, grid, model, 512, model.halo_px // 2)
    assert np.abs(maps - whole).max() > 10 * TOLERANCE


@pytest.mark.thorough
def test_buildings_do_not_depend_on_the_tile(model: DenseModel, tmp_path: Path) -> None:
    path = cut(tmp_path, Window(100, 200, 160, 640))
    gsd_m = opened(path)[0].gsd_m
    found = [buildings(path, model, gsd_m, tile_px) for tile_px in (512, 2048)]
    assert len(found[0]) > 20
    assert len(found[0] & found[1]) >= 0.999 * max(map(len, found))
