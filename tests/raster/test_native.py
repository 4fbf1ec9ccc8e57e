"""Native reads: rasterio is the oracle."""

import numpy as np
import pytest
import rasterio
from affine import Affine
from conftest import RasterMaker, draw_scene, transform_at
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from rasterio.enums import ColorInterp
from rasterio.shutil import copy as copy_raster
from rasterio.windows import Window as RasterioWindow
from tries import tries

from geoseg.raster import Mosaic
from geoseg.types import Window

HEIGHT, WIDTH = 150, 210
FILL = (10, 20, 30)
RGBA = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
any_window = st.builds(
    Window, st.integers(-40, 160), st.integers(-40, 220), st.integers(1, 200), st.integers(1, 260)
)
shared_folder = tries(25, suppress_health_check=[HealthCheck.function_scoped_fixture])


def half_valid() -> np.ndarray:
    valid = np.zeros((HEIGHT, WIDTH), dtype=bool)
    valid[20:130, 33:170] = True
    valid[50:60, 80:90] = False
    return valid


@pytest.fixture(params=["plain", "tiled", "mask", "nodata", "alpha", "msk"])
def path(request: pytest.FixtureRequest, make_raster: RasterMaker) -> str:
    image, valid = draw_scene(HEIGHT, WIDTH), half_valid()
    empty = np.where(valid, image, 0)
    alpha = np.concatenate([image, valid[None] * np.uint8(255)])
    made = {
        "plain": lambda: make_raster("a.tif", image),
        "tiled": lambda: make_raster("a.tif", image, tiled=True, blockxsize=64, blockysize=64),
        "mask": lambda: make_raster("a.tif", image, mask=valid),
        "nodata": lambda: make_raster("a.tif", empty, nodata=0),
        "alpha": lambda: make_raster("a.tif", alpha, colors=RGBA),
        "msk": lambda: make_raster("a.tif", image, mask=valid, internal_mask=False),
    }
    return str(made[request.param]())


@shared_folder
@given(any_window)
def test_any_window_equals_rasterios_read(path: str, window: Window) -> None:
    with Mosaic.open([path], gsd_range_m=(0.2, 0.6), fill_rgb=FILL) as mosaic:
        block = mosaic.read(window)
    assert not mosaic.resampled
    inside = np.zeros(block.valid.shape, dtype=bool)
    pixels = np.zeros_like(block.image)
    common = window.intersection(Window(0, 0, HEIGHT, WIDTH))
    if common is not None:
        where = RasterioWindow(common.col_off, common.row_off, common.width, common.height)
        rows, cols = common.slices_in(window)
        with rasterio.open(path) as dataset:
            pixels[:, rows, cols] = dataset.read([1, 2, 3], window=where)
            inside[rows, cols] = dataset.dataset_mask(window=where) > 0
    np.testing.assert_array_equal(block.valid, inside)
    np.testing.assert_array_equal(block.image[:, inside], pixels[:, inside])
    assert (block.image[:, ~inside] == np.array(FILL)[:, None]).all()


def test_the_grid_is_the_rasters_own(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", draw_scene(HEIGHT, WIDTH))
    with Mosaic.open([path], gsd_range_m=(0.2, 0.6)) as mosaic:
        assert mosaic.grid.transform == transform_at()
        assert (mosaic.grid.height, mosaic.grid.width) == (HEIGHT, WIDTH)
        assert mosaic.output_crs.to_epsg() == mosaic.grid.crs.to_epsg() == 32645
        assert mosaic.grid.gsd_m == pytest.approx(0.3, rel=1e-3)
        assert mosaic.stretch is None


def test_the_grid_begins_at_a_multiple_of_strides(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", draw_scene(40, 50), transform=transform_at(row=70, col=31))
    with Mosaic.open([path], gsd_range_m=(0.2, 0.6)) as mosaic:
        assert not mosaic.resampled
        assert mosaic.grid.transform.almost_equals(transform_at(row=64), precision=1e-6)
        assert (mosaic.grid.height, mosaic.grid.width) == (46, 81)


def test_halves_make_the_whole_again(make_raster: RasterMaker) -> None:
    image = draw_scene(HEIGHT, WIDTH)
    left = make_raster("left.tif", image[:, :, :100])
    right = make_raster("right.tif", image[:, 3:, 90:], transform=transform_at(row=3, col=90))
    whole = make_raster("whole.tif", image)
    with (
        Mosaic.open([left, right], gsd_range_m=None) as halves,
        Mosaic.open([whole], gsd_range_m=None) as one,
    ):
        assert halves.grid == one.grid
        got, expected = halves.read(halves.grid.window), one.read(one.grid.window)
    hole = np.zeros_like(got.valid)
    hole[:3, 100:] = True
    np.testing.assert_array_equal(got.valid, ~hole)
    np.testing.assert_array_equal(got.image[:, ~hole], expected.image[:, ~hole])


def test_the_first_valid_raster_wins(make_raster: RasterMaker) -> None:
    first, second = draw_scene(60, 60, seed=1), draw_scene(60, 60, seed=2)
    valid = np.ones((60, 60), dtype=bool)
    valid[10:20, 10:20] = False
    above = make_raster("above.tif", first, mask=valid)
    below = make_raster("below.tif", second, transform=transform_at(row=-5, col=-30))
    # The grid begins 32 rows and columns before the first raster.
    expected = np.zeros((3, 92, 92), dtype=np.uint8)
    expected[:, 27:87, 2:62] = second
    expected[:, 32:, 32:] = np.where(valid, first, expected[:, 32:, 32:])
    with Mosaic.open([above, below], gsd_range_m=None, fill_rgb=(0, 0, 0)) as mosaic:
        block = mosaic.read(mosaic.grid.window)
        rows, cols = np.array([37, 47, 91, 29]), np.array([33, 47, 2, 4])
        named = [mosaic.names[one] for one in mosaic.indices_at(rows, cols)]
    np.testing.assert_array_equal(block.image, expected)
    np.testing.assert_array_equal(block.valid, expected.any(axis=0))
    assert named == ["above.tif", "below.tif", "above.tif", "below.tif"]


def test_a_mosaic_extends_up_and_left(make_raster: RasterMaker) -> None:
    image = draw_scene(80, 90)
    right = make_raster("right.tif", image[:, 30:, 40:], transform=transform_at(row=30, col=40))
    whole = make_raster("whole.tif", image)
    with Mosaic.open([right, whole], gsd_range_m=None) as mosaic:
        assert mosaic.grid.transform.almost_equals(transform_at(), precision=1e-6)
        np.testing.assert_array_equal(mosaic.read(mosaic.grid.window).image, image)


def test_rasters_of_one_name_are_told_apart(make_raster: RasterMaker) -> None:
    image = draw_scene(40, 80)
    paths = [
        make_raster("north/a.tif", image[:, :, :40]),
        make_raster("south/a.tif", image[:, :, 40:], transform=transform_at(col=40)),
    ]
    with Mosaic.open(paths, gsd_range_m=None) as mosaic:
        assert mosaic.names == [str(path) for path in paths]


def test_more_rasters_than_may_be_open(
    make_raster: RasterMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geoseg.raster.mosaic.MAX_OPEN", 2)
    image = draw_scene(30, 100)
    paths = [
        make_raster(
            f"{i}.tif", image[:, :, i * 20 : i * 20 + 20], transform=transform_at(col=i * 20)
        )
        for i in range(5)
    ]
    with Mosaic.open(paths, gsd_range_m=None) as mosaic:
        for _ in range(2):
            np.testing.assert_array_equal(mosaic.read(mosaic.grid.window).image, image)
        assert len(mosaic._readers) == 2


def test_a_vrt_reads_as_its_rasters(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", draw_scene(HEIGHT, WIDTH))
    vrt = path.with_suffix(".vrt")
    copy_raster(path, vrt, driver="VRT")
    with (
        Mosaic.open([vrt], gsd_range_m=None) as virtual,
        Mosaic.open([path], gsd_range_m=None) as plain,
    ):
        window = Window(-3, 7, 90, 100)
        np.testing.assert_array_equal(virtual.read(window).image, plain.read(window).image)
        files = virtual.identity().sources[0].files
    assert {str(path), str(vrt)} <= {file.path for file in files}


def test_bands_follow_the_colours_or_the_user(make_raster: RasterMaker) -> None:
    image = draw_scene(40, 50)
    colors = (ColorInterp.blue, ColorInterp.green, ColorInterp.red, ColorInterp.undefined)
    path = make_raster("bgrn.tif", np.concatenate([image, image[:1] // 2]), colors=colors)
    assert (read_all(path) == image[[2, 1, 0]]).all()
    assert (read_all(path, bands=(1, 2, 3)) == image).all()
    assert (read_all(path, bands=(4,)) == image[0] // 2).all()
    assert (read_all(path, bands=(2, 1, 2)) == image[[1, 0, 1]]).all()


def test_a_single_band_is_repeated(make_raster: RasterMaker) -> None:
    gray = draw_scene(40, 50)[:1]
    path = make_raster("gray.tif", gray)
    assert (read_all(path) == gray).all()
    with_alpha = make_raster(
        "ga.tif",
        np.concatenate([gray, np.full_like(gray, 255)]),
        colors=(ColorInterp.gray, ColorInterp.alpha),
    )
    assert (read_all(with_alpha) == gray).all()


def test_black_in_one_band_is_not_nodata(make_raster: RasterMaker) -> None:
    image = draw_scene(40, 50)
    image[0, 5, 6] = 0
    image[:, 7, 8] = 0
    path = make_raster("a.tif", image, nodata=0)
    with Mosaic.open([path], gsd_range_m=None) as mosaic:
        valid = mosaic.read(mosaic.grid.window).valid
    assert valid[5, 6]
    assert not valid[7, 8]
    assert valid.sum() == valid.size - 1


def test_nodata_and_alpha_both_count(make_raster: RasterMaker) -> None:
    image = draw_scene(40, 50)
    alpha = np.full((1, 40, 50), 255, dtype=np.uint8)
    alpha[0, :10] = 0
    image[:, 30:] = 0
    path = make_raster("a.tif", np.concatenate([image, alpha]), colors=RGBA, nodata=0)
    with Mosaic.open([path], gsd_range_m=None) as mosaic:
        valid = mosaic.read(mosaic.grid.window).valid
    assert valid[10:30].all()
    assert not valid[:10].any()
    assert not valid[30:].any()


def test_numbers_that_are_none_are_invalid(make_raster: RasterMaker) -> None:
    image = draw_scene(40, 50).astype(np.float32)
    image[1, 3, 4] = np.nan
    image[2, 5, 6] = np.inf
    path = make_raster("a.tif", image)
    with Mosaic.open([path], gsd_range_m=None, stretch=(0, 255)) as mosaic:
        block = mosaic.read(mosaic.grid.window)
    assert sorted(zip(*np.nonzero(~block.valid), strict=True)) == [(3, 4), (5, 6)]
    assert (block.image[:, block.valid] == image[:, block.valid]).all()


def test_a_second_handle_reads_the_same(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", draw_scene(40, 50).astype(np.uint16) * 9)
    with Mosaic.open([path], gsd_range_m=None) as mosaic, mosaic.reopened() as other:
        window = mosaic.grid.window
        np.testing.assert_array_equal(mosaic.read(window).image, other.read(window).image)
        assert mosaic.identity() == other.identity()


def test_identity_changes_with_the_file_and_not_with_statistics(make_raster: RasterMaker) -> None:
    image = draw_scene(40, 50)
    path = make_raster("a.tif", image)
    before = identity(path)
    path.with_suffix(".tif.aux.xml").write_text("<PAMDataset/>")
    assert identity(path) == before
    make_raster("a.tif", image[:, :39])
    assert identity(path) != before


@pytest.mark.parametrize("gsd_m", [None, 1.3])
def test_overviews_change_no_pixel(make_raster: RasterMaker, gsd_m: float | None) -> None:
    image = draw_scene(300, 400).astype(np.uint16) * 9
    before = read_all(make_raster("a.tif", image), gsd_m=gsd_m)
    with rasterio.open(make_raster("a.tif", image), "r+") as dataset:
        dataset.build_overviews([2, 4, 8], rasterio.enums.Resampling.nearest)
    np.testing.assert_array_equal(read_all(make_raster.folder / "a.tif", gsd_m=gsd_m), before)


def test_feet_and_degrees_do_not_fool_the_pixel_size(make_raster: RasterMaker) -> None:
    feet = make_raster(
        "feet.tif",
        draw_scene(40, 50),
        crs="EPSG:2263",
        transform=Affine(1, 0, 985_000, 0, -1, 210_000),
    )
    mercator = make_raster(
        "merc.tif",
        draw_scene(40, 50),
        crs="EPSG:3857",
        transform=Affine(0.6, 0, 0, 0, -0.6, 8_399_737.9),
    )
    with Mosaic.open([feet], gsd_range_m=None) as mosaic:
        assert mosaic.grid.gsd_m == pytest.approx(0.3048, rel=1e-3)
        assert not mosaic.resampled
    with Mosaic.open([mercator], gsd_range_m=None) as mosaic:  # 60 degrees north
        assert mosaic.grid.gsd_m == pytest.approx(0.3, rel=3e-3)
        assert not mosaic.resampled


def read_all(path: object, **options: object) -> np.ndarray:
    with Mosaic.open([path], gsd_range_m=None, **options) as mosaic:
        return mosaic.read(mosaic.grid.window).image


def identity(path: object) -> object:
    with Mosaic.open([path], gsd_range_m=None) as mosaic:
        return mosaic.identity()
