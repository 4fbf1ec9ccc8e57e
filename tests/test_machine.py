"""Settings of the process: memory that is kept and given back, threads that wait."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import RasterMaker, draw_scene

from geoseg import machine
from geoseg.errors import NotEnoughMemoryError

GROWS = """
import psutil
import numpy as np
from geoseg.machine import for_a_while, keep_freed_memory
rss = lambda: psutil.Process().memory_info().rss / 2**20
before = rss()
with for_a_while(keep_freed_memory):
    for _ in range(3):
        array = np.ones(50 * 2**20, np.uint8)
        del array
    kept = rss()
print(kept - before, rss() - before)
"""


GOES = """
import psutil
import numpy as np
from geoseg.machine import for_a_while, give_large_arrays_back
rss = lambda: psutil.Process().memory_info().rss / 2**20
large = np.ones(20 * 2**20, np.uint8)
del large  # from now on such arrays come from the heap
with for_a_while(give_large_arrays_back):
    before = rss()
    array = np.ones(10 * 2**20, np.uint8)
    behind = [np.ones(2**16, np.uint8) for _ in range(16)]
    del array
    print(rss() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs the GNU C library")
def test_large_arrays_are_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", GOES], capture_output=True, text=True, check=True)
    assert float(done.stdout) < 5


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="needs the GNU C library")
def test_freed_memory_is_kept_and_given_back() -> None:
    done = subprocess.run([sys.executable, "-c", GROWS], capture_output=True, text=True, check=True)
    kept_mb, after_mb = map(float, done.stdout.split())
    assert 45 < kept_mb < 70  # once, however often it was asked for
    assert after_mb < 10


def test_nothing_happens_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "libc_ver", lambda: ("", ""))
    monkeypatch.setattr(machine.ctypes, "CDLL", None)
    for rule in (machine.keep_freed_memory, machine.give_large_arrays_back):
        with machine.for_a_while(rule):
            pass


def test_a_wait_policy_of_the_users_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    machine.wait_quietly()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
    monkeypatch.delenv("OMP_WAIT_POLICY")
    machine.wait_quietly()
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"


def test_running_out_of_memory_is_one_sentence() -> None:
    told = pytest.raises(NotEnoughMemoryError, match="not enough memory; buy some")
    with told, machine.memory_errors("buy some"):
        np.empty(2**56, np.uint8)
    with pytest.raises(NotEnoughMemoryError), machine.memory_errors("buy some"):
        torch.empty(2**56, dtype=torch.uint8)
    with pytest.raises(NotEnoughMemoryError), machine.memory_errors("buy some"):
        raise RuntimeError("Exception from src/inference/src/dev/plugin.cpp:54:\ncan't alloc\n")


def test_other_errors_stay_as_they_are() -> None:
    with pytest.raises(RuntimeError, match="shape") as caught, machine.memory_errors("buy some"):
        raise RuntimeError("shape mismatch")
    assert not isinstance(caught.value, NotEnoughMemoryError)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "name",
    [
        machine.FOREIGN_DATA[0],
        *(pytest.param(name, marks=pytest.mark.thorough) for name in machine.FOREIGN_DATA[1:]),
    ],
)
def test_data_of_another_installation_are_ignored_and_that_is_said_once(
    name: str, tmp_path: Path, make_raster: RasterMaker
) -> None:
    raster = make_raster("a.tif", draw_scene(40, 50))
    for file in ("proj.db", "gdal_junk.so", "ogr_junk.so"):
        (tmp_path / file).write_bytes(b"of another version")
    done = subprocess.run(
        [sys.executable, "-m", "geoseg", "info", str(raster), "--json"],
        env={**os.environ, name: str(tmp_path)}, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert json.loads(done.stdout)["rasters"][0]["crs"] == "EPSG:32645 (WGS 84 / UTM zone 45N)"
    assert done.stderr.count(f"{name}={tmp_path} is of another installation and is ignored") == 1


def test_they_stay_where_packages_bring_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PROJ_DATA", "/opt/conda/share/proj")
    monkeypatch.setattr(machine, "DATA_OF_PACKAGES", {"rasterio": ("no such folder",)})
    assert machine.ignore_foreign_data() == []
    assert os.environ["PROJ_DATA"] == "/opt/conda/share/proj"


def test_they_stay_where_another_gdal_runs_in_the_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GDAL_DATA", "/usr/share/gdal")
    monkeypatch.setitem(sys.modules, "osgeo", sys)
    assert machine.ignore_foreign_data() == []
    assert os.environ["GDAL_DATA"] == "/usr/share/gdal"


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, 8),
        ({"cpu.max": "max 100000\n"}, 8),
        ({"cpu.max": "250000 100000\n"}, 3),
        ({"cpu.max": "1600000 100000\n"}, 8),
        ({"cpu.max": "5000 100000\n"}, 1),
        ({"cpu.max": "nonsense\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "-1\n", "cpu/cpu.cfs_period_us": "100000\n"}, 8),
        ({"cpu/cpu.cfs_quota_us": "200000\n", "cpu/cpu.cfs_period_us": "100000\n"}, 2),
    ],
)
def test_a_containers_share_of_time_counts_as_cores(
    files: dict[str, str], cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.setattr(machine, "CONTROL_GROUP", tmp_path)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    assert machine.usable_cores() == cores
