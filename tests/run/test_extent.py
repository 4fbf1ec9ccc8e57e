"""The observed area against the pixels that were seen, counted one by one."""

import numpy as np
import pytest
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.run.extent import CELLS_PER_SIDE, Extent
from geoseg.tiles.area import Area
from geoseg.types import Grid

CRS_UTM = CRS.from_epsg(32645)
HEIGHT, WIDTH = 10, 3 * CELLS_PER_SIDE
"""Cells of three pixels a side; the last row of cells has one row of pixels."""
CELL = 3


def observed(valid: NDArray[np.bool_], *, row_off: int = 0, col_off: int = 0) -> float:
    """Area in pixels of what is observed of a grid whose pixels measure a metre."""
    extent = Extent(Grid(CRS_UTM, Affine(1, 0, 500_000, 0, -1, 0), HEIGHT, WIDTH, 1.0))
    extent.add(row_off, col_off, valid)
    return float(extent.polygon(CRS_UTM).area)


@pytest.mark.parametrize(("valid_pixels", "area"), [(0, 0), (1, 0), (4, 0), (5, 9), (9, 9)])
def test_a_cell_is_observed_when_half_of_it_is_valid(valid_pixels: int, area: int) -> None:
    valid = np.arange(CELL * CELL).reshape(CELL, CELL) < valid_pixels
    assert observed(valid, row_off=3, col_off=6) == pytest.approx(area)


@pytest.mark.parametrize(("valid_pixels", "area"), [(1, 0), (2, 3), (3, 3)])
def test_half_of_a_cell_that_the_grid_cuts_off_is_half_of_its_pixels(
    valid_pixels: int, area: int
) -> None:
    valid = np.arange(CELL)[None] < valid_pixels
    assert observed(valid, row_off=HEIGHT - 1, col_off=9) == pytest.approx(area)


def test_half_of_an_even_cell_is_enough() -> None:
    grid = Grid(CRS_UTM, Affine(1, 0, 500_000, 0, -1, 0), 4, 2 * CELLS_PER_SIDE, 1.0)
    extent = Extent(grid)
    extent.add(0, 4, np.array([[True, False], [False, True]]))
    extent.add(0, 8, np.array([[True, False], [False, False]]))
    assert extent.polygon(CRS_UTM).equals(shapely.box(500_004, -2, 500_006, 0))


def test_pixels_count_where_they_lie_however_they_come() -> None:
    rng = np.random.default_rng(0)
    valid = rng.random((HEIGHT, WIDTH)) < rng.random(WIDTH // 48).repeat(48)
    cells = [
        valid[row : row + CELL, col : col + CELL]
        for row in range(0, HEIGHT, CELL)
        for col in range(0, WIDTH, CELL)
    ]
    by_hand = sum(cell.size for cell in cells if 2 * cell.sum() >= cell.size)
    assert observed(valid) == pytest.approx(by_hand)
    extent = Extent(Grid(CRS_UTM, Affine(1, 0, 500_000, 0, -1, 0), HEIGHT, WIDTH, 1.0))
    for row, col in ((0, 0), (0, 1000), (7, 0), (7, 1000)):
        rows, cols = slice(row, 7 if row == 0 else None), slice(col, 1000 if col == 0 else None)
        extent.add(row, col, valid[rows, cols])
    assert extent.polygon(CRS_UTM).area == pytest.approx(by_hand)


def test_what_lies_outside_the_area_of_interest_was_not_looked_at() -> None:
    grid = Grid(CRS_UTM, Affine(1, 0, 500_000, 0, -1, 0), 10, 20, 1.0)
    beside = shapely.box(12, 0, 18, 10)  # shares a side with what is valid
    extent = Extent(grid, Area(shapely.union_all([shapely.box(2.5, -3, 6, 4), beside])))
    extent.add(0, 0, np.ones((10, 12), np.bool_))
    assert extent.polygon(CRS_UTM).equals(shapely.box(500_002.5, -4, 500_006, 0))
