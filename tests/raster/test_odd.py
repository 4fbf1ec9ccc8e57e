"""Rasters of sizes, places and kinds that are odd: described or refused in a sentence, at once."""

import warnings
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from affine import Affine
from conftest import UTM, RasterMaker, draw_scene, transform_at
from painted import PaintedModel
from rasterio.control import GroundControlPoint

import geoseg
from geoseg.errors import UnsupportedRasterError
from geoseg.raster import Mosaic
from geoseg.raster.advice import mosaic_warnings
from geoseg.raster.source import open_dataset

IMAGE = draw_scene(40, 50)


def refusal(path: Path) -> str:
    with pytest.raises(UnsupportedRasterError) as caught:
        geoseg.info(path, model=PaintedModel())
    assert "\n" not in str(caught.value)
    return str(caught.value)


def sparse(path: Path, **profile: object) -> Path:
    """A raster without pixels, of any size."""
    with rasterio.open(
        path, "w", driver="GTiff", count=1, dtype="uint8", sparse_ok=True, bigtiff="YES", **profile
    ):
        return path


def points(count: int, *, on_a_line: bool = False) -> list[GroundControlPoint]:
    places = [(5 * i, 5 * i if on_a_line else (7 * i * i) % 40) for i in range(count)]
    return [
        GroundControlPoint(row=row, col=col, x=345_600 + 0.3 * col, y=3_072_000 - 0.3 * row)
        for row, col in places
    ]


def endless(path: Path, side: int) -> Path:
    """A raster of so many rows and columns, all 0, whose description is all of it."""
    path.write_text(
        f'<VRTDataset rasterXSize="{side}" rasterYSize="{side}"><SRS>EPSG:3857</SRS><GeoTransform>'
        '0, 0.3, 0, 0, 0, -0.3</GeoTransform><VRTRasterBand dataType="Byte" band="1"/></VRTDataset>'
    )
    return path


@pytest.mark.parametrize(
    ("gsd_m", "range_m", "told"),
    [
        (0.45, (0.2, 0.6), "shows parts of 0.3 m at 0.45 m, which loses small buildings"),
        (0.3, (0.2, 0.6), None),
        (0.45, (0.5, 0.6), None),  # the model takes larger pixels anyway
    ],
)
def test_a_vrt_with_larger_pixels_than_its_parts_is_told(
    make_raster: RasterMaker, gsd_m: float, range_m: tuple[float, float], told: str | None
) -> None:
    part = make_raster("part.tif", IMAGE, transform=transform_at(0.3))
    _, height, width = IMAGE.shape
    scale = 0.3 / gsd_m
    box = 'xOff="0" yOff="0" xSize="{}" ySize="{}"'
    bands = "".join(
        f'<VRTRasterBand dataType="Byte" band="{band}"><SimpleSource><SourceFilename>{part}</SourceFilename>'
        f"<SourceBand>{band}</SourceBand><SrcRect {box.format(width, height)} />\n"
        f"<DstRect {box.format(width * scale, height * scale)} /></SimpleSource></VRTRasterBand>"
        for band in (1, 2, 3)
    )
    vrt = part.with_name("town.vrt")
    vrt.write_text(
        f'<VRTDataset rasterXSize="{width * scale:.0f}" rasterYSize="{height * scale:.0f}"><SRS>{UTM}</SRS>'
        f"<GeoTransform>345600, {gsd_m}, 0, 3072000, 0, -{gsd_m}</GeoTransform>{bands}</VRTDataset>"
    )
    warned = " ".join(geoseg.info(vrt, model=PaintedModel(gsd_m=range_m)).warnings)
    assert (told in warned) if told else ("shows parts" not in warned)


def test_a_raster_of_a_million_million_pixels_is_described_at_once(tmp_path: Path) -> None:
    seen = geoseg.info(endless(tmp_path / "a.vrt", 1_000_000), model=PaintedModel())
    assert seen.tiles > 1e6
    assert seen.time.most_minutes > 1e3


def test_a_run_over_more_tiles_than_anybody_waits_for_is_refused(tmp_path: Path) -> None:
    path = endless(tmp_path / "a.vrt", 60_000_000)
    with pytest.raises(UnsupportedRasterError, match=r"60,000,\d+ x 60,000,\d+ pixels .* tiles"):
        geoseg.predict(path, model=PaintedModel())


def test_rows_of_two_thousand_million_pixels_are_not_read(tmp_path: Path) -> None:
    path = sparse(
        tmp_path / "a.tif", height=4, width=2_000_000_000, crs=UTM, transform=transform_at(1e-3)
    )
    assert "blocks of 2,000,000,000 x " in refusal(path)
    assert "gdal_translate -co TILED=YES" in refusal(path)


def test_a_world_in_one_image_is_no_map(tmp_path: Path) -> None:
    path = sparse(
        tmp_path / "a.tif",
        height=180,
        width=360,
        crs="EPSG:4326",
        transform=Affine(1, 0, -180, 0, -1, 90),
    )
    assert "degrees from the middle of its UTM zone" in refusal(path)


@pytest.mark.parametrize("size", [(1, 1), (1, 2), (2, 4)])
def test_pixels_as_large_as_the_world(tmp_path: Path, size: tuple[int, int]) -> None:
    height, width = size
    place = Affine(360 / width, 0, -180, 0, -180 / height, 90)
    assert refusal(
        sparse(tmp_path / "a.tif", height=height, width=width, crs="EPSG:4326", transform=place)
    )


def test_metres_under_a_crs_in_degrees(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", IMAGE, crs="EPSG:4326", transform=transform_at())
    assert "lies outside the area of its CRS 'WGS 84'" in refusal(path)


def test_too_few_control_points(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", IMAGE, gcps=points(1))
    assert "a.tif has 1 ground control points, which do not say where it lies" in refusal(path)


def test_control_points_on_a_line(
    make_raster: RasterMaker, capfd: pytest.CaptureFixture[str]
) -> None:
    path = make_raster("a.tif", IMAGE, gcps=points(7, on_a_line=True))
    assert "at least three that are not on one line" in refusal(path)
    assert not capfd.readouterr().err  # GDAL's own line


@pytest.mark.parametrize(
    "transform",
    [Affine(0.3, 0.3, 345_600, -0.3, -0.3, 3_072_000), Affine(0.3, 0, 345_600, 0, 0, 3)],
)
def test_pixels_without_an_area(make_raster: RasterMaker, transform: Affine) -> None:
    """`info` described them, and `predict` ended in GDAL's "Cannot invert geotransform"."""
    path = make_raster("a.tif", IMAGE, transform=transform)
    assert "its pixels have no area on the ground; check its geotransform, (345600.0" in refusal(
        path
    )


def test_control_points_in_two_rows(make_raster: RasterMaker) -> None:
    at = transform_at()
    places = [(row, col) for row in (0, IMAGE.shape[1]) for col in (0, 20, IMAGE.shape[2])]
    in_rows = [GroundControlPoint(row, col, *(at * (col, row))) for row, col in places]
    plain = make_raster("plain.tif", IMAGE, transform=at)
    image = make_raster("a.tif", IMAGE, gcps=in_rows)
    with open_dataset(str(image)) as placed, open_dataset(str(plain)) as want:
        assert placed.transform.almost_equals(want.transform, 1e-6)
        assert (placed.read()[:3] == want.read()).all()


def test_control_points_in_two_rows_that_waver(make_raster: RasterMaker) -> None:
    at, rng = transform_at(), np.random.default_rng(1)
    places = [(row, col) for row in (0, IMAGE.shape[1]) for col in (0, 20, IMAGE.shape[2])]
    wavering = [(row + rng.normal(0, 0.2), col + rng.normal(0, 0.2)) for row, col in places]
    errors_m = rng.normal(0, 0.3, (6, 2))
    read_off = [
        GroundControlPoint(row, col, *(np.array(at * (col, row)) + error))
        for (row, col), error in zip(wavering, errors_m, strict=True)
    ]
    with open_dataset(str(make_raster("a.tif", IMAGE, gcps=read_off))) as placed:
        left, top = at * (0, 0)
        right, bottom = at * (IMAGE.shape[2], IMAGE.shape[1])
        assert np.abs(np.array(placed.bounds) - (left, bottom, right, top)).max() < 1.5


def test_control_points_in_three_rows_may_bend(make_raster: RasterMaker) -> None:
    at = transform_at()
    rows, cols = (0, 20, IMAGE.shape[1]), (0, 20, IMAGE.shape[2])
    bent = [
        GroundControlPoint(
            row, col, x=(at * (col, row))[0] + 0.005 * row * row, y=(at * (col, row))[1]
        )
        for row in rows
        for col in cols
    ]
    with open_dataset(str(make_raster("a.tif", IMAGE, gcps=bent))) as placed:
        left, _ = at * (0, 0)
        right, _ = at * (IMAGE.shape[2], 0)
        bend_m = 0.005 * IMAGE.shape[1] ** 2
        assert placed.bounds.left == pytest.approx(left, abs=0.5)
        assert placed.bounds.right == pytest.approx(right + bend_m, abs=0.5)


def add_rational_polynomials(path: Path) -> None:
    of_all = [
        f"{axis}_{what}"
        for axis in ("LINE", "SAMP", "LAT", "LONG", "HEIGHT")
        for what in ("OFF", "SCALE")
    ]
    one = " ".join(["1"] + ["0"] * 19)
    parts = {f"{axis}_{part}_COEFF": one for axis in ("LINE", "SAMP") for part in ("NUM", "DEN")}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(path, "r+") as dataset:
            dataset.update_tags(ns="RPC", **dict.fromkeys(of_all, "50"), **parts)


def test_rational_polynomials_alone(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", IMAGE, crs=None)
    add_rational_polynomials(path)
    assert "rational polynomials (RPCs)" in refusal(path)
    assert "gdalwarp -rpc" in refusal(path)


def told(path: Path) -> str:
    """What is warned of before a run."""
    with Mosaic.open([path], gsd_range_m=None) as mosaic:
        return " ".join(mosaic_warnings(mosaic, None))


def test_rational_polynomials_that_control_points_or_a_place_go_before(
    make_raster: RasterMaker,
) -> None:
    placed, by_points = make_raster("a.tif", IMAGE), make_raster("b.tif", IMAGE, gcps=points(7))
    for path in (placed, by_points):
        add_rational_polynomials(path)
    said = "b.tif is placed by its 7 ground control points; its camera's rational"
    assert said in told(by_points)
    assert "RPC" not in told(placed)


@pytest.mark.parametrize(
    ("scales", "offsets", "several"),
    [
        ((0.1, 0.1, 0.1), (5, 5, 5), False),
        ((0.1, 0.2, 0.1), (0, 0, 0), True),
        ((1, 1, 1), (0, 0, 9), True),
    ],
)
def test_bands_of_several_scales_are_told(
    make_raster: RasterMaker,
    scales: tuple[float, ...],
    offsets: tuple[float, ...],
    several: bool,
) -> None:
    path = make_raster("a.tif", IMAGE.astype(np.int16))
    with rasterio.open(path, "r+") as raster:
        raster.scales, raster.offsets = scales, offsets
    assert ("a.tif has another scale or offset for each band" in told(path)) is several


def test_an_idrisi_copy_of_a_photo_may_have_red_for_blue(
    tmp_path: Path, make_raster: RasterMaker
) -> None:
    """GDAL keeps the order of the bands, and the format says that it is the other one."""
    copy = tmp_path / "a.rst"
    rasterio.shutil.copy(make_raster("a.tif", IMAGE), copy, driver="RST")
    assert "red and blue are exchanged: give --bands 1,2,3" in told(copy)
    with Mosaic.open([copy], bands=(1, 2, 3), gsd_range_m=None) as mosaic:
        assert "exchanged" not in " ".join(mosaic_warnings(mosaic, None))


@pytest.mark.parametrize("suffix", ["jpg", "png"])
def test_a_photo_without_a_place(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    driver = {"jpg": "JPEG", "png": "PNG"}[suffix]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(
            path, "w", driver=driver, count=3, height=40, width=50, dtype="uint8"
        ) as dataset:
            dataset.write(IMAGE)
    assert "has no georeference" in refusal(path)


def test_complex_whole_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.tif"
    with rasterio.open(
        path, "w", driver="GTiff", count=1, height=40, width=50, dtype="complex_int16", crs=UTM,
        transform=transform_at(),
    ) as dataset:  # fmt: skip
        dataset.write(IMAGE[:1].astype(np.complex64))
    assert "holds complex numbers (complex_int16)" in refusal(path)


def test_control_points_without_a_crs(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", IMAGE, crs=None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        with rasterio.open(path, "r+") as dataset:
            dataset.gcps = points(4), rasterio.CRS()
    told = "a.tif has 4 ground control points, but nothing says in which CRS"
    assert told in refusal(path)


def test_a_file_of_several_rasters_names_them(make_raster: RasterMaker, tmp_path: Path) -> None:
    path, one = tmp_path / "towns.gpkg", make_raster("a.tif", IMAGE)
    rasterio.shutil.copy(one, path, driver="GPKG", RASTER_TABLE="WEST")
    assert_opens(path)
    rasterio.shutil.copy(one, path, driver="GPKG", RASTER_TABLE="EAST", APPEND_SUBDATASET="YES")
    told = refusal(path)
    assert f"holds several rasters; name one of them: GPKG:{path}:WEST, GPKG:{path}:EAST" in told
    assert_opens(f"GPKG:{path}:WEST")


def test_a_projection_beside_a_photo_is_named(make_raster: RasterMaker) -> None:
    one = make_raster("a.tif", IMAGE, crs=None, transform=transform_at())
    with rasterio.open(one) as dataset:
        (one.parent / "a.prj").write_text(rasterio.CRS.from_epsg(32645).to_wkt())
        assert dataset.crs is None
    assert 'rio edit-info --crs "$(cat ' in refusal(one)


def assert_opens(path: Path | str) -> None:
    with Mosaic.open([path], gsd_range_m=None) as mosaic:
        assert mosaic.read(mosaic.grid.window).valid.any()
