"""What a run tells of itself: in the file, in the summary, in the frame."""

from __future__ import annotations

import json
import logging
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import rasterio
import shapely
from painted import PaintedModel, paint_town

import geoseg
from geoseg.errors import ResumeError
from geoseg.models.records import Calibration, Curve
from geoseg.models.traits import Traits
from geoseg.models.weights import Metadata
from geoseg.raster import Mosaic
from geoseg.run.record import command_line
from geoseg.run.summary import Summary


class ToldModel(PaintedModel):
    """Says everything that a model may say of itself."""

    name = "told"
    version = "2.1"
    sha256 = "00ff"
    device = "cuda:1"
    precision = "bf16"
    runtime = "told 2.1"
    metadata = Metadata(
        name="told",
        halo_px=0,
        calibration=Calibration(
            intercept=9.0,
            curves={"mean_body": Curve(at=(0.0,), adds=(0.0,))},
            min_probability=0.25,
        ),
    )


def town_file(make_raster: Any, name: str = "town.tif") -> Path:
    path: Path = make_raster(name, paint_town(80, 80)[0])
    with rasterio.open(path, "r+") as dataset:
        dataset.update_tags(TIFFTAG_DATETIME="2019:05:04 10:11:12")
    return path


def in_file(path: Path) -> dict[str, Any]:
    with sqlite3.connect(path) as database:
        text = database.execute("SELECT metadata FROM gpkg_metadata").fetchone()[0]
    told: dict[str, Any] = json.loads(text)
    return told


def test_effective_values_are_told_not_those_asked_for(make_raster: Any) -> None:
    options = {"tile_px": 70, "overlap_px": 5, "bands": (3, 2, 1), "shape": "raw", "readers": 2}
    frame = geoseg.predict(town_file(make_raster), model=ToldModel(), **options)
    told = frame.attrs["geoseg"]
    asked = told["parameters"]
    # Whole strides of 8 px: a context of 8, and a core of 54 - 54 % 8.
    assert (asked["tile_px"], asked["overlap_px"], asked["core_px"]) == (64, 8, 48)
    assert asked["gsd_m"] == told["grid"]["gsd_m"] == pytest.approx(0.3, rel=1e-3)
    assert (asked["min_area_m2"], asked["min_confidence"]) == (6.0, 0.25)
    assert (asked["strip_px"], asked["batch"], asked["readers"]) == (128, 4, 2)
    assert (asked["tta"], asked["shape"], asked["aoi"]) == (False, "raw", None)
    assert told["stretch"] is asked["stretch"] is None
    assert told["sources"] == [
        {
            "path": str(make_raster.folder / "town.tif"),
            "bands": [3, 2, 1],
            "bands_by": "as asked for",
            "dates": {"TIFFTAG_DATETIME": "2019:05:04 10:11:12"},
        }
    ]
    assert (told["device"], told["precision"]) == ("cuda:1", "bf16")
    assert (told["runtime"], told["processor"]) == ("told 2.1", None)
    assert told["model"] == {
        "name": "told", "sha256": "00ff", "class": f"{__name__}.ToldModel", "version": "2.1",
    }  # fmt: skip
    assert told["confidence"].startswith("calibrated")
    assert told["versions"]["gdal"] == rasterio.__gdal_version__
    assert told["command"] is None


def test_what_was_asked_for_wins_over_the_models_own(make_raster: Any) -> None:
    options = {"min_confidence": 0.5, "min_area_m2": 1, "tta": True, "shape": "raw"}
    frame = geoseg.predict(
        make_raster("town.tif", paint_town(80, 80)[0].astype(np.uint16)),
        model=ToldModel(),
        stretch=(0, 255),
        aoi=(345_600, 3_071_980, 345_620, 3_072_000),
        **options,
    )
    told = frame.attrs["geoseg"]["parameters"]
    assert {name: told[name] for name in options} == options
    assert told["stretch"] == [0, 255]
    assert told["aoi"]["bounds"] == [345_600, 3_071_980, 345_620, 3_072_000]


def test_file_summary_and_frame_tell_the_same(make_raster: Any, tmp_path: Path) -> None:
    path, output = town_file(make_raster), tmp_path / "b.gpkg"
    summary = geoseg.predict(path, output, model=PaintedModel(), shape="raw")
    frame = geoseg.predict(path, model=PaintedModel(), shape="raw")
    assert summary.as_dict()["record"] == in_file(output)
    times = ("started", "ended")
    plain = [
        {name: value for name, value in told.items() if name not in times}
        for told in (summary.record, json.loads(json.dumps(frame.attrs["geoseg"])))
    ]
    assert plain[0] == plain[1]
    started, ended = (datetime.fromisoformat(summary.record[time]) for time in times)
    assert started <= ended
    assert summary.record["ended"].endswith("Z")
    # A frame with attrs that JSON cannot hold could not be written.
    frame.to_parquet(tmp_path / "frame.parquet")
    assert len(gpd.read_parquet(tmp_path / "frame.parquet")) == len(frame)


def test_a_file_without_a_model_that_says_anything(make_raster: Any) -> None:
    told = geoseg.predict(town_file(make_raster), model=PaintedModel()).attrs["geoseg"]
    assert (told["device"], told["precision"], told["runtime"]) == (None, None, None)
    assert told["processor"]
    assert told["parameters"]["min_confidence"] == 0
    assert told["confidence"].startswith("raw")


def test_the_command_line_is_told_without_secrets() -> None:
    arguments = ["predict", "https://me:pw@host/a.tif?sig=x", "my b.gpkg", "--quiet"]
    expected = "geoseg predict https://host/a.tif 'my b.gpkg' --quiet"
    for program in ("/usr/bin/geoseg", "geoseg.exe", "/x/geoseg/__main__.py"):
        assert command_line([program, *arguments]) == expected
    for program in ("script.py", "/x/other/__main__.py", ""):
        assert command_line([program, *arguments]) is None


def test_no_source_column_holds_a_token(make_raster: Any, monkeypatch: Any) -> None:
    with Mosaic.open([town_file(make_raster)], gsd_range_m=None) as mosaic:
        source = mosaic.sources[0]
        monkeypatch.setattr(type(source), "path", "https://me:pw@host/a.tif?sig=x", raising=False)
        assert mosaic.names == ["a.tif"]


class FailingModel(PaintedModel):
    traits = replace(Traits.of(PaintedModel()), device="cpu", precision="fp32")

    def predict_maps(self, images: Any) -> Any:
        if self.calls == 8:
            raise KeyboardInterrupt
        return super().predict_maps(images)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"precision": "bf16"}, "the precision was 'fp32' and is 'bf16'"),
        ({"device": "cuda:1"}, "the device was 'cpu' and is 'cuda'"),
        ({"runtime": "abacus 2"}, "the runtime was '' and is 'abacus 2'"),
        ({"device": "cpu:0"}, None),
    ],
    ids=str,
)
def test_a_run_goes_on_in_the_same_precision_on_the_same_kind_of_device(
    make_raster: Any, tmp_path: Path, changed: Mapping[str, str], message: str | None
) -> None:
    path, output = make_raster("town.tif", paint_town(300, 100)[0]), tmp_path / "b.gpkg"
    options = {"tile_px": 48, "shape": "raw"}
    with pytest.raises(KeyboardInterrupt):
        geoseg.predict(path, output, model=FailingModel(), **options)
    model = PaintedModel()
    for name, value in {"device": "cpu", "precision": "fp32", **changed}.items():
        setattr(model, name, value)
    if message is None:
        assert geoseg.predict(path, output, model=model, resume=True, **options).buildings
        return
    with pytest.raises(ResumeError, match=message):
        geoseg.predict(path, output, model=model, resume=True, **options)


def test_a_run_goes_on_with_the_same_kind_of_processor(
    make_raster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, output = make_raster("town.tif", paint_town(300, 100)[0]), tmp_path / "b.gpkg"
    options = {"tile_px": 48, "shape": "raw"}
    monkeypatch.setattr("geoseg.models.traits.processor_kind", lambda: "x86_64 avx2")
    with pytest.raises(KeyboardInterrupt):
        geoseg.predict(path, output, model=FailingModel(), **options)
    model = PaintedModel()
    model.device, model.precision = "cpu", "fp32"  # type: ignore[attr-defined]
    monkeypatch.setattr("geoseg.models.traits.processor_kind", lambda: "x86_64 avx2 avx512f")
    with pytest.raises(ResumeError, match="the kind of processor was 'x86_64 avx2'"):
        geoseg.predict(path, output, model=model, resume=True, **options)


def test_another_area_does_not_resume(make_raster: Any, tmp_path: Path) -> None:
    path, output = make_raster("town.tif", paint_town(300, 100)[0]), tmp_path / "b.gpkg"
    left, bottom, right, top = rasterio.open(path).bounds
    options: dict[str, Any] = {"tile_px": 48, "shape": "raw"}
    bounds = (left, bottom, right, top)
    with pytest.raises(KeyboardInterrupt):
        geoseg.predict(path, output, model=FailingModel(), aoi=bounds, **options)
    model = PaintedModel()
    model.device, model.precision = "cpu", "fp32"  # type: ignore[attr-defined]
    options |= {"model": model, "resume": True}
    with pytest.raises(ResumeError, match="aoi"):
        geoseg.predict(path, output, aoi=(left, bottom, right, top - 5), **options)
    same_ground_in_a_table = gpd.GeoSeries([shapely.box(*bounds)], crs=32645)
    with pytest.raises(ResumeError, match="aoi"):
        geoseg.predict(path, output, aoi=same_ground_in_a_table, **options)
    assert geoseg.predict(path, output, aoi=list(bounds), **options).buildings


def test_a_run_says_what_it_decides(
    make_raster: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path, output = make_raster("town.tif", paint_town(300, 100)[0]), tmp_path / "b.gpkg"
    with caplog.at_level(logging.DEBUG, "geoseg"):
        with pytest.raises(KeyboardInterrupt):
            geoseg.predict(path, output, model=FailingModel(), tile_px=48, shape="raw")
        model = PaintedModel()
        model.device, model.precision = "cpu", "fp32"  # type: ignore[attr-defined]
        geoseg.predict(path, output, model=model, tile_px=48, shape="raw", resume=True)
    for told in (
        "model: PaintedModel (painted.PaintedModel) on cpu in fp32",
        "grid: ", "EPSG:32645", "stretch: none", "bands: town.tif (1, 2, 3)",
        "tiles: 21 of 48 px with a core of 48 px", "resumed after ", "left out: nothing",
        "7 rows of tiles done",
    ):  # fmt: skip
        assert told in caplog.text
    assert {record.name.split(".")[0] for record in caplog.records} == {"geoseg"}


def test_a_summary_shows_itself(make_raster: Any, tmp_path: Path) -> None:
    output = tmp_path / "<b>.gpkg"
    summary = geoseg.predict(town_file(make_raster), output, model=PaintedModel(), shape="raw")
    assert isinstance(summary, Summary)
    assert repr(summary).startswith("Summary(9 buildings, ")
    assert "\n" not in repr(summary)
    shown = summary._repr_html_()
    assert shown.startswith("<table>")
    assert "&lt;b&gt;.gpkg" in shown
    assert "<b>" not in shown
    json.dumps(summary.as_dict())
