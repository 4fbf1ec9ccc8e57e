"""The examples run and write what they say."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pytest
from conftest import REPOSITORY


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
