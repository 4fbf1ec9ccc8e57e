"""Clusters of a part of the grid are those of the whole grid, and lack no tile."""

import numpy as np
import pytest
from affine import Affine
from clusters import cluster_of
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.decode.decoder import Decoder
from geoseg.decode.params import DecodeParams
from geoseg.decode.seeds import MapLabeller
from geoseg.tiles.lattice import Lattice
from geoseg.tiles.region import missing_tiles, to_grid
from geoseg.types import Cluster, Grid, MapStrip, Window

HEIGHT, WIDTH = 40, 50
CRS_UTM = CRS.from_epsg(32645)


def decoded(body: NDArray[np.uint8]) -> list[Cluster]:
    params = DecodeParams(min_pixels=1, contact_weight=0, edge_weight=0)
    decoder = Decoder(body.shape[1], body.shape[0], MapLabeller(("body",), params))
    return decoder.push(MapStrip(0, body[None], np.ones(body.shape, bool))) + decoder.close()


def same(one: Cluster, other: Cluster) -> bool:
    arrays = ("crack_row", "crack_col", "crack_vertical", "crack_before", "crack_after", "nodes")
    return one.instances == other.instances and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in arrays
    )


@pytest.mark.parametrize(
    "region",
    [
        Window(0, 0, HEIGHT, WIDTH),
        Window(0, 10, HEIGHT, WIDTH - 10),
        Window(0, 0, HEIGHT, 35),
        Window(8, 0, 20, WIDTH),
        Window(8, 10, 20, 25),
    ],
    ids=str,
)
def test_what_is_found_in_a_part_of_the_grid_is_what_is_found_on_the_whole(region: Window) -> None:
    body = np.zeros((HEIGHT, WIDTH), np.uint8)
    body[12:20, 14:20] = body[14:22, 23:30] = body[17, 20:23] = 250  # two, and a bridge
    ((whole,), (part,)) = decoded(body), decoded(body[region.slices_in(Window(0, 0, *body.shape))])
    assert len(whole.instances) >= 1
    assert whole.instances[0].key == 12 * WIDTH + 14
    assert same(to_grid(part, region, WIDTH), whole)


def needed_by_hand(
    cluster: Cluster, lattice: Lattice, shape: tuple[int, int], reach_px: int
) -> NDArray[np.bool_]:
    """Tiles that hold a pixel of the grid within reach of the corner of a crack, one by one."""
    needed = np.zeros(shape, bool)
    grid, core = lattice.grid, lattice.core_px
    for row, col in zip(cluster.crack_row.tolist(), cluster.crack_col.tolist(), strict=True):
        rows = np.clip([row - reach_px, row + reach_px], 0, grid.height - 1) // core
        cols = np.clip([col - reach_px, col + reach_px], 0, grid.width - 1) // core
        needed[rows[0] : rows[1] + 1, cols[0] : cols[1] + 1] = True
    return needed


@given(st.data())
def test_every_tile_within_reach_is_asked_for_on_every_side(data: st.DataObject) -> None:
    height, width = data.draw(st.integers(30, 90)), data.draw(st.integers(30, 90))
    grid = Grid(CRS_UTM, Affine(0.3, 0, 0, 0, -0.3, 0), height, width, 0.3)
    lattice = Lattice(grid, tile_px=data.draw(st.integers(8, 24)), halo_px=0, stride_px=8)
    shape = (lattice.strip_count, lattice.tile_count // lattice.strip_count)
    row, col = data.draw(st.integers(0, height - 6)), data.draw(st.integers(0, width - 6))
    cluster = cluster_of(np.full((5, 6), row * width + col), row_off=row, col_off=col)
    reach_px = data.draw(st.integers(1, 40))
    chosen = np.zeros(shape, bool)
    chosen[data.draw(st.integers(0, shape[0] - 1)), data.draw(st.integers(0, shape[1] - 1))] = True
    found = missing_tiles(cluster, lattice, chosen, reach_px)
    assert (found == needed_by_hand(cluster, lattice, shape, reach_px) & ~chosen).all()
