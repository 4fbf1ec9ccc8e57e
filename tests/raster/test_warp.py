"""Warped reads: exact whatever the windows, and the same ground as the native ones."""

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from affine import Affine
from conftest import RasterMaker, draw_scene, transform_at
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from pyproj import Geod, Transformer
from rasterio.control import GroundControlPoint
from rasterio.enums import ColorInterp, Resampling
from rasterio.warp import reproject
from tries import tries

from geoseg.raster import Mosaic
from geoseg.raster.analysis import ALIGN_PX
from geoseg.raster.readers import block_px, kernel_scale
from geoseg.types import FILL_GREY, Block, Window

HEIGHT, WIDTH = 230, 310
RGBA = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
any_block = tries(6, suppress_health_check=[HealthCheck.function_scoped_fixture])


def smooth(height: int = HEIGHT, width: int = WIDTH) -> NDArray[np.uint8]:
    """Without detail, so that resampling it twice changes little."""
    rows, cols = np.mgrid[:height, :width]
    wave = 120 + 50 * np.sin(rows / 21) + 50 * np.cos(cols / 27)
    return np.stack([wave, wave * 0.8, 255 - wave]).astype(np.uint8)


def degrees(make: RasterMaker, image: NDArray[np.uint8]) -> Path:
    """The image of ``transform_at()``, carried into EPSG:4326."""
    to_degrees = Transformer.from_crs(32645, 4326, always_xy=True)
    height, width = image.shape[1:]
    left, bottom, right, top = to_degrees.transform_bounds(
        transform_at().c,
        transform_at().f - 0.3 * height,
        transform_at().c + 0.3 * width,
        transform_at().f,
    )
    transform = Affine((right - left) / width, 0, left, 0, (bottom - top) / height, top)
    carried = np.zeros((3, height, width), dtype=np.uint8)
    reproject(
        image,
        carried,
        src_transform=transform_at(),
        src_crs="EPSG:32645",
        dst_transform=transform,
        dst_crs="EPSG:4326",
        resampling=Resampling.cubic,
    )
    return make("degrees.tif", carried, crs="EPSG:4326", transform=transform, nodata=0)


def rotated(make: RasterMaker, image: NDArray[np.uint8]) -> Path:
    return make("rotated.tif", image, transform=transform_at() @ Affine.rotation(31))


def south_up(make: RasterMaker, image: NDArray[np.uint8]) -> Path:
    top = transform_at()
    flipped = Affine(top.a, 0, top.c, 0, -top.e, top.f + image.shape[1] * top.e)
    return make("south_up.tif", np.ascontiguousarray(image[:, ::-1]), transform=flipped)


def gcps(make: RasterMaker, image: NDArray[np.uint8]) -> Path:
    transform = transform_at()
    points = []
    for row, col in ((0, 0), (0, WIDTH), (HEIGHT, 0), (HEIGHT, WIDTH), (99, 140)):
        x, y = transform @ (col, row)
        points.append(GroundControlPoint(row, col, x, y))
    return make("gcps.tif", image, gcps=points)


def coarse(make: RasterMaker, image: NDArray[np.uint8]) -> Path:
    return make("coarse.tif", image, transform=transform_at(1.1))


def fine_with_alpha(make: RasterMaker, image: NDArray[np.uint8]) -> Path:
    alpha = np.full_like(image[:1], 255)
    alpha[:, 60:120, 80:100] = 0
    pixels = np.concatenate([image, alpha])
    return make("fine.tif", pixels, transform=transform_at(0.07), colors=RGBA, tiled=True)


def shifted(make: RasterMaker, image: NDArray[np.uint8]) -> Path:
    """In the model's range, but warped: another raster decides on the grid."""
    return make("shifted.tif", image, transform=transform_at(left=345_600.11, top=3_072_000.07))


def uint16(make: RasterMaker, image: NDArray[np.uint8]) -> Path:
    pixels = image.astype(np.uint16) * 37
    pixels[:, :50, :70] = 0
    return make("uint16.tif", pixels, transform=transform_at(0.9), nodata=0)


def floats(make: RasterMaker, image: NDArray[np.uint8]) -> Path:
    pixels = image.astype(np.float32) / 255
    pixels[:, :50, :70] = np.nan
    return make("floats.tif", pixels, transform=transform_at(0.1))


MAKERS = (
    degrees,
    rotated,
    *(
        pytest.param(maker, marks=pytest.mark.thorough)
        for maker in (gcps, uint16, south_up, coarse, fine_with_alpha, floats)
    ),
)


@pytest.fixture(params=MAKERS, ids=lambda maker: maker.__name__)
def path(request: pytest.FixtureRequest, make_raster: RasterMaker) -> Path:
    maker: Callable[[RasterMaker, NDArray[np.uint8]], Path] = request.param
    return maker(make_raster, draw_scene(HEIGHT, WIDTH))


@any_block
@given(height=st.integers(11, 200), width=st.integers(11, 200), shuffled=st.integers(0, 99))
def test_any_partition_in_any_order_reads_the_same_pixels(
    path: Path, height: int, width: int, shuffled: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("geoseg.raster.readers.WARP_BLOCK_PX", 64)
        whole = read_whole(path)
        with Mosaic.open([path], gsd_range_m=(0.2, 0.6)) as mosaic:
            windows = [
                Window(row, col, height, width)
                for row in range(-7, mosaic.grid.height, height)
                for col in range(-5, mosaic.grid.width, width)
            ]
            random.Random(shuffled).shuffle(windows)  # noqa: S311 - any order
            for window in windows:
                check_part(mosaic.read(window), whole)


def test_curved_ground_reads_the_same_in_any_windows(make_raster: RasterMaker) -> None:
    """So coarse that straight lines between exact coordinates would not do."""
    path = make_raster(
        "coarse.tif",
        draw_scene(HEIGHT, WIDTH),
        crs="EPSG:4326",
        transform=Affine(0.02, 0, 84, 0, -0.02, 60),
    )
    with Mosaic.open([path], gsd_range_m=None, gsd_m=700) as mosaic:
        whole = mosaic.read(mosaic.grid.window)
    with Mosaic.open([path], gsd_range_m=None, gsd_m=700) as mosaic:
        for row in range(0, mosaic.grid.height, 370):
            for col in range(0, mosaic.grid.width, 530):
                check_part(mosaic.read(Window(row, col, 370, 530)), whole)


def test_the_same_pixels_with_a_cache_that_holds_nothing(path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("geoseg.raster.readers.WARP_BLOCK_PX", 64)
        whole = read_whole(path)
        patch.setattr("geoseg.raster.mosaic.warp_cache_bytes", lambda _: 1)
        with Mosaic.open([path], gsd_range_m=(0.2, 0.6)) as mosaic:
            check_part(mosaic.read(Window(13, 70, 90, 111)), whole)
            assert len(mosaic._cache._blocks) == 1


def test_seams_between_blocks_cannot_be_seen(path: Path) -> None:
    whole = read_whole(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("geoseg.raster.readers.WARP_BLOCK_PX", 32)
        blocks = read_whole(path)
    differ = (whole.valid != blocks.valid).mean()
    assert differ < 1e-3
    both = whole.valid & blocks.valid
    steps = np.abs(whole.image[:, both].astype(int) - blocks.image[:, both])
    # Coordinates may be off by a hundredth of a pixel: a grey level or two on a sharp edge.
    assert steps.max() <= 4
    assert (steps > 1).mean() < 1e-2


@pytest.mark.parametrize("maker", [degrees, gcps, south_up])
def test_the_ground_stays_where_it_is(
    make_raster: RasterMaker, maker: Callable[[RasterMaker, NDArray[np.uint8]], Path]
) -> None:
    image = smooth()
    block, mosaic_grid = read_with_grid(maker(make_raster, image))
    to_utm = Transformer.from_crs(mosaic_grid.crs, 32645, always_xy=True)
    rows, cols = np.nonzero(block.valid)
    x, y = mosaic_grid.transform @ (cols + 0.5, rows + 0.5)
    native_cols, native_rows = ~transform_at() @ to_utm.transform(x, y)
    inner = (
        (native_rows > 3)
        & (native_rows < HEIGHT - 3)
        & (native_cols > 3)
        & (native_cols < WIDTH - 3)
    )
    assert inner.mean() > 0.9
    expected = image[:, native_rows[inner].astype(int), native_cols[inner].astype(int)]
    steps = np.abs(block.image[:, rows[inner], cols[inner]].astype(int) - expected)
    assert np.median(steps) <= 1
    assert steps.max() <= 6


def test_a_south_up_raster_is_turned_without_loss(make_raster: RasterMaker) -> None:
    image = draw_scene(HEIGHT, WIDTH)
    block, grid = read_with_grid(south_up(make_raster, image))
    assert grid.transform.almost_equals(transform_at(), precision=1e-6)
    assert block.valid.all()
    np.testing.assert_array_equal(block.image, image)


def test_pixels_come_to_the_nearest_bound_of_the_models_range(make_raster: RasterMaker) -> None:
    for gsd, expected in ((0.07, 0.2), (1.1, 0.6)):
        path = make_raster(f"{gsd}.tif", smooth(), transform=transform_at(gsd))
        _, grid = read_with_grid(path)
        assert grid.gsd_m == pytest.approx(expected, rel=1e-3)  # metres of UTM
        assert 0 <= grid.height - HEIGHT * gsd / expected <= ALIGN_PX


def test_the_users_pixel_size_wins(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", smooth())
    with Mosaic.open([path], gsd_range_m=(0.2, 0.6), gsd_m=0.5) as mosaic:
        assert mosaic.grid.transform.a == 0.5
        assert mosaic.grid.gsd_m == pytest.approx(0.5, rel=1e-3)
        assert mosaic.resampled


def web_mercator(make: RasterMaker, image: NDArray[np.uint8]) -> Path:
    to_mercator = Transformer.from_crs(32645, 3857, always_xy=True)
    left, top = to_mercator.transform(transform_at().c, transform_at().f)
    transform = Affine(0.1, 0, left, 0, -0.1, top)
    return make("mercator.tif", image, crs="EPSG:3857", transform=transform)


def cut(make: RasterMaker, image: NDArray[np.uint8]) -> Path:
    return make("cut.tif", image[:, 13:, 29:], transform=transform_at(row=13, col=29))


@pytest.mark.parametrize("given", [degrees, rotated, web_mercator, cut, south_up, coarse])
@pytest.mark.parametrize("gsd_m", [None, 0.35])
def test_grids_of_the_same_ground_begin_where_strides_do(
    make_raster: RasterMaker,
    given: Callable[[RasterMaker, NDArray[np.uint8]], Path],
    gsd_m: float | None,
) -> None:
    range_m = (0.2, 0.6)
    with Mosaic.open([given(make_raster, smooth())], gsd_range_m=range_m, gsd_m=gsd_m) as mosaic:
        t = mosaic.grid.transform
    if gsd_m is not None:
        assert t.a == -t.e == gsd_m
    strides = np.array([t.c / t.a, t.f / t.e]) / ALIGN_PX
    np.testing.assert_allclose(strides, np.round(strides), atol=1e-6)


@pytest.mark.parametrize("gsd_m", [None, 0.5])
def test_a_cut_out_has_the_pixels_of_the_whole(
    make_raster: RasterMaker, gsd_m: float | None
) -> None:
    image = draw_scene(HEIGHT, WIDTH)
    options = {"gsd_range_m": (0.2, 0.6), "gsd_m": gsd_m}
    whole = make_raster("whole.tif", image, transform=transform_at(row=3, col=8))
    part = make_raster("part.tif", image[:, 51:, 77:], transform=transform_at(row=54, col=85))
    with Mosaic.open([whole], **options) as one, Mosaic.open([part], **options) as other:
        off = ~one.grid.transform @ (other.grid.transform.c, other.grid.transform.f)
        assert [round(px) % ALIGN_PX for px in off] == [0, 0]
        expected = one.read(Window(round(off[1]) + 40, round(off[0]) + 60, 50, 60))
        got = other.read(Window(40, 60, 50, 60))
    assert got.valid.all()
    steps = np.abs(got.image.astype(int) - expected.image)
    assert steps.max() <= (0 if gsd_m is None else 2)


def test_averaging_down_keeps_the_mean(make_raster: RasterMaker) -> None:
    image = draw_scene(400, 400)
    path = make_raster("a.tif", image, transform=transform_at(0.05))
    block, grid = read_with_grid(path)
    side = 0.05 / transform_at(0.05).a * grid.transform.a  # metres of the grid
    rows = int(side / 0.05 * 50)
    means = image[:, :rows, :rows].mean(axis=(1, 2))
    np.testing.assert_allclose(block.image[:, :50, :50].mean(axis=(1, 2)), means, atol=1.5)


def test_degrees_go_to_the_local_utm_zone_and_the_result_back(make_raster: RasterMaker) -> None:
    with Mosaic.open([degrees(make_raster, smooth())], gsd_range_m=None) as mosaic:
        assert mosaic.grid.crs.is_projected
        assert "zone 45N" in mosaic.grid.crs.name
        assert mosaic.output_crs.to_epsg() == 4326
        assert mosaic.grid.transform.a == pytest.approx(-mosaic.grid.transform.e)
        assert mosaic.grid.gsd_m == pytest.approx(0.3, rel=0.02)


@pytest.mark.parametrize(("side_m", "enlarged"), [(0.3004, False), (0.3244, False), (0.35, True)])
def test_a_photo_in_degrees_is_enlarged_where_its_pixels_are_too_large(
    make_raster: RasterMaker, side_m: float, enlarged: bool
) -> None:
    """Not where its grid's are rounded, at the edge of a zone, whose metres are short there."""
    lon, lat = 84.02, 27.6
    north_m, east_m = (
        Geod(ellps="WGS84").inv(lon, lat, lon + east, lat + north)[2] * 100
        for east, north in ((0, 0.01), (0.01, 0))
    )
    place = Affine(side_m / east_m, 0, lon, 0, -side_m / north_m, lat)
    path = make_raster("degrees.tif", smooth(), crs="EPSG:4326", transform=place)
    with Mosaic.open([path], gsd_range_m=(0.28, 0.33)) as mosaic:
        assert mosaic.sources[0].pixel.gsd_m == pytest.approx(side_m, rel=1e-4)
        assert mosaic.enlarged is enlarged


def test_a_stretched_projection_is_left_for_utm(make_raster: RasterMaker) -> None:
    plate_carree = make_raster(
        "a.tif", smooth(), crs="EPSG:32662", transform=Affine(0.5, 0, 0, 0, -0.5, 6_679_169)
    )
    with Mosaic.open([plate_carree], gsd_range_m=None) as mosaic:  # 60 degrees north
        assert "UTM" in mosaic.grid.crs.name
        assert "Plate Carree" in mosaic.output_crs.name


def test_an_oblique_projection_is_left_for_utm(make_raster: RasterMaker) -> None:
    """Its steps are nearly of one length, at 67 degrees."""
    place = Affine(0.5, 0, 7_952_400, 0, -0.5, 3_365_000)
    mollweide = make_raster("a.tif", smooth(), crs="ESRI:54009", transform=place)
    with Mosaic.open([mollweide], gsd_range_m=None) as mosaic:
        assert mosaic.sources[0].pixel.aspect == pytest.approx(1.5241, abs=1e-4)
        assert "UTM" in mosaic.grid.crs.name
        assert mosaic.output_crs.name == "World_Mollweide"


def test_long_pixels_become_squares(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", smooth(), transform=Affine(0.6, 0, 345_600, 0, -0.3, 3_072_000))
    with Mosaic.open([path], gsd_range_m=None) as mosaic:
        assert mosaic.resampled
        assert mosaic.grid.transform.a == pytest.approx(-mosaic.grid.transform.e)


@pytest.mark.parametrize("second", [degrees, rotated, shifted])
def test_another_grid_is_warped_onto_the_firsts(
    make_raster: RasterMaker, second: Callable[[RasterMaker, NDArray[np.uint8]], Path]
) -> None:
    image = smooth()
    left = make_raster("left.tif", image[:, :, :150])
    with Mosaic.open([left, second(make_raster, image)], gsd_range_m=(0.2, 0.6)) as mosaic:
        assert not mosaic.resampled
        origin = ~mosaic.grid.transform @ (transform_at().c, transform_at().f)
        row, col = round(origin[1]), round(origin[0])
        block = mosaic.read(Window(row, col, HEIGHT, WIDTH))
    np.testing.assert_array_equal(block.image[:, :, :150], image[:, :, :150])
    if second is not rotated:
        steps = np.abs(block.image[:, 3:-3, 150:-3].astype(int) - image[:, 3:-3, 150:-3])
        assert steps.max() <= 6


def test_warped_halves_make_the_whole_again(make_raster: RasterMaker) -> None:
    image = draw_scene(HEIGHT, WIDTH)
    paths = [
        make_raster("left.tif", image[:, :, :160], transform=transform_at(0.1)),
        make_raster("right.tif", image[:, :, 120:], transform=transform_at(0.1, col=120)),
    ]
    whole = make_raster("whole.tif", image, transform=transform_at(0.1))
    with (
        Mosaic.open(paths, gsd_range_m=(0.2, 0.6)) as halves,
        Mosaic.open([whole], gsd_range_m=(0.2, 0.6)) as one,
    ):
        got = halves.read(Window(0, 0, 100, 150))
        expected = one.read(Window(0, 0, 100, 150))
    steps = np.abs(got.image.astype(int) - expected.image)
    steps[:, :, 78:82] = 0  # the last column of the left half
    assert steps.max() <= 2


def test_nodata_does_not_bleed_into_the_image(make_raster: RasterMaker) -> None:
    image = np.full((3, 100, 100), 200, dtype=np.uint8)
    image[:, 30:60, 30:60] = 0
    for gsd in (0.1, 0.9):
        path = make_raster("a.tif", image, nodata=0, transform=transform_at(gsd))
        block, _ = read_with_grid(path)
        assert 0.05 < (~block.valid).mean() < 0.15
        assert (block.image[:, block.valid] == 200).all()


@pytest.mark.parametrize(
    ("shrink", "expected"), [(0.5, 512), (1, 512), (4, 512), (5, 256), (20, 64)]
)
def test_blocks_shrink_with_the_pixels(shrink: float, expected: int) -> None:
    assert block_px(shrink) == expected


@pytest.mark.parametrize(("ratio", "expected"), [(3, 1), (1, 1), (0.95, 1), (0.5, 0.5)])
def test_the_kernel_widens_only_for_finer_pixels(ratio: float, expected: float) -> None:
    assert kernel_scale(ratio) == expected


def read_whole(path: Path) -> Block:
    return read_with_grid(path)[0]


def read_with_grid(path: Path) -> tuple[Block, object]:
    with Mosaic.open([path], gsd_range_m=(0.2, 0.6)) as mosaic:
        assert mosaic.resampled
        return mosaic.read(mosaic.grid.window), mosaic.grid


def check_part(part: Block, whole: Block) -> None:
    common = part.window.intersection(whole.window)
    inside = np.zeros_like(part.valid)
    if common is not None:
        out_of, into = common.slices_in(whole.window), common.slices_in(part.window)
        inside[into] = True
        np.testing.assert_array_equal(part.image[:, *into], whole.image[:, *out_of])
        np.testing.assert_array_equal(part.valid[into], whole.valid[out_of])
    assert not part.valid[~inside].any()
    assert (part.image[:, ~inside] == FILL_GREY).all()
