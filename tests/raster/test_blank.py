"""What is no image though no file says so: found, left out, and the same at any cutting."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from affine import Affine
from conftest import RasterMaker, transform_at
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from numpy.typing import NDArray
from rasterio.enums import ColorInterp
from scipy import ndimage
from tries import first, tries

from geoseg.errors import UsageError
from geoseg.raster import Mosaic
from geoseg.raster.advice import mosaic_warnings
from geoseg.types import Window

HEIGHT, WIDTH = 420, 560
few = tries(5, suppress_health_check=[HealthCheck.function_scoped_fixture])


@cache
def ground(seed: int = 0) -> NDArray[np.float64]:
    """(3, HEIGHT, WIDTH) in 0..1: patches of land with detail, as a photo has them."""
    rng = np.random.default_rng(seed)
    patches = rng.uniform(0.25, 0.75, (3, HEIGHT // 20, WIDTH // 20)).repeat(20, 1).repeat(20, 2)
    return np.clip(patches + rng.normal(0, 0.04, patches.shape), 0.15, 0.85)


def photo() -> NDArray[np.uint8]:
    return (ground() * 255).astype(np.uint8)


def frame(width: int = 30) -> NDArray[np.bool_]:
    inside = np.zeros((HEIGHT, WIDTH), bool)
    inside[width:-width, width:-width] = True
    return ~inside


def corner() -> NDArray[np.bool_]:
    """What a rotated image leaves of its frame."""
    rows, cols = np.mgrid[:HEIGHT, :WIDTH]
    return cols > 420 + 0.4 * rows


def gap() -> NDArray[np.bool_]:
    """A tile that is missing in the middle."""
    missing = np.zeros((HEIGHT, WIDTH), bool)
    missing[40:400, 130:500] = True
    return missing


AREAS = {"frame": frame, "corner": corner, "gap": gap}


def seen(path: Path, **options: Any) -> tuple[NDArray[np.bool_], list[str], Mosaic]:
    """Validity of the whole raster, and the fills that were found."""
    with Mosaic.open([path], gsd_range_m=None, **options) as mosaic:
        block = mosaic.read(mosaic.grid.window)
        return block.valid, [fill.label for fill in mosaic.fills], mosaic


@pytest.mark.parametrize("area", AREAS)
@pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255), (255, 0, 0)])
def test_a_void_of_eight_bits(
    make_raster: RasterMaker, area: str, color: tuple[int, int, int]
) -> None:
    image, void = photo(), AREAS[area]()
    image[:, void] = np.array(color, np.uint8)[:, None]
    valid, found, _ = seen(make_raster("a.tif", image))
    assert found == [str(color[0]) if len(set(color)) == 1 else "255,0,0"]
    assert valid[~void].all()
    assert np.count_nonzero(valid & void) <= 5  # the tip of a corner


@pytest.mark.parametrize(
    ("dtype", "low", "high", "fill"),
    first(
        4,
        [
            ("int16", 100, 4000, -9999),
            ("int16", 100, 4000, -32768),
            ("int16", 100, 4000, 0),
            ("int32", -50, 4000, -2147483648),
            ("uint16", 100, 4000, 65535),
            ("uint16", 100, 4000, 0),
            ("uint16", 2000, 3000, 0),
            ("float32", 0.01, 0.6, -9999),
            ("float32", 0.01, 0.6, -3.4028234663852886e38),
            ("float32", 0.01, 0.6, 3.4028234663852886e38),
            ("float32", 10, 240, 0),
            ("float64", 0.01, 0.6, -32768),
        ],
    ),
)
def test_a_void_of_other_types(
    make_raster: RasterMaker, dtype: str, low: float, high: float, fill: float
) -> None:
    image = (low + ground() * (high - low)).astype(dtype)
    plain = seen(make_raster("plain.tif", image))[2].stretch
    image[:, frame()] = fill
    valid, found, mosaic = seen(make_raster("a.tif", image))
    assert found == [f"{float(np.array(fill, dtype)):g}"]
    np.testing.assert_array_equal(valid, ~frame())
    assert mosaic.stretch == pytest.approx(plain, rel=0.05)  # of the image alone


def test_two_voids_at_once(make_raster: RasterMaker) -> None:
    image = photo()
    image[:, :, :120], image[:, 300:, 120:300] = 0, 255
    valid, found, _ = seen(make_raster("a.tif", image))
    assert sorted(found) == ["0", "255"]
    np.testing.assert_array_equal(valid, ~((image == 0).all(0) | (image == 255).all(0)))


@pytest.mark.parametrize("white", [False, True])
@pytest.mark.parametrize("quality", [75, 90])
def test_what_jpeg_makes_of_a_border(make_raster: RasterMaker, white: bool, quality: int) -> None:
    image, void = photo(), corner()
    image[:, void] = 255 * white
    path = make_raster(
        "a.tif", image, compress="jpeg", photometric="ycbcr", jpeg_quality=quality,
        tiled=True, blockxsize=128, blockysize=128,
    )  # fmt: skip
    valid, found, _ = seen(path)
    assert found == ["255" if white else "0"]
    wrong = valid & void
    assert wrong.sum() < 0.015 * void.sum()  # specks along the border
    assert not (wrong & ndimage.binary_erosion(void, iterations=16)).any()
    assert (~valid & ~void).sum() < 40


@pytest.mark.parametrize("void", [False, True])
def test_white_roofs_stay(make_raster: RasterMaker, void: bool) -> None:
    image = photo()
    roofs = np.zeros((HEIGHT, WIDTH), bool)
    for row, col, height, width in ((60, 60, 90, 70), (0, 300, 40, 80), (200, 130, 120, 60)):
        roofs[row : row + height, col : col + width] = True  # up to 36 m
    image[:, roofs] = 255
    if void:
        image[:, :, 400:] = 255
    valid, found, _ = seen(make_raster("a.tif", image))
    assert found == ["255"] * void
    assert valid[roofs].all()
    assert valid[:, 400:].any() != void


def level(kind: str) -> NDArray[np.float64]:
    """A slope that ends in a plain, with the grain of a sensor."""
    rows, cols = np.mgrid[:HEIGHT, :WIDTH]
    height = np.minimum(np.hypot(rows - 200, cols - 260) - 190, 0) * -1.2
    rng = np.random.default_rng(3)
    return height + rng.normal(0, 4, height.shape) * (height < 60 if kind == "clipped" else 1)


@pytest.mark.parametrize("kind", ["grained", "clipped"])
def test_snow_and_black_water_stay(make_raster: RasterMaker, kind: str) -> None:
    slope = level(kind)
    snow = np.where(slope > 0, np.clip(200 + slope, 0, 255), photo()).astype(np.uint8)
    water = np.where(slope > 0, np.clip(60 - slope, 0, 255), photo()).astype(np.uint8)
    for name, image in (("snow", snow), ("water", water)):
        assert ((image == 255) | (image == 0)).all(0).mean() > 0.05
        valid, found, _ = seen(make_raster(f"{name}.tif", image))
        assert found == [], name
        assert valid.all()


@pytest.mark.parametrize("color", [(236, 214, 170), (96, 142, 61), (5, 5, 5), (250, 250, 250)])
def test_sand_and_fields_of_one_colour_stay(
    make_raster: RasterMaker, color: tuple[int, int, int]
) -> None:
    image = photo()
    image[:, gap()] = np.array(color, np.uint8)[:, None]
    valid, found, _ = seen(make_raster("a.tif", image))
    assert found == []
    assert valid.all()


@pytest.mark.parametrize("value", [0, 90, 255])
def test_a_raster_of_one_colour_is_an_image(make_raster: RasterMaker, value: int) -> None:
    valid, found, _ = seen(make_raster("a.tif", np.full((3, 200, 220), value, np.uint8)))
    assert found == []
    assert valid.all()


def test_bright_pixels_of_sixteen_bits_stay(make_raster: RasterMaker) -> None:
    image = (ground() * 60_000).astype(np.uint16)
    image[:, 50:90, 50:80] = 65535
    valid, found, _ = seen(make_raster("a.tif", image))
    assert found == []
    assert valid.all()


def test_keep_blank_and_nodata_overrule(make_raster: RasterMaker) -> None:
    image = photo()
    image[:, frame()] = 0
    image[:, 200:204, 200:204] = 255
    path = make_raster("a.tif", image)
    assert seen(path, keep_blank=True)[0].all()
    valid, found, _ = seen(path, keep_blank=True, nodata=(255,))
    assert found == ["255"]
    np.testing.assert_array_equal(valid, ~(image == 255).all(0))
    valid, found, _ = seen(path, nodata=(255, (0, 0, 0)))
    assert found == ["255", "0"]
    np.testing.assert_array_equal(valid, ~((image == 255).all(0) | frame()))


@pytest.mark.parametrize(
    ("nodata", "words"),
    [
        ((-9999,), "uint8, whole numbers from 0 to 255"),
        ((0.5,), "whole numbers"),
        ((float("nan"),), "whole numbers"),
        (((1, 2),), "give one number for all, or 3"),
    ],
)
def test_nodata_that_cannot_be(make_raster: RasterMaker, nodata: Any, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        seen(make_raster("a.tif", photo()), nodata=nodata)


def test_what_a_file_declares_is_not_guessed_again(make_raster: RasterMaker) -> None:
    image = photo()
    image[:, frame()] = 0
    alpha = np.concatenate([image, ~frame()[None] * np.uint8(255)])
    colors = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
    for path in (
        make_raster("nodata.tif", image, nodata=0),
        make_raster("alpha.tif", alpha, colors=colors),
        make_raster("mask.tif", image, mask=~frame()),
    ):
        valid, found, _ = seen(path)
        assert found == []
        np.testing.assert_array_equal(valid, ~frame())


def test_a_useless_alpha_band_is_seen_through(make_raster: RasterMaker) -> None:
    image = photo()
    image[:, frame()] = 0
    opaque = np.concatenate([image, np.full((1, HEIGHT, WIDTH), 255, np.uint8)])
    colors = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
    valid, found, _ = seen(make_raster("a.tif", opaque, colors=colors))
    assert found == ["0"]
    np.testing.assert_array_equal(valid, ~frame())


def blank_raster(make: RasterMaker, kind: str) -> Path:
    image, void = photo(), frame(20) | corner()
    image[:, void] = 0
    image[:, 250:, :130] = 255
    coarse = Affine(0.15, 0, transform_at().c, 0, -0.15, transform_at().f)
    turned = transform_at() @ Affine.rotation(20)
    return {
        "native": lambda: make(f"{kind}.tif", image),
        "jpeg": lambda: make(f"{kind}.tif", image, compress="jpeg", photometric="ycbcr"),
        "averaged": lambda: make(f"{kind}.tif", image, transform=coarse),
        "turned": lambda: make(f"{kind}.tif", image, transform=turned),
    }[kind]()


@pytest.fixture(scope="module", params=first(1, ["native", "jpeg", "averaged", "turned"]))
def whole(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = blank_raster(RasterMaker(tmp_path_factory.mktemp("blank")), request.param)
    with Mosaic.open([path], gsd_range_m=(0.29, 0.6)) as mosaic:
        assert mosaic.resampled == (request.param in {"averaged", "turned"})
        assert mosaic.fills
        return path, mosaic.read(mosaic.grid.window)


@few
@given(st.data())
def test_a_window_equals_the_crop_of_the_whole(whole: Any, data: st.DataObject) -> None:
    path, block = whole
    height, width = block.valid.shape
    drawn = st.builds(
        Window,
        st.integers(0, height - 1),
        st.integers(0, width - 1),
        st.integers(1, height),
        st.integers(1, width),
    )
    with Mosaic.open([path], gsd_range_m=(0.29, 0.6)) as mosaic:
        reopened = mosaic.reopened()
        for one in data.draw(st.lists(drawn, min_size=3, max_size=3)):  # opening is what takes long
            window = one.intersection(block.window)
            assert window is not None
            part, again = mosaic.read(window), reopened.read(window)
            rows, cols = window.slices_in(block.window)
            np.testing.assert_array_equal(part.valid, block.valid[rows, cols])
            np.testing.assert_array_equal(part.image, block.image[:, rows, cols])
            np.testing.assert_array_equal(again.valid, part.valid)


@pytest.mark.parametrize("side_m", [0.15, 0.7])
def test_a_fill_is_masked_before_it_is_resampled(make_raster: RasterMaker, side_m: float) -> None:
    place = transform_at()
    transform = Affine(side_m, 0, place.c, 0, -side_m, place.f)
    image = (100 + 50 * ground()).astype(np.float32)
    image[:, corner()] = -9999
    path = make_raster("a.tif", image, transform=transform)
    with Mosaic.open([path], gsd_range_m=(0.3, 0.6), stretch=(0, 255)) as mosaic:
        assert mosaic.resampled
        block = mosaic.read(mosaic.grid.window)
    # Nothing in between: neither darker nor brighter than the image.
    assert block.image[:, block.valid].min() > 90
    assert block.image[:, block.valid].max() < 160
    assert block.valid.mean() == pytest.approx(0.99 * (~corner()).mean(), abs=0.04)


def test_the_second_raster_shows_through_the_firsts_void(make_raster: RasterMaker) -> None:
    first, second = photo(), photo()[:, ::-1]
    first[:, :, 300:] = 0
    paths = [make_raster("a.tif", first), make_raster("b.tif", second)]
    with Mosaic.open(paths, gsd_range_m=None) as mosaic:
        block = mosaic.read(mosaic.grid.window)
        assert block.valid.all()
        np.testing.assert_array_equal(block.image[:, :, 300:], second[:, :, 300:])
        assert mosaic.indices_at(np.array([5, 5]), np.array([5, 500])) == [0, 1]


def test_it_is_said(make_raster: RasterMaker) -> None:
    image = photo()
    image[:, :, :140] = 0
    _, _, mosaic = seen(make_raster("a.tif", image))
    told = " ".join(mosaic_warnings(mosaic, None))
    assert "about 25.0% of the pixels are blank and left out" in told
    assert "pure black (0) in large areas" in told
    assert mosaic.identity().fills == ("0 in large areas (within 2, 4)",)


def test_damage_beside_a_void_is_no_void(make_raster: RasterMaker) -> None:
    image = photo()
    image[:, :, :200] = 0
    path = make_raster("a.tif", image, tiled=True, blockxsize=64, blockysize=64, compress="lzw")
    whole = seen(path)[0]
    with Mosaic.open([path], gsd_range_m=None) as mosaic:
        window = Window(0, 100, 64, 200)
        np.testing.assert_array_equal(mosaic.read(window).valid, whole[:64, 100:300])
