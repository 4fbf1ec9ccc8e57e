"""QGIS shows the layers in 3D, read back as it reads them itself."""

from __future__ import annotations

import json
import os
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from conftest import LEFT_M, TOP_M, UTM, transform_at

import geoseg

PYTHON = os.environ.get("GEOSEG_QGIS_PYTHON", "/usr/bin/python3")
SCRIPT = Path(__file__).with_name("qgis_extrude.py")

pytestmark = [pytest.mark.qgis, pytest.mark.thorough]


@cache
def has_qgis() -> bool:
    try:
        done = subprocess.run([PYTHON, "-c", "import qgis._3d"], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


@pytest.mark.parametrize("ours", [True, False])
def test_a_3d_view_stands_buildings_on_their_ground(
    tmp_path: Path, make_raster: Any, *, ours: bool
) -> None:
    if not has_qgis():
        pytest.skip(f"{PYTHON} has no QGIS")
    surface = np.full((80, 80), 42, np.float32)
    surface[20:60, 20:60] = 49.5
    dsm = make_raster("dsm.tif", surface, transform=transform_at(0.5))
    outline = shapely.box(LEFT_M + 10, TOP_M - 30, LEFT_M + 30, TOP_M - 10)
    columns = {"area_m2": [400.0], "at_edge": [False]} if ours else {}
    frame = gpd.GeoDataFrame(columns, index=[0], geometry=[outline], crs=UTM)
    frame.to_file(tmp_path / "in.gpkg")
    geoseg.add_heights(tmp_path / "in.gpkg", tmp_path / "heights.gpkg", dsm=dsm)
    geoseg.convert(tmp_path / "heights.gpkg", tmp_path / "solids.gpkg")
    paths = [str(tmp_path / name) for name in ("heights.gpkg", "solids.gpkg")]
    done = subprocess.run(
        [PYTHON, str(SCRIPT), *paths], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    block, solids = json.loads(done.stdout)
    assert block["renderer"] == solids["renderer"] == "vector"
    assert block["absolute"]
    assert solids["absolute"]
    assert block["flat"] == ("RuleRenderer" if ours else "singleSymbol")
    assert (block["height"], block["extrusion"]) == pytest.approx((42, 7.5))
    assert solids["extrusion"] is None
