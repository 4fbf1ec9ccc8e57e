"""Images at the rims of a raster are made alike, and answer the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
import rasterio
from affine import Affine
from conftest import REPOSITORY
from pyproj import CRS
from rasterio.windows import Window as Places

from geoseg.models.averaged import averaged
from geoseg.models.runtimes.completing import Completed, completed
from geoseg.models.runtimes.dense import OpenVinoDenseModel
from geoseg.tiles.lattice import Lattice
from geoseg.tiles.looking import core_in_window
from geoseg.types import Grid, Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

WEIGHTS = REPOSITORY / "geoseg" / "models" / "weights" / "default.safetensors"
CONTEXT, STRIDE = 208, 16


def by(image: NDArray[np.uint8], part: Window) -> Completed:
    """Completed for the built-in network."""
    return completed(image, part, context_px=CONTEXT, stride_px=STRIDE)


def turned(window: Window, size: tuple[int, int]) -> Window:
    """Where the window is in the image turned by half."""
    return Window(size[0] - window.row_end, size[1] - window.col_end, window.height, window.width)


@pytest.mark.parametrize(
    ("height", "width", "kinds"),
    [
        (2500, 2500, 4),
        (1600, 5000, 4),
        (1600, 1600, 4),
        (1700, 1700, 4),
        (500, 3000, 2),
        (760, 760, 1),
    ],
)
def test_a_raster_needs_few_graphs(height: int, width: int, kinds: int) -> None:
    grid = Grid(CRS.from_epsg(32645), Affine(0.4, 0, 0, 0, -0.4, 0), height, width, 0.4)
    found = set()
    for strip in Lattice(grid, tile_px=1184, halo_px=201, stride_px=STRIDE).strips():
        for tile in strip.tiles:
            size, core = (tile.window.height, tile.window.width), core_in_window(tile)
            image = np.zeros((3, *size), np.uint8)
            for part in (core, turned(core, size)):
                whole = by(image, part)
                found.add((whole.image.shape, _in_strides(whole.computed)))
                assert whole.wanted.intersection(whole.computed) == whole.wanted
    assert len(found) == kinds


def _in_strides(window: Window) -> tuple[int, ...]:
    """What the runtime computes for it."""
    ends = (-(-window.row_end // STRIDE), -(-window.col_end // STRIDE))
    return (window.row_off // STRIDE, window.col_off // STRIDE, *ends)


def test_what_is_looked_at_stays_where_it_was() -> None:
    image = np.arange(480 * 640, dtype=np.uint32).reshape(1, 480, 640).astype(np.uint8)
    part = Window(208, 0, 272, 400)
    whole = by(image, part)
    assert whole.image.shape == (1, 976, 976)
    assert np.array_equal(
        whole.image[:, *whole.wanted.slices_in(Window(0, 0, 976, 976))], image[:, 208:, :400]
    )
    assert np.array_equal(whole.image[:, -480:, :640], image)


@pytest.mark.parametrize(
    ("size", "part"),
    [
        ((480, 640), Window(0, 0, 480, 640)),  # all of it
        ((1184, 1184), Window(208, 208, 768, 768)),  # in the middle
        ((480, 640), Window(100, 200, 280, 240)),  # less context than the network sees
        ((250, 640), Window(0, 208, 32, 224)),  # no whole strides
        ((240, 640), Window(0, 208, 32, 224)),  # would become four times as high
    ],
)
def test_others_stay_as_they_are(size: tuple[int, int], part: Window) -> None:
    image = np.zeros((3, *size), np.uint8)
    assert by(image, part) == Completed(image, part, part)


def test_eight_bits_answer_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    with rasterio.open(REPOSITORY / "examples" / "banepa.tif") as photo:
        image = photo.read(window=Places(0, 300, 512, 656))[None]
    parts = [Window(0, 0, 448, 320), Window(208, 0, 448, 512), Window(440, 284, 216, 228)]
    model = averaged(OpenVinoDenseModel.from_file(WEIGHTS, precision="int8"))
    made_alike = [model.predict_part(image, part) for part in parts]
    monkeypatch.setattr(
        OpenVinoDenseModel, "_completed", lambda _, image, part: Completed(image, part, part)
    )
    for maps, part in zip(made_alike, parts, strict=True):
        assert np.array_equal(maps, model.predict_part(image, part))
