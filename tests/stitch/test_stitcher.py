"""A perfect model that sees only its tile; whatever the tiles, the town must come back."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy import ndimage
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from tries import first, tries

from geoseg.errors import UsageError
from geoseg.models.protocols import Instance
from geoseg.stitch import StitchCounts, Stitcher, StitchParams, TileInstances
from geoseg.types import Window

Labels = NDArray[np.int64]
Model = Callable[[Labels, Window], list[Instance]]


@dataclass(frozen=True, slots=True)
class Lattice:
    tile: int = 64
    overlap: int = 24
    row_shift: int = 0
    col_shift: int = 0

    def cores(self, size: int, shift: int) -> list[tuple[int, int]]:
        step = self.tile - self.overlap
        first = -(shift % step)
        return [
            (max(at, 0), min(at + step, size))
            for at in range(first, size, step)
            if min(at + step, size) > max(at, 0)
        ]

    def rows(self, height: int, width: int) -> Iterator[list[tuple[Window, Window]]]:
        margin = self.overlap // 2
        for top, bottom in self.cores(height, self.row_shift):
            row = []
            for left, right in self.cores(width, self.col_shift):
                core = Window(top, left, bottom - top, right - left)
                r0, c0 = max(top - margin, 0), max(left - margin, 0)
                r1, c1 = min(bottom + margin, height), min(right + margin, width)
                row.append((Window(r0, c0, r1 - r0, c1 - c0), core))
            yield row


def perfect(truth: Labels, window: Window) -> list[Instance]:
    """Every connected part that the tile sees, as an instance of its own."""
    seen = truth[window.row_off : window.row_end, window.col_off : window.col_end]
    found = []
    for key in np.unique(seen[seen > 0]):
        parts, count = ndimage.label(seen == key)
        for number, box in enumerate(ndimage.find_objects(parts, count), start=1):
            mask = parts[box] == number
            found.append(Instance(mask, box[0].start, box[1].start, 0.5 + 0.4 * np.sin(key) ** 2))
    return found


def stitch(
    truth: Labels,
    lattice: Lattice,
    *,
    model: Model = perfect,
    order: np.random.Generator | None = None,
    params: StitchParams | None = None,
) -> tuple[Labels, StitchCounts]:
    """The buildings by key (smallest raster index + 1), as a label image, and the counts."""
    height, width = truth.shape
    stitcher = Stitcher(width, height, params)
    labels = np.zeros(truth.shape, np.int64)
    links = [np.zeros((0, 2), np.int64)]
    results = []
    for row in lattice.rows(height, width):
        tiles = [TileInstances(window, core, model(truth, window)) for window, core in row]
        if order is not None:
            tiles = [tiles[i] for i in order.permutation(len(tiles))]
        results.append(stitcher.push(tiles))
        paint(labels, results[-1].rows)
        links.append(results[-1].same)
    paint(labels, stitcher.close().rows)
    return keyed(labels, np.concatenate(links)), stitcher.counts


def paint(labels: Labels, bands: Iterator) -> None:
    for band in bands:
        labels[band.row_off : band.row_off + len(band.labels)] = band.labels
        assert band.valid.all()
        assert not band.body[band.labels == 0].any()


def keyed(labels: Labels, links: NDArray[np.int64]) -> Labels:
    count = int(max(labels.max(), links.max(initial=0))) + 1
    graph = coo_array((np.ones(len(links)), (links[:, 0], links[:, 1])), shape=(count, count))
    _, building = connected_components(graph, directed=False)
    background = building[0]
    merged = np.where(labels > 0, building[labels], background).astype(np.int64)
    out = np.zeros_like(labels)
    for name, pixel in zip(*np.unique(merged, return_index=True), strict=True):
        if name != background:
            out[merged == name] = pixel + 1
    return out


def by_key(truth: Labels) -> Labels:
    return keyed(truth, np.zeros((0, 2), np.int64))


def draw_town(seed: int, height: int, width: int) -> Labels:
    """Random connected shapes: rectangles, rows of touching houses, courtyards, combs, snakes."""
    rng = np.random.default_rng(seed)
    shapes = np.zeros((height, width), np.int64)
    for number in range(1, 2 + int(rng.integers(1, 14))):
        row, col = rng.integers(0, height), rng.integers(0, width)
        rows, cols = rng.integers(6, 140, 2)
        part = np.zeros_like(shapes, bool)
        part[row : row + rows, col : col + cols] = True
        kind = rng.integers(0, 5)
        if kind == 1:
            part[row + 4 : row + rows - 4, col + 4 : col + cols - 4] = False
        if kind == 2:
            for tooth in range(col + 3, col + cols, 8):
                part[row + 5 : row + rows, tooth : tooth + 4] = False
        if kind == 3:
            for place, tooth in enumerate(range(col + 3, col + cols - 3, 8)):
                top = row + 4 if place % 2 else row
                part[top : top + rows - 4, tooth : tooth + 4] = False
        if kind == 4:
            part &= rng.random(part.shape) < 0.9
        shapes[part & (shapes == 0)] = number
    out = np.zeros_like(shapes)
    for number in range(1, shapes.max() + 1):
        parts, _ = ndimage.label(shapes == number)
        out[parts > 0] = parts[parts > 0] + out.max()
    return out


LATTICES = st.builds(
    Lattice,
    tile=st.sampled_from([48, 64, 96]),
    overlap=st.sampled_from([16, 24, 32]) | st.just(24),
    row_shift=st.integers(0, 63),
    col_shift=st.integers(0, 63),
)


@tries(30)
@given(seed=st.integers(0, 2**32 - 1), lattice=LATTICES, height=st.integers(1, 200))
def test_a_perfect_model_gives_the_town_back(seed: int, lattice: Lattice, height: int) -> None:
    truth = draw_town(seed, height, 190)
    found, counts = stitch(truth, lattice)
    np.testing.assert_array_equal(found, by_key(truth))
    assert counts.conflicts == 0


@tries(12)
@given(seed=st.integers(0, 2**32 - 1), lattice=LATTICES)
def test_the_order_of_tiles_within_a_row_does_not_matter(seed: int, lattice: Lattice) -> None:
    truth = draw_town(seed, 150, 170)
    model = rough(seed)
    plain, counts = stitch(truth, lattice, model=model)
    shuffled, other = stitch(truth, lattice, model=model, order=np.random.default_rng(seed))
    np.testing.assert_array_equal(plain, shuffled)
    assert counts == other


def rough(seed: int) -> Model:
    """Like ``perfect``, with shuffled order, missing, doubled and badly outlined pieces."""

    def model(truth: Labels, window: Window) -> list[Instance]:
        rng = np.random.default_rng([seed, window.row_off, window.col_off])
        found = [item for item in perfect(truth, window) if rng.random() < 0.9]
        found += [item for item in found if rng.random() < 0.05]
        rng.shuffle(found)
        return [
            Instance(worn(item.mask, rng), item.row_off, item.col_off, rng.random())
            for item in found
        ]

    return model


def worn(mask: NDArray[np.bool_], rng: np.random.Generator) -> NDArray[np.bool_]:
    return ndimage.binary_erosion(mask, iterations=2) if rng.random() < 0.3 else mask


TILINGS = [Lattice(), Lattice(64, 32), Lattice(96, 24, 7, 31), Lattice(48, 16, 1, 13)]


def town_of(*shapes: tuple[int, int, int, int], size: tuple[int, int] = (200, 330)) -> Labels:
    """One building per (row, column, rows, columns); a later one carves what came before."""
    out = np.zeros(size, np.int64)
    for number, (row, col, rows, cols) in enumerate(shapes, start=1):
        out[row : row + rows, col : col + cols] = number
    return out


def ring_around_another() -> Labels:
    return town_of((10, 20, 150, 280), (20, 30, 130, 260), (30, 40, 110, 240)) % 2 * 5 + town_of(
        (30, 40, 110, 240)
    )


def comb() -> Labels:
    out = town_of((10, 10, 150, 300))
    for tooth in range(20, 300, 12):
        out[20:170, tooth : tooth + 5] = 0
    return out


def meander() -> Labels:
    out = town_of((10, 10, 150, 300))
    for place, tooth in enumerate(range(20, 300, 12)):
        out[(10 if place % 2 else 20) : (150 if place % 2 else 170), tooth : tooth + 5] = 0
    return out


ADVERSARIAL = {
    "ring around another building": ring_around_another(),
    "comb": comb(),
    "meander": meander(),
    "longer than five tiles": town_of((50, 3, 12, 320), (63, 3, 12, 320)),
    "touching terraces": town_of(*((40 + 12 * n, 20, 12, 200) for n in range(8))),
    "touching on the tile's border": town_of((40, 0, 40, 40), (40, 40, 40, 40), (80, 0, 40, 80)),
    "equal to the core": town_of((40, 40, 40, 40)),
    "on a corner of the lattice": town_of((36, 36, 8, 8), (76, 36, 8, 8), (76, 76, 9, 9)),
    "all of it": town_of((0, 0, 200, 330)),
    "checkerboard": np.arange(1, 2001).reshape(40, 50).repeat(5, 0).repeat(5, 1)
    * (np.indices((40, 50)).sum(0) % 2).repeat(5, 0).repeat(5, 1),
}


@pytest.mark.parametrize("lattice", first(2, TILINGS), ids=str)
@pytest.mark.parametrize("name", ADVERSARIAL)
def test_awkward_shapes_come_back(name: str, lattice: Lattice) -> None:
    truth = ADVERSARIAL[name]
    found, counts = stitch(truth, lattice)
    np.testing.assert_array_equal(found, by_key(truth))
    assert counts.conflicts == counts.deduplicated == 0


# What networks get wrong


class TwoTiles(Lattice):
    """They share columns 40 to 60; their cores meet at 50."""

    def rows(self, height: int, width: int) -> Iterator[list[tuple[Window, Window]]]:
        assert (height, width) == (60, 100)
        left = (Window(0, 0, 60, 60), Window(0, 0, 60, 50))
        yield [left, (Window(0, 40, 60, 60), Window(0, 50, 60, 50))]


def stitch_tiles(left: list[Instance], right: list[Instance]) -> tuple[Labels, StitchCounts]:
    found = {0: left, 40: right}
    nothing = np.zeros((60, 100), np.int64)
    return stitch(nothing, TwoTiles(), model=lambda _, window: found[window.col_off])


def block(rows: tuple[int, int], cols: tuple[int, int], score: float = 0.9) -> Instance:
    shape = (rows[1] - rows[0], cols[1] - cols[0])
    return Instance(np.ones(shape, np.bool_), rows[0], cols[0], score)


def found_boxes(labels: Labels) -> list[tuple[int, int, int, int]]:
    """(first row, end, first column, end) of every building, by key."""
    out = []
    for key in np.unique(labels[labels > 0]):
        rows, cols = np.nonzero(labels == key)
        out.append((rows.min(), rows.max() + 1, cols.min(), cols.max() + 1))
    return [tuple(int(value) for value in box) for box in out]


def test_a_missing_piece_is_taken_from_the_neighbour_that_saw_it() -> None:
    labels, _ = stitch_tiles([block((10, 30), (42, 58))], [])
    assert found_boxes(labels) == [(10, 30, 42, 58)]


def test_the_nearer_tile_decides_about_the_outline() -> None:
    labels, counts = stitch_tiles([block((10, 30), (30, 60))], [block((12, 28), (0, 20))])
    assert counts.united == 1
    assert (labels[10, 30:50] > 0).all()
    assert not labels[10, 50:].any()


def test_a_snake_that_either_tile_sees_in_parts_is_one() -> None:
    truth = np.zeros((60, 100), np.int64)
    for number, row in enumerate(range(4, 54, 10)):
        truth[row : row + 5, 2:98] = 1
        end = slice(2, 7) if number % 2 else slice(93, 98)
        truth[row : row + 15, end] = 1
    found, _ = stitch(truth, TwoTiles())
    np.testing.assert_array_equal(found, by_key(truth))


def test_doubled_pieces_are_dropped() -> None:
    twins = [block((10, 30), (5, 25)), block((11, 31), (5, 25), 0.8)]
    labels, counts = stitch_tiles(twins, [])
    assert found_boxes(labels) == [(10, 30, 5, 25)]
    assert counts.deduplicated == 1


def test_a_dilated_neighbour_is_not_swallowed() -> None:
    # Two houses touch at row 30; the left tile draws the upper one two pixels too large.
    upper, lower = (10, 30), (30, 50)
    labels, counts = stitch_tiles(
        [block((10, 32), (30, 60)), block((32, 50), (30, 60), 0.7)],
        [block(upper, (0, 25)), block(lower, (0, 25))],
    )
    assert counts.united == 2
    assert len(found_boxes(labels)) == 2


def test_the_surer_of_two_contradicting_pieces_wins() -> None:
    # Nothing is cut: left one house, right two.
    one = [block((10, 40), (44, 56), 0.95)]
    two = [block((10, 24), (4, 16), 0.6), block((26, 40), (4, 16), 0.6)]
    labels, counts = stitch_tiles(one, two)
    assert found_boxes(labels) == [(10, 40, 44, 56)]
    assert counts.conflicts == 2
    one = [block((10, 40), (44, 56), 0.5)]
    labels, _ = stitch_tiles(one, two)
    assert found_boxes(labels) == [(10, 24, 44, 56), (26, 40, 44, 56)]


def test_in_a_conflict_the_view_that_goes_on_beyond_the_border_wins() -> None:
    labels, counts = stitch_tiles(
        [block((10, 30), (30, 60), 0.95)], [block((15, 50), (6, 32), 0.5)]
    )
    assert counts.conflicts == 1
    assert (labels[15:50, 46:72] == labels[49, 60]).all()  # no wall where the left tile ends


def test_in_a_conflict_of_two_that_are_cut_the_surer_wins() -> None:
    labels, counts = stitch_tiles(
        [block((10, 30), (30, 60), 0.95)], [block((18, 50), (0, 32), 0.5)]
    )
    assert counts.conflicts == 1
    assert (labels[10:30, 30:60] == labels[10, 30]).all()


def test_slivers_are_left_to_the_neighbour() -> None:
    labels, counts = stitch_tiles([block((10, 30), (57, 60))], [block((10, 30), (18, 50))])
    assert found_boxes(labels) == [(10, 30, 58, 90)]
    assert counts.slivers == 1


def test_loose_bits_of_a_mask_are_dropped() -> None:
    mask = np.zeros((30, 30), np.bool_)
    mask[:20, :20] = mask[25:28, 25:28] = True
    labels, counts = stitch_tiles([Instance(mask, 5, 5, 0.9)], [])
    assert found_boxes(labels) == [(5, 25, 5, 25)]
    assert counts.fragments == 1


def test_masks_beyond_the_tile_are_cut_off() -> None:
    labels, _ = stitch_tiles([block((-5, 20), (-7, 20))], [])
    assert found_boxes(labels) == [(0, 20, 0, 20)]


def test_rows_must_be_used_up_before_the_next_call() -> None:
    stitcher = Stitcher(100, 200)
    rows = list(Lattice().rows(200, 100))
    for row in rows[:2]:
        stitcher.push([TileInstances(window, core, []) for window, core in row])
    with pytest.raises(RuntimeError, match="use up"):
        stitcher.close()


def test_rows_of_tiles_without_data_leave_a_gap() -> None:
    stitcher = Stitcher(60, 5000)
    top = TileInstances(Window(0, 0, 50, 60), Window(0, 0, 40, 60), [block((5, 25), (5, 25))])
    low = [block((8, 25), (5, 25))]
    bottom = TileInstances(Window(4030, 0, 60, 60), Window(4040, 0, 40, 60), low)
    bands = list(stitcher.push([top]).rows)
    for _ in range(9):
        bands += stitcher.push([]).rows
    bands += stitcher.push([bottom]).rows
    bands += stitcher.close().rows
    assert max(len(band.labels) for band in bands) <= 256
    labels = np.concatenate([band.labels for band in bands])
    valid = np.concatenate([band.valid for band in bands])
    assert found_boxes(labels) == [(5, 25, 5, 25), (4038, 4055, 5, 25)]
    assert np.flatnonzero(valid[:, 0]).tolist() == [*range(50), *range(4030, 4090)]


def test_rows_come_in_order() -> None:
    stitcher = Stitcher(100, 200)
    rows = list(Lattice().rows(200, 100))
    for row in rows[:2]:
        list(stitcher.push([TileInstances(window, core, []) for window, core in row]).rows)
    with pytest.raises(ValueError, match="are finished"):
        stitcher.push([TileInstances(window, core, []) for window, core in rows[0]])


@pytest.mark.parametrize("wrong", [{"agree_iou": 0}, {"contained": 1.5}, {"rim_px": -1}])
def test_thresholds_are_checked(wrong: dict[str, float]) -> None:
    with pytest.raises(UsageError, match=next(iter(wrong))):
        StitchParams(**wrong)
