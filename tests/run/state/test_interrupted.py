from __future__ import annotations

import os
import resource
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyproj
import pytest
from tries import first

from geoseg.errors import OutputError
from geoseg.export.output import WRITERS, write_output
from geoseg.run.state.identity import RunIdentity
from geoseg.run.state.parts import PartsWriter

MakeTable = Callable[..., pa.Table]
DRIVER = Path(__file__).with_name("interrupted_run.py")
UTM = pyproj.CRS(32645)
SLOW = (".kml", ".pmtiles")
"""Formats that take long to write."""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs a POSIX system")


def drive(mode: str, amount: str) -> int:
    # In memory where possible: on a busy disk every sync waits its turn.
    memory = Path("/dev/shm")  # noqa: S108
    with TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        done = subprocess.run(
            [sys.executable, str(DRIVER), mode, folder, amount],
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 0, done.stderr
    return int(done.stdout)


# A step that shares no factor with a commit's operations meets all kinds of them.
@pytest.mark.thorough
@pytest.mark.parametrize("step", [3, pytest.param(1, marks=pytest.mark.slow)])
def test_killed_at_file_operations(step: int) -> None:
    assert drive("events", str(step)) >= 50 // step


@pytest.mark.thorough
@pytest.mark.parametrize("moments", [4, pytest.param(40, marks=pytest.mark.slow)])
def test_killed_at_random_times(moments: int) -> None:
    assert drive("times", str(moments)) > 0


@contextmanager
def largest_file(size_bytes: int) -> Iterator[None]:
    """Let writes beyond a size fail, as on a full disk."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@contextmanager
def small_disk(folder: Path, size_bytes: int) -> Iterator[None]:
    """Mount a disk of a size, where this is allowed."""
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_bytes}", "tmpfs", str(folder)]
    if subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("mounting a small disk is not allowed here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


USUAL = (".fgb", ".geojson", ".gpkg", ".parquet")


@pytest.fixture(params=first(4, sorted(WRITERS, key=lambda name: (name not in USUAL, name))))
def suffix(request: pytest.FixtureRequest) -> str:
    return request.param


def write(path: Path, table: pa.Table) -> int:
    batches = table.to_batches(max_chunksize=500)
    return write_output(path, batches, crs=UTM, run_metadata={})


def contents(folder: Path) -> dict[str, bytes]:
    return {str(one): one.read_bytes() for one in folder.rglob("*") if one.is_file()}


def whole_size(folder: Path, suffix: str, table: pa.Table) -> int:
    path = folder / f"whole{suffix}"
    write(path, table)
    files = [one for one in folder.rglob("*") if one.is_file()]
    size = max(one.stat().st_size for one in files)
    for one in sorted(folder.rglob("*"), reverse=True):
        one.rmdir() if one.is_dir() else one.unlink()
    return size


@pytest.mark.parametrize(
    "share",
    [0.6, *(pytest.param(share, marks=pytest.mark.thorough) for share in (0.01, 0.9, 0.97, 0.999))],
)
def test_a_full_disk_leaves_nothing(
    tmp_path: Path, make_table: MakeTable, suffix: str, share: float
) -> None:
    if suffix in SLOW and share != 0.6:
        pytest.skip("one share shows it, and it takes seconds")
    table = make_table(range(4000))
    size = whole_size(tmp_path, suffix, table)
    with (
        largest_file(int(size * share)),
        pytest.raises(OutputError, match=r"cannot be written.*free"),
    ):
        write(tmp_path / f"b{suffix}", table)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.thorough
@pytest.mark.parametrize("share", [0.3, 0.9])
def test_a_small_disk_leaves_nothing(
    tmp_path: Path, make_table: MakeTable, suffix: str, share: float
) -> None:
    if suffix in SLOW:
        pytest.skip("it takes seconds, and a file that cannot grow was seen above")
    table = make_table(range(4000))
    size = whole_size(tmp_path, suffix, table)
    with small_disk(tmp_path, int(size * share)):
        with pytest.raises(OutputError, match=r"cannot be written.*free"):
            write(tmp_path / f"b{suffix}", table)
        assert list(tmp_path.iterdir()) == []


def test_a_full_disk_keeps_the_file_that_was_there(
    tmp_path: Path, make_table: MakeTable, suffix: str
) -> None:
    path = tmp_path / f"b{suffix}"
    write(path, make_table([1]))
    before = contents(tmp_path)
    with largest_file(20_000), pytest.raises(OutputError):
        write(path, make_table(range(4000)))
    assert contents(tmp_path) == before


def test_a_full_disk_keeps_the_strips_before(
    tmp_path: Path, make_table: MakeTable, identity: RunIdentity
) -> None:
    writer = PartsWriter.create(tmp_path / "b.gpkg", identity)
    writer.commit(0, make_table([1]), None, {"n": 1})
    with largest_file(20_000), pytest.raises(OutputError, match="--resume then goes on"):
        writer.commit(1, make_table(range(2, 2000)), None, {"n": 2})
    again = PartsWriter.resume(tmp_path / "b.gpkg", identity)
    assert (again.done_strips, again.counters) == ((0,), {"n": 1})
    writer.commit(1, make_table([2]), None, {"n": 2})
    assert writer.done_strips == (0, 1)


@pytest.mark.parametrize("error", [KeyboardInterrupt(), OutputError("a part is gone"), KeyError(3)])
def test_errors_of_the_batches_come_through(
    tmp_path: Path, make_table: MakeTable, suffix: str, error: BaseException
) -> None:
    def batches() -> Iterator[pa.RecordBatch]:
        yield from make_table(range(10)).to_batches()
        raise error

    with pytest.raises(type(error)) as caught:
        write_output(tmp_path / f"b{suffix}", batches(), crs=UTM, run_metadata={})
    assert caught.value is error
    assert list(tmp_path.iterdir()) == []


def test_batches_of_another_schema_are_refused(
    tmp_path: Path, make_table: MakeTable, suffix: str
) -> None:
    batches = make_table([1]).drop_columns(["shape"]).to_batches()
    with pytest.raises(ValueError, match="another schema than promised"):
        write_output(tmp_path / f"b{suffix}", batches, crs=UTM, run_metadata={})
    assert list(tmp_path.iterdir()) == []
