"""One stretch for the whole mosaic, from samples that do not depend on how files are laid out."""

import itertools

import numpy as np
import pytest
from conftest import RasterMaker, draw_scene, transform_at
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from geoseg.errors import UsageError
from geoseg.raster import Mosaic
from geoseg.raster.sampling import SAMPLE_PX, sample_windows
from geoseg.raster.stretch import Stretch, percentile_stretch

DTYPES = ["int8", "uint16", "int16", "uint32", "int32", "float32", "float64"]


@pytest.mark.parametrize("dtype", DTYPES)
def test_limits_are_the_percentiles_of_the_valid_pixels(
    make_raster: RasterMaker, dtype: str
) -> None:
    image = (draw_scene(100, 130) // 3).astype(dtype)
    image[:, :40] = 0
    path = make_raster("a.tif", image, nodata=0)
    with Mosaic.open([path], gsd_range_m=None) as mosaic:
        assert mosaic.stretch == tuple(np.percentile(image[:, 40:], [2, 98]))
        low, high = mosaic.stretch
        got = mosaic.read(mosaic.grid.window).image[:, 40:]
    scaled = (image[:, 40:].astype(float) - low) / (high - low) * 255
    assert np.abs(got - np.clip(scaled, 0, 255)).max() <= 0.5 + 1e-3


def test_eight_bits_stay_as_they_are_unless_asked(make_raster: RasterMaker) -> None:
    image = draw_scene(50, 60)
    path = make_raster("a.tif", image)
    with Mosaic.open([path], gsd_range_m=None, stretch=(50, 150)) as mosaic:
        assert mosaic.stretch == (50, 150)
        got = mosaic.read(mosaic.grid.window).image
    assert (got[image <= 50] == 0).all()
    assert (got[image >= 150] == 255).all()


def test_limits_depend_neither_on_the_order_nor_on_overviews(make_raster: RasterMaker) -> None:
    import rasterio

    image = draw_scene(200, 300).astype(np.uint16) * 11
    paths = [
        make_raster("a.tif", image[:, :, :140]),
        make_raster("b.tif", image[:, :, 140:], transform=transform_at(col=140)),
    ]
    with Mosaic.open(paths, gsd_range_m=None) as mosaic:
        stretch = mosaic.stretch
    with rasterio.open(paths[0], "r+") as dataset:
        dataset.build_overviews([2, 4])
    with Mosaic.open(paths[::-1], gsd_range_m=None) as mosaic:
        assert mosaic.stretch == stretch


def test_a_flat_raster_is_read_all_the_same(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", np.full((3, 40, 40), 700, dtype=np.uint16))
    with Mosaic.open([path], gsd_range_m=None) as mosaic:
        assert mosaic.stretch == (700, 701)
        assert mosaic.read(mosaic.grid.window).valid.all()


def test_an_unreadable_sample_is_left_out(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", draw_scene(400, 500).astype(np.uint16) * 50)
    path.write_bytes(path.read_bytes()[:700_000])
    with Mosaic.open([path], gsd_range_m=None) as mosaic:
        low, high = mosaic.stretch
        assert low < high


@given(
    hnp.arrays(np.uint16, (3, 5, 7)), st.integers(0, 65_000), st.integers(1, 65_000), st.randoms()
)
def test_a_pixels_value_depends_on_itself_alone(
    pixels: np.ndarray, low: int, span: int, random: object
) -> None:
    stretch = Stretch(low, low + span)
    whole = stretch.apply(pixels)
    row, col = random.randrange(5), random.randrange(7)
    assert (
        stretch.apply(pixels[:, row : row + 1, col : col + 1]) == whole[:, row, col, None, None]
    ).all()
    assert (stretch.apply(pixels.astype(np.float32)) == whole).all()


@given(hnp.arrays(np.uint16, st.tuples(st.just(1), st.integers(2, 50))))
def test_a_stretch_keeps_the_order(pixels: np.ndarray) -> None:
    mapped = percentile_stretch(pixels).apply(np.sort(pixels))
    assert (np.diff(mapped.astype(int)) >= 0).all()


def test_a_black_frame_that_nobody_marked_does_not_count(make_raster: RasterMaker) -> None:
    image = draw_scene(60, 70).astype(np.uint16) * 10
    framed = image.copy()
    framed[:, :, :30] = 0
    with Mosaic.open([make_raster("a.tif", framed)], gsd_range_m=None) as mosaic:
        assert mosaic.stretch == tuple(np.percentile(image[:, :, 30:], [2, 98]))


def test_too_few_valid_pixels_for_a_stretch(make_raster: RasterMaker) -> None:
    image = np.zeros((3, 300, 2500), dtype=np.uint16)
    image[:, 211, 1777] = 9
    path = make_raster("a.tif", image, nodata=0)
    with pytest.raises(UsageError, match="--stretch"):
        Mosaic.open([path], gsd_range_m=None)
    Mosaic.open([path], gsd_range_m=None, stretch=(0, 9)).close()


@given(st.integers(1, 5000), st.integers(1, 5000), st.integers(2, 16))
def test_sample_windows_lie_within_and_apart(height: int, width: int, per_side: int) -> None:
    windows = list(sample_windows(height, width, per_side))
    assert 1 <= len(windows) <= per_side**2
    assert all(w.row_off >= 0 and w.row_end <= height for w in windows)
    assert all(w.col_off >= 0 and w.col_end <= width for w in windows)
    rows = sorted({(w.row_off, w.row_end) for w in windows})
    assert all(above[1] <= below[0] for above, below in itertools.pairwise(rows))
    if max(height, width) <= SAMPLE_PX * per_side:
        assert sum(w.height * w.width for w in windows) == height * width
