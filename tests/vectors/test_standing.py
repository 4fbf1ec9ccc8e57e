"""Buildings that an update found gone count nowhere as standing."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from conftest import UTM, RasterMaker, draw_scene, transform_at
from pyproj import CRS

import geoseg
from geoseg.labelled.vectors import read_footprints
from geoseg.reviewing.population import read_population
from geoseg.types import Grid
from geoseg.upkeep.new import read_new
from geoseg.vectors.standing import standing

LEFT, TOP = 345_600.0, 3_072_000.0
TOLD = "1 building is gone by the column decision and was left out."


@pytest.fixture(params=["table", ".gpkg", ".shp"])
def updated(request: pytest.FixtureRequest, tmp_path: Path) -> gpd.GeoDataFrame | Path:
    """Four buildings, one of which is gone, in memory or in a file."""
    shapes = [shapely.box(LEFT + x, TOP - 9, LEFT + x + 5, TOP - 4) for x in (1, 11, 21, 31)]
    frame = gpd.GeoDataFrame(
        {"decision": ["kept", "gone", "unseen", "new"]}, geometry=shapes, crs=UTM
    )
    if request.param == "table":
        return frame
    path = tmp_path / f"updated{request.param}"
    frame.to_file(path)
    return path


def frame_of(updated: gpd.GeoDataFrame | Path) -> gpd.GeoDataFrame:
    return gpd.read_file(updated) if isinstance(updated, Path) else updated


def test_in_an_evaluation_they_are_neither_found_nor_true(
    updated: gpd.GeoDataFrame | Path,
) -> None:
    left = frame_of(updated).drop(columns="decision").drop(index=1)
    for predicted, truth in ((updated, left), (left, updated)):
        result = geoseg.evaluate(predicted, truth)
        assert (result.total.predicted, result.total.true, result.total.f1) == (3, 3, 1.0)
        assert any(note.startswith("1 building is gone") for note in result.notes)


def test_nobody_learns_from_them(updated: gpd.GeoDataFrame | Path) -> None:
    grid = Grid(CRS(UTM), transform_at(0.3), 40, 200, 0.3)
    found = read_footprints(updated, grid)
    assert len(found.polygons) == 3
    assert (found.counts["features"], found.counts["gone"], found.counts["outside"]) == (4, 1, 0)


def test_nobody_reviews_them_or_takes_them_for_new(updated: gpd.GeoDataFrame | Path) -> None:
    population = read_population(updated)
    assert len(population.frame) == 3
    assert TOLD in population.notes
    new = read_new(updated, None)
    assert len(new.outlines) == 3
    assert TOLD in new.notes


def test_coco_holds_none_of_them(
    updated: gpd.GeoDataFrame | Path, make_raster: RasterMaker, tmp_path: Path
) -> None:
    raster = make_raster("a.tif", draw_scene(40, 200), transform=transform_at(0.3))
    done = geoseg.to_coco(updated, tmp_path / "coco.json", raster)
    assert (done.annotations, done.gone, done.outside) == (3, 1, 0)
    assert ("left out", "1 gone by the column decision") in done.in_words()


def test_a_column_of_other_words_decides_nothing() -> None:
    said = ["gone", "kept", None]
    assert standing(pd.DataFrame({"decision": said})).tolist() == [False, True, True]
    assert standing(pd.DataFrame({"decision": [*said, *["approved"] * 3]})).all()
    assert np.array_equal(standing(pd.DataFrame({"a": [1, 2]})), [True, True])
    # Blank texts, which CSV and KML have for no text, are no words.
    blank = standing(pd.DataFrame({"decision": ["gone", "", " "]}))
    assert blank.tolist() == [False, True, True]
