"""A report as a PDF is printed by a browser, completely or not at all."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import pytest
import shapely

import geoseg
from geoseg.errors import MissingDependencyError, OutputError
from geoseg.pages import document, pdf


def browser_is_there() -> bool:
    try:
        pdf.require_browser()
    except MissingDependencyError:
        return False
    return True


@pytest.fixture
def town() -> gpd.GeoDataFrame:
    squares = [shapely.box(3e5 + 30 * i, 5e6, 3e5 + 30 * i + 10, 5e6 + 12) for i in range(9)]
    return gpd.GeoDataFrame(geometry=squares, crs="EPSG:32633")


@pytest.mark.thorough
@pytest.mark.skipif(not browser_is_there(), reason="no browser on this machine")
def test_a_report_is_printed(town: gpd.GeoDataFrame, tmp_path: Path) -> None:
    geoseg.report(town, tmp_path / "r.pdf")
    content = (tmp_path / "r.pdf").read_bytes()
    assert content.startswith(b"%PDF")
    assert b"%%EOF" in content[-64:]
    assert [path.name for path in tmp_path.iterdir()] == ["r.pdf"]


def test_without_a_browser_it_is_said_before_any_work(
    town: gpd.GeoDataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf.shutil, "which", lambda _: None)
    with pytest.raises(MissingDependencyError, match="neither Chromium, Chrome nor Edge"):
        geoseg.report(town, tmp_path / "r.pdf")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("program", ["false", "no-such-program"])
def test_a_browser_that_does_not_print(
    program: str, town: gpd.GeoDataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pdf.shutil, "which", lambda _: program)
    with pytest.raises(OutputError, match=r"did not print the page .*--html"):
        geoseg.report(town, tmp_path / "r.pdf")
    assert list(tmp_path.iterdir()) == []


def test_how_it_was_made_is_told_in_words() -> None:
    run = {
        "model": {"name": "m", "version": None}, "parameters": {"tta": True, "gsd_m": 0.30000000000000004},
        "blank": [], "sources": [{"path": "a.tif", "bands": [1, 2]}, {"path": "b.tif"}],
    }  # fmt: skip
    told = dict(document.readable({"made_by": "x", "empty": {}, "run": run}))
    assert told == {
        "made by": "x",
        "run": "model: name m\nparameters: tta yes, gsd m 0.3\n"
        "sources: path a.tif, bands 1, 2; path b.tif",
    }


def test_no_button_keeps_the_head_of_a_table_from_the_next_page() -> None:
    printed = document.static(document.PACKAGE, "page.css").partition("@media print")[2]
    assert "thead { display: table-header-group; }" in printed
    assert "thead button { display: contents; }" in printed
