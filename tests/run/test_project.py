"""``predict(project=True)``: a QGIS project in the file that a run wrote."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from painted import PaintedModel, paint_town

import geoseg
from geoseg.errors import UsageError


def projects(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [name for (name,) in connection.execute("SELECT name FROM qgis_projects")]


def test_a_run_leaves_a_project_in_its_file(make_raster: Any, tmp_path: Path) -> None:
    source = make_raster("town.tif", paint_town(60, 60)[0])
    options = {"model": PaintedModel(), "tile_px": 64, "shape": "raw", "project": True}
    geoseg.predict(source, tmp_path / "b.gpkg", **options)
    assert projects(tmp_path / "b.gpkg") == ["geoseg"]
    for output in (tmp_path / "b.fgb", None):
        with pytest.raises(UsageError, match=r"ends in \.gpkg"):
            geoseg.predict(source, output, **options)
    (tmp_path / "each").mkdir()
    geoseg.predict([source], tmp_path / "each", **options)
    assert projects(tmp_path / "each/town.gpkg") == ["geoseg"]
