"""An update of an update: what was found, and what people wrote into it, stays true."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

import geoseg

UTM = "EPSG:32645"


def houses(count: int) -> NDArray[np.object_]:
    """Squares of 12 m, 30 m from each other."""
    cells = np.arange(count)
    x, y = 340_000.0 + 30 * (cells % 10), 3_060_000.0 + 30 * (cells // 10)
    return np.asarray(shapely.box(x, y, x + 12, y + 12), dtype=object)


def found(shapes: NDArray[np.object_], confidence: float = 0.995) -> gpd.GeoDataFrame:
    columns = {"building_id": np.arange(len(shapes)), "confidence": confidence, "at_edge": False}
    return gpd.GeoDataFrame(columns, geometry=shapes, crs=UTM)


@pytest.fixture
def updated(tmp_path: Path) -> Path:
    """Of 30 buildings the first five are gone, and number 30 is new."""
    old = gpd.GeoDataFrame({"id": np.arange(100, 130)}, geometry=houses(30), crs=UTM)
    path = tmp_path / "updated.gpkg"
    geoseg.update(old, found(houses(31)[5:]), path, recall=1)
    return path


def edited(path: Path, words: dict[int, str | None]) -> gpd.GeoDataFrame:
    """The rows of an update in which a person wrote into the column of decisions."""
    rows = gpd.read_file(path, layer="buildings")
    for row, word in words.items():
        rows.loc[row, "decision"] = word
    return rows


def test_what_is_gone_stays_gone_though_nobody_looked_again(updated: Path, tmp_path: Path) -> None:
    josm, tasks = tmp_path / "josm.geojson", tmp_path / "tasks.geojsonl"
    again = geoseg.update(updated, found(houses(31)[5:]), josm=josm, maproulette=tasks)
    assert (again.counts["gone"], again.counts["kept"], len(again.review)) == (5, 26, 0)
    assert again.rows["sure"].isna().tolist() == [True] * 5 + [False] * 26
    assert again.rows["ev_iou"][:5].isna().all()
    assert geoseg.report(again.rows).as_dict()["buildings"] == 26
    assert any("so still gone: 5 rows" in one for one in again.notes)
    assert json.loads(josm.read_text())["features"] == []  # proposed when they were found gone
    assert tasks.read_text() == ""


def test_what_is_gone_stays_gone_where_the_new_imagery_does_not_reach(updated: Path) -> None:
    north = shapely.box(339_990, 3_060_028, 340_400, 3_060_400)
    again = geoseg.update(
        updated, found(houses(31)[10:]), aoi=gpd.GeoSeries([north], crs=UTM).to_frame("geometry")
    )
    assert (again.counts["gone"], again.counts["unseen"], again.counts["kept"]) == (5, 5, 21)


def test_a_building_that_is_found_again_stands_under_its_id(updated: Path) -> None:
    again = geoseg.update(updated, found(houses(31)[3:]))
    assert again.rows["decision"][:6].tolist() == ["gone"] * 3 + ["kept"] * 3
    assert (len(again.rows), again.rows["id"][3]) == (31, 103)
    assert any("found again, so standing: 2 rows" in one for one in again.notes)


def test_a_building_that_is_perhaps_found_again_is_asked_about(updated: Path) -> None:
    today = found(houses(31)[4:])
    today.loc[0, "confidence"] = 0.6
    again = geoseg.update(updated, today)
    assert again.counts["gone"] == 5
    assert again.review["reason"].tolist() == ["lies where a building was found gone before"]


def test_nothing_rises_below_the_building_that_took_its_place(updated: Path) -> None:
    rows = edited(updated, {})
    rows.loc[30, "geometry"] = houses(1)[0].buffer(1, join_style="mitre")
    again = geoseg.update(rows, found(np.append(houses(30)[5:], rows.geometry[30])))
    assert again.counts["gone"] == 5
    assert again.rows["decision"][30] == "kept"


def test_what_a_person_found_gone_stays_so_and_what_they_clear_is_judged_anew(
    updated: Path,
) -> None:
    rows = edited(updated, {0: None, 1: "kept", 20: "gone", 21: " Gone"})
    today = found(np.delete(houses(31), [2, 3, 4, 20, 21])[2:])
    again = geoseg.update(rows, today)
    gone = np.flatnonzero(again.rows["decision"] == "gone").tolist()
    assert gone == [2, 3, 4, 20, 21]
    assert again.review["row"].tolist() == [1, 2]  # nobody looked at what lies there


def test_a_word_of_a_person_brings_nothing_back_and_is_kept(updated: Path) -> None:
    rows = edited(updated, {7: "gebaut"})
    total = geoseg.report(rows).as_dict()
    assert (total["buildings"], total["decision_gone"]) == (26, 5)
    again = geoseg.update(rows, found(houses(31)[5:]))
    assert again.rows["decision"][7] == "gebaut"
    assert (again.record["decision_column"], again.counts["gone"]) == ("decision_1", 5)
    assert any("decisions: 1 row of the old layer" in one for one in again.notes)
    assert geoseg.report(again.rows).as_dict()["buildings"] == 26


def test_numbers_of_rows_go_on_over_three_updates() -> None:
    rows = gpd.GeoDataFrame({"owner": ["a"] * 20}, geometry=houses(20), crs=UTM)
    for count in (21, 22, 23):
        rows = geoseg.update(rows, found(houses(count)), sure=0.9).rows
    assert [name for name in rows if name.startswith("old_fid")] == ["old_fid"]
    assert rows["old_fid"].tolist()[:22] == list(range(22))
    assert rows["old_fid"].isna().tolist() == [False] * 22 + [True]


def test_a_single_row_that_cannot_be_compared_is_not_said_to_be_left_out() -> None:
    shapes = houses(20)
    bow = shapely.Polygon([(0, 0), (12, 12), (12, 0), (0, 12)])
    shapes[3] = None
    shapes[4] = shapely.transform(bow, lambda xy: xy + np.array([340_120.0, 3_060_000.0]))
    rows = gpd.GeoDataFrame({"id": np.arange(20)}, geometry=shapes, crs=UTM)
    said = " ".join(geoseg.update(rows, found(houses(20))).notes)
    assert (
        "1 row of the table of old buildings has no geometry and is written as it is, unseen."
        in said
    )
    assert "was repaired to be compared; it is written as it is." in said
    assert "left out" not in said
