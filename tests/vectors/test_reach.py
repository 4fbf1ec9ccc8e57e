"""Coordinates that are damage: such rows count as rows without a geometry, everywhere."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from commands import exit_code

import geoseg
from geoseg.vectors.buildings import open_buildings
from geoseg.vectors.layers import geometry_of
from geoseg.vectors.load import load
from geoseg.vectors.rows import within_reach

FAR = shapely.Polygon([(1e308, 0), (1e308, 1), (-1e308, 1)])


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """Three houses and a row of damage."""
    boxes = shapely.box(
        np.arange(3) * 20.0 + 345600, 3072000, np.arange(3) * 20.0 + 345610, 3072010
    )
    frame = gpd.GeoDataFrame(geometry=[*boxes, FAR], crs="EPSG:32645")
    path = tmp_path / "b.gpkg"
    frame.to_file(path, layer="buildings")
    return path


def test_what_is_near_stays_the_same_object() -> None:
    near = np.array([shapely.box(0, 0, 1, 1), None, shapely.Polygon()], dtype=object)
    assert within_reach(near) is near
    bad = np.array(
        [near[0], FAR, shapely.Point(np.inf, 0), shapely.box(0, 0, 2e12, 1)], dtype=object
    )
    assert [one is None for one in within_reach(bad)] == [False, True, True, True]


@pytest.mark.parametrize("text", ["POLYGON Z EMPTY", "POINT M (1 2 3)", "POINT ZM (1 2 3 4)"])
def test_what_has_heights_or_measures_is_flat(text: str) -> None:
    raised = shapely.from_wkt(text)
    shapes = np.array([shapely.box(0, 0, 1, 1), None, raised], dtype=object)
    flat = within_reach(shapes)
    assert shapes[2] is raised
    assert flat[0] is shapes[0]
    assert shapely.to_wkb(flat[2], flavor="iso") == shapely.to_wkb(
        shapely.force_2d(raised), flavor="iso"
    )


def test_files_and_tables_alike(damaged: Path) -> None:
    for source in (damaged, gpd.read_file(damaged)):
        geometry = geometry_of(load(source, "buildings").frame)
        assert [one is None for one in geometry] == [False, False, False, True]
        assert open_buildings(source, None).bounds() == (345600, 3072000, 345650, 3072010)


def test_a_report_leaves_them_out_and_says_so(damaged: Path) -> None:
    result = geoseg.report(damaged)
    assert result.table["buildings"].iloc[-1] == 3
    assert any(
        "1 row of b.gpkg (layer buildings) has no geometry and was left out" in note
        for note in result.notes
    )


@pytest.mark.parametrize("verb", ["compare", "evaluate"])
def test_other_verbs_do_not_trip(
    damaged: Path, verb: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code(verb, damaged, damaged) == 0
    assert "Traceback" not in capsys.readouterr().err


def test_ground_without_an_extent_is_the_box_of_the_rows_that_count(tmp_path: Path) -> None:
    """Not that of points and lines, nor that which a GeoPackage states, where GDAL keeps rows that are gone."""
    box = shapely.box(345600, 3072000, 345640, 3072010)
    alone = gpd.GeoDataFrame(geometry=[box], crs="EPSG:32645")
    far = shapely.Point(400000, 3100000)
    others = gpd.GeoDataFrame(
        geometry=[shapely.GeometryCollection([box, far]), far], crs="EPSG:32645"
    )
    others.to_file(tmp_path / "others.gpkg", layer="buildings")
    gone = gpd.GeoDataFrame(geometry=[box, far.buffer(5)], crs="EPSG:32645")
    gone.to_file(tmp_path / "gone.gpkg", layer="buildings", SPATIAL_INDEX="NO")
    with closing(sqlite3.connect(tmp_path / "gone.gpkg")) as file, file:
        for (trigger,) in file.execute(
            "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        ).fetchall():
            file.execute(f'DROP TRIGGER "{trigger}"')
        file.execute("DELETE FROM buildings WHERE fid = 2")
    wanted = geoseg.report(alone).table["observed_km2"].iloc[-1]
    for given in (others, tmp_path / "others.gpkg", tmp_path / "gone.gpkg"):
        assert geoseg.report(given).table["observed_km2"].iloc[-1] == pytest.approx(wanted)
