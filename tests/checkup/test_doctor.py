"""The check of an installation tells what is there and what is in the way."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from commands import exit_code

import geoseg
from geoseg.checkup import looks, trial
from geoseg.checkup.outcome import Checkup, Look
from geoseg.errors import ModelError


def named(found: Checkup) -> dict[str, Look]:
    return {look.name: look for look in found.looks}


@pytest.mark.thorough
def test_here_nothing_is_in_the_way() -> None:
    found = geoseg.doctor()
    assert found.healthy, found
    told = named(found)
    assert f"geoseg {geoseg.__version__}" in told["versions"].told
    assert {"GTiff", "COG"} <= set(told["raster formats"].told.replace(";", ",").split(", "))
    assert "polygons written and read" in told[trial.NAME].told
    assert "ok: register of PROJ" in found._repr_html_()


def test_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("doctor", "--no-trial", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["healthy"] is True
    assert "a tiny run" not in [look["name"] for look in told["looks"]]


def test_a_driver_that_lacks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(looks, "_vector_modes", lambda: {"GeoJSON": "rw", "GPKG": "r"})
    monkeypatch.setattr(
        looks, "_raster_modes", lambda: dict.fromkeys(looks.RASTER_DRIVERS[:4], "r")
    )
    told = named(geoseg.doctor(trial=False))
    assert told["vector formats"].state == "broken"
    assert "not here: GPKG, FlatGeobuf" in told["vector formats"].told
    assert told["raster formats"].state == "note"


def test_a_folder_that_cannot_be_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(looks, "_numba_folder", lambda: tmp_path / "file" / "cache")
    assert exit_code("doctor", "--no-trial") == 1
    shown = capsys.readouterr().out
    assert "BROKEN compiled loops" in shown
    assert "NUMBA_CACHE_DIR" in shown


def test_a_run_that_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_args: object, **_options: object) -> None:
        raise ModelError("no model for you")

    monkeypatch.setattr(trial, "predict", fail)
    found = geoseg.doctor()
    assert not found.healthy
    assert named(found)[trial.NAME].told == "no model for you"


def test_secrets_in_settings_stay_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GDAL_HTTP_USERPWD", "me:s3cr3t")
    told = named(geoseg.doctor(trial=False))["settings of GDAL and PROJ"].told
    assert "GDAL_HTTP_USERPWD" in told
    assert "s3cr3t" not in told
