from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import pyproj
import pytest
import shapely

from geoseg.export.output import write_output

MakeTable = Callable[..., pa.Table]

SCRIPT = Path(__file__).with_name("qgis_render.py")
PYTHON = os.environ.get("GEOSEG_QGIS_PYTHON", "/usr/bin/python3")
PALE, AMBER, ORANGE, PURPLE, WHITE = "#fff9b4", "#ffca28", "#ff8a1e", "#6a1baa", "#ffffff"

pytestmark = [pytest.mark.qgis, pytest.mark.thorough]


@cache
def has_qgis() -> bool:
    try:
        done = subprocess.run([PYTHON, "-c", "import qgis.core"], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


@pytest.fixture(autouse=True)
def _qgis() -> None:
    if not has_qgis():
        pytest.skip(f"{PYTHON} has no QGIS")


def look(gpkg: Path, layer: str, scale: int) -> dict[str, object]:
    png = gpkg.with_suffix(f".{layer}.{scale}.png")
    done = subprocess.run(
        [PYTHON, str(SCRIPT), str(gpkg), layer, str(scale), str(png)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def write(folder: Path, table: pa.Table, areas: list[float], *, at_edge: bool) -> Path:
    """Houses in a row with the areas that they shall claim to have."""
    table = table.set_column(1, "area_m2", pa.array(areas, pa.float64()))
    table = table.set_column(8, "at_edge", pa.array(np.full(len(areas), at_edge)))
    path = folder / "buildings.gpkg"
    extent = [shapely.to_wkb(shapely.box(3e5 - 10, 3e4 - 10, 3e5 + 100, 3e4 + 20))]
    write_output(path, table.to_batches(), crs=pyproj.CRS(32645), run_metadata={}, extent=extent)
    return path


def test_the_style_is_applied(tmp_path: Path, make_table: MakeTable) -> None:
    gpkg = write(tmp_path, make_table([1, 2, 3, 4]), [20, 96, 150, 3000], at_edge=False)
    seen = look(gpkg, "buildings", 4000)
    assert (seen["valid"], seen["features"], seen["renderer"]) == (True, 4, "RuleRenderer")
    assert len(seen["legend"]) == 8  # six sizes, not measured, cut
    for outline in (PALE, AMBER, ORANGE, PURPLE):
        assert seen["pixels"].get(outline, 0) > 20, outline
    assert WHITE not in seen["pixels"]


def label_pixels(seen: dict[str, object]) -> int:
    """Pixels of the labels' light buffer: bright and grey, which no fill or outline is."""
    colours = {name: bytes.fromhex(name[1:]) for name in seen["pixels"]}
    return sum(
        seen["pixels"][name]
        for name, rgb in colours.items()
        if min(rgb) > 190 and max(rgb) - min(rgb) < 8
    )


def test_labels_appear_at_large_scales_where_they_fit(
    tmp_path: Path, make_table: MakeTable
) -> None:
    gpkg = write(tmp_path, make_table([1, 2]), [96, 96], at_edge=False)
    assert label_pixels(look(gpkg, "buildings", 2500)) == 0
    assert label_pixels(look(gpkg, "buildings", 1900)) == 0  # 12 m are narrower than the text
    seen = look(gpkg, "buildings", 700)
    assert seen["labels"]
    assert label_pixels(seen) > 50


def test_buildings_at_the_edge_look_different(tmp_path: Path, make_table: MakeTable) -> None:
    gpkg = write(tmp_path, make_table([1, 2]), [96, 96], at_edge=True)
    assert look(gpkg, "buildings", 4000)["pixels"][WHITE] > 20


def test_the_extent_is_an_outline(tmp_path: Path, make_table: MakeTable) -> None:
    gpkg = write(tmp_path, make_table([1]), [96], at_edge=False)
    seen = look(gpkg, "extent", 1000)
    assert seen["renderer"] == "singleSymbol"
    assert set(seen["pixels"]) == {"#000000", "#00e5ff"}


def test_the_style_survives_a_further_table(tmp_path: Path, make_table: MakeTable) -> None:
    gpkg = write(tmp_path, make_table([1]), [96], at_edge=False)
    pyogrio.write_dataframe(pd.DataFrame({"note": ["x"]}), gpkg, layer="notes", append=True)
    assert look(gpkg, "buildings", 4000)["renderer"] == "RuleRenderer"
