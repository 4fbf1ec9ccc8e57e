"""The decoder over time: killed and resumed anywhere, and no bigger after a million rows."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tries import first

from geoseg.decode.classify import classify
from geoseg.decode.decoder import CHUNK_ROWS, Decoder
from geoseg.decode.families import BuildingNumbers
from geoseg.decode.params import DecodeParams
from geoseg.decode.seeds import MapLabeller
from geoseg.decode.store import new_store, with_less_room, with_room
from geoseg.errors import ResumeError, UsageError
from geoseg.types import Cluster, MapStrip

PARAMS = DecodeParams(
    body_threshold=100,
    seed_threshold=150,
    join_threshold=125,
    grow_steps=3,
    min_pixels=3,
    min_remnant_pixels=4,
    max_family_pixels=300,
    max_cluster_cracks=400,
)


def odds(tally: BuildingNumbers) -> NDArray[np.float64]:
    """Large buildings on their own are likely."""
    return 0.5 * tally.pixels / (tally.pixels + 10) + 0.5 * tally.free / tally.walls


def town(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """(1, height, width) rows of blocks with weak seams, some of them touching, some far apart."""
    rng = np.random.default_rng(seed)
    row, col = np.indices((height, width))
    block = rng.integers(90, 256, (height // 5 + 1, width // 7 + 1))
    level = block[row // 5, col // 7]
    seam = (row % 5 == 0) | (col % 7 == 0)
    level = np.where(seam, level // 2 + rng.integers(0, 60, level.shape), level)
    street = (row % 41 < 9) | (col % 33 < 9)
    return np.where(street, 0, level)[None].astype(np.uint8)


def summary(clusters: list[Cluster]) -> list[tuple[Any, ...]]:
    return [
        (c.instances, c.loose, c.nodes.tolist(), *(a.tolist() for a in crack_arrays(c)))
        for c in clusters
    ]


def crack_arrays(c: Cluster) -> tuple[NDArray[Any], ...]:
    return c.crack_row, c.crack_col, c.crack_vertical, c.crack_before, c.crack_after


def strip(maps: NDArray[np.uint8], top: int, bottom: int) -> MapStrip:
    return MapStrip(top, maps[:, top:bottom], np.ones((bottom - top, maps.shape[2]), bool))


def through_a_file(arrays: dict[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    file = io.BytesIO()
    np.savez(file, allow_pickle=False, **arrays)
    file.seek(0)
    with np.load(file, allow_pickle=False) as loaded:
        return dict(loaded)


@pytest.mark.parametrize("rows", [5, 64, 100])
def test_resumed_after_every_strip_it_ends_the_same(rows: int) -> None:
    maps = town(330, 90)
    whole = Decoder(90, 330, MapLabeller(("body",), PARAMS), odds=odds)
    expected = whole.push(strip(maps, 0, 330)) + whole.close()
    assert {c.loose for c in expected} == {True, False}
    apart = Decoder(90, 330, MapLabeller(("body",), PARAMS))
    assert summary(apart.push(strip(maps, 0, 330)) + apart.close()) != summary(expected)

    decoder, clusters = Decoder(90, 330, MapLabeller(("body",), PARAMS), odds=odds), []
    for top in range(0, 330, rows):
        clusters += decoder.push(strip(maps, top, min(330, top + rows)))
        state = through_a_file(decoder.snapshot())
        decoder = Decoder.restore(90, 330, MapLabeller(("body",), PARAMS), state, odds)
    clusters += decoder.close()
    assert summary(clusters) == summary(expected)
    assert decoder.dropped == whole.dropped


def test_a_snapshot_does_not_change_when_the_decoder_goes_on() -> None:
    maps = town(200, 90)
    decoder = Decoder(90, 200, MapLabeller(("body",), PARAMS), odds=odds)
    decoder.push(strip(maps, 0, 100))
    state = decoder.snapshot()
    before = {name: array.tobytes() for name, array in state.items()}
    rest = summary(decoder.push(strip(maps, 100, 200)) + decoder.close())
    assert {name: array.tobytes() for name, array in state.items()} == before
    again = Decoder.restore(90, 200, MapLabeller(("body",), PARAMS), state, odds)
    assert summary(again.push(strip(maps, 100, 200)) + again.close()) == rest
    assert {name: array.tobytes() for name, array in state.items()} == before


def test_a_snapshot_of_another_raster_is_refused() -> None:
    state = Decoder(90, 200, MapLabeller(("body",), PARAMS), odds=odds).snapshot()
    with pytest.raises(ResumeError, match="200 x 90 pixels, the raster has 200 x 91"):
        Decoder.restore(91, 200, MapLabeller(("body",), PARAMS), state, odds)


def most_held(maps: NDArray[np.uint8], repeats: int) -> tuple[list[int], int, int]:
    """At most, while the maps repeat: entries, room in the tables, open buildings.

    And how many buildings left on the way, and how many at the end.
    """
    rows, width = maps.shape[1:]
    decoder = Decoder(width, rows * repeats, MapLabeller(("body",), PARAMS), odds=odds)
    most, buildings = [0, 0, 0], 0
    for i in range(repeats):
        part = MapStrip(i * rows, maps, np.ones(maps.shape[1:], bool))
        buildings += sum(len(c.instances) for c in decoder.push(part))
        store = decoder._store
        room = len(store.parent) + len(store.cracks) + len(store.junctions)
        most = [max(pair) for pair in zip(most, now(decoder, room), strict=True)]
    return most, buildings, sum(len(c.instances) for c in decoder.close())


def now(decoder: Decoder, room: int) -> tuple[int, int, int]:
    return decoder.open_entries, room, decoder.open_instances


@pytest.mark.parametrize("streets", first(1, [True, False]))
def test_what_is_held_does_not_grow_with_the_raster(streets: bool) -> None:
    # Without streets all buildings are one cluster, which never ends and is over the limit.
    maps = town(192, 145)
    if not streets:
        maps = np.maximum(maps, town(192, 145, seed=1)[:, ::-1, ::-1])
        maps[:, :, 60:64] = maps[:, :, 70:74]
    few, few_buildings, _ = most_held(maps, 16)
    many, many_buildings, rest = most_held(maps, 64)
    assert many == few
    assert many_buildings > 3.9 * few_buildings
    assert rest < 0.1 * few_buildings


def test_room_that_was_needed_once_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    wide = with_room(new_store(), 5000)
    wide.table[0] = 7
    assert with_less_room(wide) is wide  # it is little
    monkeypatch.setattr("geoseg.decode.store.LITTLE_ROOM", 100)
    small = with_less_room(wide)
    assert [len(array) for array in small] == [1, 1, 1, 1, 0, 0, 3]
    assert (small.table == 7).all()
    assert with_less_room(small) is small


def test_loops_are_compiled_for_one_kind_of_array() -> None:
    """Whether maps can be written to, and how they lie in memory."""
    maps = town(64, 90)
    fixed = maps.copy()
    fixed.flags.writeable = False
    turned = np.ascontiguousarray(maps.transpose(2, 1, 0)).transpose(2, 1, 0)
    for kind in (maps, fixed, turned):
        decoder = Decoder(90, 64, MapLabeller(("body",), PARAMS), odds=odds)
        for top in (0, 1, 40):
            decoder.push(strip(kind, top, {0: 1, 1: 40, 40: 64}[top]))
        decoder.close()
    compiled: Any = classify
    assert len(compiled.signatures) == 1


def test_buildings_leave_soon_after_their_last_row() -> None:
    decoder = Decoder(50, 10**6, MapLabeller(("body",), PARAMS), odds=odds)
    rows = np.zeros((1, 64, 50), np.uint8)
    rows[0, 10:20, 10:20] = 200
    assert decoder.push(MapStrip(0, rows, np.ones((64, 50), bool))) == []
    (cluster,) = decoder.push(MapStrip(64, rows, np.ones((64, 50), bool)))
    assert cluster.instances[0].key == 10 * 50 + 10


def test_a_raster_too_wide_is_refused() -> None:
    with pytest.raises(UsageError, match="columns are too many"):
        Decoder(2**30, 10, MapLabeller(("body",), PARAMS), odds=odds)


def test_a_model_without_body_is_refused() -> None:
    with pytest.raises(UsageError, match="needs a map named 'body'"):
        Decoder(10, 10, MapLabeller(("edge",), PARAMS))


def test_arms_that_turn_out_to_be_one_building_do_not_count_against_the_cap() -> None:
    maps = np.zeros((1, 160, 9), np.uint8)
    maps[0, 5:155, 2:7] = 200
    maps[0, 5:150, 3:6] = 120  # body between two arms of seeds that meet below
    params = DecodeParams(body_threshold=100, seed_threshold=150, max_cluster_cracks=2 * (150 + 5))
    decoder = Decoder(9, 160, MapLabeller(("body",), params))
    (cluster,) = decoder.push(strip(maps, 0, 160)) + decoder.close()
    assert not cluster.loose
    assert len(cluster.crack_row) == 2 * (150 + 5)


def test_a_neighbour_of_one_arm_waits_for_the_whole_building() -> None:
    # The arms meet in rows that are seeds ahead when the neighbour is finished.
    maps = np.zeros((1, 160, 30), np.uint8)
    maps[0, 5:72, 2:6] = maps[0, 5:72, 12:16] = maps[0, 68:72, 2:16] = 200
    maps[0, 10:20, 18:24] = 200
    decoder = Decoder(30, 160, MapLabeller(("body",), DecodeParams()))
    assert decoder.push(strip(maps, 0, 80)) == []
    (cluster,) = decoder.push(strip(maps, 80, 160)) + decoder.close()
    assert [instance.key for instance in cluster.instances] == [5 * 30 + 2, 10 * 30 + 18]


@pytest.mark.parametrize("rows", first(1, [64, 1, 7, 200]))
def test_rows_without_body_pass_unseen(rows: int) -> None:
    maps = np.concatenate(
        [town(40, 90), np.full((1, 450, 90), 40, np.uint8), town(60, 90, seed=2)], 1
    )
    # The first town ends with a chunk: its last row is the one above those looked at next.
    maps = np.concatenate([np.zeros((1, 8 * CHUNK_ROWS - 40, 90), np.uint8), maps], 1)
    valid = np.ones(maps.shape[1:], bool)
    valid[:100] = valid[512:514, :50] = valid[700:900] = valid[:, 40:44] = False
    assert (maps[0, 511] >= PARAMS.body_threshold).any()
    height = maps.shape[1]
    plain = Decoder(90, height, MapLabeller(("body",), PARAMS), odds=odds)
    expected = plain.push(MapStrip(0, maps, valid)) + plain.close()
    decoder, clusters = Decoder(90, height, MapLabeller(("body",), PARAMS), odds=odds), []
    for top in range(0, height, rows):
        part, where = maps[:, top : top + rows], valid[top : top + rows]
        if (part[0] >= PARAMS.body_threshold).any():
            clusters += decoder.push(MapStrip(top, part, where))
        else:
            clusters += decoder.push_open(len(where), where if where.any() else None)
        if top % 3 == 0:
            state = through_a_file(decoder.snapshot())
            decoder = Decoder.restore(90, height, MapLabeller(("body",), PARAMS), state, odds)
    clusters += decoder.close()
    assert summary(clusters) == summary(expected)
    assert decoder.dropped == plain.dropped
    assert any(instance.at_edge for cluster in clusters for instance in cluster.instances)


def test_rows_beyond_the_raster_are_refused() -> None:
    with pytest.raises(UsageError, match="within 10 rows, got rows 0 to 11"):
        Decoder(5, 10, MapLabeller(("body",), PARAMS), odds=odds).push_open(11, None)
