"""The lattice's promises, for any size of grid, tile, halo and stride."""

from dataclasses import replace

import numpy as np
import pytest
from affine import Affine
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS

from geoseg.errors import UsageError
from geoseg.models.strides import round_down, round_up
from geoseg.tiles.lattice import Lattice
from geoseg.types import Grid

CRS_UTM = CRS.from_epsg(32645)


def grid_of(height: int, width: int) -> Grid:
    return Grid(CRS_UTM, Affine(0.3, 0, 0, 0, -0.3, 0), height, width, 0.3)


@st.composite
def lattices(draw: st.DrawFn) -> Lattice:
    stride = 2 ** draw(st.integers(0, 5))
    halo = draw(st.integers(0, 70))
    core = stride + draw(st.integers(0, 150))
    tile = 2 * round_up(halo, stride) + core
    height, width = draw(st.integers(1, 6 * core)), draw(st.integers(1, 6 * core))
    return Lattice(
        grid_of(height, width),
        tile_px=tile,
        halo_px=halo,
        stride_px=stride,
        alike=draw(st.booleans()),
    )


@given(lattices())
def test_cores_tessellate_the_grid_row_by_row(lattice: Lattice) -> None:
    covered = np.zeros((lattice.grid.height, lattice.grid.width), dtype=int)
    next_row = 0
    for strip in lattice.strips():
        assert strip.row_off == next_row
        next_row = strip.row_end
        next_col = 0
        for tile in strip.tiles:
            core = tile.core
            assert (core.row_off, core.row_end) == (strip.row_off, strip.row_end)
            assert core.col_off == next_col
            next_col = core.col_end
            covered[core.slices_in(lattice.grid.window)] += 1
    assert (covered == 1).all()


@given(lattices())
def test_windows_lie_on_the_stride_lattice(lattice: Lattice) -> None:
    for strip in lattice.strips():
        for tile in strip.tiles:
            for number in (*_numbers(tile.window), tile.core.row_off, tile.core.col_off):
                assert number % lattice.stride_px == 0
            assert max(tile.window.height, tile.window.width) <= lattice.tile_px


@given(lattices())
def test_a_window_holds_all_pixels_within_the_halo_of_its_core(lattice: Lattice) -> None:
    halo = lattice.halo_px
    for strip in lattice.strips():
        for tile in strip.tiles:
            assert tile.window.row_off <= max(tile.core.row_off - halo, 0)
            assert tile.window.col_off <= max(tile.core.col_off - halo, 0)
            assert tile.window.row_end >= min(tile.core.row_end + halo, lattice.grid.height)
            assert tile.window.col_end >= min(tile.core.col_end + halo, lattice.grid.width)
            assert tile.window.row_end < lattice.grid.height + lattice.stride_px
            assert tile.window.col_end < lattice.grid.width + lattice.stride_px


@given(lattices())
def test_counts_are_those_of_the_strips(lattice: Lattice) -> None:
    strips = list(lattice.strips())
    assert len(strips) == lattice.strip_count
    assert sum(len(strip.tiles) for strip in strips) == lattice.tile_count


@given(lattices())
def test_a_strips_window_is_the_union_of_its_tiles_windows(lattice: Lattice) -> None:
    for strip in lattice.strips():
        windows = [tile.window for tile in strip.tiles]
        assert strip.window.col_off == min(w.col_off for w in windows) == 0
        assert strip.window.col_end == max(w.col_end for w in windows) >= lattice.grid.width
        assert {(w.row_off, w.row_end) for w in windows} == {
            (strip.window.row_off, strip.window.row_end)
        }


@given(lattices())
def test_windows_at_the_end_are_as_long_as_those_at_the_beginning_where_asked(
    lattice: Lattice,
) -> None:
    lattice = replace(lattice, alike=True)
    rows = [strip.window.height for strip in lattice.strips()]
    usual = min(lattice.core_px + lattice.context_px, max(rows))
    assert min(rows) >= min(usual, round_up(lattice.grid.height, lattice.stride_px))


def test_a_tile_without_core_is_refused_and_the_message_names_the_least_size() -> None:
    with pytest.raises(UsageError, match=r"give --tile 896 or more \(464 is the very least\)"):
        Lattice(grid_of(10, 10), tile_px=463, halo_px=224, stride_px=16)
    Lattice(grid_of(10, 10), tile_px=464, halo_px=224, stride_px=16)


@pytest.mark.parametrize(("halo", "stride"), [(-1, 16), (32, 0)])
def test_numbers_that_make_no_sense_are_refused(halo: int, stride: int) -> None:
    with pytest.raises(UsageError):
        Lattice(grid_of(10, 10), tile_px=512, halo_px=halo, stride_px=stride)


@given(st.integers(-1000, 1000), st.integers(1, 64))
def test_rounding_to_a_step(value: int, step: int) -> None:
    assert round_down(value, step) <= value < round_down(value, step) + step
    assert round_up(value, step) - step < value <= round_up(value, step)
    assert round_down(value, step) % step == round_up(value, step) % step == 0


def _numbers(window: object) -> tuple[int, ...]:
    return tuple(getattr(window, name) for name in ("row_off", "col_off", "height", "width"))


@given(lattices())
def test_pixels_that_are_seen_are_counted_without_looking_at_every_tile(lattice: Lattice) -> None:
    windows = [tile.window for strip in lattice.strips() for tile in strip.tiles]
    assert lattice.seen_px == sum(window.height * window.width for window in windows)
