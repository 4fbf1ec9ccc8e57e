"""Into which tiles a raster is cut by default."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from geoseg.models.traits import Traits
from geoseg.settings import PredictSettings
from geoseg.tiles.cores import WHOLE_PX
from geoseg.tiles.plan import Plan, lay_lattice
from geoseg.types import Grid, Window

BUILT_IN = Traits("maps", "name", "class", halo_px=201, stride_px=16)
EIGHT_BITS = replace(BUILT_IN, runtime="openvino 2026.4.1", precision="int8")


def grid(height: int, width: int) -> Grid:
    """Of 0.4 m."""
    return Grid(
        CRS.from_epsg(32645), Affine(0.4, 0, 350_000, 0, -0.4, 3_050_000), height, width, 0.4
    )


@pytest.mark.parametrize(
    ("traits", "height", "width", "settings", "cores", "tiles"),
    [
        (EIGHT_BITS, 2040, 705, {}, 2048, 1),
        (EIGHT_BITS, 100, 100, {}, 768, 1),
        (EIGHT_BITS, 2040, 705, {"tile_px": 1184}, 768, 3),
        (EIGHT_BITS, 2040, 705, {"overlap_px": 208}, 768, 3),
        (EIGHT_BITS, 2040, WHOLE_PX // 2040 + 1, {}, 688, 6),
        (EIGHT_BITS, 1, 160_000, {}, 960, 167),  # 16 rows are computed
        (EIGHT_BITS, 1900, 1900, {}, 960, 4),
        (EIGHT_BITS, 1900, 1900, {"tile_px": 1184}, 768, 9),
        (replace(EIGHT_BITS, precision="fp32"), 1900, 1900, {}, 768, 9),
        (replace(EIGHT_BITS, precision="fp32"), 2040, 705, {}, 768, 3),
        (replace(EIGHT_BITS, runtime="onnxruntime 1.23"), 2040, 705, {}, 768, 3),
        (BUILT_IN, 2040, 705, {}, 768, 3),
    ],
)
def test_cores_suit_the_raster_where_graphs_take_longer_than_tiles(
    traits: Traits, height: int, width: int, settings: dict[str, int], cores: int, tiles: int
) -> None:
    lattice = lay_lattice(grid(height, width), traits, PredictSettings(**settings))
    assert (lattice.core_px, lattice.context_px, lattice.tile_count) == (cores, 208, tiles)


@given(st.integers(1, 20_000), st.integers(1, 20_000))
def test_no_tile_answers_for_a_sliver(height: int, width: int) -> None:
    lattice = lay_lattice(grid(height, width), EIGHT_BITS, PredictSettings())
    for size in (height, width):
        count = -(-size // lattice.core_px)
        assert count == 1 or size - (count - 1) * lattice.core_px >= lattice.context_px
    assert lattice.core_px <= 960 or height * width <= WHOLE_PX


@pytest.mark.parametrize("at", [(0, 0), (0, 1200), (600, 500), (1200, 1200)])
def test_what_is_needed_of_a_small_raster_is_one_tile(at: tuple[int, int]) -> None:
    part = Window(*at, 300, 300)
    lattice = lay_lattice(grid(1500, 1500), EIGHT_BITS, PredictSettings(), part)
    tiles = [tile for strip in lattice.strips() for tile in strip.tiles]
    (needed,) = [tile for tile in tiles if tile.core.intersection(part)]
    assert needed.window.height * needed.window.width < 1500 * 1500 / 1.5


@pytest.mark.parametrize("halo_px", [0, 320, 1000])
def test_networks_of_any_context_get_a_core(halo_px: int) -> None:
    traits = replace(EIGHT_BITS, halo_px=halo_px, stride_px=32)
    lattice = lay_lattice(grid(1900, 2000), traits, PredictSettings())
    assert lattice.core_px >= 512


@pytest.mark.parametrize(("tile_px", "told"), [(432, "729 times .* --tile 832"), (848, "")])
def test_what_a_small_tile_costs_is_told(
    caplog: pytest.LogCaptureFixture, tile_px: int, told: str
) -> None:
    Plan.of(grid(900, 900), BUILT_IN, PredictSettings(tile_px=tile_px))
    said = "".join(
        record.getMessage() for record in caplog.records if record.levelname == "WARNING"
    )
    assert bool(said) == bool(told)
    assert re.search(told, said)
