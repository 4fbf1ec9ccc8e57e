"""The examples for clusters run."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from commands import invoke
from conftest import REPOSITORY, RasterMaker
from painted import PaintedModel, paint_town
from spread_runs import digest

import geoseg
from geoseg.run.spread.parts import Part

EXAMPLES = REPOSITORY / "examples" / "cluster"


@pytest.fixture
def town(make_raster: RasterMaker) -> Path:
    return make_raster("town.tif", paint_town(200, 100)[0])


def shim(folder: Path) -> Path:
    """A program called geoseg that writes down what it was called with."""
    path = folder / "bin" / "geoseg"
    path.parent.mkdir()
    path.write_text('#!/bin/sh\nprintf "%s\\n" "$*" >> "$CALLS"\n', encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.thorough
def test_a_job_array_of_slurm(town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the script calls, with an array's environment; each call is then run here."""
    calls = tmp_path / "calls"
    path = f"{shim(tmp_path).parent}{os.pathsep}{os.environ['PATH']}"

    def script(*arguments: object, **array: str) -> int:
        told = {**os.environ, "PATH": path, "CALLS": str(calls), **array}
        command = ["bash", str(EXAMPLES / "slurm.sh"), *map(str, arguments)]
        return subprocess.run(command, env=told, check=False, capture_output=True).returncode

    folder, output = tmp_path / "run", tmp_path / "b.gpkg"
    array = {"SLURM_ARRAY_TASK_COUNT": "3", "SLURM_ARRAY_TASK_MIN": "0"}
    for index in (2, 0, 1):
        assert script("maps", town, folder, SLURM_ARRAY_TASK_ID=str(index), **array) == 0
        monkeypatch.setenv("SLURM_ARRAY_TASK_ID", str(index))
        for name, value in array.items():
            monkeypatch.setenv(name, value)
        called = calls.read_text(encoding="utf-8").splitlines()[-1].split()
        assert called == ["maps", str(town), str(folder), "--quiet"]
        invoke(*called, "--model", "painted:PaintedModel", "--tile", 48)
    assert script("maps", town, folder, SLURM_ARRAY_TASK_ID="1", PARTS="3") == 0
    assert "--part 1/3" in calls.read_text(encoding="utf-8").splitlines()[-1]
    assert script("predict", town, folder, output, SLURM_CPUS_PER_TASK="1") == 0
    called = calls.read_text(encoding="utf-8").splitlines()[-1].split()
    done = invoke(*called, "--model", "painted:PaintedModel")
    assert done.exit_code == 0, done.output
    geoseg.predict(town, tmp_path / "w.gpkg", model=PaintedModel(), tile_px=48)
    assert digest(output) == digest(tmp_path / "w.gpkg")
    assert script("nothing") == 2


def test_an_indexed_job_of_kubernetes(monkeypatch: pytest.MonkeyPatch) -> None:
    job: Any = yaml.safe_load((EXAMPLES / "kubernetes.yaml").read_text(encoding="utf-8"))
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
    spec, pod = job["spec"], job["spec"]["template"]["spec"]
    assert spec["completionMode"] == "Indexed"
    assert pod["restartPolicy"] in {"Never", "OnFailure"}
    (container,) = pod["containers"]
    assert {mount["name"] for mount in container["volumeMounts"]} == {
        volume["name"] for volume in pod["volumes"]
    }
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "63")
    for name in ("SLURM_ARRAY_TASK_ID", "AWS_BATCH_JOB_ARRAY_INDEX"):
        monkeypatch.delenv(name, raising=False)
    assert Part.of(container["command"][-1]) == Part(63, spec["completions"])
    from geoseg.cli.maps import maps
    from geoseg.cli.reference import options

    assert container["command"][:2] == ["geoseg", "maps"]
    assert "part" in options(maps)


@pytest.mark.slow
def test_dask_workers_of_this_machine(town: Path, tmp_path: Path) -> None:
    """The built-in model, on a picture of painted houses."""
    pytest.importorskip("distributed")
    command = [sys.executable, EXAMPLES / "dask_local.py", town, tmp_path / "b.gpkg"]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=300)
    assert done.stdout.startswith("Summary(")
    geoseg.predict(town, tmp_path / "w.gpkg")
    assert digest(tmp_path / "b.gpkg") == digest(tmp_path / "w.gpkg")
