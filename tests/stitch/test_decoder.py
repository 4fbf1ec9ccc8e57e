"""What the stitcher united, drawn as cracks; interrupted or not."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage
from tries import tries

from geoseg.decode.params import DecodeParams
from geoseg.errors import ResumeError
from geoseg.models.protocols import Instance
from geoseg.stitch import InstanceDecoder, TileInstances
from geoseg.types import Cluster, Window

Labels = NDArray[np.int64]
EVERYTHING = DecodeParams(grow_steps=0, min_mean_body=0, min_pixels=0)


def draw(seed: int, height: int = 150, width: int = 170) -> Labels:
    """Random boxes over one another, every connected part a building; keys as labels, -1 none."""
    rng = np.random.default_rng(seed)
    boxes = np.zeros((height, width), np.int64)
    for number in range(1, 25):
        row, col = rng.integers(0, height), rng.integers(0, width)
        rows, cols = rng.integers(3, 70, 2)
        boxes[row : row + rows, col : col + cols] = number if rng.random() < 0.8 else 0
    out = np.full_like(boxes, -1)
    for number in range(1, 25):
        parts, count = ndimage.label(boxes == number)
        for part in range(1, count + 1):
            out[parts == part] = np.flatnonzero(parts == part)[0]
    return out


def tile_rows(truth: Labels, tile: int, overlap: int) -> Iterator[list[TileInstances]]:
    height, width = truth.shape
    step, margin = tile - overlap, overlap // 2
    for top in range(0, height, step):
        row = []
        for left in range(0, width, step):
            core = Window(top, left, min(step, height - top), min(step, width - left))
            r0, c0 = max(top - margin, 0), max(left - margin, 0)
            r1, c1 = min(core.row_end + margin, height), min(core.col_end + margin, width)
            window = Window(r0, c0, r1 - r0, c1 - c0)
            row.append(TileInstances(window, core, list(seen(truth[r0:r1, c0:c1]))))
        yield row


def seen(pixels: Labels) -> Iterator[Instance]:
    for key in np.unique(pixels[pixels >= 0]):
        parts, count = ndimage.label(pixels == key)
        for number, box in enumerate(ndimage.find_objects(parts, count), start=1):
            yield Instance(parts[box] == number, box[0].start, box[1].start, 0.8)


def cracks_of(truth: Labels) -> set[tuple[int, int, bool, int, int]]:
    padded = np.pad(truth, 1, constant_values=-1)
    down = np.argwhere(padded[:-1, 1:-1] != padded[1:, 1:-1])
    across = np.argwhere(padded[1:-1, :-1] != padded[1:-1, 1:])
    below = {
        (int(r), int(c), False, int(padded[r, c + 1]), int(padded[r + 1, c + 1])) for r, c in down
    }
    beside = {
        (int(r), int(c), True, int(padded[r + 1, c]), int(padded[r + 1, c + 1])) for r, c in across
    }
    return below | beside


def cracks_in(clusters: list[Cluster]) -> set[tuple[int, int, bool, int, int]]:
    return {
        crack
        for one in clusters
        for crack in zip(
            one.crack_row.tolist(),
            one.crack_col.tolist(),
            one.crack_vertical.tolist(),
            one.crack_before.tolist(),
            one.crack_after.tolist(),
            strict=True,
        )
    }


def run(truth: Labels, tile: int, overlap: int, *, interrupted: bool = False) -> list[Cluster]:
    height, width = truth.shape
    decoder = InstanceDecoder(width, height, decode=EVERYTHING)
    clusters = []
    for row in tile_rows(truth, tile, overlap):
        clusters += decoder.push(row)
        if interrupted:
            arrays = {name: array.copy() for name, array in decoder.snapshot().items()}
            counts = decoder.counts
            decoder = InstanceDecoder.restore(width, height, arrays, decode=EVERYTHING)
            assert decoder.counts == counts
    return clusters + decoder.close()


@tries(15)
@given(
    seed=st.integers(0, 2**32 - 1), tile=st.sampled_from([48, 64, 96]), interrupted=st.booleans()
)
def test_cracks_are_those_of_the_whole_town(seed: int, tile: int, *, interrupted: bool) -> None:
    truth = draw(seed)
    clusters = run(truth, tile, 24, interrupted=interrupted)
    assert cracks_in(clusters) == cracks_of(truth)
    instances = [one for cluster in clusters for one in cluster.instances]
    keys, pixels = np.unique(truth[truth >= 0], return_counts=True)
    assert sorted((one.key, one.pixels) for one in instances) == list(
        zip(keys.tolist(), pixels.tolist(), strict=True)
    )
    assert all(one.body_sum == 204 * one.pixels for one in instances)


def test_an_interruption_changes_nothing_at_all() -> None:
    truth = draw(5)
    for one, other in zip(run(truth, 64, 24), run(truth, 64, 24, interrupted=True), strict=True):
        assert one.instances == other.instances
        np.testing.assert_array_equal(one.crack_row, other.crack_row)
        np.testing.assert_array_equal(one.crack_before, other.crack_before)
        np.testing.assert_array_equal(one.nodes, other.nodes)


def test_a_state_of_another_raster_is_refused() -> None:
    arrays = InstanceDecoder(50, 60).snapshot()
    with pytest.raises(ResumeError, match="start again"):
        InstanceDecoder.restore(60, 50, arrays)


def test_memory_does_not_grow_with_the_rows() -> None:
    block = draw(3, 160, 100) >= 0
    block[:16] = False  # a street, wide enough for the clusters to end there
    tall = np.tile(block, (12, 1))
    truth = np.where(tall, ndimage.label(tall)[0], -1)
    decoder = InstanceDecoder(100, len(truth))
    held = []
    for row in tile_rows(truth, 64, 24):
        decoder.push(row)
        held.append(sum(array.nbytes for array in decoder.snapshot().values()))
    assert max(held[10:]) < 1.5 * max(held[:10])


def test_pixels_without_data_belong_to_nobody() -> None:
    truth = np.where(np.ones((80, 80), bool), 0, -1)
    valid = np.ones((80, 80), np.bool_)
    valid[:, 40:] = False
    mask = Instance(np.ones((80, 80), np.bool_), 0, 0, 1.0)
    decoder = InstanceDecoder(80, 80)
    tile = TileInstances(Window(0, 0, 80, 80), Window(0, 0, 80, 80), [mask], valid)
    (cluster,) = decoder.push([tile]) + decoder.close()
    assert cluster.instances[0].pixels == truth.size // 2
    assert cluster.instances[0].at_edge
