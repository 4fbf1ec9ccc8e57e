"""Bad rasters: one clear sentence each, of the right class."""

import zipfile
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import rasterio.shutil
import shapely
from affine import Affine
from conftest import UTM, RasterMaker, draw_scene, transform_at
from rasterio.enums import ColorInterp

import geoseg
from geoseg.errors import (
    GeosegError,
    UnreachableRasterError,
    UnreadableRasterError,
    UnsupportedRasterError,
    UsageError,
)
from geoseg.raster import Mosaic
from geoseg.types import Window

IMAGE = draw_scene(64, 80)


def refusal(*paths: object, **options: object) -> GeosegError:
    options = {"gsd_range_m": None, **options}
    with pytest.raises(GeosegError) as caught:
        Mosaic.open(list(paths), **options)
    assert "\n" not in str(caught.value)
    return caught.value


def test_no_raster_at_all() -> None:
    assert isinstance(refusal(), UsageError)


def test_a_missing_file(make_raster: RasterMaker) -> None:
    error = refusal(make_raster.folder / "absent.tif")
    assert isinstance(error, UnreadableRasterError)
    assert "absent.tif: there is no such file" in str(error)


@pytest.mark.parametrize("content", [b"", b"hello, I am no raster\n" * 50])
def test_not_a_raster(make_raster: RasterMaker, content: bytes) -> None:
    path = make_raster.folder / "a.tif"
    path.write_bytes(content)
    error = refusal(path)
    assert isinstance(error, UnreadableRasterError)
    assert "a.tif cannot be opened as a raster" in str(error)


@pytest.mark.parametrize("name", ["a.gpkg", "a.GeoJSON", "a.shp.zip"])
def test_a_layer_is_not_a_photo(make_raster: RasterMaker, name: str) -> None:
    path = make_raster.folder / name
    path.write_bytes(b"{}")
    error = refusal(path)
    assert isinstance(error, UnreadableRasterError)
    assert f"{name} is no raster" in str(error)
    assert "of a layer of buildings geoseg report tells" in str(error)


def test_a_folder(make_raster: RasterMaker) -> None:
    error = refusal(make_raster.folder)
    assert isinstance(error, UnreadableRasterError)
    assert "is a folder; name the rasters in it" in str(error)


@pytest.mark.parametrize(
    ("path", "said", "name"),
    [
        ("s3://photos/a.tif", "AWS_SECRET_ACCESS_KEY and AWS_NO_SIGN_REQUEST configuration options not defined, and ~/.aws/credentials not filled", "AWS_NO_SIGN_REQUEST"),
        ("/vsigs/photos/a.tif", "GS_SECRET_ACCESS_KEY+GS_ACCESS_KEY_ID, GS_NO_SIGN_REQUEST not defined, or ~/.boto not filled", "GS_NO_SIGN_REQUEST"),
        ("/vsiaz/photos/a.tif", "Missing AZURE_STORAGE_ACCOUNT+(AZURE_STORAGE_SAS_TOKEN or AZURE_NO_SIGN_REQUEST)", "AZURE_NO_SIGN_REQUEST"),
    ],
)  # fmt: skip
def test_a_bucket_without_credentials(
    path: str, said: str, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What GDAL says then; a real one would ask the machine's own metadata server first."""

    def unsigned(*_: object) -> None:
        raise rasterio.errors.RasterioIOError(said)

    monkeypatch.setattr("rasterio.open", unsigned)
    error = refusal(path)
    assert isinstance(error, UnreachableRasterError)
    assert f"{path} cannot be opened without credentials ({said})" in str(error)
    assert f"or {name}=YES where everybody may read" in str(error)


def test_a_file_cut_off_before_its_directory(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", IMAGE)
    path.write_bytes(path.read_bytes()[:100])
    assert isinstance(refusal(path), UnreadableRasterError)


@pytest.mark.parametrize("driver", ["PNG", "ENVI", "PCIDSK"])
@pytest.mark.parametrize("share", [0.5, 0.99])
def test_a_cut_file_for_which_gdal_gives_zeros(
    make_raster: RasterMaker, driver: str, share: float
) -> None:
    path = make_raster.folder / f"a.{driver.lower()}"
    rasterio.shutil.copy(make_raster("a.tif", IMAGE), path, driver=driver)
    Mosaic.open([path], gsd_range_m=None).close()
    whole = path.read_bytes()
    path.write_bytes(whole[: int(share * len(whole))])
    error = refusal(path)
    assert isinstance(error, UnreadableRasterError)
    assert "get it anew" in str(error)


@pytest.mark.parametrize(
    ("driver", "said"),
    [("PNG", "part.png is a damaged PNG"), ("ENVI", "it is cut"), ("PCIDSK", "it is cut")],
)
def test_a_cut_file_among_the_parts_of_a_vrt(
    make_raster: RasterMaker, driver: str, said: str
) -> None:
    part, whole = make_raster.folder / f"part.{driver.lower()}", make_raster.folder / "all.vrt"
    rasterio.shutil.copy(make_raster("a.tif", IMAGE), part, driver=driver)
    rasterio.shutil.copy(part, whole, driver="VRT")
    part.write_bytes(part.read_bytes()[:-100])
    assert said in str(refusal(whole))


def test_a_file_cut_off_within_its_pixels(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", draw_scene(400, 500))
    path.write_bytes(path.read_bytes()[:300_000])
    with Mosaic.open([path], gsd_range_m=None) as mosaic:
        mosaic.read(Window(0, 0, 100, 500))
        with pytest.raises(UnreadableRasterError, match=r"a\.tif: rows 0 to 259, columns 0 to 499"):
            mosaic.read(mosaic.grid.window)
        mosaic.read(Window(0, 0, 100, 500))


def test_a_warped_block_that_cannot_be_read(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", draw_scene(400, 500))
    path.write_bytes(path.read_bytes()[:300_000])
    with (
        Mosaic.open([path], gsd_range_m=(0.4, 0.6)) as mosaic,
        pytest.raises(UnreadableRasterError, match=r"a\.tif: rows 0 to 299"),
    ):
        mosaic.read(mosaic.grid.window)


def test_a_file_of_which_nothing_can_be_read(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", IMAGE)
    path.write_bytes(path.read_bytes()[:900])
    error = refusal(path)
    assert isinstance(error, UnreadableRasterError)
    assert "a.tif" in str(error)


def test_no_crs(make_raster: RasterMaker) -> None:
    error = refusal(make_raster("a.tif", IMAGE, crs=None, transform=transform_at()))
    assert isinstance(error, UnsupportedRasterError)
    assert "a.tif has no CRS" in str(error)


def test_no_georeference(make_raster: RasterMaker) -> None:
    error = refusal(make_raster("a.tif", IMAGE, crs=None))
    assert isinstance(error, UnsupportedRasterError)
    assert "a.tif has no georeference" in str(error)


def test_a_local_crs(make_raster: RasterMaker) -> None:
    local = 'LOCAL_CS["site",UNIT["metre",1]]'
    error = refusal(make_raster("a.tif", IMAGE, crs=local, transform=transform_at()))
    assert isinstance(error, UnsupportedRasterError)
    assert "local" in str(error)


def test_a_place_outside_the_crs(make_raster: RasterMaker) -> None:
    error = refusal(make_raster("a.tif", IMAGE, transform=Affine(1, 0, 1e9, 0, -1, 1e9)))
    assert isinstance(error, UnsupportedRasterError)


@pytest.mark.parametrize(
    "how", [{"nodata": 0}, {"mask": np.zeros((64, 80), dtype=bool)}], ids=["nodata", "mask"]
)
def test_no_valid_pixel(make_raster: RasterMaker, how: dict[str, object]) -> None:
    error = refusal(make_raster("a.tif", np.zeros_like(IMAGE), **how))
    assert isinstance(error, UnsupportedRasterError)
    assert "no pixel is valid" in str(error)


def test_a_single_valid_pixel_is_found(make_raster: RasterMaker) -> None:
    image = np.zeros((3, 300, 2500), dtype=np.uint8)
    image[:, 211, 1777] = 9
    path = make_raster("a.tif", image, nodata=0)
    with Mosaic.open([path], gsd_range_m=None) as mosaic:
        assert mosaic.read(mosaic.grid.window).valid.sum() == 1


def test_two_bands(make_raster: RasterMaker) -> None:
    error = refusal(make_raster("a.tif", IMAGE[:2]))
    assert isinstance(error, UnsupportedRasterError)
    assert "--bands" in str(error)
    Mosaic.open([make_raster("a.tif", IMAGE[:2])], gsd_range_m=None, bands=[2]).close()


@pytest.mark.parametrize("bands", [[1, 2, 4], [0, 1, 2], [-1], [1, 2], [1, 2, 3, 1]])
def test_unknown_bands(make_raster: RasterMaker, bands: list[int]) -> None:
    error = refusal(make_raster("a.tif", IMAGE), bands=bands)
    assert isinstance(error, UsageError)
    assert ",".join(map(str, bands)) in str(error)


def test_complex_numbers(make_raster: RasterMaker) -> None:
    error = refusal(make_raster("a.tif", IMAGE.astype(np.complex64)))
    assert isinstance(error, UnsupportedRasterError)
    assert "complex" in str(error)


def test_a_colour_table(make_raster: RasterMaker) -> None:
    error = refusal(make_raster("a.tif", IMAGE[:1], colors=[ColorInterp.palette]))
    assert "colour table" in str(error)


def test_rasters_of_different_band_counts(make_raster: RasterMaker) -> None:
    error = refusal(make_raster("rgb.tif", IMAGE), make_raster("gray.tif", IMAGE[:1]))
    assert isinstance(error, UnsupportedRasterError)
    assert "gray.tif has 1" in str(error)
    assert "rgb.tif has 3" in str(error)


def test_rgb_and_rgba_make_one_mosaic(make_raster: RasterMaker) -> None:
    alpha = np.concatenate([IMAGE, np.full_like(IMAGE[:1], 255)])
    colors = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)
    paths = [make_raster("rgb.tif", IMAGE), make_raster("rgba.tif", alpha, colors=colors)]
    Mosaic.open(paths, gsd_range_m=None).close()


def test_rasters_of_different_types(make_raster: RasterMaker) -> None:
    error = refusal(make_raster("a.tif", IMAGE), make_raster("b.tif", IMAGE.astype(np.uint16)))
    assert isinstance(error, UnsupportedRasterError)
    assert "uint16, uint8" in str(error)


def test_rasters_on_other_sides_of_the_earth(make_raster: RasterMaker) -> None:
    far = make_raster(
        "far.tif", IMAGE, crs="EPSG:4326", transform=Affine(1e-6, 0, -70, 0, -1e-6, 3)
    )
    error = refusal(make_raster("a.tif", IMAGE, crs=UTM, transform=transform_at(0.01)), far)
    assert isinstance(error, UnsupportedRasterError)


@pytest.mark.parametrize("gsd", [0, -0.3, float("nan"), float("inf"), 1e9, 1e-9])
def test_pixel_sizes_that_make_no_sense(make_raster: RasterMaker, gsd: float) -> None:
    assert isinstance(refusal(make_raster("a.tif", IMAGE), gsd_m=gsd), UsageError)


@pytest.mark.parametrize("stretch", [(5, 5), (9, 2), (0, float("nan"))])
def test_stretches_that_make_no_sense(
    make_raster: RasterMaker, stretch: tuple[float, float]
) -> None:
    assert isinstance(refusal(make_raster("a.tif", IMAGE), stretch=stretch), UsageError)


@pytest.mark.parametrize("side", [0.0, 1e-12])
def test_pixels_of_no_size_are_a_mistake(make_raster: RasterMaker, side: float) -> None:
    place = Affine(side, 0, 345600, 0, -side, 3072000)
    raster = make_raster("t.tif", draw_scene(32, 32), transform=place)
    with pytest.raises(UnsupportedRasterError, match="check its geotransform"):
        Mosaic.open([raster], gsd_range_m=None)


def test_a_raster_in_an_archive_is_told_its_name(
    make_raster: RasterMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile("z.zip", "w") as archive:
        archive.write(make_raster("x.tif", IMAGE), "x.tif")
    for name in ("z.zip!x.tif", "zip://z.zip!x.tif", "z.zip/x.tif"):
        assert str(refusal(name)).endswith("name it as /vsizip/z.zip/x.tif")
    assert str(refusal("z.zip")).endswith("name it as /vsizip/z.zip/NAME")
    with Mosaic.open(["/vsizip/z.zip/x.tif"], gsd_range_m=None) as mosaic:
        assert mosaic.sources[0].width == 80


@pytest.mark.parametrize("given", ["", " ", ["a.tif", ""]])
def test_an_empty_name_is_no_folder(given: str | list[str]) -> None:
    """It was told as a folder, and the rasters in the current one as what to name."""
    with pytest.raises(UsageError, match="the name of a raster is empty; give a path"):
        geoseg.info(given)


@pytest.mark.parametrize("role", ["dsm", "dtm", "ndsm"])
def test_nor_is_that_of_a_surface(role: str, make_raster: RasterMaker) -> None:
    """As a variable of a notebook that was not set; it was "no such file" of nothing."""
    surface = str(make_raster("dsm.tif", IMAGE[:1].astype(np.float32)))
    house = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)], crs=32645)
    others = {"dsm": surface} if role == "dtm" else {}
    with pytest.raises(UsageError, match="the name of a raster is empty"):
        geoseg.add_heights(house, **others, **{role: ""})
