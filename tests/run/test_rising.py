"""A surface speaks for and against candidates, and no cutting shows in it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
from conftest import transform_at
from geopandas.testing import assert_geodataframe_equal
from painted import PaintedModel, paint_town
from tries import first

import geoseg
from geoseg.errors import ResumeError, UnreadableRasterError, UsageError
from geoseg.heights.columns import HEIGHT_NAMES
from geoseg.run import ending, rising

PITCH, SIDE = 40, 14


def run(source: Any, output: Path | None = None, **options: Any) -> Any:
    options = {"tile_px": 64, "shape": "raw", **options}
    return geoseg.predict(source, output, model=PaintedModel(), **options)


@pytest.fixture
def town(make_raster: Any) -> dict[str, Any]:
    """Houses on a slope; the first is a pool, the second faint, the third faint and a lawn, the fourth
    a tree that the model is not sure of."""
    image, count = paint_town(170, 210, pitch=PITCH, side=SIDE)
    ground = 100 + 0.03 * np.arange(210)[None, :] * np.ones((170, 1))
    surface = ground + np.random.default_rng(0).normal(0, 0.05, ground.shape)
    number = 0
    for row in range(4, 170 - SIDE - 3, PITCH):
        for col in range(4, 210 - SIDE - 3, PITCH):
            roof = surface[row : row + SIDE, col : col + SIDE]
            body = image[0, row : row + SIDE, col : col + SIDE]
            if number not in {0, 2}:
                roof += 6
            if number in {1, 2}:
                body[:] = 190  # faint
            if number == 3:
                body[:] = 200
                roof += np.random.default_rng(1).normal(0, 1.2, roof.shape)
            number += 1
    return {
        "source": make_raster("town.tif", image),
        "dsm": make_raster("dsm.tif", surface.astype(np.float32), transform=transform_at()),
        "count": count,
    }


def test_the_surface_speaks_for_and_against(town: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rising, "SURE", 0.8)  # the painted model's confidence is its colour
    without = run(town["source"], min_confidence=0.77)
    assert len(without) == town["count"] - 2
    with_it = run(town["source"], min_confidence=0.77, dsm=town["dsm"])
    assert (
        len(with_it) == town["count"] - 3
    )  # not the pool, the lawn and the tree; but the faint house
    assert with_it.attrs["geoseg"]["dropped"] == {"flat": 2, "trees": 1}
    assert list(with_it.columns)[-8:-1] == list(HEIGHT_NAMES)
    np.testing.assert_allclose(with_it.height_m, 6, atol=0.1)
    told = with_it.attrs["geoseg"]["heights"]
    assert (told["dsm"], told["measured"], told["min_height_m"]) == ("dsm.tif", len(with_it), 2.0)


def test_off_unless_a_surface_is_given(town: Any) -> None:
    assert "heights" not in run(town["source"]).attrs["geoseg"]
    assert "height_m" not in run(town["source"])


def test_the_least_height_can_be_chosen(town: Any) -> None:
    assert len(run(town["source"], dsm=town["dsm"], min_height_m=0)) == town["count"]
    assert len(run(town["source"], dsm=town["dsm"], min_height_m=7)) == 0
    with pytest.raises(UsageError, match="--min-height"):
        run(town["source"], dsm=town["dsm"], min_height_m=-1)


@pytest.mark.parametrize("cutting", first(1, [{"tile_px": 24}, {"strip_px": 5}, {"tile_px": 500}]))
def test_no_cutting_shows(town: Any, tmp_path: Path, cutting: dict[str, int]) -> None:
    whole = run(town["source"], dsm=town["dsm"])
    cut = run(town["source"], tmp_path / "b.gpkg", dsm=town["dsm"], **cutting)
    read = gpd.read_file(tmp_path / "b.gpkg", layer="buildings")
    assert cut.buildings == len(whole)
    columns = ["building_id", "area_m2", *HEIGHT_NAMES, "geometry"]
    assert_geodataframe_equal(read[columns], whole[columns], check_dtype=False)


def test_the_file_tells_of_it(town: Any, tmp_path: Path) -> None:
    summary = run(town["source"], tmp_path / "b.gpkg", dsm=town["dsm"])
    assert summary.dropped == {"flat": 2}
    assert summary.seconds["heights"] > 0
    with sqlite3.connect(tmp_path / "b.gpkg") as connection:
        (text,) = connection.execute("SELECT metadata FROM gpkg_metadata").fetchone()
        (style,) = connection.execute(
            "SELECT styleQML FROM layer_styles WHERE f_table_name = 'buildings'"
        ).fetchone()
        layers = {name for (name,) in connection.execute("SELECT table_name FROM gpkg_contents")}
    assert json.loads(text)["heights"]["dsm"] == "dsm.tif"
    assert "extrusionHeight" in style
    assert "extent" in layers
    assert sorted(path.name for path in tmp_path.iterdir()) == ["b.gpkg", "dsm.tif", "town.tif"]


def test_a_stopped_run_goes_on_with_the_same_surface_alone(
    town: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*_args: Any) -> None:
        raise KeyboardInterrupt

    output = tmp_path / "b.gpkg"
    with monkeypatch.context() as patch:
        patch.setattr(ending.Judges, "_risen", stop)
        with pytest.raises(KeyboardInterrupt):
            run(town["source"], output, dsm=town["dsm"])
    with pytest.raises(ResumeError, match="surface"):
        run(town["source"], output, ndsm=town["dsm"], resume=True)
    with pytest.raises(ResumeError, match="surface"):
        run(town["source"], output, resume=True)
    resumed = run(town["source"], output, dsm=town["dsm"], resume=True)
    assert resumed.dropped == {"flat": 2}
    whole = run(town["source"], dsm=town["dsm"])
    read = gpd.read_file(output, layer="buildings")
    whole = whole.drop(columns="image_date")  # empty, in a file as None
    assert_geodataframe_equal(read[list(whole.columns)], whole, check_dtype=False)


def test_a_surface_that_changes_fails_the_run(
    town: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def touched(*arguments: Any) -> Any:
        found = find(*arguments)
        Path(town["dsm"]).touch()
        return found

    find = rising.find
    monkeypatch.setattr(rising, "find", touched)
    with pytest.raises(UnreadableRasterError, match="changed"):
        run(town["source"], tmp_path / "b.gpkg", dsm=town["dsm"])
    assert not (tmp_path / "b.gpkg").exists()


def test_a_town_without_buildings(make_raster: Any, town: Any) -> None:
    empty = make_raster("empty.tif", np.zeros((3, 170, 210), np.uint8))
    assert len(run(empty, dsm=town["dsm"])) == 0


def with_infrared(town: Any, make_raster: Any, infrared: Any) -> Any:
    """The photo in 16 bits, and a fourth band made from the first."""
    with rasterio.open(town["source"]) as dataset:
        rgb = dataset.read()
    band = np.asarray(infrared(rgb[0].astype(float)))
    return make_raster("rgbi.tif", np.concatenate([rgb, band[None]]).astype(np.uint16))


def every_fourth(red: Any) -> Any:
    """Leaves before every fourth column."""
    return np.where(np.arange(red.shape[1]) % 4 == 0, 2 * red, red)


@pytest.mark.parametrize(
    ("infrared", "trees"),
    [
        pytest.param(lambda red: red, 0, id="grey, however rough"),
        pytest.param(every_fourth, 1, id="between, so roughness decides"),
        pytest.param(lambda red: 2 * red, 1, id="plants"),
    ],
)
def test_near_infrared_tells_trees(
    town: Any,
    make_raster: Any,
    monkeypatch: pytest.MonkeyPatch,
    infrared: Any,
    trees: int,
) -> None:
    monkeypatch.setattr(rising, "SURE", 0.8)
    photo = with_infrared(town, make_raster, infrared)
    found = run(photo, min_confidence=0.75, dsm=town["dsm"], nir=4, stretch=(0, 255))
    assert found.attrs["geoseg"]["dropped"].get("trees", 0) == trees
    assert found.attrs["geoseg"]["heights"]["nir_bands"] == [4]


def test_green_candidates_below_the_limit_are_not_kept(town: Any, make_raster: Any) -> None:
    bare = run(town["source"], min_confidence=0.77, dsm=town["dsm"])
    green = with_infrared(town, make_raster, lambda red: 2 * red)
    covered = run(green, min_confidence=0.77, dsm=town["dsm"], nir=4, stretch=(0, 255))
    assert len(covered) == len(bare) - 1  # the faint house
    assert "unlikely" in covered.attrs["geoseg"]["dropped"]


def test_a_band_that_says_so_is_near_infrared(town: Any, make_raster: Any) -> None:
    photo = with_infrared(town, make_raster, lambda red: red)
    assert (
        run(photo, dsm=town["dsm"], stretch=(0, 255)).attrs["geoseg"]["heights"]["nir_bands"] == []
    )
    with rasterio.open(photo, "r+") as dataset:
        dataset.set_band_description(4, "near-infrared")
    assert run(photo, dsm=town["dsm"], stretch=(0, 255)).attrs["geoseg"]["heights"][
        "nir_bands"
    ] == [4]


def test_near_infrared_that_cannot_be(town: Any) -> None:
    with pytest.raises(
        UsageError, match=r"--nir 4: town\.tif has no such band; its bands are 1 to 3"
    ):
        run(town["source"], dsm=town["dsm"], nir=4)
    with pytest.raises(UsageError, match="taken for red"):
        run(town["source"], dsm=town["dsm"], nir=1)
    with pytest.raises(UsageError, match="surface"):
        run(town["source"], nir=3)
