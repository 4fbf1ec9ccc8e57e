"""Runs by several workers: the same bytes as by one, and nothing left behind when something dies."""

from __future__ import annotations

import multiprocessing
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import geopandas as gpd
import loky.backend.synchronize
import numpy as np
import psutil
import pytest
import spread_runs
from conftest import RasterMaker
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from painted import PaintedModel, paint_town
from rasterio.io import MemoryFile
from spread_runs import (
    OF_HOUSES,
    OPTIONS,
    FullDisk,
    Houses,
    Mortal,
    MortalHouses,
    Once,
    Twice,
    digest,
)
from tries import tries

import geoseg
from geoseg.errors import UsageError, WorkerError
from geoseg.run.spread import memory, messages, specs
from geoseg.run.spread.pool import LocalPool


@pytest.fixture(scope="module")
def pool() -> Iterator[Executor]:
    with LocalPool(2) as running:
        yield running


@pytest.fixture
def town(make_raster: RasterMaker) -> Path:
    """Houses, and a comb whose teeth join rows of tiles later."""
    pixels, _ = paint_town(330, 240)
    pixels[0, 3:300, 100:190] = 0
    pixels[0, 3:280, 102:180:8] = 250
    pixels[0, 280:290, 102:184] = 250
    return make_raster("town.tif", pixels)


@pytest.mark.thorough
def test_processes_give_the_bytes_of_one(
    pool: Executor, town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Dense and instance models; a file and a frame."""
    for model, options in ((PaintedModel(), OPTIONS), (Houses(), OF_HOUSES)):
        alone = geoseg.predict(town, model=model, **options)
        assert len(alone) > 50
        assert digest(geoseg.predict(town, model=model, executor=pool, **options)) == digest(alone)
    whole = geoseg.predict(town, tmp_path / "one.gpkg", model=PaintedModel(), **OPTIONS)
    monkeypatch.setattr(memory, "peak_rss_mb", lambda: 0.0)  # earlier tests may have held more
    told = geoseg.predict(
        town, tmp_path / "two.gpkg", model=PaintedModel(), executor=pool, **OPTIONS
    )
    assert digest(tmp_path / "one.gpkg") == digest(tmp_path / "two.gpkg")
    for name in ("buildings", "area_m2", "tiles", "dropped"):
        assert getattr(told, name) == getattr(whole, name)
    workers = told.record["workers"]
    assert (workers["hosts"], 0 < workers["processes"] <= 2) == (1, True)
    assert min(workers["bytes_sent"], workers["bytes_received"]) > 1000
    assert min(told.seconds[name] for name in ("read", "model", "vectorize")) > 0
    mine_mb = psutil.Process().memory_info().rss / 1e6
    assert told.peak_rss_mb > mine_mb + 50  # this process's and the workers'
    assert whole.record["workers"] is None
    assert tuple(dict(told.in_words()))[-4:-2] == ("workers", "memory")


@tries(6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    data=st.binary(min_size=1, max_size=64),
    shape=st.tuples(st.integers(1, 130), st.integers(1, 130)),
    workers=st.integers(1, 3),
    batch=st.integers(1, 2),
    instances=st.booleans(),
)
def test_any_picture_gives_the_same(
    make_raster: RasterMaker,
    data: bytes,
    shape: tuple[int, int],
    workers: int,
    batch: int,
    instances: bool,
) -> None:
    rng = np.random.default_rng(list(data))
    coarse = rng.choice(np.array([0, 40, 140, 250], np.uint8), (3, 14, 14))
    pixels = np.kron(coarse, np.ones((1, 10, 10), np.uint8))[:, : shape[0], : shape[1]]
    pixels[1] //= 3
    source = make_raster("any.tif", pixels)
    model, options = (Houses(), OF_HOUSES) if instances else (PaintedModel(), OPTIONS)
    options = {**options, "batch": batch, "min_area_m2": 1.0}
    with ThreadPoolExecutor(workers) as threads:
        told = geoseg.predict(source, model=model, executor=threads, **options)
    assert digest(told) == digest(geoseg.predict(source, model=model, **options))


@pytest.mark.thorough
def test_an_area_of_interest_and_what_cannot_be_read(
    make_raster: RasterMaker, town: Path, tmp_path: Path
) -> None:
    """What makes a run start again, and what is counted."""
    outlines = geoseg.predict(town, model=PaintedModel(), **OPTIONS).geometry
    area = outlines[outlines.length.idxmax()].representative_point().buffer(3)  # within the comb
    damaged = make_raster("damaged.tif", paint_town(330, 240)[0], tiled=True, blockysize=64)
    with damaged.open("r+b") as file:
        file.truncate(damaged.stat().st_size * 2 // 3)
    cases = [(town, {"aoi": area}), (damaged, {"skip_errors": True})]
    with ThreadPoolExecutor(2) as threads:
        for source, options in cases:
            outputs = [tmp_path / f"{source.stem}{number}.gpkg" for number in range(2)]
            both = [
                geoseg.predict(source, output, model=PaintedModel(), **OPTIONS, **options, **how)
                for output, how in zip(outputs, ({}, {"executor": threads}), strict=True)
            ]
            assert digest(outputs[0]) == digest(outputs[1])
            assert both[0].tiles == both[1].tiles
            assert both[0].buildings > 0
    assert both[0].tiles.failed > 0


@pytest.mark.thorough
def test_a_lost_worker_ends_the_run_which_goes_on_with_another_number(
    pool: Executor, town: Path, tmp_path: Path
) -> None:
    omen, output = tmp_path / "omen", tmp_path / "b.gpkg"
    omen.write_bytes(b"x" * 8)
    model = Mortal(omen)
    with pytest.raises(WorkerError, match=r"ended unexpectedly.* --resume goes on from there"):
        geoseg.predict(town, output, model=model, executor=pool, **OPTIONS)
    assert not output.exists()
    assert output.with_name("b.gpkg.parts").is_dir()
    omen.unlink()
    again = Mortal(omen)
    summary = geoseg.predict(town, output, model=again, resume=True, **OPTIONS)
    assert again.calls < summary.tiles.done
    alone = geoseg.predict(town, model=PaintedModel(), **OPTIONS)
    assert digest(geoseg.predict(town, model=PaintedModel(), executor=pool, **OPTIONS)) == digest(
        alone
    )
    frame = gpd.read_file(output, layer="buildings")
    assert len(frame) == len(alone)
    assert (frame.geometry.to_wkb() == alone.geometry.to_wkb()).all()


@pytest.mark.thorough
def test_a_worker_lost_over_one_raster_is_there_for_the_next(
    pool: Executor, town: Path, tmp_path: Path
) -> None:
    """Of many rasters, each with an output of its own."""
    second = town.with_name("town2.tif")
    second.write_bytes(town.read_bytes())
    told = geoseg.predict(
        [town, second], f"{tmp_path}/out/", model=Once(tmp_path / "mark"), executor=pool, **OPTIONS
    )
    assert told.failed == 1
    assert "ended unexpectedly" in (told[0].error or "")
    whole = geoseg.predict(second, tmp_path / "w.gpkg", model=PaintedModel(), **OPTIONS)
    assert told[1].summary is not None
    assert told[1].summary.buildings == whole.buildings
    assert digest(tmp_path / "out" / "town2.gpkg") == digest(tmp_path / "w.gpkg")


@pytest.mark.thorough
def test_a_full_disk_at_a_worker_is_told_and_the_run_goes_on(town: Path, tmp_path: Path) -> None:
    omen, output = tmp_path / "omen", tmp_path / "b.gpkg"
    omen.touch()
    with ThreadPoolExecutor(1) as threads:
        with pytest.raises(
            WorkerError,
            match=r"worker \d+ on .*No space left on device.*--resume goes on from there",
        ):
            geoseg.predict(town, output, model=FullDisk(omen), executor=threads, **OPTIONS)
        assert not output.exists()
        omen.unlink()
        again = FullDisk(omen)
        geoseg.predict(town, output, model=again, executor=threads, resume=True, **OPTIONS)
    geoseg.predict(town, tmp_path / "w.gpkg", model=PaintedModel(), **OPTIONS)
    assert digest(output) == digest(tmp_path / "w.gpkg")


@pytest.mark.thorough
def test_what_is_done_twice_counts_once(town: Path) -> None:
    with Twice(2) as threads:
        found = geoseg.predict(town, model=PaintedModel(), executor=threads, **OPTIONS)
    assert digest(found) == digest(geoseg.predict(town, model=PaintedModel(), **OPTIONS))


@pytest.mark.thorough
def test_any_processor_is_taken_where_asked(
    town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the record names the kinds."""
    output = tmp_path / "b.gpkg"
    for place in ("geoseg.models.traits", "geoseg.run.spread.working"):
        monkeypatch.setattr(f"{place}.processor_kind", lambda: f"odd {time.perf_counter_ns()}")
    with ThreadPoolExecutor(1) as threads:
        told = geoseg.predict(
            town, output, model=PaintedModel(), executor=threads, any_processor=True, **OPTIONS
        )
    assert told.record["workers"]["processors"][0].startswith("odd ")
    geoseg.predict(town, tmp_path / "w.gpkg", model=PaintedModel(), **OPTIONS)
    assert digest(output) == digest(tmp_path / "w.gpkg")


SCRIPT = """
import sys
sys.path[:0] = sys.argv[3:]
import geoseg
from spread_runs import OPTIONS, Slow
geoseg.predict(sys.argv[1], sys.argv[2], model=Slow(), workers=2, **OPTIONS,
               progress=lambda report: print("row", flush=True))
"""


def test_a_raster_in_memory_is_for_this_process_alone(town: Path) -> None:
    with MemoryFile(town.read_bytes()) as memory, memory.open() as dataset:
        with pytest.raises(UsageError, match=r"lies in the memory of this process"):
            geoseg.predict(dataset, model=PaintedModel(), workers=2, **OPTIONS)
        by_threads = geoseg.predict(
            dataset, model=PaintedModel(), executor=ThreadPoolExecutor(2), **OPTIONS
        )
    alone = geoseg.predict(town, model=PaintedModel(), **OPTIONS)
    assert by_threads.geometry.geom_equals_exact(alone.geometry, 0).all()


def test_a_daemonic_process_is_told_that_it_may_have_no_workers(
    town: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process = multiprocessing.current_process()
    monkeypatch.setattr(process, "_config", {**process._config, "daemon": True})
    with pytest.raises(UsageError, match=r"daemonic process such as one of multiprocessing\.Pool"):
        geoseg.predict(town, model=PaintedModel(), workers=2, **OPTIONS)


def test_a_system_without_room_for_locks_is_told(
    town: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(loky.backend.synchronize, "_SemLock", full)
    with pytest.raises(WorkerError, match=r"No space left.*: they need locks.*leave out workers"):
        geoseg.predict(town, model=PaintedModel(), workers=2, **OPTIONS)


@pytest.mark.parametrize("name", ["json", "queue"])
def test_files_of_the_working_folder_are_no_modules_of_workers(
    name: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / f"{name}.py").write_text("raise SystemExit('not the library')")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PYTHONSAFEPATH", raising=False)
    with LocalPool(1) as pool:
        assert pool.submit(abs, -3).result() == 3
    assert "PYTHONSAFEPATH" not in os.environ
    assert "not the library" not in capfd.readouterr().err


@pytest.mark.thorough
def test_a_killed_home_leaves_no_worker_and_another_goes_on(town: Path, tmp_path: Path) -> None:
    """A script on standard input, without a main guard."""
    folders = [
        str(Path(module.__file__).parent) for module in (spread_runs, sys.modules["painted"])
    ]
    output = tmp_path / "b.gpkg"
    command = [sys.executable, "-", str(town), str(output), *folders]
    with subprocess.Popen(command, stdin=-1, stdout=-1, text=True) as home:
        assert home.stdin is not None
        assert home.stdout is not None
        home.stdin.write(SCRIPT)
        home.stdin.close()
        assert [home.stdout.readline() for _ in range(2)] == ["row\n"] * 2  # the first is kept
        children = psutil.Process(home.pid).children(recursive=True)
        assert len(children) >= 2
        home.kill()
    gone, alive = psutil.wait_procs(children, timeout=20)
    assert (len(gone), alive) == (len(children), [])
    model = spread_runs.Slow()
    summary = geoseg.predict(town, output, model=model, resume=True, **OPTIONS)
    assert model.calls < summary.tiles.done
    alone = geoseg.predict(town, model=PaintedModel(), **OPTIONS)
    frame = gpd.read_file(output, layer="buildings")
    assert (frame.geometry.to_wkb() == alone.geometry.to_wkb()).all()


class Unsendable(PaintedModel):
    def __reduce__(self) -> Any:
        raise TypeError("it holds a socket")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"workers": 0},
            r"--workers \(workers\): give a number of processes from 1 to 1024; got 0",
        ),
        ({"workers": 2, "executor": ThreadPoolExecutor(1)}, "give one"),
        ({"executor": 3}, "executor is a concurrent.futures.Executor.* got a int"),
        (
            {"model": Unsendable(), "workers": 2},
            "cannot be sent to other processes .it holds a sock",
        ),
    ],
)
def test_what_cannot_be(town: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        geoseg.predict(town, **{"model": PaintedModel(), **OPTIONS, **options})


@pytest.mark.thorough
def test_workers_that_are_not_alike_are_refused(
    town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def told(how: str) -> str:
        with ThreadPoolExecutor(1) as threads, pytest.raises(WorkerError) as caught:
            geoseg.predict(town, model=PaintedModel(), executor=threads, **OPTIONS)
        assert how in str(caught.value)
        return str(caught.value)

    with monkeypatch.context() as patched:
        patched.setattr(specs, "versions", lambda: dict.fromkeys(specs.DECISIVE, "0"))
        assert "worker " in told("its libraries are others (geoseg 0 instead of")
    with monkeypatch.context() as patched:
        opened = messages.opened
        patched.setattr("geoseg.run.spread.home.opened", lambda data, who: opened(b"9" + data, who))
        told("a worker has geoseg 9")
    with monkeypatch.context() as patched:
        patched.setattr(
            "geoseg.models.traits.processor_kind", lambda: f"x86_64 no{time.perf_counter_ns()}"
        )
        told("the kind of processor was")
    with monkeypatch.context() as patched:
        seen = specs.RunSpec.require_same

        def elsewhere(spec: specs.RunSpec) -> None:
            town.rename(tmp_path / "gone.tif")
            seen(spec)

        patched.setattr(specs.RunSpec, "require_same", elsewhere)
        told("it does not see the same raster: the raster")


@pytest.mark.slow
def test_four_processes_listen_on_nothing_but_the_loopback(town: Path) -> None:
    heard: set[str] = set()

    def listen(_: object) -> None:
        here = psutil.Process()
        for process in (here, *here.children(recursive=True)):
            sockets = process.net_connections("inet")
            heard.update(one.laddr.ip for one in sockets if one.status == psutil.CONN_LISTEN)

    found = geoseg.predict(town, model=PaintedModel(), workers=4, progress=listen, **OPTIONS)
    assert heard <= {"127.0.0.1", "::1"}
    assert digest(found) == digest(geoseg.predict(town, model=PaintedModel(), **OPTIONS))


@pytest.mark.slow
@pytest.mark.parametrize("instances", [False, True])
def test_one_of_four_lost_in_the_middle_changes_nothing(
    town: Path, tmp_path: Path, instances: bool
) -> None:
    """What is finished is kept, and four others go on."""
    omen, output, whole = tmp_path / "omen", tmp_path / "b.gpkg", tmp_path / "w.gpkg"
    omen.write_bytes(b"x" * (2 if instances else 4))
    make, options = (MortalHouses, OF_HOUSES) if instances else (Mortal, OPTIONS)
    with LocalPool(4) as four:
        with pytest.raises(WorkerError, match="ended unexpectedly"):
            geoseg.predict(town, output, model=make(omen), executor=four, **options)
        assert not output.exists()
        omen.unlink()
        told = geoseg.predict(town, output, model=make(omen), executor=four, resume=True, **options)
    alone = geoseg.predict(town, whole, model=make(omen), **options)
    assert told.tiles == alone.tiles
    assert told.record["workers"]["processes"] > 1
    assert digest(output) == digest(whole)


@pytest.mark.slow
def test_the_standard_librarys_pool_will_do(town: Path) -> None:
    """Whoever guards the main module may bring it."""
    import multiprocessing

    with ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn")) as processes:
        found = geoseg.predict(town, model=PaintedModel(), executor=processes, **OPTIONS)
    assert digest(found) == digest(geoseg.predict(town, model=PaintedModel(), **OPTIONS))
