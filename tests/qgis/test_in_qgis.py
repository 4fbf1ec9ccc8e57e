"""What qgis_process cannot show: layers in memory, cancelling, the set-up's window."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import REPOSITORY

SCRIPT = Path(__file__).with_name("in_qgis.py")
PYTHON = os.environ.get("GEOSEG_QGIS_PYTHON", "/usr/bin/python3")

pytestmark = pytest.mark.qgis


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


def see(case: str, plugins: Path, folder: Path, *more: str) -> dict[str, Any]:
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    home = {
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "XDG_RUNTIME_DIR": str(folder),
    }
    done = subprocess.run(
        [PYTHON, str(SCRIPT), case, str(plugins), str(folder), *more],
        env=kept | home | {"GEOSEG_PYTHON": sys.executable},
        capture_output=True, text=True, check=False, timeout=500,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    seen: dict[str, Any] = json.loads(done.stdout[done.stdout.index("{") :])
    return seen


def test_a_layer_in_memory_is_read(plugins: Path, tmp_path: Path) -> None:
    assert see("memory", plugins, tmp_path) == {"good": True, "features": 3}


def test_a_temporary_output_is_the_file_that_was_written(plugins: Path, tmp_path: Path) -> None:
    assert see("temporary", plugins, tmp_path) == {"good": True, "features": 3}


def test_cancelling_keeps_what_is_finished_and_writes_no_output(
    plugins: Path, tmp_path: Path
) -> None:
    photo = shutil.copy(REPOSITORY / "examples/banepa.tif", tmp_path)  # QGIS writes beside it
    seen = see("cancel", plugins, tmp_path, photo)
    assert not seen["exists"]
    assert seen["kept"]
    assert "Resume" in seen["log"]


def test_a_web_map_is_refused_with_what_to_do(plugins: Path, tmp_path: Path) -> None:
    seen = see("web map", plugins, tmp_path)
    assert not seen["good"]
    assert "save it as a GeoTIFF" in seen["log"]


def test_the_set_up_says_what_is_used(plugins: Path, tmp_path: Path) -> None:
    seen = see("dialog", plugins, tmp_path, sys.executable)
    assert seen["refused"] == "there is no program /nowhere/python"
    assert sys.executable in seen["chosen"]
    assert seen["tested"] == seen["chosen"]
    assert seen["candidates"][0] == sys.executable
