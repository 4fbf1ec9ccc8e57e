"""What is made of a model's answer before it is decoded."""

import numpy as np
from affine import Affine
from painted import PaintedModel
from pyproj import CRS

from geoseg.tiles.lattice import Lattice
from geoseg.tiles.looking import tile_maps
from geoseg.types import Block, Grid


def test_maps_are_the_models_levels_and_nothing_where_invalid() -> None:
    rng = np.random.default_rng(2)
    grid = Grid(CRS.from_epsg(32645), Affine(0.3, 0, 0, 0, -0.3, 0), 32, 48, 0.3)
    image = rng.integers(1, 256, (3, 32, 48)).astype(np.uint8)
    valid = rng.random((32, 48)) < 0.5
    valid[16:, :16] = False
    block = Block(grid.window, image, valid)
    lattice = Lattice(grid, tile_px=32, halo_px=8, stride_px=8)
    tiles = [tile for strip in lattice.strips() for tile in strip.tiles]
    maps = np.zeros_like(image)
    for tile, levels in tile_maps(PaintedModel(), tiles, block, batch=2):
        assert valid[tile.core.slices_in(grid.window)].any()
        maps[:, *tile.core.slices_in(grid.window)] = levels
    assert (maps == image * valid).all()
