"""Test-time augmentation: the mean over two views, as exact as the model."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from conftest import RasterMaker
from numpy.typing import NDArray
from painted import PaintedModel, paint_town
from seams import tiled_maps

import geoseg
from geoseg.errors import ResumeError, UsageError
from geoseg.models import DenseModel, load_model
from geoseg.models.averaged import VIEWS, averaged, averaged_if
from geoseg.models.certify import TOLERANCE, certify
from geoseg.models.dense import TorchDenseModel
from geoseg.models.network import build_network
from geoseg.models.traits import Traits
from geoseg.models.weights import Architecture, Metadata
from geoseg.raster import Mosaic
from geoseg.types import Window

SMALL = Architecture(encoder="resnet18", depth=3, decoder_channels=(16, 8, 8))
HALO_PX = 72


@pytest.fixture(scope="module")
def model() -> TorchDenseModel:
    torch.manual_seed(0)
    metadata = Metadata(name="small", architecture=SMALL, halo_px=HALO_PX)
    return TorchDenseModel(build_network(SMALL), metadata, device="cpu")


def noise(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (1, 3, *shape), dtype=np.uint8)


def largest(difference: NDArray[np.float32]) -> float:
    return float(np.abs(difference).max())


def test_it_is_the_mean_of_the_image_and_its_half_turn(model: TorchDenseModel) -> None:
    image = noise(64, 48)
    turns: list[tuple[int, ...]] = [(), (2, 3)]
    maps = [np.flip(model.predict_maps(np.flip(image, axes).copy()), axes) for axes in turns]
    mean = averaged(model).predict_maps(image)
    assert largest(mean - np.mean(maps, axis=0)) < 1e-6
    assert largest(mean - maps[0]) > 0.001  # or nothing is shown


def test_maps_of_turned_images_are_turned(model: TorchDenseModel) -> None:
    image = noise(64, 48)
    turned = image[..., ::-1, ::-1].copy()
    mean, other = (averaged(model).predict_maps(each) for each in (image, turned))
    assert largest(mean - other[..., ::-1, ::-1]) < 1e-6


def test_a_part_equals_the_whole_there(model: TorchDenseModel) -> None:
    image, wrapped = noise(70, 90), averaged(model)
    part = wrapped.predict_part(image, Window(16, 30, 40, 21))
    assert largest(part - wrapped.predict_maps(image)[..., 16:56, 30:51]) < TOLERANCE


@pytest.mark.thorough
@pytest.mark.parametrize("size", [(240, 37), (37, 250)], ids=["tall", "wide"])
def test_tiles_equal_the_whole(
    model: TorchDenseModel, make_raster: RasterMaker, size: tuple[int, int]
) -> None:
    """Sizes off the stride: mirrored as they are, they would lie off the lattice."""
    wrapped = averaged(model)
    with Mosaic.open([make_raster("a.tif", noise(*size)[0])], gsd_range_m=None) as mosaic:
        grid, image = mosaic.grid, mosaic.read(mosaic.grid.window).image
    whole = wrapped.predict_maps(image[None])[0]
    for tile_px in (2 * HALO_PX + 32, 2 * HALO_PX + 56):
        maps = tiled_maps(image, grid, wrapped, tile_px, HALO_PX)
        assert largest(maps - whole) < TOLERANCE, tile_px


@pytest.mark.thorough
def test_it_is_certified_like_its_model(model: TorchDenseModel) -> None:
    certificate = certify(averaged(model))
    assert certificate.exact, certificate.reasons
    assert certificate.looks == ("modules", "support", "probe")
    assert certificate.support_px == HALO_PX


def test_it_stays_what_it_was(model: TorchDenseModel) -> None:
    wrapped = averaged(model)
    assert isinstance(wrapped, DenseModel)
    assert (wrapped.name, wrapped.heads, wrapped.metadata) == (
        "small", model.heads, model.metadata
    )  # fmt: skip
    with pytest.raises(AttributeError):
        wrapped.nothing_like_it  # noqa: B018


class Masks:
    gsd_m = None

    def predict_instances(self, images: Any) -> list[list[geoseg.Instance]]:
        return [[] for _ in images]


class Counting(PaintedModel):
    calls = 0

    def predict_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        type(self).calls += 1
        return super().predict_maps(images)


def test_a_run_with_it(make_raster: RasterMaker) -> None:
    town = make_raster("town.tif", paint_town(60, 60)[0])
    plain = geoseg.predict(town, model=PaintedModel())
    frame = geoseg.predict(town, model=Counting(), tta=True)
    assert Counting.calls == VIEWS
    assert frame.geometry.geom_equals(plain.geometry).all()  # painted maps have no side
    with pytest.raises(UsageError, match="separate masks"):
        geoseg.predict(town, model=Masks(), tta=True)


class Failing(PaintedModel):
    calls = 0

    def predict_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        type(self).calls += 1
        if self.calls > 3 * VIEWS:
            raise KeyboardInterrupt
        return super().predict_maps(images)


def test_it_belongs_to_the_identity_of_a_run(make_raster: RasterMaker, tmp_path: Path) -> None:
    town, output = make_raster("town.tif", paint_town(200, 60)[0]), tmp_path / "b.gpkg"
    with pytest.raises(KeyboardInterrupt):
        geoseg.predict(town, output, model=Failing(), tile_px=64, tta=True)
    with pytest.raises(ResumeError, match="tta"):
        geoseg.predict(town, output, model=PaintedModel(), tile_px=64, resume=True)


def test_the_built_in_model_takes_it() -> None:
    wrapped = averaged(load_model("default", device="cpu"))
    assert wrapped.predict_maps(noise(32, 32)).shape == (1, 3, 32, 32)


class Meant(Counting):
    """A model whose file says that its maps are to be averaged."""

    metadata = Metadata(name="meant", halo_px=0, tta=True)


@pytest.mark.parametrize(("wanted", "views"), [(None, VIEWS), (False, 1)])
def test_a_model_can_ask_for_it(make_raster: RasterMaker, wanted: bool | None, views: int) -> None:
    town, output = make_raster("town.tif", paint_town(60, 60)[0]), make_raster.folder / "b.gpkg"
    Meant.calls = 0
    geoseg.predict(town, output, model=Meant(), tta=wanted)
    assert Meant.calls == views
    with sqlite3.connect(output) as database:
        told = json.loads(database.execute("SELECT metadata FROM gpkg_metadata").fetchone()[0])
    assert told["parameters"]["tta"] is (views > 1)


class Native(Counting):
    """A model whose file says that photos which need not be enlarged are looked at twice."""

    metadata = Metadata(name="native", halo_px=0, tta_native=True)


@pytest.mark.parametrize(
    ("gsd_m", "wanted", "views"),
    [
        (None, None, VIEWS),
        (0.6, None, VIEWS),  # averaged down
        (0.2, None, 1),  # enlarged
        (0.2, True, VIEWS),
        (None, False, 1),
    ],
)
def test_a_model_can_ask_for_it_where_photos_are_not_enlarged(
    make_raster: RasterMaker, gsd_m: float | None, wanted: bool | None, views: int
) -> None:
    town = make_raster("town.tif", paint_town(60, 60)[0])
    Native.calls = 0
    frame = geoseg.predict(town, model=Native(), gsd_m=gsd_m, tta=wanted)
    assert Native.calls == views
    assert frame.attrs["geoseg"]["parameters"]["tta"] is (views > 1)


def test_the_built_in_model_looks_twice_where_photos_are_not_enlarged() -> None:
    traits = Traits.of(load_model("default", device="cpu"))
    assert traits.averages(None, enlarged=False)
    assert not traits.averages(None, enlarged=True)


def test_what_is_averaged_is_not_averaged_again() -> None:
    wrapped = averaged(Native())
    assert averaged_if(wrapped, None, enlarged=False) is wrapped
