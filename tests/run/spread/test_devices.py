"""One worker process per device: the same bytes, and what cannot be in one sentence."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from conftest import RasterMaker
from painted import PaintedModel, paint_town
from spread_runs import OPTIONS, digest

import geoseg
from geoseg.errors import UsageError
from geoseg.run.spread.devices import DevicePool
from geoseg.run.spread.specs import ModelSpec
from geoseg.run.spread.working import DEVICE

MODEL = "painted:PaintedModel"


@pytest.fixture
def town(make_raster: RasterMaker) -> Path:
    return make_raster("town.tif", paint_town(330, 240)[0])


@pytest.mark.thorough
def test_two_devices_give_the_bytes_of_one(town: Path, tmp_path: Path) -> None:
    """The processor twice stands for two GPUs, which no machine of the tests has."""
    output = tmp_path / "b.gpkg"
    told = geoseg.predict(town, output, model=MODEL, device="cpu,cpu", **OPTIONS)
    assert told.record["workers"]["processes"] == 2
    geoseg.predict(town, tmp_path / "one.gpkg", model=MODEL, **OPTIONS)
    assert digest(output) == digest(tmp_path / "one.gpkg")


@pytest.mark.thorough
def test_each_worker_has_a_device_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    with DevicePool(("cuda:0", "cuda:1")) as pool:
        asked = [pool.submit(os.getenv, DEVICE) for _ in range(2)]
        assert [one.result() for one in asked] == ["cuda:0", "cuda:1"]
    spec = ModelSpec.of(geoseg.load_model(MODEL, device="cpu"), averaged=False, any_processor=False)
    loaded: list[str] = []

    def load(name: str, *, device: str, **_: Any) -> PaintedModel:
        assert name == MODEL
        loaded.append(device)
        return PaintedModel()

    monkeypatch.setattr("geoseg.models.load_model", load)
    spec.load("cuda:1")
    spec.load()
    assert loaded == ["cuda:1", "cpu"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"device": "cuda:0,gpu1"}, "device 'gpu1' cannot be used .there is no such kind"),
        ({"device": "cuda:0,"}, "device '' cannot be used"),
        ({"device": "cpu,cuda:0"}, "'cpu,cuda:0' does not name several devices of one kind"),
        ({"device": "auto,auto"}, "does not name several devices of one kind"),
        ({"device": "cpu,cpu", "workers": 2}, "of cpu,cpu each has a worker process of its own; leave"),
        ({"device": "cpu,cpu", "model": PaintedModel()}, "PaintedModel has a device of its own; name"),
    ],
    ids=["no kind", "nothing", "two kinds", "auto", "workers too", "object"],
)  # fmt: skip
def test_what_cannot_be(town: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        geoseg.predict(town, **{"model": MODEL, **OPTIONS, **options})
