"""Heights against masks of rasterio and plain numpy, and what is refused."""

from __future__ import annotations

import json
import logging
import math
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
import shapely
from affine import Affine
from commands import exit_code, invoke
from conftest import LEFT_M, TOP_M, UTM, RasterMaker, transform_at
from geopandas.testing import assert_geodataframe_equal
from half_lost import without_right_half
from numpy.typing import NDArray
from rasterio.features import geometry_mask
from scipy.ndimage import binary_erosion
from surface_town import SurfaceSpec, SurfaceTown, build

import geoseg
from geoseg.errors import (
    GeosegError,
    OutputError,
    OutputExistsError,
    UnreadableRasterError,
    UnsupportedRasterError,
    UsageError,
)
from geoseg.heights import measuring, places, store
from geoseg.heights.burning import burn_all, edges_of
from geoseg.heights.columns import HEIGHT_NAMES

GSD = 0.5
Surface = NDArray[np.float32]


def at(x0: float, y0: float, x1: float, y1: float) -> shapely.Polygon:
    """A box in pixels, on the ground."""
    return shapely.box(LEFT_M + x0 * GSD, TOP_M - y1 * GSD, LEFT_M + x1 * GSD, TOP_M - y0 * GSD)


def frame(*outlines: shapely.Geometry, **columns: Any) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=list(outlines), crs=UTM)


def hillside(side: int = 160) -> Surface:
    """Ground that rises by 20 % to the east, with a little noise."""
    ground = 300 + 0.2 * GSD * np.arange(side)[None, :] * np.ones((side, 1))
    return (ground + np.random.default_rng(1).normal(0, 0.05, (side, side))).astype(np.float32)


@pytest.fixture
def write(make_raster: RasterMaker) -> Callable[..., Path]:
    def write(surface: NDArray[Any], name: str = "dsm.tif", **how: Any) -> Path:
        return make_raster(name, surface, **{"transform": transform_at(GSD), **how})

    return write


@pytest.fixture(scope="module")
def town() -> SurfaceTown:
    return build(SurfaceSpec(6, slope=0.1, seed=5))


def inner_mask(outline: shapely.Geometry, shape: tuple[int, int]) -> NDArray[np.bool_]:
    inside = geometry_mask([outline], shape, transform_at(GSD), invert=True)
    inner = binary_erosion(inside, np.ones((3, 3)))
    return inner if inner.any() else inside


# --- right values ---


def test_with_a_terrain_model_as_rasterio_and_numpy(
    write: Callable[..., Path], town: SurfaceTown
) -> None:
    found = geoseg.add_heights(
        frame(*town.footprints),
        dsm=write(town.surface, nodata=math.nan),
        dtm=write(town.ground, "dtm.tif"),
    )
    shape = town.surface.shape
    above = town.surface.astype(float) - town.ground
    checked = 0
    for row, outline in enumerate(town.footprints):
        if not shapely.box(*outline.bounds).within(at(2, 2, shape[1] - 2, shape[0] - 2)):
            continue
        inside = geometry_mask([outline], shape, transform_at(GSD), invert=True)
        inner = inner_mask(outline, shape) & np.isfinite(above)
        assert found.height_m[row] == pytest.approx(np.median(above[inner]), abs=1e-4)
        assert found.height_max_m[row] == pytest.approx(np.quantile(above[inner], 0.95), abs=1e-4)
        assert found.ground_m[row] == pytest.approx(town.ground[inner].mean(), abs=1e-3)
        assert found.volume_m3[row] == pytest.approx(outline.area * above[inner].mean(), rel=0.002)
        known = np.isfinite(above[inside]).mean()
        assert found.height_coverage[row] == pytest.approx(known, abs=1e-9)
        checked += 1
    assert checked > 20


def test_the_ground_is_found_on_a_slope_among_clutter(
    write: Callable[..., Path], town: SurfaceTown
) -> None:
    found = geoseg.add_heights(frame(*town.footprints), dsm=write(town.surface, nodata=math.nan))
    house = np.isin(town.kind, ["detached", "terrace"])
    error = (found.height_m - town.height_m)[house]
    assert np.nanquantile(np.abs(error), 0.9) < 0.4
    assert abs(np.nanmean(found.ground_m - town.ground_m)) < 0.1
    told = found.roof.notna()
    assert ((found.roof == "pitched") == town.pitched)[told & house].mean() > 0.95
    pitched = (found.roof == "pitched") & house
    assert (found.eaves_m[pitched] < found.height_m[pitched]).all()
    assert found.eaves_m[~(found.roof == "pitched")].isna().all()


def test_pools_and_car_parks_do_not_rise(write: Callable[..., Path], town: SurfaceTown) -> None:
    found = geoseg.add_heights(frame(*town.flat), dsm=write(town.surface, nodata=math.nan))
    assert (found.height_m < 1).all()


def test_a_courtyard_is_no_roof(write: Callable[..., Path]) -> None:
    surface = hillside()
    surface[40:100, 40:100] = 330
    surface[60:80, 60:80] = 300 + 0.2 * GSD * np.arange(60, 80)
    found = geoseg.add_heights(frame(at(40, 40, 100, 100) - at(60, 60, 80, 80)), dsm=write(surface))
    ground = 300 + 0.2 * GSD * 69.5
    assert found.ground_m[0] == pytest.approx(ground, abs=0.1)
    assert found.height_m[0] == pytest.approx(330 - ground, abs=0.2)


def test_heights_above_ground(write: Callable[..., Path]) -> None:
    surface = np.zeros((80, 80), np.float32)
    surface[20:40, 20:50] = 7.5
    found = geoseg.add_heights(frame(at(20, 20, 50, 40)), ndsm=write(surface))
    assert found.height_m[0] == pytest.approx(7.5)
    assert found.ground_m.isna().all()
    assert found.roof[0] == "flat"


def test_what_another_footprint_covers_is_no_ground(write: Callable[..., Path]) -> None:
    surface = np.full((120, 120), 50.0, np.float32)
    surface[40:80, 30:90] = 60
    terrace = [at(30 + 15 * i, 40, 45 + 15 * i, 80) for i in range(4)]
    found = geoseg.add_heights(frame(*terrace), dsm=write(surface))
    np.testing.assert_allclose(found.ground_m, 50, atol=0.01)
    np.testing.assert_allclose(found.height_m, 10, atol=0.01)


# --- whatever the CRS, the pixels and the unit ---


def test_other_crs_pixels_and_units(write: Callable[..., Path]) -> None:
    surface = hillside()
    surface[40:100, 40:100] = 330
    outline = frame(at(40, 40, 100, 100))
    expected = geoseg.add_heights(outline, dsm=write(surface)).iloc[0]

    degrees = geoseg.add_heights(outline.to_crs(4326), dsm=write(surface)).iloc[0]
    assert degrees.height_m == pytest.approx(expected.height_m, abs=0.05)

    feet = write(surface / 0.3048, "ft.tif")
    asked = geoseg.add_heights(outline, dsm=feet, height_unit="ft").iloc[0]
    assert asked.height_m == pytest.approx(expected.height_m, abs=1e-3)

    compound = write(surface / (1200 / 3937), "us.tif", crs=f"{UTM}+6360")
    vertical = geoseg.add_heights(outline, dsm=compound).iloc[0]
    assert vertical.height_m == pytest.approx(expected.height_m, abs=1e-3)

    fine = write(surface.repeat(4, 0).repeat(4, 1), "fine.tif", transform=transform_at(GSD / 4))
    assert geoseg.add_heights(outline, dsm=fine).height_m[0] == pytest.approx(
        expected.height_m, abs=0.1
    )


def test_bands_state_their_unit_and_scale(write: Callable[..., Path]) -> None:
    surface = np.full((80, 80), 1000, np.int16)
    surface[20:60, 20:60] = 1500
    path = write(surface)
    with rasterio.open(path, "r+") as dataset:
        dataset.units, dataset.scales = ("feet",), (0.1,)
    found = geoseg.add_heights(frame(at(20, 20, 60, 60)), dsm=path)
    assert found.height_m[0] == pytest.approx(50 * 0.3048)


def test_a_terrain_model_of_another_grid_and_crs(
    write: Callable[..., Path], tmp_path: Path
) -> None:
    surface = hillside()
    surface[40:100, 40:100] += 10
    terrain = write(hillside()[::4, ::4], "dtm.tif", transform=transform_at(GSD * 4))
    other = tmp_path / "dtm_3857.tif"
    with (
        rasterio.open(terrain) as source,
        rasterio.vrt.WarpedVRT(source, crs="EPSG:3857") as warped,
    ):
        profile = {**warped.profile, "driver": "GTiff"}
        profile.pop("blockxsize", None), profile.pop("blockysize", None)
        with rasterio.open(other, "w", **profile) as target:
            target.write(warped.read())
    dsm = write(surface)
    for dtm in (terrain, other):
        found = geoseg.add_heights(frame(at(40, 40, 100, 100)), dsm=dsm, dtm=dtm)
        assert found.height_m[0] == pytest.approx(10, abs=0.2)


# --- holes ---


def test_holes_are_counted_and_never_guessed(write: Callable[..., Path]) -> None:
    surface = np.full((100, 200), 10.0, np.float32)
    surface[20:60, 20:60] = surface[20:60, 120:160] = 18
    surface[20:60, 20:40] = -9999  # half of the first
    surface[
        20:60, 120:156
    ] = -9999  # nearly all of the second; unmarked, and no height all the same
    outlines = frame(at(20, 20, 60, 60), at(120, 20, 160, 60), at(500, 0, 520, 20), None)
    found = geoseg.add_heights(outlines, dsm=write(surface))
    assert found.height_coverage.round(2).tolist()[:3] == [
        0.5,
        0.1,
        pytest.approx(math.nan, nan_ok=True),
    ]
    assert found.height_m[0] == pytest.approx(8)
    assert found.height_m[1:].isna().all()
    counts = found.attrs["heights"]
    assert (counts["rows"], counts["measured"], counts["holes"]) == (4, 1, 2)
    assert (counts["without_surface"], counts["too_little"]) == (2, 1)


# --- by place ---


def test_places_change_nothing(
    write: Callable[..., Path], town: SurfaceTown, monkeypatch: pytest.MonkeyPatch
) -> None:
    dsm = write(town.surface, nodata=math.nan, tiled=True, blockxsize=64, blockysize=64)
    whole = geoseg.add_heights(frame(*town.footprints), dsm=dsm)
    monkeypatch.setattr(places, "PLACE_PX", 37)
    cut = geoseg.add_heights(frame(*town.footprints), dsm=dsm)
    assert_geodataframe_equal(whole, cut)


def test_a_giant_is_measured_in_coarser_steps(
    write: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    surface = np.full((400, 400), 5.0, np.float32)
    surface[100:300, 100:300] = 25
    monkeypatch.setattr(places, "PLACE_PX", 64)
    monkeypatch.setattr(places, "MOST_PX", 100)
    found = geoseg.add_heights(frame(at(100, 100, 300, 300)), dsm=write(surface))
    assert found.height_m[0] == pytest.approx(20)


def test_samples_are_divided_among_neighbours() -> None:
    rng = np.random.default_rng(0)
    corners = rng.uniform(5, 45, (40, 2))
    cells = shapely.get_parts(shapely.voronoi_polygons(shapely.MultiPoint(corners)))
    cells = shapely.intersection(cells, shapely.box(0, 0, 50, 50))
    count = np.zeros((50, 50), int)
    for cell in cells:
        mask = np.zeros((50, 50), np.uint8)
        burn_all(*edges_of(np.array([cell], dtype=object)), mask)
        count += mask
        x, y = np.meshgrid(np.arange(50.0), np.arange(50.0))
        inside = shapely.contains_xy(cell, x, y)
        touched = shapely.intersects_xy(shapely.boundary(cell), x, y)
        assert (mask.astype(bool) == inside)[~touched].all()
    assert (count[1:, 1:] == 1).all()


# --- files ---


def test_files_keep_rows_and_columns(
    write: Callable[..., Path], town: SurfaceTown, tmp_path: Path
) -> None:
    given = frame(*town.footprints, name=[f"b{i}" for i in range(len(town.footprints))])
    given.loc[3, "geometry"] = None
    given.to_file(tmp_path / "in.gpkg", layer="houses")
    dsm = write(town.surface, nodata=math.nan)
    expected = geoseg.add_heights(given, dsm=dsm)
    for suffix in (".gpkg", ".fgb", ".parquet", ".geojson"):
        done = geoseg.add_heights(tmp_path / "in.gpkg", tmp_path / f"out{suffix}", dsm=dsm)
        assert done.rows == len(given)
        path = tmp_path / f"out{suffix}"
        named = {"layer": "buildings"} if suffix == ".gpkg" else {}
        back = gpd.read_parquet(path) if suffix == ".parquet" else gpd.read_file(path, **named)
        back = back.sort_values("name", key=lambda names: names.str[1:].astype(int))
        assert list(back.name) == list(given.name)
        for name in HEIGHT_NAMES:
            if name == "roof":
                assert list(back.roof.fillna("")) == list(expected.roof.fillna(""))
            else:
                np.testing.assert_array_equal(back[name], expected[name])
    again = geoseg.add_heights(tmp_path / "out.gpkg", dsm=dsm)
    assert set(again.columns) == {"name", "geometry", *HEIGHT_NAMES}


def test_a_geopackage_tells_what_it_holds(write: Callable[..., Path], tmp_path: Path) -> None:
    surface = hillside()
    surface[40:100, 40:100] = 330
    frame(at(40, 40, 100, 100), height_m=[3.0]).to_file(tmp_path / "in.gpkg")
    geoseg.add_heights(tmp_path / "in.gpkg", tmp_path / "out.gpkg", dsm=write(surface))
    with sqlite3.connect(tmp_path / "out.gpkg") as connection:
        described = dict(connection.execute("SELECT column_name, title FROM gpkg_data_columns"))
        (record,) = connection.execute("SELECT metadata FROM gpkg_metadata").fetchone()
        (style,) = connection.execute("SELECT styleQML FROM layer_styles").fetchone()
    assert described["height_m"] == "Height"
    assert json.loads(record)["heights"]["dsm"] == "dsm.tif"
    assert "extrusionHeight" in style
    assert pyogrio.read_info(tmp_path / "out.gpkg", layer="buildings")["features"] == 1
    assert gpd.read_file(tmp_path / "out.gpkg", layer="buildings").height_m[0] > 20


# --- warnings ---


def test_heights_of_outlines_are_said_to_be_left_out(
    write: Callable[..., Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    surface, outlines = town_of(6, 4)
    outlines.geometry = shapely.force_3d(outlines.geometry.to_numpy(), 3.0)
    outlines.to_file(tmp_path / "in.gpkg")
    for given, name in ((tmp_path / "in.gpkg", "a.gpkg"), (outlines, "b.gpkg")):
        caplog.clear()
        geoseg.add_heights(given, tmp_path / name, dsm=write(surface))
        assert caplog.text.count("heights of outlines are left out") == 1


@pytest.mark.filterwarnings("ignore:invalid value encountered")
def test_invalid_footprints_are_measured_as_repaired(
    write: Callable[..., Path], town: SurfaceTown, tmp_path: Path
) -> None:
    """Parts that lie on each other, as floor and roof of a solid, are no holes."""
    dsm = write(town.surface)
    house = max((one for one in town.footprints if not one.interiors), key=shapely.area)
    corners = shapely.get_coordinates(house.exterior)
    twice = shapely.MultiPolygon([house, house])
    around_twice = shapely.Polygon(np.vstack([corners, corners]))
    given = frame(twice, around_twice, house)
    told = geoseg.add_heights(given, dsm=dsm)
    geoseg.add_heights(given, tmp_path / "h.gpkg", dsm=dsm)
    written = gpd.read_file(tmp_path / "h.gpkg", layer="buildings")
    for made in (told, written):
        for name in ("height_m", "volume_m3", "ground_m"):
            assert made[name].tolist() == pytest.approx([made[name].iloc[2]] * 3), name
    assert written.geometry.iloc[0].equals_exact(twice, 1e-6)


def town_of(height_m: float, count: int = 16) -> tuple[Surface, gpd.GeoDataFrame]:
    surface = np.full((400, 400), 20.0, np.float32)
    outlines = []
    for i in range(count):
        row, col = 30 + 90 * (i // 4), 30 + 90 * (i % 4)
        surface[row : row + 30, col : col + 30] += height_m
        outlines.append(at(col, row, col + 30, row + 30))
    return surface, frame(*outlines)


def test_doubts_are_warned_of(write: Callable[..., Path], caplog: pytest.LogCaptureFixture) -> None:
    surface, outlines = town_of(12)
    ground = np.full_like(surface, 20)
    caplog.set_level(logging.WARNING)
    geoseg.add_heights(outlines, dsm=write(surface), dtm=write(ground, "dtm.tif"))
    assert caplog.messages == []
    geoseg.add_heights(outlines, dsm=write(surface), dtm=write(ground - 3, "dtm.tif"))
    assert "3.0 m above dtm.tif" in caplog.messages[-1]
    geoseg.add_heights(outlines, ndsm=write(surface))
    assert "20.0 m, not 0" in caplog.messages[-1]
    geoseg.add_heights(outlines, dsm=write(town_of(500)[0]))
    assert "16 buildings are higher than 400 m" in caplog.messages[-1]
    geoseg.add_heights(outlines, dsm=write(ground))
    assert "16 of 16 footprints rise by less" in caplog.messages[-1]


def test_zeros_far_below_everything_are_holes(
    write: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    """As a warp or a merge leaves them that was told no nodata value."""
    surface, outlines = town_of(12)
    hills = surface + 1000
    hills[:, :60] = 0
    found, marked = (
        geoseg.add_heights(outlines, dsm=write(hills, f"{nodata}.tif", nodata=nodata))
        for nodata in (None, 0)
    )
    for name in ("height_m", "ground_m", "height_coverage"):
        np.testing.assert_array_equal(found[name], marked[name])
    assert 0 < found["height_m"].isna().sum() < len(found)
    assert "None.tif: the number 0, " in caplog.text
    caplog.clear()
    terrain = write(np.where(hills == 0, 0, 1020).astype(np.float32), "terrain.tif")
    whole = geoseg.add_heights(outlines, dsm=write(surface + 1000), dtm=terrain)
    assert whole["height_m"].max() < 13
    assert "terrain.tif: the number 0, " in caplog.text
    caplog.clear()
    by_the_sea = surface - 20
    by_the_sea[:, :8] = 0
    assert geoseg.add_heights(outlines, dsm=write(by_the_sea)).height_m.notna().all()
    assert geoseg.add_heights(outlines, ndsm=write(by_the_sea)).height_m.notna().all()
    assert not caplog.text


def test_feet_that_nobody_stated_are_warned_of(
    write: Callable[..., Path], caplog: pytest.LogCaptureFixture
) -> None:
    surface, _ = town_of(12)
    place = Affine(1.6, 0, 987_000, 0, -1.6, 200_000)
    dsm = write(surface, crs="EPSG:2263", transform=place)
    outline = gpd.GeoDataFrame(geometry=[shapely.box(987_048, 199_904, 987_096, 199_952)], crs=2263)
    found = geoseg.add_heights(outline, dsm=dsm)
    assert "--height-unit ft" in caplog.messages[-1]
    assert found.height_m[0] == pytest.approx(12)


# --- bad input, one sentence each ---


def hillshade(side: int = 160) -> NDArray[np.float32]:
    return np.random.default_rng(0).integers(100, 250, (side, side)).astype(np.float32)


REFUSED: dict[str, tuple[Callable[[Callable[..., Path]], dict[str, Any]], str]] = {
    "elsewhere": (
        lambda write: {"dsm": write(hillside(), transform=transform_at(GSD, left=9e5))},
        "lies on dsm.tif",
    ),
    "other crs": (lambda write: {"dsm": write(hillside(), crs="EPSG:32633")}, "lies on dsm.tif"),
    "hillshade": (lambda write: {"dsm": write(hillshade())}, "holds a picture"),
    "photo of 16 bits": (
        lambda write: {"dsm": write((hillshade() * 20).astype(np.uint16))},
        "holds a picture",
    ),
    "8 bits": (lambda write: {"dsm": write(hillshade().astype(np.uint8))}, "holds 8 bits"),
    "three bands": (
        lambda write: {"dsm": write(np.stack([hillside()] * 3))},
        "has 3 bands",
    ),
    "terrain above": (
        lambda write: {"dsm": write(hillside()), "dtm": write(hillside() + 9, "dtm.tif")},
        "9.0 m above dsm.tif",
    ),
    "terrain elsewhere": (
        lambda write: {
            "dsm": write(hillside()),
            "dtm": write(hillside(), "dtm.tif", transform=transform_at(GSD, left=9e5)),
        },
        "tells nothing where",
    ),
    "no crs": (lambda write: {"dsm": write(hillside(), crs=None)}, "has no CRS"),
    "depths": (lambda write: {"dsm": write(hillside(), crs=f"{UTM}+5715")}, "depths downwards"),
    "nothing": (lambda _: {}, "--dsm"),
    "both": (
        lambda write: {"dsm": write(hillside()), "ndsm": write(hillside(), "n.tif")},
        "one of",
    ),
    "ndsm and terrain": (
        lambda write: {"ndsm": write(hillside()), "dtm": write(hillside(), "n.tif")},
        "leave out",
    ),
    "no unit": (lambda write: {"dsm": write(hillside()), "height_unit": "yd"}, "none of m, cm"),
    "missing": (lambda _: {"dsm": "nowhere.tif"}, "no such file"),
    "several": (lambda _: {"dsm": ["a.tif", "b.tif"]}, "gdalbuildvrt"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_bad_input_is_one_sentence(case: str, write: Callable[..., Path], tmp_path: Path) -> None:
    make, said = REFUSED[case]
    output = tmp_path / "out.gpkg"
    with pytest.raises(GeosegError, match=said) as caught:
        geoseg.add_heights(frame(at(40, 40, 100, 100)), output, **make(write))
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir() if "out" in path.name] == []


def test_a_vrt_that_lost_a_file_is_refused(write: Callable[..., Path]) -> None:
    vrt = without_right_half(write(hillside(400), nodata=None))
    with pytest.raises(UnreadableRasterError, match=r"names gone\.tif, which is not there"):
        geoseg.add_heights(frame(at(20, 60, 40, 80)), dsm=vrt)


def test_a_raster_without_a_band(tmp_path: Path) -> None:
    path = tmp_path / "several.gpkg"
    for table, append in (("a", "NO"), ("b", "YES")):
        with rasterio.open(
            path, "w", driver="GPKG", height=32, width=32, count=1, dtype="uint8", crs=UTM,
            transform=transform_at(GSD), RASTER_TABLE=table, APPEND_SUBDATASET=append,
        ) as dataset:  # fmt: skip
            dataset.write(np.ones((1, 32, 32), np.uint8))
    with pytest.raises(UnsupportedRasterError, match="no band"):
        geoseg.add_heights(frame(at(0, 0, 9, 9)), dsm=path)


def test_a_full_disk_is_told_while_footprints_are_kept(
    write: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    surface, outlines = town_of(12)
    outlines.to_file(tmp_path / "b.gpkg")
    monkeypatch.setattr(store.pa.ipc, "new_file", full)
    with pytest.raises(OutputError, match="cannot be written: No space left on device"):
        geoseg.add_heights(tmp_path / "b.gpkg", tmp_path / "h.gpkg", dsm=write(surface))
    assert {path.name for path in tmp_path.iterdir()} == {"b.gpkg", "dsm.tif"}


def test_points_are_refused(write: Callable[..., Path], tmp_path: Path) -> None:
    mixed = frame(at(40, 40, 100, 100), shapely.Point(LEFT_M, TOP_M))
    mixed.to_file(tmp_path / "in.gpkg")
    for given in (mixed, tmp_path / "in.gpkg"):
        with pytest.raises(UsageError, match="row 1 holds a Point"):
            geoseg.add_heights(given, tmp_path / "out.gpkg", dsm=write(hillside()))


def test_the_output_is_checked_first(write: Callable[..., Path], tmp_path: Path) -> None:
    dsm, outline = write(hillside()), frame(at(40, 40, 100, 100))
    (tmp_path / "out.gpkg").touch()
    with pytest.raises(OutputExistsError):
        geoseg.add_heights(outline, tmp_path / "out.gpkg", dsm=dsm)
    outline.to_file(tmp_path / "in.gpkg")
    with pytest.raises(UsageError, match="is an input"):
        geoseg.add_heights(tmp_path / "in.gpkg", tmp_path / "in.gpkg", dsm=dsm, overwrite=True)


def test_no_rows(write: Callable[..., Path], tmp_path: Path) -> None:
    frame(at(40, 40, 100, 100)).iloc[:0].to_file(tmp_path / "in.gpkg", geometry_type="Polygon")
    done = geoseg.add_heights(tmp_path / "in.gpkg", tmp_path / "out.gpkg", dsm=write(hillside()))
    assert done.rows == 0


# --- the command ---


def test_the_command(write: Callable[..., Path], tmp_path: Path) -> None:
    surface, outlines = town_of(12)
    outlines.to_file(tmp_path / "in.gpkg")
    dsm, out = write(surface), tmp_path / "out.gpkg"
    told = invoke("heights", tmp_path / "in.gpkg", "--dsm", dsm, "-o", out, "--json")
    assert json.loads(told.stdout)["measured"] == 16
    assert exit_code("heights", tmp_path / "in.gpkg", out, "--dsm", dsm) == 2
    assert exit_code("heights", tmp_path / "in.gpkg", out, "--overwrite") == 2
    assert exit_code("heights", tmp_path / "in.gpkg", out, "--dsm", dsm, "--overwrite", "-q") == 0


def test_ring_is_wide_enough() -> None:
    assert measuring.reach(0.5, 0.5) * 0.5 > measuring.RING_M[-1] + 2
