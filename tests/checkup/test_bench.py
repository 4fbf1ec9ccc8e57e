"""The benchmark of a machine: its figures, its advice, and what ``geoseg info`` makes of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from commands import exit_code, invoke
from conftest import draw_scene
from painted import PaintedModel, paint_town

import geoseg
from geoseg.checkup import networks, runs
from geoseg.checkup.middle import middle_of, middle_window
from geoseg.checkup.rates import Benchmark, CrewRate, NetworkRate, advice_on
from geoseg.errors import MissingDependencyError, UsageError
from geoseg.preview.pace import Asked, Pace


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of the test's own."""
    monkeypatch.setattr("geoseg.files.cache.cache_folder", lambda: tmp_path / "cache")
    return tmp_path / "cache"


@pytest.fixture
def town(make_raster: Any) -> Path:
    return make_raster("town.tif", paint_town(500, 700)[0], tiled=True)


def measured(town: Path, **options: Any) -> Benchmark:
    return geoseg.bench(town, model=PaintedModel(), workers=1, **options)


@pytest.mark.thorough
def test_every_stage_has_its_speed(town: Path) -> None:
    found = measured(town)
    assert [stage.name for stage in found.stages] == [
        "read", "network", "decode", "finish", "write",
    ]  # fmt: skip
    assert found.megapixels == 0.35
    assert found.buildings == len(geoseg.predict(town, model=PaintedModel()))
    for stage in found.stages:
        assert stage.mp_per_s == pytest.approx(0.35 / stage.seconds)
        assert stage.km2_per_h == pytest.approx(stage.mp_per_s * found.gsd_m**2 * 3600)
    assert 0 < found.network_share < 1
    assert [crew.workers for crew in found.crews] == [1]
    assert found.crews[0].peak_rss_mb > 50
    assert [(one.runtime, one.precision) for one in found.networks] == [("own", "own")]
    assert found.kept is None  # a model without a hash


@pytest.mark.thorough
def test_it_shows_itself_and_is_json(town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("geoseg.models.loading.load_model", lambda *_, **__: PaintedModel())
    monkeypatch.setattr(runs, "load_model", lambda *_, **__: PaintedModel())
    monkeypatch.setattr(networks, "load_model", lambda *_, **__: PaintedModel())
    monkeypatch.setattr(runs, "predict", Recorder(fixed_s=1.0, mp_per_s=2.0))
    shown = invoke("bench", town, "--workers", 2)
    assert shown.exit_code == 0, shown.output
    for text in ("network's share", "2 workers", "km2/h", "best here"):
        assert text in shown.stdout
    result = invoke("bench", town, "--workers", 1, "--json")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert told["crews"][0]["mp_per_s"] == pytest.approx(2.0)
    assert {"stages", "networks", "advice", "network_share", "kept"} <= set(told)


class Recorder:
    """Stands for ``geoseg.predict``: runs that take what a model of them says."""

    def __init__(self, fixed_s: float, mp_per_s: float) -> None:
        self.fixed_s, self.mp_per_s = fixed_s, mp_per_s
        self.workers: list[int] = []

    def __call__(
        self, raster: str, output: Path, *, workers: int | None, **_: Any
    ) -> geoseg.Summary:
        workers = 1 if workers is None else workers
        with rasterio.open(raster) as dataset:
            megapixels = dataset.width * dataset.height / 1e6
        self.workers.append(workers)
        total = self.fixed_s * workers + megapixels / (self.mp_per_s * workers)
        stages = {"read": 0.1, "model": 0.5 * total, "decode": 0.1, "vectorize": 0.1, "write": 0.1}
        told = {
            "buildings": 5, "area_m2": 1.0, "megapixels": megapixels, "gsd_m": 0.4, "dropped": {},
            "tiles": {"done": 1, "skipped_nodata": 0, "failed": 0}, "stitched": {}, "warnings": [],
            "open_buildings": 1, "seconds": {"total": total, **stages}, "peak_rss_mb": 100.0,
            "model": {"name": "a", "sha256": "b"}, "output": str(output),
            "record": {"parameters": {"tta": False}},
        }  # fmt: skip
        return geoseg.Summary.of(told)


def test_what_every_run_takes_is_told_apart(town: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = Recorder(fixed_s=1.5, mp_per_s=0.5)
    monkeypatch.setattr(runs, "predict", ran)
    found = geoseg.bench(town, model=PaintedModel(), workers=2)
    assert ran.workers == [1, 1, 1, 2, 2]  # the first of all may compile
    alone, pair = found.crews
    assert (alone.mp_per_s, alone.fixed_s) == pytest.approx((0.5, 1.5))
    assert (pair.mp_per_s, pair.fixed_s) == pytest.approx((1.0, 3.0))
    assert found.advice == ("--workers 2: 2.00 times as fast as by default, from 2 MP on",)
    assert found.network_share == pytest.approx(0.5)


def crew(workers: int, mp_per_s: float) -> CrewRate:
    return CrewRate(workers, 1.0, mp_per_s, 1.0, 100.0)


@pytest.mark.parametrize(
    ("crews", "networks", "advice"),
    [
        ((1.0,), (("openvino", "fp32", 2.0),), "the defaults"),
        ((1.0, 1.03), (("openvino", "fp32", 2.0),), "no --workers: more processes are no faster"),
        ((1.0,), (("openvino", "fp32", 2.0), ("torch", "fp32", 3.0)), "--runtime torch --precision fp32: the network is 1.50 times as fast"),
        ((1.0,), (("openvino", "fp32", 2.0), ("openvino", "bf16", 4.0)), "tiles may show"),
        ((1.0,), (("openvino", "fp32", 2.0), ("openvino", "int8", 4.0)), "int8: the network is 2.00 times as fast; tiles do not show"),
        ((1.0,), (("openvino", "fp32", 2.0), ("torch", "fp32", None)), "the defaults"),
    ],
)  # fmt: skip
def test_advice(crews: Any, networks: Any, advice: str) -> None:
    told = advice_on(
        tuple(crew(number, speed) for number, speed in enumerate(crews, 1)),
        tuple(NetworkRate(*one) for one in networks),
    )
    assert len(told) == 1
    assert advice in told[0]


def test_runtimes_that_are_not_there_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def load(*_: Any, runtime: str = "auto", **__: Any) -> Any:
        if runtime == "torch":
            raise MissingDependencyError("the runtime torch needs torch")
        model = PaintedModel()
        model.runtime, model.precision = "openvino 2026.4", "fp32"
        return model

    monkeypatch.setattr(networks, "load_model", load)
    monkeypatch.setattr(runs, "load_model", load)
    subject = runs.Subject("default", None, "auto", "fp32", "auto")
    told = networks.network_rates(subject, averaged=False)
    assert [(one.runtime, one.note) for one in told] == [
        ("openvino", ""),
        ("torch", "the runtime torch needs torch"),
    ]
    assert told[0].mp_per_s
    assert told[1].mp_per_s is None


@pytest.mark.parametrize(
    ("size", "share", "window"),
    [
        ((100, 100), 0.25, (25, 25, 50, 50)),
        ((1000, 10), 0.5, (250, 0, 500, 10)),
        ((10, 1000), 0.1, (0, 450, 10, 100)),
        ((100, 50), 1.0, (0, 0, 100, 50)),
    ],
)
def test_the_middle_is_as_square_as_can_be(
    size: tuple[int, int], share: float, window: tuple[int, ...]
) -> None:
    assert middle_window(*size, share) == window


def test_the_middle_of_a_larger_raster(make_raster: Any, tmp_path: Path) -> None:
    image = draw_scene(300, 400)
    path = make_raster("a, b&c.tif", image, nodata=0)
    seen = geoseg.info(path, model=PaintedModel())
    assert middle_of(str(path), seen, 1.0, tmp_path) == str(path)
    part = middle_of(str(path), seen, 0.03, tmp_path)
    with rasterio.open(part) as middle, rasterio.open(path) as whole:
        assert (middle.width, middle.height, middle.nodata) == (173, 173, 0)
        assert np.array_equal(middle.read(), image[:, 63:236, 113:286])
        assert middle.transform * (0, 0) == whole.transform * (113, 63)
    assert geoseg.info(part, model=PaintedModel()).rasters[0].rgb == seen.rasters[0].rgb


def test_a_large_raster_on_a_server_is_refused(make_raster: Any, tmp_path: Path) -> None:
    seen = geoseg.info(make_raster("a.tif", draw_scene(300, 400)), model=PaintedModel())
    with pytest.raises(UsageError, match="--megapixels"):
        middle_of("https://example.com/a.tif", seen, 0.03, tmp_path)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["absent.tif"], 1, "absent.tif"),
        (["--megapixels", "0"], 2, "--megapixels"),
        (["--workers", "0"], 2, "--workers"),
        (["--model", "absent.safetensors"], 1, "absent.safetensors"),
        (["--device", "banana"], 2, "banana"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_usage_is_one_sentence(
    arguments: list[str], code: int, message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code("bench", *arguments) == code
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err
    assert not shown.out


@pytest.mark.thorough
def test_info_takes_its_minutes_from_it(
    make_raster: Any, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_raster("a.tif", draw_scene(100, 120))
    sha256 = geoseg.load_model("default").sha256
    reckoned = geoseg.info(path)
    assert "geoseg bench" in reckoned.time.basis
    kept = Pace.here(Asked(sha256), 3.0).keep()
    assert kept.parent == home
    found = geoseg.info(path)
    assert found.time.basis == f"by geoseg bench on this machine, {Pace.kept(Asked(sha256)).date}"  # type: ignore[union-attr]
    usual = reckoned.time.most_minutes / 2.5
    assert found.time.least_minutes == pytest.approx(3.0 * 0.8 * usual)
    assert geoseg.info(path, precision="bf16").time.basis == reckoned.time.basis
    assert geoseg.info(path, model=PaintedModel()).time.basis == reckoned.time.basis
    monkeypatch.setattr("geoseg.preview.pace.usable_cores", lambda: 77)
    assert geoseg.info(path).time == reckoned.time
