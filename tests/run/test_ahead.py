"""In the first run ever another process compiles a part of the loops."""

from __future__ import annotations

import logging
import multiprocessing
import os
import sys
import time
from collections.abc import Sequence
from functools import partial
from unittest.mock import Mock

import geopandas as gpd
import loky
import numpy as np
import psutil
import pytest
from clusters import cluster_of
from conftest import RasterMaker
from painted import PaintedModel, paint_town

import geoseg
from geoseg.run import ahead
from geoseg.run.ahead import Ahead
from geoseg.run.spread import beside
from geoseg.run.spread.pool import LocalPool
from geoseg.types import Cluster

HOUSE = [cluster_of(np.pad(np.full((6, 9), 7), 2, constant_values=-1))]


@pytest.fixture(autouse=True)
def first_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (ahead, beside):
        monkeypatch.setattr(module, "is_compiled", lambda: False)
    monkeypatch.setattr(ahead, "usable_cores", lambda: 2)


def _running() -> set[int]:
    """Processes that this one began, but for those that look after its semaphores and end with it."""
    children = psutil.Process().children(recursive=True)
    return {child.pid for child in children if "resource_tracker" not in str(child.cmdline())}


def test_a_process_that_dies_only_costs_time(caplog: pytest.LogCaptureFixture) -> None:
    before = _running()
    with caplog.at_level(logging.WARNING), Ahead.begin(partial(os._exit, 3)) as begun:
        begun.finish([])  # does not wait: there is nothing to draw
        assert not caplog.messages
        begun.finish(HOUSE)
        begun.finish(HOUSE)
        assert len(caplog.messages) == 1
        assert "the process that compiled loops failed" in caplog.text
    assert _running() <= before


def test_a_process_that_hangs_only_costs_time(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ahead, "LONGEST_S", 0.01)
    before = _running()
    with caplog.at_level(logging.WARNING), Ahead.begin(partial(time.sleep, 600)) as begun:
        begun.finish(HOUSE)
        assert "TimeoutError" in caplog.text
        assert _running() <= before


def test_a_run_that_ends_early_leaves_no_process() -> None:
    before = _running()
    with Ahead.begin(partial(time.sleep, 600)):
        assert _running() - before
    assert _running() <= before


def test_no_process_where_it_gains_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    before = _running()
    monkeypatch.setattr(ahead, "usable_cores", lambda: 1)
    Ahead.begin(partial(os._exit, 3)).finish(HOUSE)
    monkeypatch.setattr(ahead, "usable_cores", lambda: 2)
    monkeypatch.setattr(ahead, "is_compiled", lambda: True)
    Ahead.begin(partial(os._exit, 3)).finish(HOUSE)
    monkeypatch.setattr(ahead, "is_compiled", lambda: False)
    monkeypatch.setattr(sys, "executable", "/usr/bin/qgis")
    Ahead.begin(partial(os._exit, 3)).finish(HOUSE)
    assert _running() <= before


def test_platforms_that_begin_no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LocalPool, "submit", Mock(side_effect=OSError("no semaphores")))
    Ahead.begin().finish(HOUSE)


def test_systems_without_locks_begin_no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(loky, "ProcessPoolExecutor", Mock(side_effect=OSError("no room")))
    begun = Ahead.begin()
    assert begun._done is None
    begun.finish(HOUSE)


def test_daemonic_processes_begin_none(monkeypatch: pytest.MonkeyPatch) -> None:
    before, process = _running(), multiprocessing.current_process()
    monkeypatch.setattr(process, "_config", {**process._config, "daemon": True})
    Ahead.begin(partial(os._exit, 3)).finish(HOUSE)
    assert _running() <= before


@pytest.mark.thorough
def test_buildings_are_the_same(make_raster: RasterMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    raster = make_raster("town.tif", paint_town(200, 160)[0])
    finish, awaited = Ahead.finish, []

    def noting(self: Ahead, clusters: Sequence[Cluster]) -> None:
        awaited.append(self._done is not None and len(clusters) > 0)
        finish(self, clusters)

    monkeypatch.setattr(Ahead, "finish", noting)

    def drawn() -> gpd.GeoDataFrame:
        return geoseg.predict(raster, model=PaintedModel(), tile_px=128)

    first = drawn()
    assert awaited.count(True) == 1
    monkeypatch.setattr(ahead, "is_compiled", lambda: True)
    assert len(first) > 3
    assert first.equals(drawn())
