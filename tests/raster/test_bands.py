"""Which bands are red, green and blue, by whatever a raster says of them."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
import rasterio
from conftest import RasterMaker, draw_scene
from rasterio.enums import ColorInterp

import geoseg
from geoseg.errors import UnsupportedRasterError
from geoseg.raster import Mosaic
from geoseg.raster.advice import mosaic_warnings
from geoseg.raster.bands import choose_bands, red_and_infrared
from geoseg.raster.source import inspect
from geoseg.raster.spectrum import BandSign

RED, GREEN, BLUE, GREY = ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.gray
NOTHING = ColorInterp.undefined
RGBA = (RED, GREEN, BLUE, ColorInterp.alpha)

NAMES = {
    "drone, near infrared last": ("Blue Green Red NIR", (3, 2, 1)),
    "as they are": ("Red Green Blue", (1, 2, 3)),
    "WorldView": ("Coastal Blue Green Yellow Red RedEdge NIR1 NIR2", (5, 3, 2)),
    "WorldView metadata": ("BAND_C BAND_B BAND_G BAND_Y BAND_R BAND_RE BAND_N BAND_N2", (5, 3, 2)),
    "PlanetScope": ("coastal_blue blue green_i green yellow red rededge nir", (6, 4, 2)),
    "Sentinel-2": ("B02 B03 B04 B08", (3, 2, 1)),
    "Sentinel-2, all": ("B1 B2 B3 B4 B5 B6 B7 B8 B8A B9 B11 B12", (4, 3, 2)),
    "MicaSense": ("Blue|Green|Red|Red edge|NIR", (3, 2, 1)),
    "near infra red first": ("Near infra-red|Red|Green|Blue", (2, 3, 4)),
    "French": ("Bleu Vert Rouge PIR", (3, 2, 1)),
    "letters": ("B G R", (3, 2, 1)),
}  # fmt: skip


def signs(names: str) -> list[BandSign]:
    return [BandSign(name) for name in names.split("|" if "|" in names else " ")]


def chosen(colors: Sequence[ColorInterp], told: Sequence[BandSign]) -> tuple[int, int, int]:
    return choose_bands("a.tif", colors, None, told).rgb


@pytest.mark.parametrize(("names", "rgb"), NAMES.values(), ids=NAMES)
def test_by_names(names: str, rgb: tuple[int, int, int]) -> None:
    told = signs(names)
    choice = choose_bands("a.tif", [GREY, *[NOTHING] * (len(told) - 1)], None, told)
    assert (choice.rgb, choice.reason, choice.doubt) == (rgb, "by the bands' names", None)


@pytest.mark.parametrize("names", ["Band 1|Band 2|Band 3|Band 4", "B1 B2 B3 B4", "x y z w", "Red NIR Green Pan"])  # fmt: skip
def test_names_that_say_nothing_are_no_names(names: str) -> None:
    told = signs(names)
    choice = choose_bands("a.tif", [NOTHING] * len(told), None, told)
    assert (choice.rgb, choice.reason) == ((1, 2, 3), "by their order")
    assert "a guess" in str(choice.doubt)
    assert "--bands 3,2,1" in str(choice.doubt)


def test_three_bands_in_a_row_are_red_green_blue_by_custom() -> None:
    choice = choose_bands("a.tif", [GREY, NOTHING, NOTHING], None, signs("1 2 3"))
    assert (choice.rgb, choice.doubt) == ((1, 2, 3), None)


def test_colour_interpretation_comes_first_and_a_contradiction_is_told() -> None:
    told = signs("Blue Green Red")
    choice = choose_bands("a.tif", [RED, GREEN, BLUE], None, told)
    assert (choice.rgb, choice.reason) == ((1, 2, 3), "by colour interpretation")
    assert "if so, give --bands 3,2,1" in str(choice.doubt)
    assert choose_bands("a.tif", [BLUE, GREEN, RED], None, told).doubt is None


def test_the_user_overrules_everything() -> None:
    choice = choose_bands(
        "a.tif", [RED, GREEN, BLUE, NOTHING], (4, 3, 2), signs("Blue Green Red NIR")
    )
    assert (choice.rgb, choice.reason, choice.doubt) == ((4, 3, 2), "as asked for", None)


@pytest.mark.parametrize(
    ("colors", "space"),
    [
        ((ColorInterp.cyan, ColorInterp.magenta, ColorInterp.yellow, ColorInterp.black), "cyan"),
        ((ColorInterp.hue, ColorInterp.saturation, ColorInterp.lightness), "hue"),
        ((ColorInterp.Y, ColorInterp.Cb, ColorInterp.Cr), "luminance"),
    ],
)
def test_other_colour_spaces_are_refused(colors: tuple[ColorInterp, ...], space: str) -> None:
    with pytest.raises(UnsupportedRasterError, match=f"holds {space}"):
        choose_bands("a.tif", colors, None)
    assert choose_bands("a.tif", colors, (1, 2, 3)).rgb == (1, 2, 3)


WAVELENGTHS = {
    "nanometres": ({"WAVELENGTH": "480"}, {"WAVELENGTH": "560"}, {"WAVELENGTH": "655"}, {"WAVELENGTH": "840"}),
    "with units": tuple({"wavelength": f"{nm}", "wavelength_units": "Nanometers"} for nm in (480, 560, 655, 840)),
    "micrometres": tuple({"CENTRAL_WAVELENGTH_UM": f"{um}"} for um in (0.48, 0.56, 0.655, 0.84)),
}  # fmt: skip


@pytest.mark.parametrize("tags", WAVELENGTHS.values(), ids=WAVELENGTHS)
def test_by_wavelength(make_raster: RasterMaker, tags: Sequence[dict[str, str]]) -> None:
    image = draw_scene(40, 50)
    path = make_raster("a.tif", np.concatenate([image, image[:1]]).astype(np.uint16))
    with rasterio.open(path, "r+") as dataset:
        for band, of_band in enumerate(tags, 1):
            dataset.update_tags(band, **of_band)
    bands = inspect(str(path)).bands
    assert (bands.rgb, bands.reason) == ((3, 2, 1), "by the bands' wavelengths")


def test_eight_wavelengths_of_worldview() -> None:
    told = [BandSign("", nm) for nm in (427.0, 478.0, 546.0, 608.0, 659.0, 724.0, 833.0, 949.0)]
    assert chosen([NOTHING] * 8, told) == (5, 3, 2)


def test_wavelengths_that_envi_writes(tmp_path: Path) -> None:
    path, image = tmp_path / "a.img", draw_scene(40, 50)
    with rasterio.open(
        path, "w", driver="ENVI", count=4, height=40, width=50, dtype="uint16", crs="EPSG:32645",
        transform=rasterio.Affine(0.3, 0, 345600, 0, -0.3, 3072000),
    ) as dataset:  # fmt: skip
        dataset.write(np.concatenate([image, image[:1]]).astype(np.uint16))
    header = path.with_suffix(".hdr")
    header.write_text(
        header.read_text()
        + "wavelength units = Micrometers\nwavelength = {0.48, 0.56, 0.66, 0.84}\n"
    )
    bands = inspect(str(path)).bands
    assert (bands.rgb, bands.reason) == ((3, 2, 1), "by the bands' wavelengths")


def test_descriptions_of_a_file_are_read_and_told(make_raster: RasterMaker) -> None:
    image = draw_scene(40, 50)
    four = np.concatenate([image[::-1], image[:1]]).astype(np.uint16)
    path = make_raster("a.tif", four)
    seen = geoseg.info(path, device="cpu")
    assert any("a.tif: bands 1, 2, 3 are a guess" in warning for warning in seen.warnings)
    with rasterio.open(path, "r+") as dataset:
        dataset.descriptions = ("Blue", "Green", "Red", "NIR")
    seen = geoseg.info(path, device="cpu")
    assert seen.rasters[0].rgb == (3, 2, 1)
    assert "used: 3, 2, 1 (by the bands' names)" in dict(seen.rasters[0].in_words())["bands"]
    assert not any("guess" in warning for warning in seen.warnings)


@pytest.mark.parametrize(
    ("names", "bands"),
    [
        ("blue|green|red|nir", (3, 4)),
        ("Blue|Green|Red|Near Infra-Red", (3, 4)),
        ("coastal|blue|green|yellow|red|red edge|NIR1|NIR2", (5, 7)),
        ("B02|B03|B04|B08", (3, 4)),
        ("nahes Infrarot|Rot|Grün", (2, 1)),
        ("red|green|blue|short-wave infrared", None),
        ("red|green|blue|SWIR", None),
        ("red|green|blue|thermal infrared", None),
        ("red|green|blue|red edge", None),
        ("1|2|3|4", None),
    ],
)
def test_near_infrared_by_names(names: str, bands: tuple[int, int] | None) -> None:
    told = signs(names)
    assert red_and_infrared("a.tif", [ColorInterp.undefined] * len(told), None, told) == bands


def test_near_infrared_by_colour_and_by_wavelength() -> None:
    colors = [ColorInterp.nir, ColorInterp.red, ColorInterp.green, ColorInterp.blue]
    assert red_and_infrared("a.tif", colors, None) == (2, 1)
    told = [BandSign(wavelength_nm=nm) for nm in (480, 560, 660, 705, 865, 940, 1610)]
    assert red_and_infrared("a.tif", [ColorInterp.undefined] * 7, None, told) == (3, 5)
    assert red_and_infrared("a.tif", [ColorInterp.undefined] * 4, 4) == (1, 4)


def test_near_infrared_that_is_called_alpha_is_told(make_raster: RasterMaker) -> None:
    image, rng = np.full((3, 100, 100), 90, np.uint8), np.random.default_rng(4)
    feathered = np.full((1, 100, 100), 255, np.uint8)
    feathered[0, :30] = np.linspace(0, 255, 30, dtype=np.uint8)[:, None]
    infrared = rng.integers(0, 200, (1, 100, 100), dtype=np.uint8)
    for alpha, told in ((feathered, False), (feathered // 255 * 3, False), (infrared, True)):
        path = make_raster("a.tif", np.concatenate([image, alpha]), colors=RGBA)
        with Mosaic.open([path], gsd_range_m=None) as mosaic:
            warned = " ".join(mosaic_warnings(mosaic, None))
        assert ("band 4 is called alpha but looks like near infrared" in warned) == told
