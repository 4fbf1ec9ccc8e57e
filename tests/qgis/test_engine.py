"""How the plugin starts geoseg: the environment, what answers, progress, results, stopping."""

from __future__ import annotations

import importlib.util
import os
import sys
import time
from pathlib import Path
from types import ModuleType

import pytest
from conftest import REPOSITORY

import geoseg


@pytest.fixture(scope="module")
def engine() -> ModuleType:
    """The plugin's module that needs no QGIS."""
    path = REPOSITORY / "qgis/geoseg/engine.py"
    spec = importlib.util.spec_from_file_location("plugin_engine", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def program(folder: Path, body: str) -> str:
    """A program that calls itself geoseg."""
    path = folder / "geoseg"
    path.write_text(f"#!{sys.executable}\nimport sys, time, os, json\n{body}\n")
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    "name",
    ["PYTHONHOME", "PYTHONPATH", "PYTHONEXECUTABLE", "PROJ_LIB", "PROJ_DATA", "GDAL_DATA",
     "GDAL_DRIVER_PATH", "QT_PLUGIN_PATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "QGIS_PREFIX_PATH"],
)  # fmt: skip
def test_what_belongs_to_qgis_is_not_handed_on(engine: ModuleType, name: str) -> None:
    cleaned = engine.clean_environment({name: "x", "HOME": "/home/me", "GDAL_HTTP_PROXY": "p"})
    assert name not in cleaned
    assert cleaned["HOME"] == "/home/me"
    assert cleaned["GDAL_HTTP_PROXY"] == "p"  # the user's network, not QGIS's libraries


def test_folders_of_qgis_leave_the_path_but_the_system_stays(engine: ModuleType) -> None:
    qgis = "/opt/QGIS"
    path = os.pathsep.join(["/opt/QGIS/bin", "/usr/bin", "/opt/QGIS2/bin"])
    kept = engine.clean_environment({"PATH": path}, qgis)["PATH"]
    assert kept.split(os.pathsep) == ["/usr/bin", "/opt/QGIS2/bin"]
    assert engine.clean_environment({"PATH": "/usr/bin"}, "/usr")["PATH"] == "/usr/bin"


@pytest.mark.thorough
@pytest.mark.parametrize("foreign", ["PYTHONHOME", "PYTHONPATH", "PROJ_LIB", "GDAL_DATA"])
def test_geoseg_answers_whatever_qgis_has_set(engine: ModuleType, foreign: str) -> None:
    environment = engine.clean_environment(dict(os.environ) | {foreign: "/nowhere"})
    assert engine.check(sys.executable, environment).version == geoseg.__version__


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("sys.exit('No module named geoseg')", "is a Python without geoseg"),
        ("print('geoseg 0.0.9')", r"0\.0\.9, which is too old"),
        ("print('hello')", "is no geoseg"),
        ("raise SystemExit(3)", "is no geoseg: it said nothing"),
    ],
)
def test_what_is_no_usable_geoseg_is_one_sentence(
    engine: ModuleType, tmp_path: Path, body: str, message: str
) -> None:
    with pytest.raises(engine.EngineError, match=message):
        engine.check(program(tmp_path, body), dict(os.environ))


def test_what_is_not_there_or_no_program_is_one_sentence(
    engine: ModuleType, tmp_path: Path
) -> None:
    with pytest.raises(engine.EngineError, match="there is no program"):
        engine.check(str(tmp_path / "none"), dict(os.environ))
    (tmp_path / "geoseg").write_text("no program")
    with pytest.raises(engine.EngineError, match="cannot be started"):
        engine.check(str(tmp_path / "geoseg"), dict(os.environ))


def test_progress_results_and_other_lines_are_told_apart(
    engine: ModuleType, tmp_path: Path
) -> None:
    body = """
print(json.dumps({"stage": "a", "done": 1, "total": 2}), file=sys.stderr, flush=True)
print("a word", file=sys.stderr)
print(json.dumps({"buildings": 3}))
assert sys.argv[1:] == ["--stop-with-stdin", "predict", "-x"]
"""
    told: list[object] = []
    found = engine.Engine((program(tmp_path, body),), "1")
    outcome = engine.run(found, ["predict", "-x"], dict(os.environ), told.append, lambda: False)
    assert (outcome.code, outcome.cancelled, outcome.result) == (0, False, {"buildings": 3})
    assert told == [{"stage": "a", "done": 1, "total": 2}, "a word"]


def test_an_error_is_told_in_geosegs_own_words(engine: ModuleType, tmp_path: Path) -> None:
    body = "print('warning: w', 'Error: no such raster', sep='\\n', file=sys.stderr); sys.exit(1)"
    found = engine.Engine((program(tmp_path, body),), "1")
    outcome = engine.run(found, ["info"], dict(os.environ), lambda _: None, lambda: False)
    assert (outcome.code, outcome.error) == (1, "no such raster")


def test_cancelling_closes_the_standard_input_and_waits(engine: ModuleType, tmp_path: Path) -> None:
    body = "sys.stdin.read(); open(sys.argv[2], 'w').close(); sys.exit(130)"
    found = engine.Engine((program(tmp_path, body),), "1")
    mark = tmp_path / "stopped in order"
    outcome = engine.run(found, [str(mark)], dict(os.environ), lambda _: None, lambda: True)
    assert outcome.cancelled
    assert mark.exists()


def test_what_does_not_stop_is_ended(
    engine: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "GRACE_S", 0.2)
    found = engine.Engine((program(tmp_path, "time.sleep(600)"),), "1")
    began = time.monotonic()
    outcome = engine.run(found, [], dict(os.environ), lambda _: None, lambda: True)
    assert outcome.cancelled
    assert time.monotonic() - began < 300
