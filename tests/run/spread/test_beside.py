"""Outlines drawn by processes that nobody asked for: the same bytes, and never a run less."""

from __future__ import annotations

import multiprocessing
import sys
from concurrent.futures import BrokenExecutor, Future
from pathlib import Path
from typing import Any

import pytest
from conftest import RasterMaker
from painted import PaintedModel, paint_town
from spread_runs import OPTIONS, digest

import geoseg
from geoseg.run.spread import beside, pool
from geoseg.run.spread.beside import drawing_processes
from geoseg.run.spread.pool import LocalPool


@pytest.fixture
def town(make_raster: RasterMaker) -> Path:
    return make_raster("town.tif", paint_town(330, 240)[0])


@pytest.fixture
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    """And an earlier run; the town is large enough."""
    monkeypatch.setattr(beside, "PIXELS_EACH", 20_000)
    monkeypatch.setattr(beside, "usable_cores", lambda: 4)
    monkeypatch.setattr(beside, "is_compiled", lambda: True)


@pytest.mark.thorough
@pytest.mark.usefixtures("four_cores")
def test_the_bytes_are_those_of_one_process(town: Path, tmp_path: Path) -> None:
    files = [tmp_path / "one.gpkg", tmp_path / "beside.gpkg"]
    alone = geoseg.predict(town, files[0], model=PaintedModel(), workers=1, **OPTIONS)
    told = geoseg.predict(town, files[1], model=PaintedModel(), **OPTIONS)
    assert digest(files[0]) == digest(files[1])
    assert (told.buildings, told.dropped) == (alone.buildings, alone.dropped)
    assert told.record["workers"]["processes"] in {1, 2}
    assert alone.record["workers"] is None


class Lost(LocalPool):
    """Loses its processes after so many tasks."""

    last = 0

    def submit(self, work: Any, /, *given: Any, **named: Any) -> Future[Any]:
        future: Future[Any] = Future()
        Lost.last -= 1
        if Lost.last < 0:
            future.set_exception(BrokenExecutor("gone"))
        else:
            future.set_result(work(*given, **named))
        return future


@pytest.mark.usefixtures("four_cores")
@pytest.mark.parametrize("last", [0, 2, 3])
def test_a_run_goes_on_without_processes_that_are_lost(
    town: Path,
    last: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Before they have seen the raster, or afterwards."""
    alone = geoseg.predict(town, model=PaintedModel(), workers=1, **OPTIONS)
    monkeypatch.setattr(pool, "LocalPool", Lost)
    monkeypatch.setattr(Lost, "last", last)
    told = geoseg.predict(town, model=PaintedModel(), **OPTIONS)
    assert digest(told) == digest(alone)
    assert [one.message.partition(":")[0] for one in caplog.records if "alone" in one.message] == [
        "outlines are drawn by this process alone"
    ]


@pytest.mark.usefixtures("four_cores")
def test_small_rasters_begin_no_process(
    town: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(beside, "PIXELS_EACH", 330 * 240)
    monkeypatch.setattr(pool, "LocalPool", Lost)
    monkeypatch.setattr(Lost, "last", 0)
    monkeypatch.delitem(sys.modules, "geoseg.run.spread.elsewhere", raising=False)
    for tile_px in (48, None):  # many tiles, or one that is larger than the town
        given = {**OPTIONS, "tile_px": tile_px}
        geoseg.predict(town, tmp_path / f"{tile_px}.gpkg", model=PaintedModel(), **given)
    assert Lost.last == 0
    assert "geoseg.run.spread.elsewhere" not in sys.modules  # nor is what it takes loaded


@pytest.mark.usefixtures("four_cores")
def test_how_many(town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = str(town)
    assert drawing_processes([here]) == 2
    assert drawing_processes([here, "https://example.com/town.tif"]) == 0
    assert drawing_processes(["/vsimem/town.tif"]) == 0
    for cores, processes in ((1, 0), (2, 1), (3, 1), (64, 8)):
        monkeypatch.setattr(beside, "usable_cores", lambda cores=cores: cores)
        assert drawing_processes([here]) == processes
    process = multiprocessing.current_process()
    monkeypatch.setattr(process, "_config", {**process._config, "daemon": True})
    assert drawing_processes([here]) == 0  # Python would refuse
    process._config["daemon"] = False
    assert drawing_processes([here]) == 8
    monkeypatch.setattr(sys, "executable", "/usr/bin/qgis")
    assert drawing_processes([here]) == 0
    monkeypatch.undo()
    monkeypatch.setattr(beside, "usable_cores", lambda: 4)
    monkeypatch.setattr(beside, "is_compiled", lambda: False)
    assert drawing_processes([here]) == 0
