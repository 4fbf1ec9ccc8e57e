from __future__ import annotations

from collections.abc import Callable
from http.client import HTTPMessage
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from geoseg.errors import OutputError, ResumeError
from geoseg.raster import remote
from geoseg.raster.gdal import Headers
from geoseg.raster.identity import FileIdentity, MosaicIdentity
from geoseg.raster.remote import Answer
from geoseg.run.state.identity import RunIdentity
from geoseg.run.state.parts import PartsWriter, has_state, parts_folder

MakeTable = Callable[..., pa.Table]


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "50% 'b' é?.gpkg"


def names(output: Path) -> list[str]:
    return sorted(path.name for path in parts_folder(output).iterdir())


def test_a_resumed_run_sees_what_was_committed(
    output: Path, identity: RunIdentity, make_table: MakeTable
) -> None:
    writer = PartsWriter.create(output, identity)
    writer.commit(0, make_table([30, 10]), {"file": np.arange(3)}, {"tiles": 4})
    writer.commit(1, None, {"file": np.arange(4), "x": np.zeros((0, 2), bool)}, {"tiles": 8})
    again = PartsWriter.resume(output, identity)
    assert again.done_strips == (0, 1)
    assert again.counters == {"tiles": 8}
    assert [(part.rows, part.first_id, part.last_id) for part in again.parts] == [(2, 10, 30)]
    snapshot = again.load_snapshot()
    assert {name: array.shape for name, array in snapshot.items()} == {"file": (4,), "x": (0, 2)}
    assert snapshot["file"].tolist() == [0, 1, 2, 3]
    assert {name: array.dtype for name, array in snapshot.items()} == {"file": int, "x": bool}


def test_only_the_two_newest_snapshots_are_kept(output: Path, identity: RunIdentity) -> None:
    writer = PartsWriter.create(output, identity)
    for index in range(3):
        writer.commit(index, None, {"a": np.array([index])}, {})
    two = ["manifest.json", "snapshot-00000001.arrow", "snapshot-00000002.arrow"]
    assert names(output) == two
    writer.commit(3, None, None, {})
    assert writer.load_snapshot() is None
    writer.commit(4, None, None, {})
    assert names(output) == ["manifest.json"]


def test_uncommitted_files_are_ignored_and_removed(
    output: Path, identity: RunIdentity, make_table: MakeTable
) -> None:
    PartsWriter.create(output, identity).commit(0, make_table([1]), None, {})
    for leftover in ("strip-00000001.arrow", "snapshot-00000001.arrow", "manifest.json.writing"):
        (parts_folder(output) / leftover).write_bytes(b"half")
    writer = PartsWriter.resume(output, identity)
    assert writer.done_strips == (0,)
    assert names(output) == ["manifest.json", "strip-00000000.arrow"]


def test_resume_without_state_starts_afresh(output: Path, identity: RunIdentity) -> None:
    assert not has_state(output)
    assert PartsWriter.resume(output, identity).done_strips == ()
    assert has_state(output)


def test_create_removes_an_earlier_state(
    output: Path, identity: RunIdentity, make_table: MakeTable
) -> None:
    PartsWriter.create(output, identity).commit(0, make_table([1]), {"a": np.zeros(1)}, {})
    assert PartsWriter.create(output, identity).done_strips == ()
    assert names(output) == ["manifest.json"]


def test_remove_leaves_nothing(output: Path, identity: RunIdentity, make_table: MakeTable) -> None:
    writer = PartsWriter.create(output, identity)
    writer.commit(0, make_table([1]), {"a": np.zeros(1)}, {})
    writer.remove()
    assert list(output.parent.iterdir()) == []


def test_a_folder_with_foreign_files_is_left_alone(output: Path, identity: RunIdentity) -> None:
    parts_folder(output).mkdir()
    precious = parts_folder(output) / "thesis.docx"
    precious.write_text("x")
    with pytest.raises(OutputError, match=r"thesis\.docx, which geoseg did not write"):
        PartsWriter.create(output, identity)
    assert precious.exists()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"version": "2.0"}, r"geoseg's version was '1\.0' and is '2\.0'"),
        (
            {"parameters": {"tile_px": 256, "thresholds": [0.5, 0.25]}},
            "tile_px was 512 and is 256",
        ),
    ],
)
def test_resume_names_what_differs(
    output: Path, identity: RunIdentity, change: dict[str, object], message: str
) -> None:
    PartsWriter.create(output, identity)
    with pytest.raises(ResumeError, match=message):
        PartsWriter.resume(output, identity.model_copy(update=change))
    assert has_state(output)


def test_resume_names_rasters_that_differ(
    output: Path, identity: RunIdentity, make_mosaic_identity: Callable[..., MosaicIdentity]
) -> None:
    before = make_mosaic_identity()
    PartsWriter.create(output, identity)
    for changed, message in (
        (make_mosaic_identity(mtime_ns=8), r"the raster /data/a\.tif was changed since"),
        (before.model_copy(update={"sources": ()}), r"rasters was \['/data/a\.tif'\] and is \[\]"),
        (before.model_copy(update={"shape": (4, 7)}), "the size of the analysis grid"),
        (before.model_copy(update={"stretch": None}), "the stretch was .* and is None"),
    ):
        with pytest.raises(ResumeError, match=message):
            PartsWriter.resume(output, identity.model_copy(update={"mosaic": changed}))
    PartsWriter.resume(output, identity.model_copy(update={"mosaic": make_mosaic_identity()}))


def test_a_strip_is_committed_once_and_snapshots_hold_no_objects(
    output: Path, identity: RunIdentity
) -> None:
    writer = PartsWriter.create(output, identity)
    with pytest.raises(TypeError, match="objects cannot be saved: a"):
        writer.commit(0, None, {"a": np.array([{}])}, {})
    writer.commit(0, None, None, {})
    with pytest.raises(ValueError, match="done already"):
        writer.commit(0, None, None, {})


def test_identity_of_a_file_and_of_an_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("geoseg.raster.identity.look", lambda _: Answer(None, None))
    raster = tmp_path / "a.tif"
    raster.write_bytes(b"123")
    identity = FileIdentity.of(raster)
    assert (identity.path, identity.size_bytes) == (str(raster.resolve()), 3)
    assert FileIdentity.of("s3://b/a.tif") == FileIdentity(path="s3://b/a.tif")


def test_a_busy_bucket_is_asked_again(monkeypatch: pytest.MonkeyPatch) -> None:
    told = HTTPMessage()
    told["ETag"] = "abc"
    answers = [
        Headers(None, "HTTP error code: 503 - s3. Retrying again in 0.1 secs"),
        Headers(told, ""),
    ]
    monkeypatch.setattr(remote, "server_headers", lambda _: answers.pop(0))
    monkeypatch.setattr(remote, "RETRY_WAITS_S", (0.0, 0.0))
    assert remote.look("s3://b/a.tif", tries=2) == Answer(None, "abc")
