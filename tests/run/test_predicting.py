"""The main job end to end, with a model that needs no network."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import rasterio
import rasterio.shutil
import shapely
from affine import Affine
from numpy.typing import NDArray
from painted import PaintedModel, paint_town
from tries import first

import geoseg
from geoseg.errors import (
    InexactModelWarning,
    ModelError,
    OutputError,
    OutputExistsError,
    UnreadableRasterError,
    UnreadableVectorError,
    UsageError,
)
from geoseg.export.schema import COLUMN_NAMES
from geoseg.vectors.observed import note_extent, noted_extent


def run(source: Any, output: Path | None = None, **options: Any) -> Any:
    options = {"tile_px": 64, "shape": "raw", **options}
    return geoseg.predict(source, output, model=PaintedModel(), **options)


def test_every_house_comes_out_once_with_its_true_area(make_raster: Any) -> None:
    town, houses = paint_town(150, 200)
    frame = run(make_raster("town.tif", town))
    assert list(frame.columns) == [*COLUMN_NAMES, "geometry"]
    assert len(frame) == houses
    assert frame["building_id"].is_monotonic_increasing
    # UTM stretches lengths by up to 4e-4 here; the areas are those on the ellipsoid.
    assert frame["area_m2"].to_numpy() == pytest.approx((14 * 0.3) ** 2, rel=2e-3)
    assert set(frame["source"]) == {"town.tif"}
    assert not frame["at_edge"].any()
    assert frame.crs.to_epsg() == 32645


def test_a_file_holds_what_the_frame_holds(make_raster: Any, tmp_path: Path) -> None:
    town, _ = paint_town(150, 200)
    path = make_raster("town.tif", town)
    frame = run(path)
    summary = run(path, tmp_path / "b.gpkg")
    written = gpd.read_file(tmp_path / "b.gpkg", layer="buildings")
    assert summary.buildings == len(frame) == len(written)
    assert summary.area_m2 == pytest.approx(frame["area_m2"].sum())
    assert (written.geometry.to_wkb() == frame.geometry.to_wkb()).all()
    assert not (tmp_path / "b.gpkg.parts").exists()


@pytest.mark.parametrize("extension", [".gpkg", ".geojson", ".fgb", ".parquet"])
def test_every_format(make_raster: Any, tmp_path: Path, extension: str) -> None:
    town, houses = paint_town(80, 80)
    output = tmp_path / f"b{extension}"
    run(make_raster("town.tif", town), output)
    layer = {"layer": "buildings"} if extension == ".gpkg" else {}
    read = gpd.read_parquet if extension == ".parquet" else gpd.read_file
    assert len(read(output, **layer)) == houses


@pytest.mark.parametrize(
    "cutting",
    [
        {"tile_px": 24},
        {"tile_px": 1000},
        {"strip_px": 1},
        {"strip_px": 17},
        {"batch": 5},
        {"readers": 3},
        {"overlap_px": 8},
    ],
    ids=str,
)
def test_cutting_never_shows(make_raster: Any, cutting: dict[str, int]) -> None:
    rng = np.random.default_rng(3)
    noise = rng.integers(0, 256, (3, 24, 21)).astype(np.uint8).repeat(5, 1).repeat(7, 2)
    path = make_raster("noise.tif", noise)
    reference, other = run(path, min_area_m2=0), run(path, min_area_m2=0, **cutting)
    assert len(reference) > 10
    assert (reference.geometry.to_wkb() == other.geometry.to_wkb()).all()
    assert reference.drop(columns="geometry").equals(other.drop(columns="geometry"))


def test_two_halves_are_one_mosaic(make_raster: Any) -> None:
    town, _ = paint_town(150, 200)
    whole = run(make_raster("town.tif", town))
    transform = rasterio.open(make_raster("town.tif", town)).transform
    left = make_raster("left.tif", town[:, :, :90])
    right = make_raster(
        "right.tif", town[:, :, 90:], transform=transform @ transform.translation(90, 0)
    )
    halves = run([left, right])
    assert (whole.geometry.to_wkb() == halves.geometry.to_wkb()).all()
    assert set(halves["source"]) == {"left.tif", "right.tif"}


def test_nodata_is_no_building_and_marks_the_edge(make_raster: Any) -> None:
    town = np.full((3, 60, 60), 0, np.uint8)
    town[0, 10:30, 10:30] = 250
    town[0, 40:55, 40:55] = 250
    valid = np.ones((60, 60), bool)
    valid[:, :12] = False
    frame = run(make_raster("town.tif", town, mask=valid))
    assert frame["at_edge"].tolist() == [True, False]
    assert shapely.area(frame.geometry.iloc[0]) == pytest.approx(20 * 18 * 0.09)


def test_small_buildings_are_counted(make_raster: Any, tmp_path: Path) -> None:
    town, houses = paint_town(80, 80)
    town[0, 0:2, 0:2] = 255
    summary = run(make_raster("town.tif", town), tmp_path / "b.gpkg")
    assert summary.buildings == houses
    assert summary.dropped == {"too_small": 1}


def test_no_building_is_smaller_than_was_asked_for(make_raster: Any) -> None:
    """Straight walls can take a little of what the pixels have."""
    town = np.zeros((3, 120, 120), np.uint8)
    random = np.random.default_rng(1)
    for row, col in product(range(8, 120, 30), repeat=2):
        town[0, row : row + 14, col : col + 14] = 250
        ragged = np.where(random.random(14) < 0.4, 250, 0)
        town[0, row - 1, col : col + 14] = town[0, row + 14, col : col + 14] = ragged
    path = make_raster("town.tif", town)
    pixels, drawn = (
        run(path, shape=shape, min_area_m2=0)["area_m2"].to_numpy()
        for shape in ("raw", "regularized")
    )
    most = (pixels - drawn).argmax()
    least = float(pixels[most] + drawn[most]) / 2
    kept = run(path, shape="regularized", min_area_m2=least)
    assert kept["area_m2"].min() >= least
    assert (
        kept.attrs["geoseg"]["dropped"]["small_as_drawn"]
        == ((drawn < least) & (pixels >= least)).sum()
        > 0
    )


def test_tiles_without_data_are_skipped(make_raster: Any, tmp_path: Path) -> None:
    town, _ = paint_town(128, 192)
    valid = np.zeros((128, 192), bool)
    valid[:64, :64] = True
    summary = run(make_raster("town.tif", town, mask=valid), tmp_path / "b.gpkg")
    assert (summary.tiles.done, summary.tiles.skipped_nodata) == (1, 5)


def test_metadata_tells_the_run(make_raster: Any, tmp_path: Path) -> None:
    town, _ = paint_town(80, 80)
    run(make_raster("town.tif", town), tmp_path / "b.gpkg")
    with sqlite3.connect(tmp_path / "b.gpkg") as database:
        text = database.execute("SELECT metadata FROM gpkg_metadata").fetchone()[0]
    told = json.loads(text)
    assert told["software"] == "geoseg"
    assert told["model"]["name"] == "PaintedModel"
    assert told["parameters"]["shape"] == "raw"
    assert pyogrio.read_info(tmp_path / "b.gpkg", layer="extent")["features"] == 1


@pytest.mark.parametrize("role", ["source", "folder", "aoi", "keep_reviewed", "dsm", "dtm", "ndsm"])
def test_what_is_read_is_never_written_over(make_raster: Any, tmp_path: Path, role: str) -> None:
    town, _ = paint_town(40, 40)
    photo = make_raster("town.tif", town)
    read = tmp_path / "read.gpkg"  # a photo may be a GeoPackage, too
    rasterio.shutil.copy(photo, read, driver="GPKG")
    before = read.read_bytes()
    source = read if role in {"source", "folder"} else photo
    options = {} if source == read else {role: read}
    if role == "folder":
        (told,) = run(source, tmp_path, overwrite=True)
        assert "read.gpkg is an input" in told.error
    else:
        with pytest.raises(UsageError, match=r"read\.gpkg is an input"):
            run(source, read, overwrite=True, **options)
    assert read.read_bytes() == before


def test_an_existing_output_is_refused_and_left_alone(make_raster: Any, tmp_path: Path) -> None:
    town, _ = paint_town(40, 40)
    output = tmp_path / "b.gpkg"
    output.write_text("precious")
    with pytest.raises(OutputExistsError, match="--overwrite"):
        run(make_raster("town.tif", town), output)
    assert output.read_text() == "precious"
    run(make_raster("town.tif", town), output, overwrite=True)
    assert len(gpd.read_file(output, layer="buildings")) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"bands": (1, 2)}, "bands: give one band or three"),
        ({"stretch": (5, 1)}, "stretch: the first value must be below"),
        ({"tile_px": 0}, "tile_px"),
        ({"shape": "round"}, "shape"),
        ({"gsd": 0.5}, "gsd"),
        ({"readers": 0}, "readers"),
    ],
    ids=str,
)
def test_settings_that_cannot_be(make_raster: Any, options: dict[str, Any], message: str) -> None:
    town, _ = paint_town(40, 40)
    with pytest.raises(UsageError, match=message):
        run(make_raster("town.tif", town), **options)


class LyingModel(PaintedModel):
    def predict_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        return images.astype(np.float32)


class SmallModel(PaintedModel):
    def predict_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        return super().predict_maps(images)[:, :, ::2, ::2]


@pytest.mark.parametrize(("model", "message"), [(LyingModel, "sigmoid"), (SmallModel, "shape")])
def test_a_model_that_answers_nonsense(make_raster: Any, model: Any, message: str) -> None:
    town, _ = paint_town(40, 40)
    with pytest.raises(ModelError, match=message):
        geoseg.predict(make_raster("town.tif", town), model=model())


def truncated(path: Path) -> Path:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    return path


def test_a_truncated_raster_fails_the_run_and_leaves_no_output(
    make_raster: Any, tmp_path: Path
) -> None:
    town, _ = paint_town(512, 512)
    path = truncated(make_raster("town.tif", town, tiled=True, blockxsize=64, blockysize=64))
    with pytest.raises(UnreadableRasterError):
        run(path, tmp_path / "b.gpkg", tile_px=512)
    assert [found.name for found in tmp_path.iterdir()] == ["town.tif"]


def test_unreadable_blocks_are_skipped_on_request_and_counted(
    make_raster: Any, tmp_path: Path
) -> None:
    town, houses = paint_town(512, 512)
    path = truncated(make_raster("town.tif", town, tiled=True, blockxsize=64, blockysize=64))
    counts = {
        run(path, tmp_path / f"{tile}.gpkg", tile_px=tile, skip_errors=True).tiles.failed
        for tile in (64, 128, 600)
    }
    assert len(counts) == 1
    assert counts.pop() > 0
    assert run(path, tile_px=64, skip_errors=True).attrs["geoseg"]["tiles"]["skipped_nodata"] == 0
    frames = [gpd.read_file(tmp_path / f"{tile}.gpkg", layer="buildings") for tile in (64, 600)]
    assert frames[0].equals(frames[1])
    assert 0 < len(frames[0]) < houses


def test_resuming_needs_an_output(make_raster: Any) -> None:
    town, _ = paint_town(40, 40)
    with pytest.raises(UsageError, match="resume"):
        run(make_raster("town.tif", town), resume=True)


def test_a_missing_folder(make_raster: Any, tmp_path: Path) -> None:
    town, _ = paint_town(40, 40)
    with pytest.raises(OutputError, match="does not exist"):
        run(make_raster("town.tif", town), tmp_path / "no" / "b.gpkg")


class OracleInstances:
    """An instance model that knows the town: every colour of red is a house."""

    gsd_m = None

    def predict_instances(self, images: NDArray[np.uint8]) -> list[list[geoseg.Instance]]:
        return [self._of(image[0]) for image in images]

    @staticmethod
    def _of(red: NDArray[np.uint8]) -> list[geoseg.Instance]:
        labels = np.zeros(red.shape, int)
        found = []
        for label in np.unique(red[red > 0]):
            labels = red == label
            rows, cols = np.flatnonzero(labels.any(1)), np.flatnonzero(labels.any(0))
            crop = labels[rows[0] : rows[-1] + 1, cols[0] : cols[-1] + 1]
            found.append(geoseg.Instance(crop, int(rows[0]), int(cols[0]), 0.9))
        return found


@pytest.mark.parametrize("tile_px", first(1, [128, 96, 224]))
def test_an_instance_model_finds_every_house_once(
    make_raster: Any, tmp_path: Path, tile_px: int
) -> None:
    town = np.zeros((3, 200, 300), np.uint8)
    town[0, 10:190, 100:112] = 10
    for number, (row, col) in enumerate(np.ndindex(5, 3), 1):
        top, left = 5 + 38 * row, 5 + 30 * col
        town[0, top : top + 30, left : left + 24] = 20 + number
        town[0, top : top + 30, left + 120 : left + 150] = 100 + number
    path = make_raster("town.tif", town)
    options = {"tile_px": tile_px, "overlap_px": 32, "shape": "raw", "aoi": None}
    summary = geoseg.predict(path, tmp_path / "b.gpkg", model=OracleInstances(), **options)
    assert summary.buildings == 31
    assert summary.stitched["united"] > 0
    written = gpd.read_file(tmp_path / "b.gpkg", layer="buildings")
    assert shapely.area(written.geometry).sum() == pytest.approx((town[0] > 0).sum() * 0.09)


def comb_town() -> NDArray[np.uint8]:
    """Houses, a comb of 300 rows beside them and a wall across everything."""
    town, _ = paint_town(400, 400)
    town[0, 20:380, 150:300] = 0
    town[0, 20:340, 154:300:8] = 250
    town[0, 340:350, 154:300] = 250
    town[0, 190:192, :] = 250
    return town


@pytest.mark.parametrize(
    "seed", [0, *(pytest.param(n, marks=pytest.mark.thorough) for n in range(1, 6))]
)
@pytest.mark.parametrize("shape", ["raw", "simplified"])
def test_an_area_of_interest_gives_the_buildings_of_the_full_run(
    make_raster: Any, tmp_path: Path, seed: int, shape: str
) -> None:
    path = make_raster("town.tif", comb_town())
    rng = np.random.default_rng(seed)
    left, top = rng.uniform(0, 330, 2)
    width, height = rng.uniform(5, 80, 2)
    transform = rasterio.open(path).transform
    box = shapely.box(left, top, left + width, top + height)
    area = shapely.transform(box, lambda xy: np.column_stack(transform @ tuple(xy.T)))
    gpd.GeoSeries([area], crs=32645).to_crs(4326).to_file(tmp_path / "area.geojson")
    whole = run(path, tile_px=32, shape=shape)
    model = PaintedModel()
    part = geoseg.predict(path, model=model, tile_px=32, shape=shape, aoi=tmp_path / "area.geojson")
    inside = whole[shapely.intersects(whole.geometry.representative_point(), area)]
    assert part["building_id"].tolist() == inside["building_id"].tolist()
    assert (part.geometry.to_wkb().to_numpy() == inside.geometry.to_wkb().to_numpy()).all()
    attributes = [frame.drop(columns="geometry").reset_index(drop=True) for frame in (part, inside)]
    assert attributes[0].equals(attributes[1])


def test_an_area_asks_for_the_points_that_the_layer_shows(make_raster: Any) -> None:
    """The analysis grid is resampled to UTM, turned against the layer; in pixels other points stand for a comb."""
    corner = Affine(0.4, 0, 9_955_000, 0, -0.4, 5_620_000)  # 45 degrees north, 2.4 off the meridian
    path = make_raster("mercator.tif", comb_town(), crs="EPSG:3857", transform=corner)
    whole = run(path, gsd_m=0.4)
    around = whole.geometry.representative_point().buffer(0.02)
    assert run(path, aoi=around, gsd_m=0.4)["building_id"].tolist() == whole["building_id"].tolist()
    part = run(path, aoi=around[::2], gsd_m=0.4)
    assert part["building_id"].tolist() == whole["building_id"][::2].tolist()


class EightBits(PaintedModel):
    """As if every size of window took long to compile."""

    runtime, precision = "openvino 1", "int8"

    def __init__(self) -> None:
        super().__init__()
        self.seen_px = 0

    def predict_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.seen_px += images[:, 0].size
        maps: NDArray[np.float32] = super().predict_maps(images)
        return maps


@pytest.mark.thorough
def test_of_a_small_raster_only_what_the_area_needs_is_looked_at(make_raster: Any) -> None:
    town, _ = paint_town(1280, 1280)
    path = make_raster("town.tif", town)
    left, top = rasterio.open(path).transform @ (1000, 100)
    area = shapely.box(left, top - 30, left + 30, top)
    looking = (EightBits(), EightBits())
    whole, part = (
        geoseg.predict(path, model=model, shape="raw", aoi=aoi)
        for model, aoi in zip(looking, (None, area), strict=True)
    )
    inside = whole[shapely.intersects(whole.geometry.representative_point(), area)]
    assert part["building_id"].tolist() == inside["building_id"].tolist() != []
    assert looking[0].seen_px == town[0].size
    assert looking[1].seen_px < town[0].size / 4


def far_reaching(make_raster: Any, folder: Path, turns: int) -> tuple[Path, Path]:
    """A raster with one house that has an arm, and the file of an area around the house alone."""
    town = np.zeros((3, 480, 480), np.uint8)
    town[0, 230:450, 232:248] = 250  # long enough for its representative point to lie in it
    town[0, 20:230, 238:242] = 250  # an arm, farther out than tiles are computed from the start
    town, house = np.rot90(town, turns, axes=(1, 2)), np.zeros((480, 480), bool)
    house[230:450, 232:248] = True
    rows, cols = np.nonzero(np.rot90(house, turns))
    path = make_raster("town.tif", np.ascontiguousarray(town))
    with rasterio.open(path) as raster:
        transform = raster.transform
    box = shapely.box(cols.min(), rows.min(), cols.max() + 1, rows.max() + 1)
    area = shapely.transform(box, lambda xy: np.column_stack(transform @ tuple(xy.T)))
    gpd.GeoSeries([area], crs=32645).to_file(folder / "area.gpkg")
    return path, folder / "area.gpkg"


@pytest.mark.parametrize("turns", first(1, range(4)), ids=["up", "left", "down", "right"])
def test_what_reaches_far_out_of_the_area_is_followed_on_every_side(
    make_raster: Any, tmp_path: Path, turns: int
) -> None:
    path, area = far_reaching(make_raster, tmp_path, turns)
    whole = run(path, tile_px=32)
    model = PaintedModel()
    part = geoseg.predict(path, model=model, tile_px=32, shape="raw", aoi=area)
    assert len(whole) == 1
    assert part.equals(whole)


def test_looking_farther_is_not_told_as_the_state_of_another_run(
    make_raster: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, area = far_reaching(make_raster, tmp_path, 0)
    caplog.set_level("INFO", "geoseg")
    run(path, tmp_path / "b.gpkg", tile_px=32, aoi=area)
    assert "more tiles are needed" in caplog.text
    assert "earlier" not in caplog.text


def test_buildings_in_a_hole_of_the_area_are_not_in_the_area(
    make_raster: Any, tmp_path: Path
) -> None:
    town, houses = paint_town(120, 120)
    path = make_raster("town.tif", town)
    with rasterio.open(path) as raster:
        whole = shapely.box(*raster.bounds)
    area = whole - whole.centroid.buffer(24 * 0.3)
    gpd.GeoSeries([area], crs=32645).to_file(tmp_path / "area.gpkg")
    output, everything = tmp_path / "b.gpkg", run(path)
    run(path, output, aoi=tmp_path / "area.gpkg")
    frame = gpd.read_file(output, layer="buildings")
    looked_at = gpd.read_file(output, layer="extent").union_all()
    assert shapely.symmetric_difference(looked_at, area).area < 1e-3 * area.area
    inside = shapely.intersects(everything.geometry.representative_point(), area)
    assert 0 < inside.sum() < houses
    assert frame["building_id"].tolist() == everything["building_id"][inside].tolist()


def test_an_area_comes_as_file_table_geometry_or_bounds(make_raster: Any, tmp_path: Path) -> None:
    town, _ = paint_town(150, 200)
    path = make_raster("town.tif", town)
    left, bottom, _, top = rasterio.open(path).bounds
    box = shapely.box(left + 10, bottom + 3, left + 40, top - 5)
    table = gpd.GeoDataFrame(geometry=[box], crs=32645)
    table.to_file(tmp_path / "area.gpkg", layer="mine")
    gpd.GeoSeries([box], crs=32645).to_file(tmp_path / "area.gpkg", layer="other")
    file = {"aoi": str(tmp_path / "area.gpkg"), "aoi_layer": "mine"}
    frames = [run(path, **file)]
    frames += [run(path, aoi=aoi) for aoi in (table, table.geometry, box, box.bounds)]
    assert 0 < len(frames[0]) < len(run(path))
    for frame in frames[1:]:
        assert frame.equals(frames[0])
    with pytest.raises(UnreadableVectorError, match="area of interest holds no polygon"):
        run(path, aoi=(0, 0, 1, 1))


def test_an_open_dataset_is_predicted_by_its_name(make_raster: Any) -> None:
    town, houses = paint_town(80, 80)
    with rasterio.open(make_raster("town.tif", town)) as dataset:
        assert len(run(dataset)) == houses


@pytest.mark.parametrize("options", [{"device": "banana"}, {"precision": "banana"}], ids=str)
def test_no_such_device_or_precision_beside_a_model_object(
    make_raster: Any, options: dict[str, Any]
) -> None:
    town, _ = paint_town(40, 40)
    with pytest.raises(UsageError, match="'banana'"):
        run(make_raster("town.tif", town), **options)
    assert len(run(make_raster("town.tif", town), device="cuda:0", precision="bf16")) == 1


def test_every_setting_is_a_keyword_with_the_same_default() -> None:
    import inspect

    from geoseg.settings import PredictSettings

    keywords = inspect.signature(geoseg.predict).parameters
    for name, field in PredictSettings.model_fields.items():
        assert keywords[name].default == field.default, name


def test_type_checkers_know_every_keyword_as_it_is() -> None:
    import inspect

    from geoseg.run.options import PredictOptions

    keywords = {
        name: parameter.annotation
        for name, parameter in inspect.signature(geoseg.predict).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    known = {
        name: getattr(kind, "__forward_arg__", kind)
        for name, kind in PredictOptions.__annotations__.items()
    }
    assert known == keywords


def test_an_area_of_interest_computes_its_tiles_alone(make_raster: Any, tmp_path: Path) -> None:
    town, _ = paint_town(1000, 1000)
    path = make_raster("town.tif", town)
    left, _, _, top = rasterio.open(path).bounds
    area = gpd.GeoSeries([shapely.box(left + 150, top - 165, left + 165, top - 150)], crs=32645)
    area.to_file(tmp_path / "area.gpkg")
    summary = run(path, tmp_path / "b.gpkg", tile_px=104, aoi=tmp_path / "area.gpkg")
    assert summary.tiles.done < 20
    assert 0 < summary.buildings < 16


def test_an_area_off_the_raster(make_raster: Any, tmp_path: Path) -> None:
    town, _ = paint_town(40, 40)
    gpd.GeoSeries([shapely.box(0, 0, 1, 1)], crs=4326).to_file(tmp_path / "area.gpkg")
    raster = make_raster("town.tif", town)
    with pytest.raises(
        UnreadableVectorError,
        match=r"overlaps the raster: in WGS 84 it spans 0,0,1,1, and the raster 85\.4",
    ):
        run(raster, aoi=tmp_path / "area.gpkg")
    with pytest.raises(
        UnreadableVectorError,
        match=r"as it states none .* spans 85,27,86,28, and the raster 345600,",
    ):
        run(raster, aoi=(85, 27, 86, 28))


class SmearingModel(PaintedModel):
    """Adds the mean of the whole image, as squeeze and excitation would."""

    def predict_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        maps = super().predict_maps(images)
        return (maps + maps.mean(axis=(2, 3), keepdims=True)) / 2


def test_exact_refuses_what_certification_refuses(make_raster: Any) -> None:
    town, houses = paint_town(80, 80)
    path = make_raster("town.tif", town)
    assert len(geoseg.predict(path, model=PaintedModel(), exact=True, shape="raw")) == houses
    with pytest.raises(ModelError, match="differ from the whole image"):
        geoseg.predict(path, model=SmearingModel(), exact=True)
    with pytest.raises(UsageError, match="separate masks"):
        geoseg.predict(path, model=OracleInstances(), exact=True)


@pytest.mark.thorough
def test_layers_that_mix_the_whole_image_are_named(make_raster: Any) -> None:
    import torch

    town, _ = paint_town(40, 40)
    model = PaintedModel()
    model.network = torch.nn.GroupNorm(1, 3)  # type: ignore[attr-defined]
    with pytest.warns(InexactModelWarning, match="GroupNorm"):
        geoseg.predict(make_raster("town.tif", town), model=model)


def test_too_little_overlap_is_warned_of(make_raster: Any) -> None:
    town, _ = paint_town(40, 40)
    with pytest.warns(InexactModelWarning, match="receptive field"):
        geoseg.predict(make_raster("town.tif", town), model=PaintedModel(halo_px=16), overlap_px=8)


def test_who_is_told_is_asked_for_before_the_work(make_raster: Any) -> None:
    source = make_raster("town.tif", paint_town(64, 64)[0])
    with pytest.raises(UsageError, match=r"progress is a function .* got 'banana'"):
        geoseg.predict(source, model=PaintedModel(), progress="banana")  # type: ignore[arg-type]


def test_a_notebook_shows_where_a_run_stands(
    make_raster: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told: list[geoseg.ProgressReport] = []

    @contextmanager
    def listening(progress: object) -> Iterator[Any]:
        assert progress is None
        yield told.append

    monkeypatch.setattr("geoseg.progress.heard", listening)
    source = make_raster("town.tif", paint_town(64, 64)[0])
    geoseg.predict(source, model=PaintedModel(), tile_px=48)
    assert told[-1].done == told[-1].total


def test_a_frame_knows_what_was_observed_as_a_file_does(make_raster: Any, tmp_path: Path) -> None:
    raster = make_raster("west.tif", paint_town(120, 120)[0])
    file = tmp_path / "west.gpkg"
    geoseg.predict(raster, file, model=PaintedModel())
    frame = geoseg.predict(raster, model=PaintedModel())
    old = gpd.GeoDataFrame(
        geometry=[*frame.geometry, *frame.geometry.translate(xoff=1000)], crs=frame.crs
    )

    def told(buildings: Path | gpd.GeoDataFrame) -> tuple[object, ...]:
        changes = geoseg.compare(old, buildings).table.iloc[-1]
        updated = geoseg.update(old, buildings, recall=0.9)
        return (
            geoseg.evaluate(buildings, old).total.recall,
            geoseg.report(buildings).table.iloc[-1]["observed_km2"],
            tuple(changes[["gone", "new", "unchanged"]]),
            updated.counts["unseen"],
        )

    in_degrees = geoseg.regularize(frame).to_crs("EPSG:4326")
    recall, observed_km2, changed, unseen = told(frame)
    assert (recall, changed, unseen) == (1, (0, 0, len(frame)), len(frame))
    as_known = (recall, pytest.approx(observed_km2), changed, unseen)
    assert told(file) == as_known
    assert told(in_degrees) == as_known
    run = geoseg.report(frame).provenance["run"]
    assert run["grid"] == geoseg.report(file).provenance["run"]["grid"]


def test_nothing_was_observed_where_nothing_is_valid() -> None:
    frame = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 9, 9)], crs="EPSG:32645")
    note_extent(frame, shapely.MultiPolygon())
    assert noted_extent(frame) is None


@pytest.mark.parametrize(
    "noted",
    [
        "an area", 7, {}, {"wkb": None, "crs": None}, {"wkb": "zz", "crs": "EPSG:32645"},
        {"wkb": shapely.box(0, 0, 9, 9).wkb_hex, "crs": "nowhere"},
        {"wkb": shapely.box(0, 0, 9, 9).wkb_hex, "crs": 'LOCAL_CS["site",UNIT["metre",1]]'},
    ],
)  # fmt: skip
def test_a_damaged_note_of_what_was_observed_is_one_sentence(noted: object) -> None:
    frame = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 9, 9)], crs="EPSG:32645")
    frame.attrs["geoseg_extent"] = noted
    with pytest.raises(UnreadableVectorError, match=r"attrs\['geoseg_extent'\] .* take it out"):
        geoseg.report(frame)


@pytest.mark.parametrize("record", ["a run", [1, 2], 5])
def test_a_note_of_another_kind_is_no_record_of_a_run(record: object) -> None:
    frame = gpd.GeoDataFrame(geometry=[shapely.box(500000, 0, 500009, 9)], crs="EPSG:32645")
    frame.attrs["geoseg"] = record
    assert geoseg.report(frame).provenance["run"] == {}
