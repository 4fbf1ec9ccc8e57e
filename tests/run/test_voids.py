"""Voids that no file declares, beside a town: nothing is found in them, nothing is thinned by them."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
from numpy.typing import NDArray
from painted import PaintedModel
from tries import first
from typer.testing import CliRunner

import geoseg
from geoseg.errors import ResumeError

VOID_COL = 280


class Brightness(PaintedModel):
    """Takes what is bright for a building, voids as well, as networks do."""

    def predict_maps(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        red = images[:, :1].astype(np.float32) / 255
        body = np.where((red > 0.7) | (images.max(axis=1, keepdims=True) < 5), 1, 0)
        return np.concatenate([body, 0 * red, 0 * red], axis=1).astype(np.float32)


def town(void: int) -> tuple[NDArray[np.uint8], int]:
    """(3, 400, 600) of land with houses up to a void, two of them cut by it, and their number."""
    rng = np.random.default_rng(1)
    image = rng.integers(70, 120, (3, 400, 600)).astype(np.uint8)
    number = 0
    for row in range(12, 380, 40):
        for col in range(12, VOID_COL - 30, 40):
            image[:, row : row + 20, col : col + 20] = 200
            number += 1
    for row in (95, 215):
        image[:, row : row + 20, VOID_COL - 15 : VOID_COL + 15] = 200
        number += 1
    image[:, :, VOID_COL:] = void
    return image, number


@pytest.mark.parametrize("void", first(1, [0, 255]))
def test_no_building_in_a_void_and_the_density_of_the_town(
    make_raster: Any, tmp_path: Path, void: int, caplog: pytest.LogCaptureFixture
) -> None:
    image, houses = town(void)
    path, out = make_raster("town.tif", image), tmp_path / "b.gpkg"
    summary = geoseg.predict(path, out, model=Brightness(), tile_px=128, shape="raw")
    found = gpd.read_file(out, layer="buildings")
    assert len(found) == houses
    assert found["area_m2"].max() < 40
    assert found["at_edge"].sum() == 2  # those that the void cuts
    observed = gpd.read_file(out, layer="extent").area.sum()
    assert observed == pytest.approx(400 * VOID_COL * 0.09, rel=0.01)
    assert any("blank and left out" in warning for warning in summary.warnings)
    assert any("blank and left out" in message for message in caplog.messages)
    with sqlite3.connect(out) as database:
        (text,) = database.execute(
            "SELECT metadata FROM gpkg_metadata WHERE mime_type = 'application/json'"
        ).fetchone()
    record = json.loads(text)
    assert record["blank"] == [{"values": [void] * 3, "where": "large areas", "given": False}]
    assert record["warnings"] == summary.warnings
    assert record["parameters"]["keep_blank"] is False
    table = geoseg.report(out).table
    assert table["observed_km2"].max() == pytest.approx(observed / 1e6, rel=2e-3)
    kept = geoseg.predict(path, model=Brightness(), tile_px=128, shape="raw", keep_blank=True)
    assert kept["area_m2"].max() > 10_000  # what happens otherwise


@pytest.mark.parametrize("cutting", first(1, [{"tile_px": 96}, {"tile_px": 256, "strip_px": 40}]))
def test_cutting_does_not_show_at_a_void(make_raster: Any, cutting: dict[str, int]) -> None:
    path = make_raster("town.tif", town(255)[0])
    whole = geoseg.predict(path, model=Brightness(), tile_px=640, shape="raw")
    parts = geoseg.predict(path, model=Brightness(), shape="raw", readers=2, **cutting)
    assert whole.drop(columns="geometry").equals(parts.drop(columns="geometry"))
    assert (whole.geometry.to_wkb() == parts.geometry.to_wkb()).all()


@pytest.mark.thorough
def test_a_run_is_not_resumed_with_another_idea_of_what_is_blank(
    make_raster: Any, tmp_path: Path
) -> None:
    path, out = make_raster("town.tif", town(0)[0]), tmp_path / "b.gpkg"
    options: dict[str, Any] = {"model": Brightness(), "tile_px": 128, "shape": "raw"}

    def stop(_: geoseg.ProgressReport) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        geoseg.predict(path, out, progress=stop, **options)
    with pytest.raises(ResumeError, match="blank"):
        geoseg.predict(path, out, resume=True, keep_blank=True, **options)
    assert geoseg.predict(path, out, resume=True, **options).buildings > 0


def test_the_command_takes_values(make_raster: Any) -> None:
    from geoseg.cli import app

    image = town(0)[0]
    image[:, 380:, :60] = np.array([255, 0, 0], np.uint8)[:, None, None]
    path = str(make_raster("town.tif", image))
    told = CliRunner().invoke(app, ["info", path, "--json", "--nodata", "0", "--nodata", "255,0,0"])
    seen = json.loads(told.stdout)
    assert "pure black (0) as asked for, 255,0,0 as asked for" in seen["rasters"][0]["validity"]
    assert seen["warnings"] == ["town.tif: only about 46% of its pixels are valid"]
    assert seen["rasters"][0]["valid_share"] == pytest.approx(VOID_COL / 600, abs=0.03)
    wrong = CliRunner().invoke(app, ["info", path, "--nodata", "black"])
    assert wrong.exit_code != 0
