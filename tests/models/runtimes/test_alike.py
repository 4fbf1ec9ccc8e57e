"""Tiles at the rims of a raster are computed alike, and answer the same."""

from __future__ import annotations

import numpy as np
import pytest
import rasterio
from affine import Affine
from conftest import REPOSITORY
from pyproj import CRS
from rasterio.windows import Window as Places

from geoseg.models.averaged import averaged
from geoseg.models.runtimes.alike import made_alike
from geoseg.models.runtimes.dense import OpenVinoDenseModel
from geoseg.models.traits import Traits
from geoseg.settings import PredictSettings
from geoseg.tiles.lattice import Lattice
from geoseg.tiles.looking import core_in_window
from geoseg.tiles.plan import lay_lattice
from geoseg.types import Grid, Window

WEIGHTS = REPOSITORY / "geoseg" / "models" / "weights" / "default.safetensors"
CONTEXT, STRIDE = 208, 16
EIGHT_BITS = Traits(
    "maps", "name", "class", halo_px=201, stride_px=STRIDE, runtime="openvino 1", precision="int8"
)


def by(size: tuple[int, int], part: Window) -> Window:
    """What is computed by the built-in network."""
    return made_alike(part, *size, context_px=CONTEXT)


def turned(window: Window, size: tuple[int, int]) -> Window:
    """Where the window is in the image turned by half."""
    return Window(size[0] - window.row_end, size[1] - window.col_end, window.height, window.width)


@pytest.mark.parametrize(
    ("height", "width", "settings", "kinds"),
    [
        (2500, 2500, {}, 4),
        (2500, 2500, {"tile_px": 1184}, 4),
        (1600, 5000, {}, 2),
        (1600, 1600, {}, 1),
        (1700, 1700, {"tile_px": 1184}, 4),
        (500, 6000, {}, 2),
        (760, 760, {}, 1),
    ],
)
def test_a_raster_needs_few_graphs(
    height: int, width: int, settings: dict[str, int], kinds: int
) -> None:
    grid = Grid(CRS.from_epsg(32645), Affine(0.4, 0, 0, 0, -0.4, 0), height, width, 0.4)
    lattice = lay_lattice(grid, EIGHT_BITS, PredictSettings(**settings))
    assert len(_kinds(lattice)) == kinds


def _kinds(lattice: Lattice) -> set[tuple[int, ...]]:
    """Sizes of windows, and the part of them that is computed in strides, of all tiles in both views."""
    found = set()
    for strip in lattice.strips():
        for tile in strip.tiles:
            size, core = (tile.window.height, tile.window.width), core_in_window(tile)
            for part in (core, turned(core, size)):
                computed = by(size, part)
                assert part.intersection(computed) == part
                found.add((*size, *_in_strides(computed)))
    return found


def _in_strides(window: Window) -> tuple[int, ...]:
    """What the runtime computes for it."""
    ends = (-(-window.row_end // STRIDE), -(-window.col_end // STRIDE))
    return (window.row_off // STRIDE, window.col_off // STRIDE, *ends)


@pytest.mark.parametrize(
    ("size", "part"),
    [
        ((480, 640), Window(0, 0, 480, 640)),  # all of it
        ((1184, 1184), Window(208, 208, 768, 768)),  # in the middle
        ((480, 640), Window(100, 200, 280, 240)),  # less context than the network sees
    ],
)
def test_others_stay_as_they_are(size: tuple[int, int], part: Window) -> None:
    assert by(size, part) == part


@pytest.mark.thorough
def test_eight_bits_answer_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    with rasterio.open(REPOSITORY / "examples" / "banepa.tif") as photo:
        image = photo.read(window=Places(0, 300, 512, 656))[None]
    parts = [Window(0, 0, 448, 320), Window(208, 0, 448, 512), Window(440, 284, 216, 228)]
    model = averaged(OpenVinoDenseModel.from_file(WEIGHTS, precision="int8"))
    alike = [model.predict_part(image, part) for part in parts]
    monkeypatch.setattr(OpenVinoDenseModel, "_made_alike", lambda _, __, part: part)
    for maps, part in zip(alike, parts, strict=True):
        assert np.array_equal(maps, model.predict_part(image, part))
