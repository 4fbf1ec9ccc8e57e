"""A program that starts geoseg stops it by closing its standard input."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

WAITING = """
import signal, sys, time
from geoseg import machine
machine.GRACE_S = {grace_s}
machine.stop_when_closed(sys.stdin.fileno(), 130)
try:
    {first}
    print("ready", flush=True)
    while True:
        time.sleep(600)
except KeyboardInterrupt:
    sys.exit(7)
"""


@pytest.mark.parametrize(
    ("grace_s", "first", "code"),
    [(300, "pass", 7), (0.1, "signal.signal(signal.SIGINT, signal.SIG_IGN)", 130)],
    ids=["as Ctrl-C does", "by force after a while"],
)
def test_a_closed_standard_input_stops_the_program(grace_s: float, first: str, code: int) -> None:
    text = WAITING.format(grace_s=grace_s, first=first)
    with subprocess.Popen(
        [sys.executable, "-c", text], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        assert process.stdout.readline() == b"ready\n"
        process.stdin.close()
        assert process.wait(300) == code


@pytest.mark.skipif(
    sys.platform == "win32", reason="there shells ignore nothing for their children"
)
def test_it_stops_as_quickly_where_it_was_started_in_the_background() -> None:
    given = signal.signal(signal.SIGINT, signal.SIG_IGN)  # as shells do for what ends in &
    try:
        test_a_closed_standard_input_stops_the_program(300, "pass", 7)
    finally:
        signal.signal(signal.SIGINT, given)


def test_an_open_standard_input_changes_nothing() -> None:
    command = [sys.executable, "-m", "geoseg", "--stop-with-stdin", "models", "--json"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert b"geoseg-buildings" in process.stdout.read()
        assert process.wait(300) == 0


def test_a_standard_input_that_is_closed_already_stops_it_at_once() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "geoseg", "--stop-with-stdin", "models"],
        stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 130
    assert done.stderr == b"Interrupted.\n"


WRITING = """
import pathlib, signal, sys, time
signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it
def wait(*_):
    print("ready", flush=True)
    time.sleep(600)
pathlib.Path.replace = wait
sys.argv = ["geoseg", *sys.argv[1:]]
from geoseg.cli import main
main()
"""
"""A verb that stays where what it wrote would take its name."""


@pytest.mark.thorough
@pytest.mark.skipif(sys.platform == "win32", reason="there a program is ended, not asked to end")
@pytest.mark.parametrize("asked", [signal.SIGINT, signal.SIGTERM])
def test_a_verb_that_is_asked_to_end_leaves_nothing_half_written(
    tmp_path: Path, asked: signal.Signals
) -> None:
    layer, output = tmp_path / "a.geojson", tmp_path / "b.gpkg"
    house = shapely.box(500_000, 3_000_000, 500_010, 3_000_010)
    gpd.GeoDataFrame({"name": ["a"]}, geometry=[house], crs="EPSG:32645").to_file(layer)
    output.write_bytes(b"older")
    command = [sys.executable, "-c", WRITING, "convert", str(layer), str(output), "--overwrite"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"ready\n"
        beside = subprocess.run(
            [sys.executable, "-m", "geoseg", *command[3:]], stderr=subprocess.PIPE, check=False
        )
        assert beside.returncode == 1
        assert b"another run" in beside.stderr.lower()
        process.send_signal(asked)
        assert process.wait(300) == 130
        assert process.stderr.read().endswith(b"Interrupted.\n")
    assert output.read_bytes() == b"older"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.geojson", "b.gpkg"]


STOPPED_WITHIN_EXEC = """
from geoseg import cli
def stopped():
    try:
        exec("raise KeyboardInterrupt")
    except KeyboardInterrupt:
        raise SystemExit(130)
cli._app_for = lambda _: stopped
cli.main()
"""
"""As code that libraries make of texts, which a signal may interrupt at any moment."""


@pytest.mark.skipif(sys.platform == "win32", reason="no process ends by a signal there")
def test_a_run_of_the_module_ends_with_the_exit_code_too(tmp_path: Path) -> None:
    (tmp_path / "stopped.py").write_text(STOPPED_WITHIN_EXEC)
    paths = os.pathsep.join([str(tmp_path), *sys.path])
    done = subprocess.run(
        [sys.executable, "-m", "stopped"],
        check=False, capture_output=True, env={**os.environ, "PYTHONPATH": paths},
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (130, b"Interrupted.\n")
