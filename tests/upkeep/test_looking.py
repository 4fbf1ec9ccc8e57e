"""What a model says of the ground under outlines, against rasterio's own reading of it."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from conftest import UTM, RasterMaker, transform_at
from numpy.typing import NDArray
from pyproj import CRS
from rasterio.features import geometry_mask

from geoseg.errors import UsageError
from geoseg.settings import PredictSettings
from geoseg.upkeep.looking import RasterMaps


class Bright:
    """Takes the red of each pixel for the probability of a building."""

    gsd_m = None
    stride_px = 16
    halo_px = 16
    heads = ("body",)

    def predict_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        return images[:, :1].astype(np.float32) / np.float32(255)


class Masks:
    """Predicts separate masks."""

    gsd_m = None

    def predict_instances(self, images: NDArray[np.uint8]) -> list[list[object]]:
        return [[] for _ in images]


def test_the_mean_under_outlines_is_that_of_their_pixels(make_raster: RasterMaker) -> None:
    pixels = np.random.default_rng(4).integers(1, 255, (3, 150, 190), dtype=np.uint8)
    pixels[:, 100:, 150:] = 0
    path = make_raster("photo.tif", pixels, nodata=0)
    at = transform_at()
    x, y = at.c, at.f
    outlines = np.array(
        [
            shapely.box(x + 3.2, y - 20.7, x + 40.1, y - 3.3),  # over several tiles
            shapely.Point(x + 30, y - 30).buffer(4.4),
            shapely.box(x + 40, y - 40, x + 52, y - 25),  # half of it is no image
            shapely.box(x + 46, y - 44, x + 52, y - 36),  # none of it is
            shapely.box(x + 900, y, x + 910, y + 10),  # beyond the raster
            shapely.Polygon(),
        ],
        dtype=object,
    )
    settings = PredictSettings.of(tile_px=64, gsd_m=0.3)
    maps = RasterMaps.of([str(path)], Bright(), settings)
    found = maps.under(outlines, CRS.from_user_input(UTM))
    for outline, mean in zip(outlines[:3], found, strict=False):
        inside = geometry_mask([outline], pixels.shape[1:], at, invert=True)
        inside &= pixels[0] > 0
        assert mean == pytest.approx(pixels[0][inside].mean() / 255, abs=1e-6)
    assert np.isnan(found[3:]).all()


def test_a_model_of_masks_says_nothing_of_the_ground() -> None:
    with pytest.raises(UsageError, match="model of maps"):
        RasterMaps.of(["photo.tif"], Masks(), PredictSettings.of())
