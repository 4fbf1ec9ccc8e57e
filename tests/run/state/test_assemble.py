from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st
from tries import tries

from geoseg.errors import OutputError
from geoseg.run.state.assemble import assemble
from geoseg.run.state.identity import RunIdentity
from geoseg.run.state.parts import Part, PartsWriter

MakeTable = Callable[..., pa.Table]


def write_parts(folder: Path, identity: RunIdentity, tables: list[pa.Table]) -> tuple[Part, ...]:
    writer = PartsWriter.create(folder / "b.gpkg", identity)
    for index, table in enumerate(tables):
        writer.commit(index, table, None, {})
    return writer.parts


def merged(parts: tuple[Part, ...], batch_rows: int) -> pa.Table | None:
    batches = list(assemble(parts, batch_rows))
    assert all(batch.num_rows <= max(batch_rows, len(parts)) for batch in batches)
    return pa.Table.from_batches(batches) if batches else None


@tries(40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    owners=st.lists(st.integers(0, 6), max_size=60),
    batch_rows=st.integers(1, 70),
    stride=st.sampled_from([1, 3, 10**15]),
    seed=st.integers(0, 2**32 - 1),
)
def test_equals_concatenate_and_sort(
    tmp_path: Path,
    identity: RunIdentity,
    make_table: MakeTable,
    owners: list[int],
    batch_rows: int,
    stride: int,
    seed: int,
) -> None:
    ids = np.arange(len(owners), dtype=np.int64) * stride
    groups = [
        np.random.default_rng(seed).permutation(ids[np.asarray(owners) == k]) for k in range(7)
    ]
    parts = write_parts(tmp_path, identity, [make_table(group) for group in groups])
    table = merged(parts, batch_rows)
    if not owners:
        assert table is None
    else:
        assert table.combine_chunks().equals(make_table(ids).combine_chunks())


def test_a_tall_building_in_the_last_part_comes_first(
    tmp_path: Path, identity: RunIdentity, make_table: MakeTable
) -> None:
    tables = [make_table(range(10 * k + 1, 10 * k + 10)) for k in range(5)]
    parts = write_parts(tmp_path, identity, [*tables, make_table([0, 55])])
    ids = merged(parts, 8)["building_id"].to_pylist()
    assert ids == sorted(ids)
    assert ids[0] == 0
    assert len(ids) == 47


def test_one_file_is_open_at_a_time(
    tmp_path: Path, identity: RunIdentity, make_table: MakeTable
) -> None:
    """Many overlapping parts must not use up the file descriptors."""
    tables = [make_table([k, 1000 + k]) for k in range(50)]
    parts = write_parts(tmp_path, identity, tables)
    descriptors = Path("/proc/self/fd")
    if not descriptors.is_dir():
        pytest.skip("no /proc here")
    before = len(list(descriptors.iterdir()))
    for _ in assemble(parts, 4):
        assert len(list(descriptors.iterdir())) <= before + 2


def test_a_damaged_part_is_named(
    tmp_path: Path, identity: RunIdentity, make_table: MakeTable
) -> None:
    (part,) = write_parts(tmp_path, identity, [make_table([1, 2])])
    part.path.write_bytes(b"ARROW1 and then nothing")
    with pytest.raises(OutputError, match=r"strip-00000000\.arrow is missing or was damaged"):
        list(assemble([part]))
