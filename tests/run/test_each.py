"""Many rasters: patterns, one mosaic or one output each, the same one twice."""

import inspect
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from commands import exit_code, invoke
from conftest import RasterMaker, transform_at
from painted import PaintedModel, paint_town

import geoseg
from geoseg.errors import UnreadableRasterError, UsageError
from geoseg.raster.given import raster_names
from geoseg.run.each import RasterOutcome, is_folder

MODEL = "painted:PaintedModel"
TOWN, HOUSES = paint_town(100, 100)


@pytest.fixture
def tiles(make_raster: RasterMaker) -> Path:
    """A folder of two rasters side by side, and something else."""
    for number in (1, 2):
        make_raster(f"tiles/t{number}.tif", TOWN, transform=transform_at(col=100 * number))
    (make_raster.folder / "tiles" / "notes.txt").write_text("no raster")
    return make_raster.folder / "tiles"


def test_a_pattern_is_what_it_matches_in_order(tiles: Path) -> None:
    expected = [str(tiles / "t1.tif"), str(tiles / "t2.tif")]
    assert raster_names(str(tiles / "*.tif")) == expected
    assert raster_names(tiles / "t[12].tif") == expected
    assert raster_names([str(tiles.parent / "**" / "t?.tif")]) == expected
    assert len(geoseg.info(str(tiles / "*.tif"), model=PaintedModel()).rasters) == 2


def test_a_pattern_without_a_match_is_told(tiles: Path) -> None:
    with pytest.raises(
        UnreadableRasterError, match=r"no file matches .*\*\.jp2; check the pattern"
    ):
        raster_names(str(tiles / "*.jp2"))


def test_a_file_whose_name_looks_like_a_pattern_is_itself(make_raster: RasterMaker) -> None:
    path = make_raster("a[1].tif", TOWN)
    assert raster_names(path) == [str(path)]


def test_queries_of_addresses_are_no_patterns() -> None:
    address = "https://example.com/a.tif?token=*"
    assert raster_names(address) == [address]


def test_the_same_raster_twice_is_refused(tiles: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tiles)
    for names in (["t1.tif", "t1.tif"], ["t1.tif", str(tiles / "t1.tif")], ["*.tif", "t2.tif"]):
        with pytest.raises(UsageError, match="is given twice"):
            raster_names(names)


def test_a_file_is_one_mosaic_and_a_folder_one_output_per_raster(tiles: Path) -> None:
    whole = tiles / "all.gpkg"
    geoseg.predict(str(tiles / "*.tif"), whole, model=PaintedModel())
    assert len(gpd.read_file(whole, layer="buildings")) == 2 * HOUSES
    told = geoseg.predict(str(tiles / "*.tif"), f"{tiles}/out/", model=PaintedModel())
    assert [Path(one.output).name for one in told] == ["t1.gpkg", "t2.gpkg"]
    assert [one.summary.buildings for one in told if one.summary] == [HOUSES, HOUSES]
    assert (len(told), told.failed, told[0].error) == (2, 0, None)
    for name in ("t1", "t2"):
        rows = gpd.read_file(tiles / "out" / f"{name}.gpkg", layer="buildings")
        assert set(rows["source"]) == {f"{name}.tif"}


def test_outputs_are_told_by_absolute_paths(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    told = RasterOutcome("a.tif", "out/a.gpkg").as_dict()
    assert told["output"] == str(tmp_path / "out" / "a.gpkg")


def test_one_that_fails_does_not_stop_the_others(tiles: Path) -> None:
    (tiles / "t0.tif").write_bytes(b"no raster")
    out = tiles / "out"
    out.mkdir()
    arguments = ["predict", tiles / "*.tif", "-o", out, "--model", MODEL]
    done = invoke(*arguments, "--json")
    assert done.exit_code == 1
    told = json.loads(done.stdout)
    assert told["failed"] == 1
    assert "cannot be opened as a raster" in told["rasters"][0]["error"]
    assert [one["summary"] and one["summary"]["buildings"] for one in told["rasters"]] == [
        None,
        HOUSES,
        HOUSES,
    ]
    assert sorted(path.name for path in out.iterdir()) == ["t1.gpkg", "t2.gpkg"]


@pytest.mark.thorough
def test_what_is_there_is_skipped_or_refused(
    tiles: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = f"{tiles}/out/"
    arguments = ["predict", tiles / "*.tif", out, "--model", MODEL]
    geoseg.predict(tiles / "t1.tif", out, model=PaintedModel())
    before = (tiles / "out" / "t1.gpkg").stat().st_mtime_ns
    assert exit_code(*arguments, "--skip-existing") == 0
    table = capsys.readouterr().out
    assert "skipped: its output is there already" in table
    assert f"{HOUSES} buildings" in table
    assert f"written to {tiles / 'out' / 't2.gpkg'}" in table
    assert (tiles / "out" / "t1.gpkg").stat().st_mtime_ns == before
    assert exit_code(*arguments) == 1
    assert "is there already" in capsys.readouterr().err
    assert exit_code(*arguments, "--overwrite") == 0


def test_two_outputs_of_one_name_are_refused(make_raster: RasterMaker) -> None:
    paths = [make_raster(f"{folder}/a.tif", TOWN) for folder in ("one", "two")]
    with pytest.raises(UsageError, match="2 rasters are called a and would have one output"):
        geoseg.predict(paths, f"{make_raster.folder}/out/", model=PaintedModel())
    assert not (make_raster.folder / "out").exists()


def test_an_empty_name_is_no_folder(tmp_path: Path) -> None:
    assert not is_folder("")
    assert is_folder(".")
    assert is_folder(f"{tmp_path}/new/")
    (tmp_path / "town.gdb").mkdir()  # a format that is a folder is one output
    assert not is_folder(tmp_path / "town.gdb")
    assert not is_folder(f"{tmp_path}/town.gdb/")


def test_skipping_needs_a_folder(make_raster: RasterMaker) -> None:
    path = make_raster("a.tif", TOWN)
    with pytest.raises(UsageError, match="skip_existing is for a folder"):
        geoseg.predict(
            path, make_raster.folder / "a.gpkg", model=PaintedModel(), skip_existing=True
        )


def test_a_folder_goes_on_where_it_stopped(tiles: Path) -> None:
    class Failing(PaintedModel):
        def predict_maps(self, images: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
            if self.calls == 1:
                raise KeyboardInterrupt
            return super().predict_maps(images)

    out = f"{tiles}/out/"
    with pytest.raises(KeyboardInterrupt):
        geoseg.predict(str(tiles / "*.tif"), out, model=Failing())
    told = geoseg.predict(str(tiles / "*.tif"), out, model=PaintedModel(), resume=True)
    assert told[0].summary is None
    assert told[1].summary is not None
    assert told.failed == 0


def test_all_that_is_asked_for_is_asked_of_every_raster(
    tiles: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from geoseg.run import each, predicting

    seen: dict[str, object] = {}

    def caught(_names: list[str], _folder: Path, run: Any, **_: object) -> None:
        seen.update(run.keywords)

    monkeypatch.setattr(each, "predict_each", caught)
    parameters = inspect.signature(geoseg.predict).parameters
    asked = {"nodata": 7, "keep_blank": True, "batch": 3, "min_area_m2": 11.0, "date": "2020-01-02"}
    geoseg.predict(tiles / "t1.tif", f"{tiles.parent}/out/", model=PaintedModel(), **asked)
    assert seen.keys() == parameters.keys() - set(predicting._BY_RASTER)
    assert seen.items() >= asked.items()
