"""Workbooks: headings with units, numbers as people write them, notes in words."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

import geoseg

openpyxl = pytest.importorskip("openpyxl")


@pytest.fixture
def town() -> gpd.GeoDataFrame:
    squares = [shapely.box(3e5 + 40 * i, 5e6, 3e5 + 40 * i + 30, 5e6 + 50) for i in range(9)]
    return gpd.GeoDataFrame(geometry=squares, crs="EPSG:32633")


def test_a_workbook_is_made_for_people(town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    zones = (
        town.iloc[[0, 4]].assign(name=["west", "=1+1"]).set_geometry(town.buffer(5).iloc[[0, 4]])
    )
    result = geoseg.report(town.assign(confidence=0.9), tmp_path / "r.xlsx", zones=zones)
    book = openpyxl.load_workbook(tmp_path / "r.xlsx")
    sheet = book["zones"]
    headings = {cell.value: cell for cell in sheet[1]}
    assert {"Zone", "Buildings", "Roof area m²", "Observed km²", "100-200 m²", "p90 m²"} <= set(
        headings
    )
    assert sheet.max_row == 1 + 3
    area = sheet.cell(2, headings["Roof area m²"].column)
    assert area.value == pytest.approx(result.table["area_m2"].iloc[0])
    assert area.number_format == "#,##0"
    assert sheet.cell(2, headings["Observed km²"].column).number_format == "#,##0.000"
    assert headings["Zone"].font.bold
    assert (sheet["A3"].value, sheet["A3"].data_type) == ("=1+1", "s")
    notes = [row[0].value for row in book["notes"].iter_rows()]
    assert any("model estimates" in str(note) for note in notes)
    names = {row[0].value: row[1].value for row in book["columns"].iter_rows()}
    assert names["Roof area m²"] == "area_m2"


def test_without_zones_there_is_one_row(town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    geoseg.report(town, tmp_path / "r.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "r.xlsx")["zones"]
    assert [cell.value for cell in sheet["A"]] == ["Zone", "total"]


def test_changes_have_headings_too(town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    geoseg.compare(town, town.iloc[2:], tmp_path / "c.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "c.xlsx")["zones"]
    headings = [cell.value for cell in sheet[1]]
    assert len(set(headings)) == len(headings)
    assert "Gone" in " ".join(map(str, headings))


def test_decisions_of_an_update_have_headings(town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    town["decision"] = ["kept"] * 7 + ["new", "gone"]
    result = geoseg.report(town, tmp_path / "r.xlsx", html=tmp_path / "r.html")
    assert result.table["decision_new"].iloc[-1] == 1
    sheet = openpyxl.load_workbook(tmp_path / "r.xlsx")["zones"]
    assert {"Update: kept", "Update: new"} <= {cell.value for cell in sheet[1]}
    assert "Update: kept" in (tmp_path / "r.html").read_text(encoding="utf-8")
