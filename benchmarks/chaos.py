"""Kill runs at many moments, let every file operation fail and servers misbehave; go on and compare.

    python benchmarks/chaos.py                    # 50 kills, an error at every operation, 6 faults of servers
    python benchmarks/chaos.py --kills 5 --step 9 # a taste of it

Every run is a process of its own with a painted model, forked from one that has all imported. It is *killed*
(SIGKILL) at random moments after its first row of tiles; or one of its operations on files of the output's
folder *fails* with an I/O error; or the *server* of its raster drops connections, answers 503 or 403, slowly
or not at all, or has other bytes, from some request on. Then the same command goes on with ``--resume``. A
case *held* when nothing broken was under the output's name, every failure was told in one sentence, the run
that went on ended like one that nobody disturbed, row by row, and nothing else was left in the
folder; where the bytes were others, when going on was refused until they were back. Exits 1 when a case fell.
Takes a quarter of an hour on two busy cores, less where /dev/shm is a folder in memory.
"""

from __future__ import annotations

import argparse
import errno
import hashlib
import os
import random
import shutil
import signal
import sqlite3
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import rasterio
from painted import PaintedModel, paint_town
from rasterio.transform import from_origin

sys.path.append(str(Path(__file__).parent.parent / "tests"))
from remote_server import Server

import geoseg
from geoseg.errors import GeosegError, OutputExistsError, ResumeError

HEIGHT_PX, WIDTH_PX = 480, 192
TILE_PX = 48
UNTOLD = 70
"""Exit status of a run that ended with another error than geoseg's own, or with no single sentence."""
COMPLETE, REFUSED = 71, 72
"""Exit status of runs that had nothing to go on with, or could not."""

MOMENTS = (2, 4, 6, 8, 10, 13, 16, 20)
"""Requests that a server answers before it misbehaves."""
FAULTS: dict[str, dict[str, object]] = {
    "a fifth of all connections dropped": {"drop": 0.2},
    "all connections dropped": {"drop": 1.0},
    "503": {"status": 503},
    "403": {"status": 403},
    "slow": {"slow_s": 0.2},
    "hanging": {"hang": True},
}

Disturb = Callable[[], None]


class SlowModel(PaintedModel):
    """Takes long enough for a signal to hit something."""

    def predict_maps(self, images: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        """As painted, later."""
        time.sleep(0.002)
        return super().predict_maps(images)


@dataclass(slots=True)
class Score:
    """Cases of one kind."""

    tried: int = 0
    fell: list[str] = field(default_factory=list)

    def add(self, case: str, fault: str) -> None:
        """Count a case; an empty fault is none."""
        self.tried += 1
        if fault:
            self.fell.append(f"{case}: {fault}")


@dataclass(frozen=True, slots=True)
class Bench:
    """Where runs happen, and how one ends that nobody disturbs."""

    source: Path | str
    output: Path
    expected: str
    seconds: float
    """From the first row of tiles to the end."""

    def fresh(self) -> None:
        """An empty folder for the output."""
        shutil.rmtree(self.output.parent, ignore_errors=True)
        self.output.parent.mkdir()

    def fault(self) -> str:
        """Go on after a disturbance and say what is wrong; empty: nothing is."""
        if self.output.exists() and content(self.output) != self.expected:
            return "what is under the output's name is broken"
        status = wait(start(self.source, self.output, resume=True))
        if status == REFUSED:
            return "going on was refused"
        if status not in {0, COMPLETE}:
            return f"going on ended with status {status}"
        if not self.output.exists() or content(self.output) != self.expected:
            return "the content is another one"
        left = sorted(path.name for path in self.output.parent.iterdir())
        return "" if left == [self.output.name] else f"left: {left}"

    def fault_of_server(self, server: Server) -> str:
        """Run to the end or the fault, then go on with a server that behaves."""
        status = wait(start(self.source, self.output))
        server.order()
        if status not in {0, 1}:
            return f"it ended with status {status}"
        return self.fault()

    def fault_of_other_bytes(self, child: int) -> str:
        """Of a run whose raster was replaced meanwhile, and of going on with the other one."""
        status = wait(child)
        if status == 0:  # it was done before
            return "" if content(self.output) == self.expected else "one file of two rasters"
        if status != 1:
            return f"it ended with status {status}"
        if self.output.exists():
            return "a file of two rasters"
        if not (self.output.parent / f"{self.output.name}.parts" / "manifest.json").exists():
            return ""
        status = wait(start(self.source, self.output, resume=True))
        return "" if status in {1, REFUSED} else f"going on with other bytes ended with {status}"


def start(
    source: Path | str,
    output: Path,
    *,
    resume: bool = False,
    disturb: Disturb | None = None,
    rows: int | None = None,
) -> int:
    """Start a run in a process of its own; it writes a byte to ``rows`` after every row of tiles."""
    child = os.fork()
    if child:
        return child
    status = UNTOLD
    try:
        os.dup2(
            os.open(output.parent.with_suffix(".log"), os.O_WRONLY | os.O_CREAT | os.O_APPEND), 2
        )
        if disturb is not None:
            disturb()
        status = predict(source, output, resume, rows)
    except BaseException:  # noqa: BLE001  # whatever it is, the run fell
        traceback.print_exc()
    finally:
        os._exit(status)


def predict(source: Path | str, output: Path, resume: bool, rows: int | None) -> int:
    """Run, and tell how it ended by a number."""
    try:
        geoseg.predict(
            source, output, model=SlowModel(), tile_px=TILE_PX, shape="raw", resume=resume,
            progress=None if rows is None else lambda _: told(rows),
        )  # fmt: skip
    except OutputExistsError:
        return COMPLETE
    except ResumeError:
        return REFUSED
    except GeosegError as error:
        print(error, file=sys.stderr)
        return UNTOLD if "\n" in str(error) else 1
    return 0


def told(rows: int) -> None:
    """A byte for a row."""
    os.write(rows, b"r")


def wait(child: int) -> int:
    """Exit status of a child; negative: the signal that ended it."""
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def content(output: Path) -> str:
    """A hash of all rows in order; of a broken file something else."""
    try:
        with closing(sqlite3.connect(output)) as connection:
            if connection.execute("PRAGMA integrity_check").fetchall() != [("ok",)]:
                return "damaged"
            layers = [connection.execute(f"SELECT * FROM {name} ORDER BY fid").fetchall()  # noqa: S608
                      for name in ("buildings", "extent")]  # fmt: skip
    except sqlite3.Error as error:
        return str(error)
    return hashlib.sha256(repr(layers).encode()).hexdigest()


def prepared(folder: Path) -> Bench:
    """A painted town, and a run over it that nobody disturbs."""
    town, _ = paint_town(HEIGHT_PX, WIDTH_PX)
    town[0, 3:400, :80:8] = 250  # walls that many rows of tiles share
    town[0, 400:410, :80] = 250
    source, output = folder / "served" / "town.tif", folder / "out" / "b.gpkg"
    source.parent.mkdir()
    write(source, np.maximum(town, np.random.default_rng(0).integers(0, 90, town.shape, np.uint8)))
    output.parent.mkdir()
    assert predict(source, output, resume=False, rows=None) == 0  # imports all, and compiles
    for _ in range(2):
        bench = Bench(source, output, "", 0.0)
        bench.fresh()
        reader, writer = os.pipe()
        child = start(source, output, rows=writer)
        os.read(reader, 1)
        begin = time.perf_counter()
        assert wait(child) == 0, "a run that nobody disturbed failed"
        seconds = time.perf_counter() - begin
    return Bench(source, output, content(output), seconds)


def write(path: Path, pixels: np.ndarray) -> None:  # type: ignore[type-arg]
    """A raster in tiles."""
    with rasterio.open(
        path, "w", driver="GTiff", height=HEIGHT_PX, width=WIDTH_PX, count=3, dtype="uint8",
        crs="EPSG:32645", transform=from_origin(3e5, 3e6, 0.5, 0.5),
        tiled=True, blockxsize=64, blockysize=64,
    ) as raster:  # fmt: skip
        raster.write(pixels)


def kills(bench: Bench, number: int) -> Score:
    """Kill runs at moments spread over what follows the first row of tiles."""
    score = Score()
    while score.tried < number:
        bench.fresh()
        reader, writer = os.pipe()
        child = start(bench.source, bench.output, rows=writer)
        os.close(writer)
        os.read(reader, 1)
        os.close(reader)
        moment = random.uniform(0, bench.seconds)  # noqa: S311
        time.sleep(moment)
        os.kill(child, signal.SIGKILL)
        if wait(child) == -signal.SIGKILL:
            score.add(f"killed {moment:.3f} s after the first row", bench.fault())
    return score


def errors(bench: Bench, step: int) -> Score:
    """Let every ``step``-th operation on a file of the output's folder fail, a run for each."""
    score, number = Score(), 0
    while True:
        bench.fresh()
        failed = bench.output.parent.with_suffix(".failed")
        failed.unlink(missing_ok=True)
        status = wait(
            start(bench.source, bench.output, disturb=failing(bench.output, number, failed))
        )
        if not failed.exists():
            return score
        case = f"operation {number} ({failed.read_text()})"
        fault = "an error that is not geoseg's own" if status == UNTOLD else bench.fault()
        score.add(case, fault)
        number += step


def failing(output: Path, number: int, failed: Path) -> Disturb:
    """Lets the ``number``-th operation fail, and notes which it was."""
    folder, seen = f"{output.parent}{os.sep}", 0

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal seen
        if not any(str(argument).startswith(folder) for argument in arguments):
            return
        seen += 1
        if seen == number + 1:
            failed.write_text(f"{event} {Path(str(arguments[0])).name}")
            raise OSError(errno.EIO, os.strerror(errno.EIO))

    return lambda: sys.addaudithook(hook)


def servers(bench: Bench, moments: Sequence[int]) -> Score:
    """Let a server misbehave from some request on, a run for each fault and moment."""
    score, source = Score(), Path(bench.source)
    bytes_before = source.read_bytes()
    with rasterio.open(source) as raster:
        write(source.with_name("other.tif"), np.flip(raster.read(), axis=2))
    other = source.with_name("other.tif").read_bytes()
    assert len(other) == len(bytes_before)
    with Server(source.parent) as server, quick():
        remote = replace(bench, source=server.address("town.tif", "?sig=s3cr3t"))
        for name, fault in FAULTS.items():
            for after in moments:
                remote.fresh()
                server.order(**fault, after=after)
                score.add(f"{name} from request {after} on", remote.fault_of_server(server))
        for after in moments:
            remote.fresh()
            server.order()
            child = start(remote.source, remote.output)
            while len(server.requests()) < after and os.waitid(
                os.P_PID, child, os.WEXITED | os.WNOHANG | os.WNOWAIT
            ) is None:  # fmt: skip
                time.sleep(0.005)
            source.write_bytes(other)
            server.order(etag='"2"')
            fault = remote.fault_of_other_bytes(child)
            source.write_bytes(bytes_before)
            server.order()
            score.add(f"other bytes after request {after}", fault or remote.fault())
    return score


@contextmanager
def quick() -> Iterator[None]:
    """Lose patience early."""
    from geoseg.raster import remote

    remote.SILENCE_S, remote.RETRY_WAITS_S = 1, (0.0, 0.1, 0.1, 0.1)
    remote.OPTIONS = dict(remote.OPTIONS) | {
        "GDAL_HTTP_MAX_RETRY": "3", "GDAL_HTTP_RETRY_DELAY": "0.01", "GDAL_HTTP_LOW_SPEED_TIME": "1",
    }  # fmt: skip
    yield


def main() -> int:
    """Print what held."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--step", type=int, default=1)
    options = parser.parse_args()
    fell = 0
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None  # noqa: S108
    with tempfile.TemporaryDirectory(dir=memory) as folder:
        bench = prepared(Path(folder))
        for name, tried in (
            ("kills", lambda: kills(bench, options.kills)),
            ("errors", lambda: errors(bench, options.step)),
            ("servers", lambda: servers(bench, MOMENTS[:: options.step])),
        ):
            score = tried()
            print(f"{name}: {score.tried} tried, {score.tried - len(score.fell)} held, "
                  f"{len(score.fell)} fell")  # fmt: skip
            print(*score.fell, sep="\n", end="\n" if score.fell else "")
            fell += len(score.fell)
        log = bench.output.parent.with_suffix(".log").read_text()
        if fell:
            print(log[-4000:])
    return int(fell > 0)


if __name__ == "__main__":
    sys.exit(main())
