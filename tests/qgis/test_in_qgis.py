"""What a QGIS shows and does that qgis_process cannot tell; all cases in one process."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyproj
import pytest
import shapely
from conftest import REPOSITORY, transform_at

import geoseg
from geoseg.export.output import write_output
from geoseg.export.schema import SCHEMA

SCRIPT = Path(__file__).with_name("in_qgis.py")
PYTHON = os.environ.get("GEOSEG_QGIS_PYTHON", "/usr/bin/python3")
WHEELS = os.environ.get("GEOSEG_WHEELS", "")
"""A folder of wheels of geoseg and all that it needs, for QGIS's own Python."""
UTM = pyproj.CRS(32645)
LEFT, TOP = 345_600.0, 3_072_000.0

pytestmark = [pytest.mark.qgis, pytest.mark.thorough]
Seen = dict[str, Any]


@pytest.fixture(scope="module")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    try:
        asked = subprocess.run([PYTHON, "-c", "import qgis.core"], capture_output=True, check=False)
    except OSError:
        asked = None
    if asked is None or asked.returncode:
        pytest.skip(f"{PYTHON} has no QGIS")
    folder = tmp_path_factory.mktemp("plugins")
    build = [sys.executable, str(REPOSITORY / "qgis/build.py"), str(folder)]
    subprocess.run(build, check=True, capture_output=True)
    return folder


def see(jobs: dict[str, dict[str, Any]], plugins: Path, folder: Path) -> Seen:
    """Run cases of in_qgis.py in a fresh profile."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    names = ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR")
    (folder / "jobs.json").write_text(json.dumps(jobs))
    done = subprocess.run(
        [PYTHON, str(SCRIPT), str(plugins), str(folder / "jobs.json")],
        env=kept | dict.fromkeys(names, str(folder)) | {"GEOSEG_PYTHON": sys.executable},
        capture_output=True, text=True, check=False, timeout=900,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen: Seen = json.loads(done.stdout.strip().splitlines()[-1])
    return seen


def photo(path: Path, write: Callable[..., None], **options: Any) -> Path:
    """Blue ground, 40 by 40 m."""
    pixels = np.zeros((3, 80, 80), np.uint8)
    pixels[2] = 200
    write(path, pixels, **options)
    return path


def write_raster(path: Path, pixels: Any, transform: Any = None, crs: Any = UTM) -> None:
    import rasterio

    where = transform_at(0.5, left=LEFT, top=TOP) if transform is None else transform
    facts = {"count": len(pixels), "height": pixels.shape[1], "width": pixels.shape[2]}
    with rasterio.open(path, "w", driver="GTiff", dtype=pixels.dtype, crs=crs, transform=where,
                       photometric="RGB", **facts) as file:  # fmt: skip
        file.write(pixels)


def write_buildings(path: Path, raster: Path) -> None:
    """Three houses found in a raster."""
    boxes = [shapely.box(LEFT + x, TOP - 30, LEFT + x + 9, TOP - 20) for x in (2, 14, 26)]
    values = {
        "building_id": [1, 2, 3], "area_m2": [90.4, 1234.6, 91.0], "perimeter_m": [38.0] * 3,
        "confidence": [0.876, 0.4, 0.97], "presence": [0.98, 0.7, None], "length_m": [10.0] * 3, "width_m": [9.0] * 3,
        "orientation_deg": [0.0] * 3, "at_edge": [False, False, True],
        "shape": ["regularized"] * 3, "source": [raster.name] * 3, "image_date": [""] * 3,
        "geometry": shapely.to_wkb(boxes),
    }  # fmt: skip
    table = pa.table(values, schema=SCHEMA)
    record = {"sources": [{"path": str(raster), "bands": [1, 2, 3]}], "stretch": None}
    extent = [shapely.to_wkb(shapely.box(LEFT, TOP - 40, LEFT + 40, TOP))]
    write_output(path, table.to_batches(), crs=UTM, run_metadata=record, extent=extent)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of what is opened, its name as people write them."""
    folder = tmp_path_factory.mktemp("in") / "Straße 5, Büro"
    folder.mkdir()
    raster = photo(folder / "Luftbild ä.tif", write_raster)
    write_buildings(folder / "b.gpkg", raster)
    geoseg.project(folder / "b.gpkg")
    write_buildings(folder / "first name.gpkg", raster)
    geoseg.project(folder / "first name.gpkg")
    (folder / "first name.gpkg").rename(folder / "renamed.gpkg")
    shutil.copy(folder / "renamed.gpkg", folder / "again.gpkg")
    geoseg.project(folder / "again.gpkg")
    geoseg.project(folder / "b.gpkg", output=folder / "b.qgz")
    surface = np.full((3, 80, 80), 0, np.uint8)
    surface[:, 40:60, 4:22] = 12
    one = folder / "ndsm1.tif"
    _single(one, surface[0].astype(np.float32))
    geoseg.add_heights(folder / "b.gpkg", folder / "h.gpkg", ndsm=one, layer="buildings")
    frame = gpd.read_file(folder / "h.gpkg", layer="buildings").assign(ground_m=100.0)
    geoseg.convert(frame, folder / "blocks.gpkg")
    geoseg.report(folder / "b.gpkg", folder / "z.gpkg", grid="20m")
    geoseg.compare(
        folder / "b.gpkg", frame.iloc[:2][["building_id", "geometry"]], folder / "c.gpkg"
    )
    geoseg.review(folder / "b.gpkg", folder / "review.gpkg", plots=4, queue=3, plot_size_m=20)
    turned = transform_at(0.5, left=LEFT, top=TOP) * transform_at(1, left=0, top=0).rotation(20)
    photo(folder / "gedreht ä.tif", write_raster, transform=turned)
    return folder


def _single(path: Path, pixels: Any) -> None:
    import rasterio

    with rasterio.open(path, "w", driver="GTiff", dtype="float32", crs=UTM, count=1, height=80,
                       width=80, transform=transform_at(0.5, left=LEFT, top=TOP)) as file:  # fmt: skip
        file.write(pixels, 1)


@pytest.fixture(scope="module")
def seen(plugins: Path, files: Path, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    folder = tmp_path_factory.mktemp("seen")
    big = shutil.copy(REPOSITORY / "examples/banepa.tif", folder)  # QGIS writes beside it
    png = str(folder / "p.png")
    address = f"geopackage:{files}/%s.gpkg?projectName=geoseg"
    jobs: dict[str, dict[str, Any]] = {
        "layer": {"path": str(files / "b.gpkg"), "name": "buildings"},
        "heights": {"path": str(files / "h.gpkg"), "name": "buildings"},
        "blocks": {"path": str(files / "blocks.gpkg"), "name": "buildings"},
        "zones": {"path": str(files / "z.gpkg"), "name": "zones"},
        "changes": {"path": str(files / "c.gpkg"), "name": "changes"},
        "project": {"address": address % "b", "png": png},
        "project file": {"address": str(files / "b.qgz"), "png": png},
        "renamed": {"address": address % "renamed", "png": png},
        "again": {"address": address % "again", "png": png},
        "temporary": {},
        "without crs": {"output": str(folder / "no crs.gpkg")},
        "open meanwhile": {"output": str(files / "straight ü.gpkg")},
        "web map": {},
        "describe": {"rasters": [str(files / "gedreht ä.tif")]},
        "cancel": {"raster": big, "output": str(folder / "cancelled.gpkg")},
        "dialog": {"program": sys.executable, "png": str(folder / "dialog.png")},
        "refusals": {"folder": str(folder)},
        "review": {"path": str(files / "review.gpkg"), "raster": str(files / "Luftbild ä.tif"),
                   "png": os.environ.get("GEOSEG_SHOTS", str(folder)) + "/review.png"},
        "queue": {"path": str(files / "review.gpkg")},
    }  # fmt: skip
    return see(jobs, plugins, folder)


def case(seen: Seen, name: str) -> Any:
    found = seen[name]
    assert not (isinstance(found, dict) and "raised" in found), found["raised"]
    return found


# --- layers ---


def test_columns_have_names_units_and_formats(seen: Seen) -> None:
    layer = case(seen, "layer")
    assert layer["aliases"]["area_m2"] == "Area (m²)"
    assert layer["aliases"]["confidence_percent"] == "Confidence (%)"
    assert layer["values"]["area_m2"] == "90"
    assert layer["values"]["confidence_percent"] == "88"
    assert layer["hidden"] == ["confidence", "presence", "fid", ""]
    assert layer["tabs"] == ["Building", "Origin"]


def test_a_building_is_called_by_its_number_and_area(seen: Seen) -> None:
    layer = case(seen, "layer")
    assert layer["display"] == "Building 1, 90 m²"
    assert "Confidence: 88 %" in layer["tip"]
    assert layer["tip"].startswith("<b>Building 1</b>")


def test_three_styles_are_offered_and_none_is_a_layer(seen: Seen) -> None:
    layer = case(seen, "layer")
    assert layer["sublayers"] == ["buildings", "extent"]
    assert list(layer["styles"]) == ["by area", "by confidence", "outline over the photo"]
    legends = [legend for _, _, legend, _ in layer["styles"].values()]
    assert all(good and told == "" for good, told, _, _ in layer["styles"].values())
    assert [len(legend) for legend in legends] == [8, 7, 2]
    assert [labelled for *_, labelled in layer["styles"].values()] == [True, True, False]


def test_heights_stand_up_in_3d(seen: Seen) -> None:
    layer = case(seen, "heights")
    by = ['coalesce("ground_m", 0)', 'coalesce("height_m", 3)']
    assert layer["solid"] == {"type": "polygon", "by": by}
    assert layer["tabs"] == ["Building", "Origin", "Height"]
    assert layer["values"]["height_m"] == "12.0"
    assert layer["renderer"] == "RuleRenderer"
    assert case(seen, "blocks")["solid"] == {"type": "polygon", "by": []}
    assert case(seen, "layer")["solid"] is None


def test_zones_and_changes_have_names_and_formats(seen: Seen) -> None:
    zones, changes = case(seen, "zones"), case(seen, "changes")
    assert zones["renderer"] == "graduatedSymbol"
    assert zones["aliases"]["density_per_km2"] == "Per km²"
    assert zones["hidden"] == ["fid", ""]
    assert changes["renderer"] == "categorizedSymbol"
    assert changes["values"]["iou"] == "1.00"
    assert changes["display"] == "unchanged"


# --- projects ---

ORDER = ["Buildings", "Observed area", "Luftbild ä"]
BLUE, DOTS = "#0000c8", "#00e5ff"


@pytest.mark.parametrize("name", ["project", "project file", "again"])
def test_a_project_shows_all_over_the_photo(seen: Seen, name: str) -> None:
    project = case(seen, name)
    assert project["good"]
    assert project["layers"] == sorted([title, True] for title in ORDER)
    assert project["checked"] == ORDER
    assert (project["crs"], project["ellipsoid"]) == ("EPSG:32645", "EPSG:7030")
    assert len(project["styles"][0]) == 3
    assert {BLUE, DOTS} <= set(project["colours"])


def test_a_renamed_file_needs_its_project_again(seen: Seen) -> None:
    lost = case(seen, "renamed")
    assert lost["good"]
    assert lost["layers"] == [["Buildings", False], ["Luftbild ä", True], ["Observed area", False]]


# --- algorithms ---


def test_a_layer_in_memory_is_read_and_a_temporary_output_is_the_file_that_was_written(
    seen: Seen,
) -> None:
    told = case(seen, "temporary")
    assert (told["good"], told["features"]) == (True, 3)


def test_a_layer_without_a_crs_is_refused_in_one_sentence(seen: Seen) -> None:
    told = case(seen, "without crs")
    assert not told["good"]
    assert not told["exists"]
    assert "CRS" in told["log"]
    assert "Traceback" not in told["log"]


def test_what_qgis_shows_is_written_again(seen: Seen) -> None:
    told = case(seen, "open meanwhile")
    assert (told["first"], told["again"], told["features"]) == (True, True, 3)
    assert told["after"] == ["n0", "n1", "n2"]


def test_rotated_rasters_and_names_with_spaces_and_umlauts_are_read(seen: Seen) -> None:
    for told in case(seen, "describe"):
        assert told["valid"]
        assert told["good"], told["log"]


def test_cancelling_keeps_what_is_finished_and_writes_no_output(seen: Seen) -> None:
    told = case(seen, "cancel")
    assert not told["exists"]
    assert told["kept"]
    assert "Resume" in told["log"]


def test_a_web_map_is_refused_with_what_to_do(seen: Seen) -> None:
    told = case(seen, "web map")
    assert not told["good"]
    assert "save it as a GeoTIFF" in told["log"]


# --- set-up ---


def test_the_set_up_says_what_is_used(seen: Seen) -> None:
    told = case(seen, "dialog")
    assert told["refused"] == "there is no program /nowhere/python"
    assert sys.executable in told["chosen"]
    assert told["tested"] == told["chosen"]
    assert told["candidates"][0] == sys.executable


def test_the_set_up_says_what_is_missing(seen: Seen) -> None:
    told = case(seen, "refusals")
    assert "of free space" in told["space"]
    assert "install Python from python.org" in told["python"]
    make, install = told["uv"]
    assert make[1:6] == ["venv", "--clear", "--seed", "--python", "3.11"]
    assert install[-1] == "geoseg"
    assert [one.split(" ")[:2] for one in told["no uv"]] == [
        ["getting", "uv,"], ["getting", "Python"], ["installing", "geoseg"],
    ]  # fmt: skip
    network, disk, other = told["ended"]
    assert network.startswith("installing failed: the package index cannot be reached")
    assert disk == "installing failed: the disk is full"
    assert other == "installing failed: ERROR: something else"
    assert not told["left"]


def stand_in(folder: Path) -> Path:
    """A wheel that is called geoseg, answers, and needs one other."""
    folder.mkdir()
    names = {
        "geoseg": ("0.1.0", "print('geoseg 0.1.0')", "Requires-Dist: needed\n"),
        "needed": ("1", "", ""),
    }
    for name, (version, body, more) in names.items():
        with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
            facts = f"{name}-{version}.dist-info"
            wheel.writestr(f"{name}/__init__.py", "")
            wheel.writestr(f"{name}/__main__.py", body)
            head = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n{more}"
            wheel.writestr(f"{facts}/METADATA", head)
            wheel.writestr(
                f"{facts}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
            )
            wheel.writestr(f"{facts}/RECORD", "")
    return folder


def require_whole(told: Seen, version: str) -> None:
    assert "holds no wheel of geoseg" in told["no wheel"]
    assert "failed" in told["failed"]
    assert "No matching distribution" in told["failed"]
    assert not told["after failing"]
    assert told["cancelled"] == "cancelled; nothing is left behind"
    assert not told["after cancelling"]
    assert told["installed"].startswith(f"geoseg {version} is ready"), told["log"]
    assert told["button"] == "Upgrade"
    assert told["upgraded"].startswith(f"geoseg {version} is ready")
    assert told["tested"].startswith(f"geoseg {version} is used")
    assert "/geoseg/environment" in told["used"][0]
    assert told["removed"][1] is False


# --- review ---


def test_a_review_is_done_with_the_keyboard(seen: Seen, files: Path) -> None:
    told = case(seen, "review")
    assert told["no file"].startswith("/nowhere.gpkg lacks the layers")
    assert told["began"] == ["Building 1 of 3: not looked at", 0, 3, "0 of 4 plots checked"]
    assert told["queue"].startswith("Building 1 of 3: not looked at\n")
    assert told["open plot"] == "1 building of plot 4 has no verdict yet"
    assert told["order"] == sorted(told["order"])
    assert told["in view"]
    assert told["said"] == [["right", True], ["wrong", True], ["redrawn", True]]
    assert told["tools"] == ["vertex"]
    assert told["active"]
    assert [step.split(":")[0] for step in told["steps"]] == ["right", "wrong", "redrawn"]
    assert told["taken back"] == [None, False]
    assert [told["previous"], told["next"]] == [1, 2]
    assert told["done"] == [3, 3]
    assert told["checked"] == "1 of 4 plots checked"
    assert told["drawing"] == ["add", "Draw the building that was missed."]
    assert told["drawn"] == ["added", None]
    assert told["hidden"] == 0
    assert told["menu"] == 0
    rows = gpd.read_file(files / "review.gpkg", layer="buildings")
    assert sorted(rows.review) == ["added", "right", "right", "wrong"]
    assert rows.reviewed_at.notna().all()
    assert gpd.read_file(files / "review.gpkg", layer="plots").checked.sum() == 1


def test_a_queue_is_worked_by_rank(seen: Seen) -> None:
    told = case(seen, "queue")
    assert told["ranks"] == [1, 2, 3]
    assert told["plots"] == 0
    assert told["refused"].startswith("ReviewError: ")


@pytest.mark.slow
def test_a_set_up_from_wheels_runs_to_its_end(plugins: Path, tmp_path: Path) -> None:
    jobs = {"offline": {"wheels": str(stand_in(tmp_path / "wheels")), "broken": str(tmp_path)}}
    require_whole(case(see(jobs, plugins, tmp_path), "offline"), "0.1.0")


@pytest.mark.slow
@pytest.mark.skipif(not WHEELS, reason="GEOSEG_WHEELS names no folder of wheels")
def test_a_set_up_from_real_wheels_runs_to_its_end(plugins: Path, tmp_path: Path) -> None:
    jobs = {"offline": {"wheels": WHEELS, "broken": str(tmp_path)}}
    require_whole(case(see(jobs, plugins, tmp_path), "offline"), geoseg.__version__)
