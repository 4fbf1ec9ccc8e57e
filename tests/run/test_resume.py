"""Interrupted runs: killed, out of disk, source gone; then resumed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import painted
import pytest
import rasterio
import shapely
from conftest import RasterMaker
from painted import PaintedModel, paint_town
from tries import first

import geoseg
from geoseg.errors import (
    OutputError,
    OutputExistsError,
    OutputInUseError,
    ResumeError,
    UnreadableRasterError,
)
from geoseg.models.traits import Traits
from geoseg.run.state import parts
from geoseg.settings import PredictSettings

RUN = """
import sys, time
sys.path.insert(0, sys.argv[1])
import painted
from painted import PaintedModel
import geoseg

class SlowModel(PaintedModel):
    def predict_maps(self, images):
        time.sleep(0.01)
        return super().predict_maps(images)

# The same model to whoever resumes: this one only takes its time.
SlowModel.__module__, SlowModel.__qualname__ = "painted", "PaintedModel"
geoseg.predict(
    sys.argv[2], sys.argv[3], model=SlowModel(), tile_px=48, shape="raw", resume=True,
    overwrite=True, progress=lambda report: print("row", flush=True),
)
"""


def start(source: Path, output: Path) -> subprocess.Popen[str]:
    folder = str(Path(painted.__file__).parent)
    arguments = [sys.executable, "-c", RUN, folder, str(source), str(output)]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True)


def content(path: Path) -> Any:
    return gpd.read_file(path, layer="buildings").to_wkb()


def interlocked_town() -> Any:
    """Houses, and combs whose teeth join only rows of tiles later."""
    town, _ = paint_town(576, 240)
    for col in (0, 100):
        town[0, 3:500, col : col + 90] = 0
        town[0, 3:480, col + 2 : col + 80 : 8] = 250
        town[0, 480:490, col + 2 : col + 84] = 250
    return town


@pytest.mark.parametrize(
    ("seed", "kills"),
    [
        *(pytest.param(*one, marks=pytest.mark.thorough) for one in ((0, 1), (0, 3), (1, 3))),
        *(pytest.param(n, 3, marks=pytest.mark.slow) for n in range(2, 20)),
    ],
)
def test_killed_at_any_moment_then_resumed_equals_undisturbed(
    make_raster: Any, tmp_path: Path, seed: int, kills: int
) -> None:
    source = make_raster("town.tif", interlocked_town())
    output = tmp_path / "b.gpkg"
    geoseg.predict(source, tmp_path / "whole.gpkg", model=PaintedModel(), tile_px=48, shape="raw")
    whole = content(tmp_path / "whole.gpkg")
    rng = np.random.default_rng(seed)
    for _ in range(kills):
        with start(source, output) as process:
            assert process.stdout is not None
            for _ in range(rng.integers(1, 9)):
                process.stdout.readline()
            time.sleep(rng.random() * 0.3)
            process.kill()
        if output.exists():
            assert content(output).equals(whole)
    with start(source, output) as process:
        assert process.wait() == 0
    assert content(output).equals(whole)
    assert sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".tif") == [
        "b.gpkg",
        "whole.gpkg",
    ]


class FailingModel(PaintedModel):
    traits = Traits.of(PaintedModel())

    def predict_maps(self, images: Any) -> Any:
        if self.calls == 20:
            raise KeyboardInterrupt
        return super().predict_maps(images)


def interrupted(source: Path, output: Path) -> None:
    with pytest.raises(KeyboardInterrupt):
        geoseg.predict(source, output, model=FailingModel(), tile_px=48, shape="raw")
    assert not output.exists()
    assert output.with_name(output.name + ".parts").is_dir()


SETTINGS: dict[str, Any] = {"tile_px": 48, "shape": "raw"}
"""Of the runs that are interrupted."""


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Any]:
    """Summary and buildings of a run that nothing stopped."""
    folder = tmp_path_factory.mktemp("undisturbed")
    source = RasterMaker(folder)("town.tif", interlocked_town())
    summary = geoseg.predict(source, folder / "f.gpkg", model=PaintedModel(), **SETTINGS)
    return summary, content(folder / "f.gpkg")


def test_resume_computes_only_what_is_missing(
    make_raster: Any, tmp_path: Path, undisturbed: Any
) -> None:
    source = make_raster("town.tif", interlocked_town())
    output = tmp_path / "b.gpkg"
    interrupted(source, output)
    model = PaintedModel()
    summary = geoseg.predict(source, output, model=model, tile_px=48, shape="raw", resume=True)
    assert model.calls < summary.tiles.done == 60
    fresh, expected = undisturbed
    assert content(output).equals(expected)
    assert summary.dropped == fresh.dropped
    assert summary.tiles == fresh.tiles
    assert summary.area_m2 == fresh.area_m2


def test_resume_is_refused_when_something_differs(make_raster: Any, tmp_path: Path) -> None:
    source = make_raster("town.tif", interlocked_town())
    output = tmp_path / "b.gpkg"
    interrupted(source, output)
    with pytest.raises(ResumeError, match="shape"):
        geoseg.predict(source, output, model=PaintedModel(), tile_px=48, resume=True)
    make_raster("town.tif", np.flip(interlocked_town(), axis=2))
    with pytest.raises(ResumeError, match=r"town\.tif"):
        geoseg.predict(source, output, model=PaintedModel(), tile_px=48, shape="raw", resume=True)


class KilledBefore(BaseException):
    """What a kill would have been."""


@pytest.mark.parametrize("function", first(1, ["_remove_state", "write_manifest"]))
def test_a_run_stopped_after_its_output_was_complete_says_so_and_cleans_up(
    make_raster: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    function: str,
    undisturbed: Any,
) -> None:
    source = make_raster("town.tif", interlocked_town())
    output = tmp_path / "b.gpkg"
    whole, expected = undisturbed
    interrupted(source, output)
    before: Any = getattr(parts, function)

    def kill(*given: Any) -> Any:
        if output.exists():
            raise KilledBefore
        return before(*given)

    with monkeypatch.context() as patched:
        patched.setattr(parts, function, kill)
        with pytest.raises(KilledBefore):
            geoseg.predict(source, output, model=PaintedModel(), resume=True, **SETTINGS)
    assert output.with_name("b.gpkg.parts").is_dir()
    model = PaintedModel()
    summary = geoseg.predict(source, output, model=model, resume=True, **SETTINGS)
    assert model.calls == 0
    assert summary.output == str(output)
    for name in ("buildings", "area_m2", "tiles", "dropped", "model", "stitched", "open_buildings"):
        assert getattr(summary, name) == getattr(whole, name)
    assert content(output).equals(expected)
    assert not output.with_name("b.gpkg.parts").exists()
    assert ("was complete already" in caplog.text) == (function == "_remove_state")
    with pytest.raises(OutputExistsError, match="no interrupted run to go on with"):
        geoseg.predict(source, output, model=model, resume=True, **SETTINGS)


@pytest.mark.thorough
def test_a_complete_output_that_was_taken_away_is_made_again(
    make_raster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = make_raster("town.tif", interlocked_town())
    output = tmp_path / "b.gpkg"

    def kill(_: Any) -> None:
        if output.exists():
            raise KilledBefore

    with monkeypatch.context() as patched:
        patched.setattr(parts, "_remove_state", kill)
        with pytest.raises(KilledBefore):
            geoseg.predict(source, output, model=PaintedModel(), **SETTINGS)
    before = content(output.rename(tmp_path / "elsewhere.gpkg"))
    geoseg.predict(source, output, model=PaintedModel(), resume=True, **SETTINGS)
    assert content(output).equals(before)


def test_a_damaged_state_is_computed_again_or_refused_with_advice_that_is_followed(
    make_raster: Any, tmp_path: Path, undisturbed: Any
) -> None:
    source = make_raster("town.tif", interlocked_town())
    output = tmp_path / "b.gpkg"
    interrupted(source, output)
    newest = max(output.with_name("b.gpkg.parts").glob("snapshot-*.arrow"))
    newest.write_bytes(newest.read_bytes()[:-1])
    geoseg.predict(source, output, model=PaintedModel(), resume=True, **SETTINGS)
    assert content(output).equals(undisturbed[1])
    output.unlink()

    interrupted(source, output)
    for snapshot in output.with_name("b.gpkg.parts").glob("snapshot-*.arrow"):
        snapshot.write_bytes(b"")
    with pytest.raises(ResumeError, match="With --overwrite instead of --resume"):
        geoseg.predict(source, output, model=PaintedModel(), resume=True, **SETTINGS)
    geoseg.predict(source, output, model=PaintedModel(), overwrite=True, **SETTINGS)
    assert content(output).equals(undisturbed[1])


class CallingModel(PaintedModel):
    """Does something while the run goes on."""

    def __init__(self, work: Callable[[], object]) -> None:
        super().__init__()
        self.work = work

    def predict_maps(self, images: Any) -> Any:
        if self.calls == 20:
            self.work()
        return super().predict_maps(images)


@pytest.mark.parametrize("folder", ["out", "out/b.gpkg.parts"])
def test_a_folder_removed_half_way_is_noticed_with_the_next_row(
    make_raster: Any, tmp_path: Path, folder: str
) -> None:
    source = make_raster("town.tif", interlocked_town())
    output = tmp_path / "out" / "b.gpkg"
    output.parent.mkdir()
    model = CallingModel(lambda: (tmp_path / folder).rename(tmp_path / "gone"))  # at once
    with pytest.raises(
        OutputError, match=r"b\.gpkg\.parts.* (was removed while|cannot be written)"
    ):
        geoseg.predict(source, output, model=model, **SETTINGS)
    assert model.calls < 40
    assert not output.with_name("b.gpkg.parts").exists()


@pytest.mark.parametrize("how", [{}, {"resume": True}, {"overwrite": True}])
def test_a_second_run_to_the_same_output_is_refused_and_the_first_goes_on(
    make_raster: Any, tmp_path: Path, how: dict[str, bool], undisturbed: Any
) -> None:
    source = make_raster("town.tif", interlocked_town())
    output = tmp_path / "b.gpkg"

    def second() -> None:
        with pytest.raises(
            OutputInUseError, match=f"is being written by process {os.getpid()}, since"
        ):
            geoseg.predict(source, output, model=PaintedModel(), **SETTINGS, **how)

    with ThreadPoolExecutor(1) as other:
        model = CallingModel(lambda: other.submit(second).result())
        geoseg.predict(source, output, model=model, **SETTINGS)
    assert content(output).equals(undisturbed[1])
    assert not output.with_name("b.gpkg.parts").exists()


@pytest.mark.thorough
def test_a_second_process_is_told_which_one_is_writing_and_takes_over_once_it_was_killed(
    make_raster: Any, tmp_path: Path, undisturbed: Any
) -> None:
    source = make_raster("town.tif", interlocked_town())
    output = tmp_path / "b.gpkg"
    with start(source, output) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.stdout.readline()
        os.kill(process.pid, signal.SIGSTOP)  # so that it is in its midst, however fast
        for how in ({"resume": True}, {"overwrite": True}):
            with pytest.raises(OutputInUseError, match=rf"by process {process.pid}, since 20"):
                geoseg.predict(source, output, model=PaintedModel(), **SETTINGS, **how)
        process.kill()
        process.wait()
    geoseg.predict(source, output, model=PaintedModel(), resume=True, **SETTINGS)
    assert content(output).equals(undisturbed[1])


OTHERWISE: dict[str, Any] = {
    "date": "2024-05-06",
    "nodata": 3,
    "keep_blank": True,
    "gsd_m": 0.6,
    "bands": (3, 2, 1),
    "stretch": (0, 200),
    "tile_px": 64,
    "overlap_px": 8,
    "min_area_m2": 5.0,
    "min_confidence": 0.1,
    "tta": True,
    "shape": "simplified",
    "aoi": "area.gpkg",
    "skip_errors": True,
}
"""Another value for every setting that can change the result."""
DECISIVE = set(PredictSettings().result_parameters())


def write_area(path: Path, source: Path) -> Path:
    """An area of interest that covers all of a raster."""
    with rasterio.open(source) as raster:
        gpd.GeoSeries([shapely.box(*raster.bounds)], crs=raster.crs).to_file(path)
    return path


def test_every_decisive_setting_has_a_case() -> None:
    assert set(OTHERWISE) == DECISIVE


@pytest.mark.parametrize("name", first(4, sorted(DECISIVE)))
def test_a_run_with_another_value_of_a_setting_is_another_run(
    make_raster: Any, tmp_path: Path, name: str
) -> None:
    source = make_raster("town.tif", interlocked_town())
    output = tmp_path / "b.gpkg"
    interrupted(source, output)
    value = write_area(tmp_path / OTHERWISE[name], source) if name == "aoi" else OTHERWISE[name]
    with pytest.raises(ResumeError, match=rf"\b{name} was"):
        geoseg.predict(
            source, output, model=PaintedModel(), resume=True, **SETTINGS | {name: value}
        )
    assert not output.exists()
    assert output.with_name("b.gpkg.parts").is_dir()


@pytest.mark.parametrize("name", first(1, sorted(set(PredictSettings.model_fields) - DECISIVE)))
def test_a_run_goes_on_with_another_value_of_a_setting_that_never_changes_the_result(
    make_raster: Any, tmp_path: Path, name: str, undisturbed: Any
) -> None:
    source = make_raster("town.tif", interlocked_town())
    output = tmp_path / "b.gpkg"
    interrupted(source, output)
    model = PaintedModel()
    geoseg.predict(source, output, model=model, resume=True, **SETTINGS | {name: 3})
    assert model.calls < 60 - 15
    assert content(output).equals(undisturbed[1])


def test_a_left_state_is_neither_lost_nor_used_by_accident(
    make_raster: Any, tmp_path: Path
) -> None:
    source = make_raster("town.tif", interlocked_town())
    output = tmp_path / "b.gpkg"
    interrupted(source, output)
    with pytest.raises(OutputExistsError, match="--resume"):
        geoseg.predict(source, output, model=PaintedModel(), tile_px=48, shape="raw")
    geoseg.predict(source, output, model=PaintedModel(), tile_px=48, shape="raw", overwrite=True)
    assert output.exists()
    assert not output.with_name("b.gpkg.parts").exists()


COMMAND = """
import signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
sys.path.insert(0, sys.argv.pop(1))
from painted import PaintedModel
import geoseg.models.choice
from geoseg.models.traits import Traits

class StuckModel(PaintedModel):
    traits = Traits.of(PaintedModel())  # as a model that is that one, only stuck

    def predict_maps(self, images):
        print("tile", flush=True)
        if self.calls >= 30:
            for _ in range(600):  # until the signal comes, however busy the machine is; it may
                time.sleep(0.1)  # come just before a nap, which then is slept to its end
        return super().predict_maps(images)

geoseg.models.choice.load_model = lambda *_, **__: StuckModel()
from geoseg.cli import main
main()
"""


@pytest.mark.thorough
@pytest.mark.skipif(os.name != "posix", reason="needs signals")
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_command_keeps_what_is_finished_and_says_how_to_go_on(
    make_raster: Any, tmp_path: Path, sent: signal.Signals, undisturbed: Any
) -> None:
    source = make_raster("town.tif", interlocked_town())
    output = tmp_path / "b.gpkg"
    folder = str(Path(painted.__file__).parent)
    options = ["predict", source, output, "--tile", "48", "--shape", "raw"]
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND, folder, *map(str, options)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        for _ in range(31):
            assert process.stdout.readline() == "tile\n"
        process.send_signal(sent)
        more, told = process.communicate(timeout=50)
    assert process.returncode == 130
    assert "tile" not in more
    assert "kept in" in told
    assert "--resume" in told
    assert "Traceback" not in told
    assert not output.exists()
    model = PaintedModel()
    geoseg.predict(source, output, model=model, tile_px=48, shape="raw", resume=True)
    assert model.calls <= 60 - 25
    assert content(output).equals(undisturbed[1])


def cut_in_half(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2)


def scribble(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2)
        file.write(b"garbage" * 1000)


class DamagingModel(PaintedModel):
    """Damages the raster while it is being read."""

    traits = Traits.of(PaintedModel())

    def __init__(self, path: Path, damage: Callable[[Path], None]) -> None:
        super().__init__()
        self.path, self.damage = path, damage

    def predict_maps(self, images: Any) -> Any:
        if self.calls == 20:
            self.damage(self.path)
        return super().predict_maps(images)


@pytest.mark.thorough
@pytest.mark.parametrize("damage", [cut_in_half, scribble, Path.unlink])
@pytest.mark.parametrize("tiled", [True, False])
def test_a_raster_damaged_half_way_fails_the_run_which_goes_on_once_it_is_restored(
    make_raster: Any, tmp_path: Path, damage: Any, tiled: bool
) -> None:
    layout = {"tiled": True, "blockxsize": 64, "blockysize": 64} if tiled else {}
    source = make_raster("town.tif", np.tile(interlocked_town(), (1, 4, 1)), **layout)
    output = tmp_path / "b.gpkg"
    options: dict[str, Any] = {"tile_px": 48, "shape": "raw"}
    geoseg.predict(source, tmp_path / "whole.gpkg", model=PaintedModel(), **options)
    before, times = source.read_bytes(), source.stat()
    # Whichever is noticed first: that a block cannot be read, or that the file is another one.
    named = r"town\.tif(: rows \d+ to \d+, columns .* cannot be read| was changed or removed while)"
    with pytest.raises(UnreadableRasterError, match=named):
        geoseg.predict(source, output, model=DamagingModel(source, damage), **options)
    assert not output.exists()
    assert output.with_name("b.gpkg.parts").is_dir()

    source.write_bytes(before[:-1] + b"!")
    with pytest.raises(ResumeError, match=r"town\.tif was changed since"):
        geoseg.predict(source, output, model=PaintedModel(), resume=True, **options)
    source.write_bytes(before)
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
    model = PaintedModel()
    geoseg.predict(source, output, model=model, resume=True, **options)
    assert model.calls < 240
    assert content(output).equals(content(tmp_path / "whole.gpkg"))


def test_side_files_of_viewers_do_not_keep_a_run_from_going_on(
    make_raster: Any, tmp_path: Path
) -> None:
    source = make_raster("town.tif", interlocked_town())
    output = tmp_path / "b.gpkg"
    interrupted(source, output)
    before, times = source.read_bytes(), source.stat()
    with rasterio.Env(TIFF_USE_OVR=True), rasterio.open(source, "r+") as dataset:
        dataset.build_overviews([2, 4])
    source.write_bytes(before)
    os.utime(source, ns=(times.st_atime_ns, times.st_mtime_ns))
    source.with_name("town.tif.aux.xml").write_text("<PAMDataset/>")
    with rasterio.open(source) as dataset:
        assert str(source.with_name("town.tif.ovr")) in dataset.files
    geoseg.predict(source, output, model=PaintedModel(), tile_px=48, shape="raw", resume=True)
    assert output.exists()


def test_a_run_that_ended_before_anything_was_finished_leaves_nothing(
    make_raster: Any, tmp_path: Path
) -> None:
    source = make_raster("town.tif", interlocked_town())
    model = FailingModel()
    model.calls = 20
    with pytest.raises(KeyboardInterrupt):
        geoseg.predict(source, tmp_path / "b.gpkg", model=model, tile_px=48)
    assert [path.name for path in tmp_path.iterdir()] == ["town.tif"]


class UnknownModel(FailingModel):
    version, traits = None, None  # type: ignore[assignment]


class NextModel(FailingModel):
    version, traits = "2", None  # type: ignore[assignment]


def made_resumable(model: PaintedModel) -> PaintedModel:
    model.calls = -1000
    return model


@pytest.mark.thorough
def test_a_model_of_unknown_version_runs_but_is_not_resumed(
    make_raster: Any, tmp_path: Path
) -> None:
    source, output = make_raster("town.tif", interlocked_town()), tmp_path / "b.gpkg"
    with pytest.raises(KeyboardInterrupt):
        geoseg.predict(source, output, model=UnknownModel(), **SETTINGS)
    model = made_resumable(UnknownModel())
    with pytest.raises(
        OutputExistsError, match=r"afresh with --overwrite .*neither a sha256"
    ) as told:
        geoseg.predict(source, output, model=model, **SETTINGS)
    assert "--resume" not in str(told.value)
    with pytest.raises(ResumeError, match=r"UnknownModel states neither a sha256 nor a version"):
        geoseg.predict(source, output, model=model, resume=True, **SETTINGS)
    assert output.with_name("b.gpkg.parts").is_dir()
    assert geoseg.predict(source, output, model=model, overwrite=True, **SETTINGS).buildings
    # Nothing is left to go on with: a new run.
    output.unlink()
    assert geoseg.predict(source, output, model=model, resume=True, **SETTINGS).buildings


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": "3"}, "the model's version was '2' and is '3'"),
        ({"__module__": "other"}, r"the model's class was '.*NextModel' and is 'other.NextModel'"),
        ({"sha256": "00ff"}, "the model's sha256 was '' and is '00ff'"),
    ],
)
def test_another_model_does_not_go_on(
    make_raster: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    change: dict[str, str],
    message: str,
) -> None:
    source, output = make_raster("town.tif", interlocked_town()), tmp_path / "b.gpkg"
    with pytest.raises(KeyboardInterrupt):
        geoseg.predict(source, output, model=NextModel(), **SETTINGS)
    for name, value in change.items():
        monkeypatch.setattr(NextModel, name, value, raising=False)
    with pytest.raises(ResumeError, match=message):
        geoseg.predict(source, output, model=made_resumable(NextModel()), resume=True, **SETTINGS)
