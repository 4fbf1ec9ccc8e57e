"""The examples run and write what they say."""

from __future__ import annotations

import json
import runpy
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pytest
from conftest import REPOSITORY
from test_notebooks import piece_of_photo


@pytest.mark.slow
def test_a_photo_and_a_surface_become_a_3d_town(tmp_path: Path) -> None:
    command = [sys.executable, str(REPOSITORY / "examples" / "heights.py"), str(tmp_path)]
    subprocess.run(command, check=True, capture_output=True)
    found = gpd.read_file(tmp_path / "town.gpkg", layer="buildings")
    assert len(found) > 50
    assert found["height_m"].between(2, 15).all()
    model = json.loads((tmp_path / "town.city.json").read_text())
    assert len(model["CityObjects"]) == len(found)
    assert model["metadata"]["referenceSystem"].endswith("/EPSG/0/5555")
    assert (tmp_path / "town.png").stat().st_size > 20_000


@pytest.fixture(scope="module")
def photo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("photos") / "photo.tif"
    piece_of_photo(path)
    return path


def run(monkeypatch: pytest.MonkeyPatch, name: str, *arguments: object) -> None:
    """A script, in this process."""
    monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
    runpy.run_path(str(REPOSITORY / "examples" / name), run_name="__main__")


@pytest.mark.thorough
def test_a_model_of_ones_own(monkeypatch: pytest.MonkeyPatch, photo: Path, tmp_path: Path) -> None:
    run(monkeypatch, "own_model.py", photo, tmp_path / "b.gpkg")
    assert len(gpd.read_file(tmp_path / "b.gpkg", layer="buildings"))


@pytest.mark.thorough
def test_many_rasters_and_a_question(
    monkeypatch: pytest.MonkeyPatch, photo: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "many_rasters.py", photo.parent / "*.tif", tmp_path)
    assert len(gpd.read_file(tmp_path / "each" / "photo.gpkg", layer="buildings"))
    assert "below 50 m2" in capsys.readouterr().out


@pytest.mark.thorough
def test_areas_plots_and_changes(
    monkeypatch: pytest.MonkeyPatch, photo: Path, tmp_path: Path
) -> None:
    run(monkeypatch, "reports.py", photo, tmp_path)
    written = {path.name for path in tmp_path.iterdir()}
    assert {"buildings.gpkg", "report.html", "plots.gpkg", "changes.gpkg"} <= written
