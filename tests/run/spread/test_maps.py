"""Maps stored in parts, in any order and again, give the bytes of a run that looks by itself."""

from __future__ import annotations

import json
import re
import shutil
from concurrent.futures import BrokenExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from commands import exit_code, invoke
from conftest import RasterMaker
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from painted import PaintedModel, paint_town
from spread_runs import OPTIONS, Houses, Mortal, digest
from tries import tries

import geoseg
from geoseg.errors import MapsError, OutputError, UsageError
from geoseg.run.spread import stored
from geoseg.run.spread.parts import Part
from geoseg.run.spread.pool import LocalPool

TILES: dict[str, Any] = {"tile_px": 48}
MODEL = "painted:PaintedModel"


@pytest.fixture
def town(make_raster: RasterMaker) -> Path:
    pixels, _ = paint_town(150, 130)
    pixels[1] = pixels[0] // 3
    pixels[0, 40:44, 10:120] = 180  # what only a lower threshold finds
    return make_raster("town.tif", pixels)


@pytest.mark.thorough
@pytest.mark.parametrize(
    "count", [7, *(pytest.param(n, marks=pytest.mark.thorough) for n in (1, 64))]
)
def test_parts_in_any_order_give_the_same(town: Path, tmp_path: Path, count: int) -> None:
    model, folder = PaintedModel(), tmp_path / "run"
    order = np.random.default_rng(count).permutation(count).tolist()
    for index in [*order, order[0]]:
        told = geoseg.maps(town, folder, part=(index, count), model=model, **TILES)
    assert (told.rows_stored, told.part) == (0, f"{order[0]}/{count}")  # a part tried twice
    calls = model.calls
    alone = geoseg.predict(town, model=PaintedModel(), **OPTIONS)
    for options in ({}, {"strip_px": 32}):
        found = geoseg.predict(town, model=model, maps=folder, shape="raw", **options)
        assert digest(found) == digest(alone)
    assert model.calls == calls
    record = found.attrs["geoseg"]
    assert record["maps"]["parts"] == count
    assert record["tiles"] == alone.attrs["geoseg"]["tiles"]


@tries(4, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 2**20), count=st.integers(1, 9), tile=st.sampled_from([16, 40, 200]))
def test_any_picture_gives_the_same(
    make_raster: RasterMaker, tmp_path: Path, seed: int, count: int, tile: int
) -> None:
    rng = np.random.default_rng(seed)
    coarse = rng.choice(np.array([0, 40, 140, 250], np.uint8), (3, 10, 10))
    height, width = rng.integers(1, 100, 2)
    pixels = np.kron(coarse, np.ones((1, 10, 10), np.uint8))[:, :height, :width]
    source, folder = make_raster("any.tif", pixels), tmp_path / "run"
    shutil.rmtree(folder, ignore_errors=True)
    for index in range(count):
        geoseg.maps(source, folder, part=(index, count), model=PaintedModel(), tile_px=tile)
    found = geoseg.predict(source, model=PaintedModel(), maps=folder, shape="raw")
    whole = geoseg.predict(source, model=PaintedModel(), tile_px=tile, shape="raw")
    assert digest(found) == digest(whole)


@pytest.mark.thorough
def test_a_killed_process_leaves_rows_that_another_goes_on_from(town: Path, tmp_path: Path) -> None:
    omen, folder = tmp_path / "omen", tmp_path / "run"
    omen.write_bytes(b"x" * 5)  # tiles that it lives for
    with LocalPool(1) as pool, pytest.raises(BrokenExecutor):
        pool.submit(geoseg.maps, town, folder, part=(0, 1), model=Mortal(omen), **TILES).result()
    omen.unlink()
    again = Mortal(omen)
    told = geoseg.maps(town, folder, part=(0, 1), model=again, **TILES)
    whole = geoseg.predict(town, model=Mortal(omen), **OPTIONS)
    assert 0 < again.calls < whole.attrs["geoseg"]["tiles"]["done"]
    assert told.rows_stored > 0
    found = geoseg.predict(town, model=Mortal(omen), maps=folder, shape="raw")
    assert digest(found) == digest(whole)


@pytest.mark.thorough
def test_an_area_and_other_limits_and_a_run_that_goes_on(town: Path, tmp_path: Path) -> None:
    folder, output = tmp_path / "run", tmp_path / "b.gpkg"
    geoseg.maps(town, folder, model=PaintedModel(), **TILES)
    with rasterio.open(town) as raster:
        left, _, _, top = raster.bounds
    options = {"aoi": (left, top - 20, left + 15, top), "min_area_m2": 1.0}
    both = [
        geoseg.predict(town, model=PaintedModel(), shape="raw", **options, **how)
        for how in ({"maps": folder}, TILES)
    ]
    assert len(both[0]) > 0
    assert digest(both[0]) == digest(both[1])

    def stop(_: object) -> None:
        stops.append(1)
        if len(stops) == 3:
            raise KeyboardInterrupt

    stops: list[int] = []
    again: dict[str, Any] = {"model": PaintedModel(), "maps": folder, "shape": "raw"}
    with pytest.raises(KeyboardInterrupt):
        geoseg.predict(town, output, progress=stop, **again)
    summary = geoseg.predict(town, output, resume=True, **again)
    whole = geoseg.predict(town, tmp_path / "w.gpkg", model=PaintedModel(), **OPTIONS)
    assert digest(output) == digest(tmp_path / "w.gpkg")
    assert (summary.tiles, summary.dropped) == (whole.tiles, whole.dropped)


def test_the_index_comes_from_a_job_array(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLURM_ARRAY_TASK_ID", "AWS_BATCH_JOB_ARRAY_INDEX", "JOB_COMPLETION_INDEX"):
        monkeypatch.delenv(name, raising=False)
    assert Part.of(None) == Part(0, 1)
    assert Part.of("2/8") == Part.of((2, 8)) == Part(2, 8)
    monkeypatch.setenv("JOB_COMPLETION_INDEX", "3")
    assert Part.of("/5") == Part(3, 5)
    with pytest.raises(UsageError, match="not how many there are; give --part /N"):
        Part.of(None)
    monkeypatch.setenv("AWS_BATCH_JOB_ARRAY_INDEX", "2")
    monkeypatch.setenv("AWS_BATCH_JOB_ARRAY_SIZE", "6")
    assert Part.of(None) == Part(2, 6)
    for name, value in (("ID", "4"), ("COUNT", "4"), ("MIN", "1")):
        monkeypatch.setenv(f"SLURM_ARRAY_TASK_{name}", value)
    assert Part.of(None) == Part(3, 4)
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "four")
    with pytest.raises(UsageError, match="SLURM_ARRAY_TASK_ID is no number: 'four'"):
        Part.of(None)


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ("5/4", "5/4 is none; parts are counted from 0, so that of four the last"),
        ((4, 4), "4/4 is none"),
        ((1,), r"index and count, such as \(0, 4\); got \(1,\)"),
        ((0, 1.5), "two whole numbers"),
        (4, "such as 0/4; got 4"),
        ("0/0", "0/0 is none"),
        ("half", "give index/count, such as 0/4; got 'half'"),
        ("/4", "no job array says which job this is; give the index too, as in 0/4"),
    ],
)
def test_parts_that_are_none(town: Path, tmp_path: Path, part: Any, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        geoseg.maps(town, tmp_path / "run", part=part, model=PaintedModel())
    assert not (tmp_path / "run").exists()


@pytest.mark.thorough
def test_what_does_not_belong_together_is_refused(
    town: Path, make_raster: RasterMaker, tmp_path: Path
) -> None:
    model, folder = PaintedModel(), tmp_path / "run"
    other = make_raster("other.tif", paint_town(150, 130)[0])

    def refused(message: str, source: Path = town, **options: Any) -> None:
        with pytest.raises(MapsError, match=message):
            geoseg.predict(source, **{"model": model, "maps": folder, **options})

    folder.mkdir()
    refused("holds no stored maps")
    for index in (0, 2):
        geoseg.maps(town, folder, part=(index, 3), model=model, **TILES)
    refused(r"parts 1/3 are missing in")
    with pytest.raises(MapsError, match=r"\d of 12 tiles are missing"):
        geoseg.maps(folder, tmp_path / "p.tif")
    for job, said in (
        ({"source": other, "part": "1/3"}, "0000-of-0003.* is of another run: the list of rasters"),
        ({"source": town, "part": "1/3", "stretch": (0, 200)}, "is of another run"),
        ({"source": town, "part": "1/4"}, "holds parts of 3, and this is one of 4"),
    ):  # a job that would be of no use is told before it begins
        with pytest.raises(MapsError, match=said):
            geoseg.maps(output=folder, model=model, **TILES, **job)  # type: ignore[arg-type]
    assert not list(folder.glob("maps-0001*"))
    geoseg.maps(town, folder, part="1/3", model=model, **TILES)
    refused("of another raster, or one that is read otherwise: the list of rasters", source=other)
    refused("tiles with a core, context and stride of .48, 0, 8. pixels", tile_px=64)
    refused("stored with tta False, and True is asked for", tta=True)

    class Another(PaintedModel):
        pass

    refused("and this is Another", model=Another())
    with pytest.raises(UsageError, match="name a file as the output, not a folder"):
        geoseg.predict(town, tmp_path, model=model, maps=folder)
    with pytest.raises(UsageError, match="separate masks has no maps to store"):
        geoseg.maps(town, tmp_path / "h", model=Houses())  # type: ignore[arg-type]
    with pytest.raises(MapsError, match="is of another run: the list of rasters"):
        geoseg.maps(other, folder, part="1/3", model=model, **TILES)
    foreign = folder / next(folder.glob("maps-0002*")).name
    geoseg.maps(other, folder, part="2/3", model=model, overwrite=True, **TILES)
    refused("does not belong to maps-0000-of-0003.*the list of rasters")
    geoseg.maps(town, folder, part="2/3", model=model, overwrite=True, **TILES)
    keep = foreign.read_bytes()
    for damaged in (keep[:-1], keep[:40], keep.replace(b"town.tif", b"tower.tif"), b""):
        foreign.write_bytes(damaged)
        refused("is damaged or holds no maps of geoseg")
    told = geoseg.maps(town, folder, part="2/3", model=model, overwrite=True, **TILES)
    assert told.rows_stored > 0
    geoseg.maps(town, folder, part="0/2", model=model, overwrite=True, **TILES)
    refused("holds parts of 2 and of 3")


def test_parts_of_two_kinds_of_processor_are_refused_with_the_way_that_works(
    town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, folder = PaintedModel(), tmp_path / "run"
    for index, kind in enumerate(("x86_64 avx2", "x86_64 avx2 avx512f")):
        monkeypatch.setattr("geoseg.models.traits.processor_kind", lambda kind=kind: kind)
        if not index:
            geoseg.maps(town, folder, part=(index, 2), model=model, **TILES)
    with pytest.raises(
        MapsError, match=r"kind of processor was.*nodes of one kind.*--any-processor"
    ):
        geoseg.maps(town, folder, part=(1, 2), model=model, **TILES)


def test_a_damaged_part_is_stored_again_and_a_full_disk_leaves_nothing(
    town: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    model, folder = PaintedModel(), tmp_path / "run"
    geoseg.maps(town, folder, model=model, **TILES)
    first, second = sorted(folder.iterdir())[:2]
    whole, other = first.read_bytes(), second.read_bytes()
    first.write_bytes(whole[:-1])  # in the pieces
    assert geoseg.maps(town, folder, model=model, **TILES).rows_stored == 1
    assert first.read_bytes() == whole
    assert f"made again: 1 of 4 rows of tiles; the first is {first}" in caplog.text
    first.write_bytes(whole[:-1])
    second.write_bytes(other[:9] + bytes([other[9] ^ 1]) + other[10:])  # in what stands before them
    assert geoseg.maps(town, folder, model=model, **TILES).rows_stored == 2
    assert f"made again: 2 of 4 rows of tiles; the first is {first}" in caplog.text

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(stored, "put_in_place", full)
        with pytest.raises(OutputError, match="No space left on device"):
            geoseg.maps(town, tmp_path / "full", model=model, **TILES)
    assert not list((tmp_path / "full").iterdir())


def test_a_raster_is_of_one_folder(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    folders = [tmp_path / "one", tmp_path / "two"]
    with pytest.raises(UsageError, match=r"maps in one folder, and 2 inputs are given"):
        geoseg.maps(folders, tmp_path / "p.tif")
    with pytest.raises(UsageError, match="stored already"):
        geoseg.maps([], tmp_path / "p.tif")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"gsd_m": 0.3}, "--gsd (gsd_m)"),
        ({"model": "other"}, "--model"),
        ({"bands": (3, 2, 1), "device": "cpu"}, "--device, --bands"),
        ({"exact": True, "readers": 4}, "--exact, --readers"),
    ],
)
def test_a_raster_of_stored_maps_takes_no_wishes_of_how_to_look(
    tmp_path: Path, asked: dict[str, Any], told: str
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    with pytest.raises(UsageError, match=re.escape(f"as they were stored; leave {told} out")):
        geoseg.maps(folder, tmp_path / "p.tif", **asked)


def test_probabilities_as_a_raster(town: Path, tmp_path: Path) -> None:
    """By the command line: what is stored, shown and decoded."""
    folder, raster, output = tmp_path / "run", tmp_path / "p.tif", tmp_path / "b.gpkg"
    for part in ("1/2", "0/2"):
        told = invoke("maps", town, f"{folder}/", "--part", part, "--model", MODEL, "--json",
                      "--tile", 48)  # fmt: skip
        assert json.loads(told.stdout)["rows_stored"] == 2
    assert exit_code("maps", folder, "-o", raster) == 0
    with rasterio.open(raster) as shown, rasterio.open(town) as photo:
        assert (shown.count, shown.nodata, shown.dtypes[0]) == (3, 255, "uint8")
        assert shown.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"
        assert shown.descriptions[0] == "body: probability of a building"
        assert shown.scales[0] == pytest.approx(1 / 254)
        assert shown.crs == photo.crs
        (row, col) = shown.index(*photo.xy(0, 0))
        levels = shown.read()[:, row : row + 150, col : col + 130]
        expected = (photo.read().astype(int) * 254 + 127) // 255
        assert (levels == expected).all()
    assert exit_code("maps", folder, "-o", raster) == 2
    assert exit_code("predict", town, output, "--maps", folder, "--model", MODEL, "--quiet") == 0
    assert digest(output)
    assert exit_code("maps", town, "-o", raster, "--overwrite") == 2
    assert exit_code("maps", folder, "-o", raster, "--overwrite", "--part", "0/2") == 2
