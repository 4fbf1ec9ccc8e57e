"""The command line: exit codes, messages, JSON, help."""

from __future__ import annotations

import importlib
import json
import pkgutil
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from commands import exit_code, help_of
from conftest import REPOSITORY

import geoseg
from geoseg import cli

HEAVY = ("torch", "rasterio", "geopandas", "numba", "pyarrow", "scipy", "albumentations")
VERBS = [command.callback.__name__ for command in cli.app.registered_commands]  # type: ignore[union-attr]


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['geoseg', '--help']\n"
        "from geoseg.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print('HEAVY', [name for name in {HEAVY} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "predict" in done.stdout
    assert done.stdout.rstrip().endswith("HEAVY []")


def test_the_package_runs_as_a_module() -> None:
    command = [sys.executable, "-m", "geoseg", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert geoseg.__version__ in done.stdout


def test_importing_geoseg_is_light_and_complete() -> None:
    code = f"import geoseg, sys; print([name for name in {HEAVY} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert geoseg.__all__ == sorted(geoseg.__all__)
    for name in geoseg.__all__:
        assert getattr(geoseg, name) is not None
    with pytest.raises(AttributeError, match="nothing_like_it"):
        geoseg.nothing_like_it  # noqa: B018


def test_an_exported_name_is_never_a_module() -> None:
    for module in pkgutil.iter_modules(geoseg.__path__):
        importlib.import_module(f"geoseg.{module.name}")
    assert [n for n in geoseg.__all__ if isinstance(getattr(geoseg, n), ModuleType)] == []


@pytest.mark.parametrize("verb", VERBS)
def test_every_verb_has_help_and_is_in_the_readme(verb: str) -> None:
    name = verb.replace("_", "-")
    assert "Usage" in help_of(name)
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert f"geoseg {name}" in readme


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert exit_code("--version") == 0
    libraries = ("GDAL", "PROJ", "GEOS", "OpenVINO", "torch")
    told = r"geoseg \d+\.\d+\.\d+\n" + ", ".join(rf"{name} \d+\.\S+" for name in libraries) + r"\n"
    assert re.fullmatch(told, capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["predict", "only-one.tif"], 2, "Name the output last or with --output"),
        (["predict", "missing.tif", "b.gpkg"], 1, "missing.tif"),
        (["predict", "missing.tif", "b.tab"], 2, "allowed are .gpkg"),
        (["predict", "missing.tif", "nowhere/b.gpkg"], 1, "does not exist"),
        (["predict", "missing.tif", "b.gpkg", "--bands", "r,g,b"], 2, "separated by commas"),
        (["predict", "missing.tif", "b.gpkg", "--bands", "1,2"], 2, "one band or three"),
        (["predict", "missing.tif", "b.gpkg", "--bands", "3.7,2,1"], 2, "whole numbers"),
        (["info", "missing.tif", "--bands", "3.7,2,1"], 2, "whole numbers"),
        (["predict", "missing.tif", "b.gpkg", "--stretch", "1"], 2, "stretch"),
        (["predict", "missing.tif", "b.gpkg", "--shape", "round"], 2, "shape"),
        (["predict", "missing.tif", "b.gpkg", "--model", "no.safetensors"], 1, "no.safetensors"),
        (["predict", "missing.tif", "b.gpkg", "--device", "tpu"], 2, "tpu"),
        (["predict", "missing.tif", "b.gpkg", "--no-such-option"], 2, "No such option"),
        (["predict", "missing.tif", "b.gpkg", "--aoi", ""], 2, "--aoi is an empty text"),
        (["predict", "missing.tif", ""], 2, "an argument is an empty text"),
        (["report", "b.gpkg", "--zones", " "], 2, "--zones is an empty text"),
        (["evaluate", "b.gpkg", ""], 2, "an argument is an empty text"),
        (["heights", "b.gpkg", "--dsm", "", "-o", "h.gpkg"], 2, "--dsm is an empty text"),
        (["convert", "", "b.gpkg"], 2, "an argument is an empty text"),
        (["report", "b.gpkg", "--raster", ""], 2, "--raster is an empty text"),
        (["tune", "default", "--scenes", "", "-o", "t"], 2, "--scenes is an empty text"),
        (["train", "--scenes", "a", "-o", "b", "--minutes", "0"], 2, "--minutes must be above 0"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_usage_is_one_sentence(
    arguments: list[str],
    code: int,
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert exit_code(*arguments) == code
    shown = capsys.readouterr()
    assert message in shown.err
    assert "Traceback" not in shown.err
    assert not shown.out
    assert list(tmp_path.iterdir()) == []


def test_options_of_predict_have_the_defaults_of_the_api() -> None:
    import inspect

    from geoseg.cli.predict import predict

    api = inspect.signature(geoseg.predict).parameters
    units = {"gsd": "gsd_m", "min_area": "min_area_m2", "min_height": "min_height_m"}
    units |= {"cluster_timeout": "cluster_timeout_s"}
    units |= {name: f"{name}_px" for name in ("tile", "overlap", "strip")}
    own = {"paths", "as_json", "quiet", "progress", "verbose"}
    for name, option in inspect.signature(predict).parameters.items():
        if name not in own:
            assert option.default == api[units.get(name, name)].default, name


def test_json_is_one_object_on_stdout(
    make_raster: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    dull = make_raster("dull.tif", np.full((3, 64, 64), 90, np.uint8), crs="EPSG:32645")
    assert exit_code("predict", dull, tmp_path / "b.gpkg", "--json", "--min-area", 1000) == 0
    out, beside = capsys.readouterr()
    assert "Note: no building was found; geoseg info" in beside
    told = json.loads(out)
    assert set(told) >= {
        "buildings", "area_m2", "megapixels", "tiles", "dropped",
        "seconds", "peak_rss_mb", "model", "output",
    }  # fmt: skip
    assert set(told["tiles"]) == {"done", "skipped_nodata", "failed"}
    assert set(told["seconds"]) == {
        "total", "read", "model", "decode", "vectorize", "write",
    }  # fmt: skip
    assert told["model"]["name"]
    assert len(told["model"]["sha256"]) == 64
    assert told["output"] == str(tmp_path / "b.gpkg")
