from __future__ import annotations

import csv
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely
from accuracy_layers import BOTTOM, CONFIDENCE, LEFT, PREDICTED, TRUTH, UTM, layer
from commands import exit_code

import geoseg
from geoseg.accuracy import evaluate_model
from geoseg.accuracy.misses import worst_misses
from geoseg.errors import (
    DatasetError,
    GeosegError,
    OutputExistsError,
    UnreadableVectorError,
    UsageError,
)
from geoseg.export.frames import FrameLayer
from geoseg.export.output import write_frame, write_layers
from geoseg.scenes.scene import Scene, save_scene

if TYPE_CHECKING:
    from conftest import RasterMaker
    from numpy.typing import NDArray


@pytest.fixture
def town(tmp_path: Path) -> tuple[Path, Path]:
    """Predictions and truth as files of different CRS."""
    predicted, truth = tmp_path / "predicted.gpkg", tmp_path / "truth.geojson"
    layer(PREDICTED, confidence=CONFIDENCE).to_file(predicted)
    layer(TRUTH, crs="EPSG:4326").to_file(truth)
    return predicted, truth


@pytest.mark.parametrize("crs", [UTM, "EPSG:4326", "EPSG:3857", "EPSG:2263"])
def test_the_known_figures_come_out_in_any_crs(crs: str) -> None:
    if crs == "EPSG:2263":  # feet, half a world away: not a place of its own
        crs = "+proj=tmerc +lat_0=27 +lon_0=85 +units=us-ft +datum=WGS84"
    found = geoseg.evaluate(layer(PREDICTED, crs, confidence=CONFIDENCE), layer(TRUTH)).total
    assert (found.true, found.predicted, found.matched) == (5, 6, 3)
    assert found.f1 == pytest.approx(6 / 11)
    assert found.area_bias == pytest.approx(20 / 600, abs=1e-5)
    assert found.mean_iou == pytest.approx(0.6, abs=1e-6)
    assert found.ap50 == pytest.approx((21 + 30) / 101)
    assert found.polis_m == pytest.approx((0.5 + 2.5 + 2.5) / 3, abs=0.01)


def test_how_many_predictions_are_buildings_and_how_many_were_expected_to_be() -> None:
    truth = layer([(0, 0, 10, 10), (0, 20, 10, 10), (80, 0, 10, 10)])
    half, less, beside = (5, 0, 10, 10), (6, 20, 10, 10), (50, 50, 10, 10)
    predicted = layer([half, less, beside], confidence=[0.9, 0.8, 0.7], presence=[0.9, 0.5, 0.25])
    found = geoseg.evaluate(predicted, truth).total
    assert (found.matched, found.standing) == (0, 1)  # half of the first, two fifths of the second
    assert found.expected == pytest.approx(1.65)
    assert found.as_dict()["expected"] == pytest.approx(1.65)
    percent = predicted.assign(presence=100 * predicted["presence"])
    assert geoseg.evaluate(percent, truth).total.expected == pytest.approx(1.65)
    unknown = predicted.assign(presence=[0.9, np.nan, 0.25])
    for nobody_knows in (unknown, predicted.drop(columns="presence")):
        assert geoseg.evaluate(nobody_knows, truth).total.as_dict()["expected"] is None


def test_files_and_several_pairs(town: tuple[Path, Path]) -> None:
    predicted, truth = town
    result = geoseg.evaluate([predicted, truth], [truth, truth])
    assert [row.place for row in result.rows] == ["truth", "truth (2)", "all"]
    assert result.places[1].f1 == 1
    assert result.total.matched == 8
    assert any("no column 'confidence'" in note for note in result.notes)


@pytest.mark.parametrize("suffix", [".gpkg", ".parquet", ".fgb"])
def test_every_input_may_be_of_any_format(tmp_path: Path, suffix: str) -> None:
    shown = gpd.GeoDataFrame(
        geometry=[shapely.box(LEFT - 5, BOTTOM - 5, LEFT + 65, BOTTOM + 20)], crs=UTM
    )
    unknown = shown.set_geometry([shapely.box(LEFT + 15, BOTTOM, LEFT + 35, BOTTOM + 20)])
    frames = {
        "p": layer(PREDICTED, confidence=CONFIDENCE, presence=CONFIDENCE), "t": layer(TRUTH), "a": shown,
        "i": unknown,
    }  # fmt: skip
    paths = {name: tmp_path / f"{name}{suffix}" for name in frames}
    for name, frame in frames.items():
        write_frame(frame, paths[name])
    found = geoseg.evaluate(paths["p"], str(paths["t"]), aoi=paths["a"], ignore=paths["i"])
    same = geoseg.evaluate(frames["p"], frames["t"], aoi=frames["a"], ignore=frames["i"])
    one, other = (pd.Series(each.total.as_dict()).drop("place") for each in (found, same))
    assert one.to_list() == pytest.approx(other.to_list(), rel=1e-5, nan_ok=True)
    assert (found.total.true, found.total.predicted) == (3, 2)


def test_every_input_may_have_several_layers(tmp_path: Path) -> None:
    area = gpd.GeoDataFrame(
        geometry=[shapely.box(LEFT - 5, BOTTOM - 5, LEFT + 65, BOTTOM + 20)], crs=UTM
    )
    path = tmp_path / "all.gpkg"
    unknown = area.set_geometry(area.translate(40))
    frames = {"p": layer(PREDICTED), "t": layer(TRUTH), "a": area, "i": unknown}
    layers = [FrameLayer(name, f) for name, f in frames.items()]
    write_layers(layers, path)
    names = {"layer": "p", "truth_layer": "t", "aoi_layer": "a", "ignore_layer": "i"}
    assert geoseg.evaluate(path, path, aoi=path, ignore=path, **names).total.true == 2
    for left_out in names:
        some = {name: one for name, one in names.items() if name != left_out}
        with pytest.raises(UnreadableVectorError, match="name one of them"):
            geoseg.evaluate(path, path, aoi=path, ignore=path, **some)
    with pytest.raises(UsageError, match="'a' is of the areas of interest, which are not given"):
        geoseg.evaluate(path, path, layer="p", truth_layer="t", aoi_layer="a")


def test_places_by_column_and_by_area() -> None:
    predicted = layer(PREDICTED, confidence=CONFIDENCE, town=["a", "a", "b", "b", "b", "c"])
    truth = layer(TRUTH, town=["a", "a", "b", "b", "b"])
    by_column = geoseg.evaluate(predicted, truth, place_column="town")
    assert [(row.place, row.true, row.predicted) for row in by_column.places] == [
        ("a", 2, 2), ("b", 3, 3), ("c", 0, 1),
    ]  # fmt: skip
    areas = gpd.GeoDataFrame(
        {"town": ["a", "b"]},
        geometry=[
            shapely.box(LEFT - 9, BOTTOM - 9, LEFT + 35, BOTTOM + 20),
            shapely.box(LEFT + 35, BOTTOM - 9, LEFT + 150, BOTTOM + 20),
        ],
        crs=UTM,
    )
    by_area = geoseg.evaluate(predicted, truth, aoi=areas.to_crs(3857), place_column="town")
    assert [(row.place, row.true, row.predicted) for row in by_area.rows] == [
        ("a", 2, 2), ("b", 3, 3), ("all", 5, 5),
    ]  # fmt: skip


def test_ignored_areas_and_the_extent_of_the_imagery(tmp_path: Path) -> None:
    file = tmp_path / "buildings.gpkg"
    layer(PREDICTED, confidence=CONFIDENCE).to_file(file, layer="buildings")
    shown = gpd.GeoDataFrame(
        geometry=[shapely.box(LEFT - 5, BOTTOM - 5, LEFT + 65, BOTTOM + 20)], crs=UTM
    )
    shown.to_file(file, layer="extent")
    unknown = shown.set_geometry([shapely.box(LEFT + 15, BOTTOM, LEFT + 35, BOTTOM + 20)])
    result = geoseg.evaluate(file, layer(TRUTH), ignore=unknown.to_crs(4326))
    assert (result.total.true, result.total.predicted) == (3, 2)
    assert any("extent" in note for note in result.notes)


def test_a_town_across_the_180th_meridian() -> None:
    fiji = pyproj.CRS("EPSG:32701")
    x, y = pyproj.Transformer.from_crs(4326, fiji, always_xy=True).transform(-180, -18)
    predicted, truth = (
        gpd.GeoDataFrame(
            geometry=table.translate(x - 50 - LEFT, y - BOTTOM).set_crs(fiji, allow_override=True)
        )
        for table in (layer(PREDICTED), layer(TRUTH))
    )
    left, _, right, _ = truth.to_crs(4326).total_bounds
    assert right - left > 359
    found = geoseg.evaluate(predicted, truth.to_crs(3832)).total
    assert found.matched == 3
    assert found.polis_m == pytest.approx((0.5 + 2.5 + 2.5) / 3, abs=0.01)
    assert geoseg.evaluate(predicted[3:4], truth).total.matched == 1  # all east of it


def test_broken_and_empty_rows_are_counted() -> None:
    bow_tie = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    placed = shapely.affinity.translate(bow_tie, LEFT + 300, BOTTOM)
    shapes = [*layer(PREDICTED).geometry, placed, None]
    predicted = gpd.GeoDataFrame(geometry=shapes, crs=UTM)
    result = geoseg.evaluate(predicted, layer(TRUTH))
    assert result.total.predicted == len(PREDICTED) + 1
    assert any("1 invalid polygon of" in note for note in result.notes)
    assert any("1 row of" in note for note in result.notes)


def test_nothing_found_is_a_result() -> None:
    result = geoseg.evaluate(layer((), confidence=[]), layer(TRUTH))
    assert (result.total.f1, result.total.recall) == (0, 0)
    assert result.as_dict()["total"]["precision"] is None
    assert any("nothing was found" in note for note in result.notes)


def points(count: int) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=[shapely.Point(LEFT, BOTTOM)] * count, crs=UTM)


@pytest.mark.parametrize(
    ("predicted", "truth", "options", "error", "words"),
    [
        (layer(PREDICTED).set_crs(None, allow_override=True), layer(TRUTH), {},
         UnreadableVectorError, "no CRS"),
        (layer(PREDICTED).set_crs('LOCAL_CS["site",UNIT["metre",1]]', allow_override=True),
         layer(TRUTH), {}, UnreadableVectorError, "not tied to the earth"),
        (layer(PREDICTED), layer(()), {}, UsageError, "empty"),
        (points(3), layer(TRUTH), {}, UnreadableVectorError, "polygons"),
        (layer(PREDICTED), layer([(90_000, 0, 9, 9)]), {}, UsageError, "no place in common"),
        (layer(PREDICTED), layer(TRUTH), {"place_column": "town"}, UsageError, "'town'"),
        (layer(PREDICTED, score=["high"] * 6), layer(TRUTH), {"confidence": "score"},
         UsageError, "numbers"),
        (layer(PREDICTED), layer(TRUTH), {"aoi": layer([(9000, 0, 9, 9)])}, UsageError, "assessed"),
        (layer(PREDICTED), layer(TRUTH), {"gsd_m": 0}, UsageError, "--gsd"),
        (layer(PREDICTED), layer(TRUTH), {"boundary_m": -1}, UsageError, "--boundary"),
        (layer(PREDICTED), layer(TRUTH), {"min_area_m2": -1}, UsageError, "--min-area"),
        ([layer(PREDICTED)] * 2, layer(TRUTH), {}, UsageError, "2 and 1"),
        (Path("missing.gpkg"), layer(TRUTH), {}, UnreadableVectorError, "no such file"),
        (layer(PREDICTED), layer(TRUTH), {"raster": "missing.tif"}, GeosegError, "missing.tif"),
        (layer(PREDICTED), layer(TRUTH), {"html": "page.txt"}, UsageError, ".html"),
    ],
)  # fmt: skip
def test_bad_input_is_one_sentence(
    predicted: Any, truth: Any, options: dict[str, Any], error: type[GeosegError], words: str
) -> None:
    with pytest.raises(error) as caught:
        geoseg.evaluate(predicted, truth, **options)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_place_named_like_a_formula_is_text_in_a_table(town: tuple[Path, Path]) -> None:
    predicted, truth = (path.rename(path.with_name(f"=1+{path.name}")) for path in town)
    table = truth.with_name("figures.csv")
    found = geoseg.evaluate(predicted, truth, output=table)
    assert found.places[0].place.startswith("=1+")
    rows = list(csv.DictReader(table.read_text().splitlines()))
    assert rows[0]["place"] == f"'{found.places[0].place}"


def test_the_command_line(town: tuple[Path, Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("evaluate", *town) == 0
    assert "0.545" in capsys.readouterr().out
    page = town[0].with_name("page.html")
    assert exit_code("evaluate", *town, "--json", "--html", page) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["total"]["f1"] == pytest.approx(6 / 11)
    assert found["html"] == str(page)
    assert found["reliability"]["count"] == [0, 0, 0, 1, 0, 0, 2, 1, 1, 1]
    assert exit_code("evaluate", *town, "--html", page) == 2
    assert "--overwrite" in capsys.readouterr().err
    files = [town[0].with_name(f"figures.{suffix}") for suffix in ("json", "csv")]
    assert exit_code("evaluate", *town, "-o", files[0], "-o", files[1], "-q") == 0
    assert json.loads(files[0].read_text())["total"] == found["total"]
    rows = list(csv.DictReader(files[1].read_text().splitlines()))
    assert [row["place"] for row in rows] == [figures["place"] for figures in found["places"]]
    assert float(rows[-1]["f1"]) == pytest.approx(6 / 11)
    assert exit_code("evaluate", *town, "-o", page) == 2
    assert "name it by --html" in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("one.gpkg",),
        ("--model", "default"),
        ("a.gpkg", "b.gpkg", "--scenes", "chips"),
        ("--scenes", "chips", "--aoi", "area.gpkg"),
        ("--scenes", "chips", "--split", "test"),
        ("a.gpkg", "b.gpkg", "--no-tta"),
        ("a.gpkg", "b.gpkg", "--split", "all"),
    ],
)
def test_wrong_usage(arguments: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("evaluate", *arguments) == 2
    assert capsys.readouterr().err.startswith("Error: ")


def test_the_page_is_whole_escaped_and_shows_the_misses(
    tmp_path: Path, make_raster: RasterMaker, scene: Any
) -> None:
    photo = make_raster("ortho.tif", scene(90, 200), crs=UTM)  # 60 m by 27 m
    truth = layer(TRUTH, town=["<b>&"] * 5)
    moved = truth.translate(0, 3_072_000 - 20 - BOTTOM)
    predicted = layer(PREDICTED, confidence=CONFIDENCE, town=["<b>&"] * 6)
    predicted = predicted.set_geometry(predicted.translate(0, 3_072_000 - 20 - BOTTOM))
    page = tmp_path / "page.html"
    result = geoseg.evaluate(
        predicted, truth.set_geometry(moved), raster=photo, html=page, place_column="town"
    )
    text = page.read_text(encoding="utf-8")
    assert "<b>&" not in text
    assert "&lt;b&gt;&amp;" in text
    assert "data:image/jpeg;base64," in text
    assert "http" not in text.replace("http-equiv", "")
    assert [miss.kind for miss in worst_misses(result.scores)] == [
        "Missed", "False alarms", "False alarms", "Merged", "Split",
    ]  # fmt: skip
    with pytest.raises(OutputExistsError):
        geoseg.evaluate(predicted, truth, html=page)


class Bright:
    """A dense model that calls bright pixels building."""

    gsd_m = None
    stride_px = 16
    halo_px = 16
    heads = ("body", "contact", "edge")
    name = "bright"

    def predict_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        body = (images.mean(axis=1) > 128).astype(np.float32)
        return np.stack([body, np.zeros_like(body), np.zeros_like(body)], axis=1)


def save_town(folder: Path, name: str = "town", **others: Any) -> None:
    """A scene with two bright houses, one of them labelled, and a bright ignored corner."""
    image = np.full((96, 128, 3), 40, dtype=np.uint8)
    labels, ignore = np.zeros((96, 128), dtype=np.uint16), np.zeros((96, 128), dtype=bool)
    image[20:50, 20:60] = image[60:80, 80:110] = image[:12, 100:] = 220
    labels[20:50, 20:60] = 7
    ignore[:16, 90:] = True
    values = {"place": "here", "split": "val", "gsd_m": 0.4, **others}
    save_scene(Scene(name, image=image, labels=labels, ignore=ignore, **values), folder)


class Counting(Bright):
    """Counts the images that it sees."""

    def __init__(self) -> None:
        self.seen = 0

    def predict_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.seen += len(images)
        return super().predict_maps(images)


@pytest.mark.thorough
def test_tta_shows_the_model_every_scene_twice(tmp_path: Path) -> None:
    save_town(tmp_path)
    plain, averaged = Counting(), Counting()
    once = evaluate_model(plain, tmp_path)
    often = evaluate_model(averaged, tmp_path, tta=True)
    assert averaged.seen == 2 * plain.seen > 0
    assert often.total.as_dict() == once.total.as_dict()
    assert (once.provenance["tta"], often.provenance["tta"]) == (False, True)


def test_a_model_over_packed_scenes(tmp_path: Path) -> None:
    save_town(tmp_path / "chips")
    save_town(tmp_path / "chips", "village", place="there", blobs=True)
    save_town(tmp_path / "chips", "unseen", split="train")
    page = tmp_path / "page.html"
    result = evaluate_model(Bright(), tmp_path / "chips", html=page)
    assert [(row.place, row.blobs) for row in result.rows] == [
        ("here", False), ("there", True), ("all", False),
    ]  # fmt: skip
    here = result.places[0]
    assert (here.true, here.predicted, here.matched) == (1, 2, 1)
    assert here.mean_iou == pytest.approx(1, abs=0.01)
    assert here.pixel_iou == pytest.approx(1200 / 1800, abs=0.01)
    assert np.isnan(here.vertex_ratio)
    assert "data:image/jpeg;base64," in page.read_text(encoding="utf-8")
    with pytest.raises(DatasetError, match="no packed scenes"):
        evaluate_model(Bright(), tmp_path)
    with pytest.raises(UsageError, match="--split"):
        evaluate_model(Bright(), tmp_path / "chips", split="test")  # type: ignore[arg-type]
    (tmp_path / "chips" / "unseen.npz").unlink()
    with pytest.raises(DatasetError, match="none of the split"):
        evaluate_model(Bright(), tmp_path / "chips", split="train")


def test_exactly_one_half_of_a_building_counts() -> None:
    x, y = 5e5, 5.5e6
    house = gpd.GeoDataFrame(
        {"confidence": [0.9]}, geometry=[shapely.box(x, y, x + 10, y + 10)], crs="EPSG:32633"
    )
    total = geoseg.evaluate(house, house, aoi=(x, y, x + 5, y + 10)).total
    assert (total.matched, total.precision, total.recall) == (1, 1, 1)
    with pytest.raises(UsageError, match="no building"):
        geoseg.evaluate(house, house, aoi=(x, y, x + 4.999, y + 10))
