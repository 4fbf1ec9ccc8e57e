"""``geoseg.info``: every kind of model that predict takes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import rasterio
from commands import invoke
from conftest import draw_scene
from painted import PaintedModel, paint_town

import geoseg
from geoseg.errors import ModelError, UsageError
from geoseg.preview.describe import MosaicInfo

PLUGIN = """
import numpy as np

class Masks:
    gsd_m = (0.2, 0.5)

    def predict_instances(self, images):
        return [[] for _ in images]
"""


class Masks:
    gsd_m = (0.1, 0.2)
    calls = 0

    def predict_instances(self, images: Any) -> list[list[geoseg.Instance]]:
        self.calls += 1
        return [[] for _ in images]


def test_the_tiles_are_those_of_the_run(make_raster: Any, tmp_path: Path) -> None:
    path = make_raster("a.tif", paint_town(150, 200)[0])
    model = PaintedModel()
    options = {"tile_px": 70, "overlap_px": 5}
    seen = geoseg.info(path, model=model, **options)
    summary = geoseg.predict(path, tmp_path / "b.gpkg", model=model, shape="raw", **options)
    asked = summary.record["parameters"]
    assert seen.tiles == summary.tiles.done
    assert (seen.tile_px, seen.overlap_px) == (asked["tile_px"], asked["overlap_px"])
    assert seen.grid_gsd_m == summary.gsd_m


def test_models_of_separate_masks(make_raster: Any) -> None:
    path, model = make_raster("a.tif", draw_scene(100, 120)), Masks()
    seen = geoseg.info(path, model=model)
    assert (seen.overlap_px, seen.resampled, model.calls) == (128, True, 0)
    measured = geoseg.info(path, model=model, measure=True)
    assert (measured.time.basis, model.calls) == ("one tile, measured here", 2)
    with pytest.raises(UsageError, match="separate masks"):
        geoseg.info(path, model=model, tta=True)


def test_a_class_named_on_the_command_line(
    make_raster: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "plugged_for_info.py").write_text(PLUGIN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    path = make_raster("a.tif", draw_scene(100, 120))
    result = invoke("info", path, "--model", "plugged_for_info:Masks", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["overlap_px"] == 128
    missing = invoke("info", path, "--model", "yolo:absent.pt")
    assert isinstance(missing.exception, ModelError)
    assert "absent.pt" in str(missing.exception)


@pytest.mark.parametrize(("gsd_m", "twice"), [(0.3, True), (0.5, False)])
def test_two_views_take_longer(
    make_raster: Any, utm_transform: Any, gsd_m: float, twice: bool
) -> None:
    path = make_raster("a.tif", draw_scene(100, 120), transform=utm_transform(gsd_m))
    plain, flipped, usual = (geoseg.info(path, tta=tta).time for tta in (False, True, None))
    assert 1.2 * plain.least_minutes < flipped.least_minutes < 2 * plain.least_minutes
    assert usual == (flipped if twice else plain)


def test_tiles_are_those_of_a_run_in_as_many_views(
    make_raster: Any, utm_transform: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def cheapest(*_: Any, views: int, **__: Any) -> int:
        asked.append(views)
        return 768

    monkeypatch.setattr("geoseg.tiles.plan.cheapest_core_px", cheapest)
    path = make_raster("a.tif", draw_scene(100, 120), transform=utm_transform(0.3))
    told = [geoseg.info(path, precision="int8", tta=tta).views for tta in (False, True, None)]
    assert told == asked == [1, 2, 2]


def test_an_open_dataset(make_raster: Any) -> None:
    with rasterio.open(make_raster("a.tif", draw_scene(100, 120).astype(np.uint16))) as dataset:
        seen = geoseg.info(dataset, model=PaintedModel(), stretch=(1, 300), bands=[2])
    assert seen.stretch == (1, 300)
    assert seen.rasters[0].rgb == (2, 2, 2)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tile": 5}, "did you mean 'tile_px'"),
        ({"device": "banana"}, "banana"),
        ({"precision": "banana"}, "banana"),
        ({"bands": (3.7, 2, 1)}, "bands"),
        ({"gsd_m": 0}, "gsd_m"),
    ],
    ids=str,
)
def test_wrong_options(make_raster: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        geoseg.info(make_raster("a.tif", draw_scene(100, 120)), **options)


@pytest.mark.thorough
def test_the_built_in_models_header_is_read_without_torch(make_raster: Any) -> None:
    path = make_raster("a.tif", draw_scene(100, 120))
    code = f"import sys, geoseg; geoseg.info({str(path)!r}); print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def test_it_tells_what_would_run(make_raster: Any) -> None:
    path = make_raster("a.tif", draw_scene(100, 120))
    seen = geoseg.info(path, device="cpu", precision="fp32")
    assert (seen.runtime, seen.precision) == ("openvino", "fp32")
    assert ("network", "openvino, fp32, in 2 views") in seen.in_words()
    assert seen.as_dict()["precision"] == "fp32"
    told = invoke("info", path, "--device", "cpu", "--runtime", "torch", "--json")
    assert json.loads(told.stdout)["runtime"] == "torch"
    assert geoseg.info(path, model=PaintedModel()).runtime == ""


def test_it_shows_itself(make_raster: Any) -> None:
    image = draw_scene(100, 120)
    image[:, :, :30] = 0
    seen = geoseg.info(make_raster("<b>.tif", image), model=PaintedModel())
    assert isinstance(seen, MosaicInfo)
    assert repr(seen) == "MosaicInfo(1 raster, 120 x 100 px of 0.300 m, 1 tile, 1 warning)"
    shown = seen._repr_html_()
    assert "&lt;b&gt;.tif" in shown
    assert "<b>" not in shown
    assert "pure black" in shown


def test_an_area_counts_its_own_tiles(make_raster: Any) -> None:
    path = make_raster("a.tif", draw_scene(300, 400))
    whole = geoseg.info(path, model=PaintedModel(), tile_px=64)
    left, top = 345_600.0, 3_072_000.0
    corner = (left, top - 12, left + 12, top)
    part = geoseg.info(path, model=PaintedModel(), tile_px=64, aoi=corner)
    assert (part.tiles, whole.tiles) == (9, 35)
    assert part.time.most_minutes == pytest.approx(whole.time.most_minutes * 9 / 35)
    assert part.megapixels == whole.megapixels
    with pytest.raises(UsageError, match="aoi_layer"):
        geoseg.info(path, model=PaintedModel(), aoi_layer="a")
