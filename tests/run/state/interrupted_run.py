"""Kill a small run again and again, go on each time, and compare the results.

Started by test_interrupted.py in a process of its own, because it forks: ``events FOLDER`` kills at
every STEPth file operation in turn, ``times FOLDER MOMENTS`` at random times. Prints the number of runs
that were killed.
"""

from __future__ import annotations

import hashlib
import os
import random
import shutil
import signal
import sqlite3
import sys
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyproj
import shapely

from geoseg.export.output import write_output
from geoseg.export.schema import SCHEMA
from geoseg.raster.identity import MosaicIdentity
from geoseg.run.state.assemble import assemble
from geoseg.run.state.identity import ModelIdentity, RunIdentity
from geoseg.run.state.lock import OutputLock
from geoseg.run.state.parts import PartsWriter

MOSAIC = MosaicIdentity(
    sources=(), crs="", transform=(), shape=(1, 1), stretch=None, fill_rgb=(0, 0, 0)
)
MODEL = ModelIdentity(class_name="a.B", version="1", sha256="0", device="cpu", precision="fp32")
IDENTITY = RunIdentity(version="1", mosaic=MOSAIC, model=MODEL, parameters={})
STRIPS = 2


def strip_table(strip: int, rows: int) -> pa.Table:
    """Ids of all strips interleave."""
    ids = np.arange(rows, dtype=np.int64) * STRIPS + strip
    columns = {name: np.zeros(rows) for name in SCHEMA.names}
    columns |= {
        "building_id": ids,
        "at_edge": np.zeros(rows, bool),
        "shape": ["simplified"] * rows,
        "source": ["a.tif"] * rows,
        "image_date": ["2024-05-17"] * rows,
        "geometry": shapely.to_wkb(shapely.box(ids * 2.0, 0, ids * 2.0 + 1, 1)),
    }
    return pa.table(columns)


def run(output: Path, rows: int) -> None:
    """What a run does with ``--resume``; its snapshot counts the strips before."""
    with OutputLock(output):
        go_on(output, rows)


def go_on(output: Path, rows: int) -> None:
    """The same, with the output for itself."""
    writer = PartsWriter.resume(output, IDENTITY)
    if writer.outcome is not None:
        assert writer.outcome == {"buildings": STRIPS * rows}
        writer.remove()
        return
    for strip in range(len(writer.done_strips), STRIPS):
        snapshot = writer.load_snapshot() or {"strips": np.array(0)}
        assert snapshot["strips"] == strip == writer.counters.get("strips", 0)
        state = {"strips": np.array(strip + 1)}
        writer.commit(strip, strip_table(strip, rows), state, {"strips": strip + 1})
    write_output(output, assemble(writer.parts, 256), crs=pyproj.CRS(32645), run_metadata={})
    writer.finish({"buildings": STRIPS * rows})
    writer.remove()


def fork(work: Callable[[], None]) -> int:
    """Start ``work`` in a child process."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    finally:
        os._exit(status)


def was_killed(child: int) -> bool:
    """Wait for a child; a failed assertion in it fails here too."""
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return True
    assert os.WEXITSTATUS(status) == 0, "a run failed"
    return False


def kill_at_event(number: int, folder: Path) -> None:
    """Let this process die at its ``number``-th operation on files in ``folder``."""
    seen = 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if any(str(folder) in str(argument) for argument in arguments):
            seen += 1
            if seen == number + 1:
                if event == "open" and arguments[1] in {"w", "wb"}:
                    Path(str(arguments[0])).write_bytes(b"half")
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def content(output: Path) -> str:
    """A hash of all rows in order; fails on a broken file."""
    with closing(sqlite3.connect(output)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        rows = connection.execute("SELECT * FROM buildings ORDER BY fid").fetchall()
        return hashlib.sha256(repr(rows).encode()).hexdigest()


def check_and_go_on(output: Path, rows: int, expected: str) -> None:
    """Nothing broken is under the final name, and the next run ends like an undisturbed one."""
    if output.exists():
        assert content(output) == expected
    assert not was_killed(fork(lambda: run(output, rows)))
    assert content(output) == expected
    left = sorted(path.name for path in output.parent.iterdir())
    assert left == [output.name], left


def undisturbed(folder: Path, rows: int) -> tuple[str, float]:
    """Content and seconds of a run that nobody disturbs."""
    folder.mkdir()
    begin = time.perf_counter()
    assert not was_killed(fork(lambda: run(folder / "b.gpkg", rows)))
    return content(folder / "b.gpkg"), time.perf_counter() - begin


def kill_at_events(folder: Path, step: int) -> int:
    """One run per ``step``-th file operation."""
    expected, _ = undisturbed(folder / "reference", rows=5)
    output = folder / "killed" / "b.gpkg"
    for number in range(0, 10_000, step):
        shutil.rmtree(output.parent, ignore_errors=True)
        output.parent.mkdir()

        def work(number: int = number) -> None:
            kill_at_event(number, output.parent)
            run(output, 5)

        if not was_killed(fork(work)):
            return number // step
        check_and_go_on(output, 5, expected)
    raise AssertionError("a run has no end of file operations")


def kill_at_random_times(folder: Path, moments: int) -> int:
    """Runs killed at moments spread over an undisturbed run's duration."""
    rows, killed = 1500, 0
    expected, seconds = undisturbed(folder / "reference", rows)
    output = folder / "killed" / "b.gpkg"
    for moment in range(moments):
        shutil.rmtree(output.parent, ignore_errors=True)
        output.parent.mkdir()
        child = fork(lambda: run(output, rows))
        # One in every part: on another hour of the machine a run ends sooner than that one.
        time.sleep(random.uniform(moment, moment + 1) / moments * seconds)  # noqa: S311
        os.kill(child, signal.SIGKILL)
        killed += was_killed(child)
        check_and_go_on(output, rows, expected)
    return killed


if __name__ == "__main__":
    mode = {"events": kill_at_events, "times": kill_at_random_times}[sys.argv[1]]
    print(mode(Path(sys.argv[2]), int(sys.argv[3])))  # noqa: T201
