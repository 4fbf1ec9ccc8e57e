"""State files that were damaged, lost or edited: named, computed again or refused, never used."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from geoseg.errors import OutputError, ResumeError
from geoseg.run.state.assemble import assemble
from geoseg.run.state.identity import RunIdentity
from geoseg.run.state.parts import PartsWriter, parts_folder

MakeTable = Callable[..., pa.Table]
STRIPS = 4


@pytest.fixture
def output(tmp_path: Path) -> Path:
    return tmp_path / "b.gpkg"


@pytest.fixture
def go_on(output: Path, identity: RunIdentity, make_table: MakeTable) -> Callable[[int], pa.Table]:
    """Goes on until so many strips are done and returns their rows; fails on a wrong state."""

    def strips(number: int) -> pa.Table:
        writer = PartsWriter.resume(output, identity)
        for strip in range(len(writer.done_strips), number):
            snapshot = writer.load_snapshot() or {"strips": np.array(0)}
            assert snapshot["strips"] == strip == writer.counters.get("strips", 0)
            rows = make_table(range(strip, 40, STRIPS))
            state = {"strips": np.array(strip + 1)}
            writer.commit(strip, rows, state, {"strips": strip + 1})
        return pa.Table.from_batches(assemble(writer.parts))

    return strips


def flip(path: Path, place: int, bit: int) -> None:
    content = bytearray(path.read_bytes())
    content[place % len(content)] ^= 1 << bit
    path.write_bytes(content)


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-9])


def empty(path: Path) -> None:
    path.write_bytes(b"")


DAMAGES = [Path.unlink, truncate, empty, lambda path: flip(path, 500, 3)]


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["strip-00000002.arrow", "snapshot-00000002.arrow"])
def test_the_last_strip_is_computed_again_where_it_was_damaged(
    output: Path,
    go_on: Callable[[int], pa.Table],
    caplog: pytest.LogCaptureFixture,
    name: str,
    damage: Callable[[Path], object],
) -> None:
    go_on(3)
    damage(parts_folder(output) / name)
    found = go_on(STRIPS)
    assert found["building_id"].to_pylist() == list(range(40))
    assert f"{name} in " in caplog.text
    assert "computed again" in caplog.text


@pytest.mark.parametrize("name", ["strip-00000000.arrow", "snapshot-00000000.arrow"])
def test_the_only_strip_is_computed_again(
    output: Path, go_on: Callable[[int], pa.Table], name: str
) -> None:
    go_on(1)
    empty(parts_folder(output) / name)
    assert go_on(STRIPS)["building_id"].to_pylist() == list(range(40))


@pytest.mark.parametrize("damage", DAMAGES)
def test_an_earlier_strip_is_named_and_the_right_way_out_told(
    output: Path,
    identity: RunIdentity,
    go_on: Callable[[int], pa.Table],
    damage: Callable[[Path], object],
) -> None:
    go_on(3)
    damage(parts_folder(output) / "strip-00000001.arrow")
    with pytest.raises(ResumeError, match=r"strip-00000001\.arrow .*damaged.* --overwrite") as told:
        go_on(STRIPS)
    assert "without --resume" not in str(told.value)
    assert PartsWriter.create(output, identity).done_strips == ()


def test_both_states_damaged_are_refused(output: Path, go_on: Callable[[int], pa.Table]) -> None:
    go_on(3)
    for strip in (1, 2):
        empty(parts_folder(output) / f"snapshot-{strip:08d}.arrow")
    with pytest.raises(ResumeError, match=r"snapshot-00000002\.arrow .*--overwrite"):
        go_on(STRIPS)


def test_damage_after_the_run_looked_is_noticed_before_the_file_is_used(
    output: Path, identity: RunIdentity, go_on: Callable[[int], pa.Table]
) -> None:
    go_on(3)
    writer = PartsWriter.resume(output, identity)
    flip(parts_folder(output) / "strip-00000001.arrow", 700, 0)
    flip(parts_folder(output) / "snapshot-00000002.arrow", 300, 0)
    with pytest.raises(OutputError, match=r"strip-00000001\.arrow is missing or was damaged"):
        list(assemble(writer.parts))
    with pytest.raises(ResumeError, match=r"snapshot-00000002\.arrow is missing or was damaged"):
        writer.load_snapshot()


@pytest.mark.thorough
@pytest.mark.parametrize(
    "name", ["manifest.json", "strip-00000001.arrow", "snapshot-00000001.arrow"]
)
def test_no_flipped_byte_crashes_a_run_or_changes_its_content(
    output: Path, go_on: Callable[[int], pa.Table], tmp_path: Path, name: str
) -> None:
    go_on(2)
    whole = tmp_path / "whole"
    shutil.copytree(parts_folder(output), whole)
    size = (whole / name).stat().st_size
    refused = 0
    for place in range(0, size, max(1, size // 100)):
        shutil.rmtree(parts_folder(output))
        shutil.copytree(whole, parts_folder(output))
        flip(parts_folder(output) / name, place, place % 8)
        try:
            found = go_on(STRIPS)
        except ResumeError:
            refused += 1
        else:
            assert found["building_id"].to_pylist() == list(range(40))
    assert (refused > 90) == (name == "manifest.json")


@pytest.mark.parametrize(
    "text", ["", "{}", '{"format": 99}', "[" * 100_000, '{"crc32": 1e999}', "\udcff"]
)
def test_what_is_no_manifest_is_refused_in_one_sentence(
    output: Path, identity: RunIdentity, text: str
) -> None:
    PartsWriter.create(output, identity)
    manifest = parts_folder(output) / "manifest.json"
    manifest.write_text(text, encoding="utf-8", errors="surrogateescape")
    with pytest.raises(ResumeError, match=r"is not a manifest .* --overwrite"):
        PartsWriter.resume(output, identity)


@pytest.mark.parametrize(
    ("before", "after"), [('"strips":2', '"strips":1'), ('"last_id":37', '"last_id":36')]
)
def test_a_manifest_edited_by_hand_is_refused(
    output: Path, go_on: Callable[[int], pa.Table], before: str, after: str
) -> None:
    go_on(2)
    manifest = parts_folder(output) / "manifest.json"
    text = manifest.read_text()
    assert before in text
    manifest.write_text(text.replace(before, after))
    with pytest.raises(ResumeError, match="checksum differs"):
        go_on(STRIPS)


def test_a_manifest_that_reads_the_same_is_the_same(
    output: Path, go_on: Callable[[int], pa.Table]
) -> None:
    go_on(2)
    manifest = parts_folder(output) / "manifest.json"
    manifest.write_text(manifest.read_text().replace(",", ", ") + "\n")
    assert go_on(STRIPS)["building_id"].to_pylist() == list(range(40))
