"""The plugin in a real QGIS: found, run as the command line runs, stopped, errors as geoseg says them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely
from conftest import REPOSITORY

import geoseg
from geoseg.cli import VERBS

PROGRAM = shutil.which("qgis_process.bin")
FACES = {"predict", "info", "regularize", "heights", "convert", "report", "compare", "train"}
FACES |= {"update"} & VERBS.keys()

pytestmark = [
    pytest.mark.thorough,
    pytest.mark.qgis,
    pytest.mark.skipif(PROGRAM is None, reason="this machine has no qgis_process"),
]


@pytest.fixture(scope="module")
def profile(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a fresh profile that has the plugin."""
    home = tmp_path_factory.mktemp("qgis")
    plugins = home / "data/QGIS/QGIS3/profiles/default/python/plugins"
    plugins.mkdir(parents=True)
    build = [sys.executable, str(REPOSITORY / "qgis/build.py"), str(plugins)]
    subprocess.run(build, check=True, capture_output=True)
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    # An activated environment's python comes first there, and QGIS would take its home for its own.
    mine = str(Path(sys.executable).parent)
    others = [one for one in kept["PATH"].split(os.pathsep) if one != mine]
    environment = kept | {
        "PATH": os.pathsep.join(others),
        "QT_QPA_PLATFORM": "offscreen",
        "XDG_DATA_HOME": str(home / "data"),
        "XDG_CONFIG_HOME": str(home / "config"),
        "XDG_RUNTIME_DIR": str(home),
        "GEOSEG_PYTHON": sys.executable,
    }
    done = run(environment, "plugins", "enable", "geoseg")
    assert "geoseg" in done.stdout, done.stderr
    return environment


def run(environment: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    assert PROGRAM is not None
    return subprocess.run(
        [PROGRAM, *words], env=environment, capture_output=True, text=True, check=False, timeout=500
    )


def results(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What an algorithm printed under its last heading."""
    assert done.returncode == 0, done.stdout + done.stderr
    text = done.stdout.split("Results\n----------------\n")[1]
    pairs = (line.split(":\t", 1) for line in text.strip().splitlines())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


@pytest.fixture(scope="module")
def footprints(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Noisy squares."""
    squares = [shapely.box(x, 0, x + 12, 9).segmentize(2) for x in (0, 30, 60)]
    frame = gpd.GeoDataFrame({"name": list("abc")}, geometry=squares, crs=32645)
    path = tmp_path_factory.mktemp("in") / "my footprints ä.gpkg"
    frame.translate(3e5, 3e6).to_frame("geometry").assign(name=list("abc")).to_file(
        path, layer="old"
    )
    return path


def test_every_face_is_an_algorithm(profile: dict[str, str]) -> None:
    listed = run(profile, "list").stdout
    assert {line.split("\t")[1] for line in listed.splitlines() if "geoseg:" in line} == {
        f"geoseg:{verb}" for verb in FACES
    }
    told = run(profile, "help", "geoseg:predict").stdout
    for name in ("RASTER", "AREA", "EXTENT", "OUTPUT", "MODEL", "MIN_AREA", "RESUME"):
        assert f"\n{name}: " in told, name


def test_the_result_is_that_of_the_command_line(
    profile: dict[str, str], footprints: Path, tmp_path: Path
) -> None:
    output = tmp_path / "straight.gpkg"
    words = (f"--INPUT={footprints}|layername=old", "--GSD=0.5", f"--OUTPUT={output}")
    told = results(run(profile, "run", "geoseg:regularize", *words))
    assert told["OUTPUT"] == str(output)
    assert json.loads(told["RESULT"])["rows"] == 3
    plain = tmp_path / "plain.gpkg"
    geoseg.regularize(footprints, plain, gsd_m=0.5, layer="old")
    left, right = gpd.read_file(output), gpd.read_file(plain)
    assert left.geometry.to_wkb().tolist() == right.geometry.to_wkb().tolist()
    assert left.columns.tolist() == right.columns.tolist()


def test_a_table_and_a_page(profile: dict[str, str], footprints: Path, tmp_path: Path) -> None:
    table, page = tmp_path / "t.csv", tmp_path / "p.html"
    words = (f"--INPUT={footprints}", f"--OUTPUT={table}", f"--HTML={page}", "--GRID=20m")
    results(run(profile, "run", "geoseg:report", *words))
    assert table.read_text().count("\n") > 1
    assert page.read_text().startswith("<!")


def test_errors_are_geosegs_own(profile: dict[str, str], footprints: Path, tmp_path: Path) -> None:
    words = (f"--INPUT={footprints}", "--GSD=-3", f"--OUTPUT={tmp_path / 'a.gpkg'}")
    done = run(profile, "run", "geoseg:regularize", *words)
    assert done.returncode != 0
    assert "gsd" in (done.stdout + done.stderr).lower()
    assert "Traceback" not in done.stdout + done.stderr
    assert not (tmp_path / "a.gpkg").exists()


def test_without_a_geoseg_the_way_to_one_is_told(
    profile: dict[str, str], footprints: Path, tmp_path: Path
) -> None:
    words = (f"--INPUT={footprints}", f"--OUTPUT={tmp_path / 'a.gpkg'}")
    missing = profile | {"GEOSEG_PYTHON": "/nowhere/python"}
    done = run(missing, "run", "geoseg:regularize", *words)
    assert "there is no program /nowhere/python" in done.stdout + done.stderr
    bare = {name: value for name, value in profile.items() if name != "GEOSEG_PYTHON"}
    done = run(bare | {"PATH": "/usr/bin:/bin"}, "run", "geoseg:regularize", *words)
    assert "Set up geoseg" in done.stdout + done.stderr
