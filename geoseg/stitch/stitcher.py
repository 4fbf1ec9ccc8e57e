"""Unite the pieces that an instance model found tile by tile, streaming down the grid."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace

import numpy as np
from numpy.typing import NDArray

from geoseg.stitch.agree import compare
from geoseg.stitch.neighbours import Neighbours
from geoseg.stitch.own import LabelRows, own_rows
from geoseg.stitch.params import StitchParams
from geoseg.stitch.tile import Pieces, TileInstances, prepare
from geoseg.types import Window


@dataclass(frozen=True, slots=True)
class StitchCounts:
    """What became of the model's instances."""

    instances: int = 0
    """Instances that the model gave."""
    united: int = 0
    """Agreements between pieces of two tiles."""
    deduplicated: int = 0
    """Instances dropped because a surer one of the same tile had their pixels."""
    conflicts: int = 0
    """Pairs of pieces of two tiles that claimed the same pixels as different buildings."""
    slivers: int = 0
    """Cut pieces at a tile's border, left to the neighbour that sees more."""
    fragments: int = 0
    """Loose bits beside an instance's main part, dropped."""


@dataclass(frozen=True, slots=True)
class Stitched:
    """What one row of tiles settled. Apply ``same`` before looking at ``rows``."""

    same: NDArray[np.int64]
    """(n, 2) provisional ids of pieces that are one building."""
    rows: Iterator[LabelRows]
    """Finished rows, without a gap to those of the row of tiles before; use them up before the
    next call."""
    next_id: int
    """All ids so far are smaller."""
    live_id: int
    """Smaller ids appear neither in later rows nor in later pairs."""


@dataclass(frozen=True, slots=True)
class TileRow:
    """Tiles side by side."""

    tiles: list[Pieces]
    """From left to right."""
    row_off: int
    """First row that one of them saw."""
    row_end: int
    """One past the last."""
    frontier: int
    """No tile of a later row begins above this row."""

    def near(self, window: Window) -> list[Pieces]:
        """Tiles with pieces whose windows meet ``window``."""
        end = bisect_left(self.tiles, window.col_end, key=lambda tile: tile.window.col_off)
        begin = bisect_right(self.tiles, window.col_off, key=lambda tile: tile.window.col_end)
        return [
            tile
            for tile in self.tiles[begin:end]
            if tile.count and tile.window.intersection(window) is not None
        ]


class Stitcher:
    """Rows of tiles in, from top to bottom; rows of provisional building ids out.

    Within a row the tiles may come in any order; tiles without a valid pixel may be left out. Cores
    tessellate the grid, windows are cores with the same margin on all sides, cut off at the grid's
    border. Only the rows of tiles that can still meet a new one are kept.
    """

    def __init__(self, width: int, height: int, params: StitchParams | None = None) -> None:
        self._grid = Window(0, 0, height, width)
        self._params = params or StitchParams()
        self.tile_rows: list[TileRow] = []
        """Rows of tiles in memory."""
        self.neighbours = Neighbours()
        """Verdicts between the tiles in memory."""
        self._counts = StitchCounts()
        self._next_serial, self._next_id = 0, 1
        self._promised, self._given = 0, 0

    @property
    def counts(self) -> StitchCounts:
        """What became of the instances so far."""
        return self._counts

    @property
    def progress(self) -> tuple[int, ...]:
        """Width and height of the grid, next tile, next id, rows handed out."""
        return (
            self._grid.width,
            self._grid.height,
            self._next_serial,
            self._next_id,
            self._promised,
        )

    def go_on(self, rows: list[TileRow], counts: StitchCounts, progress: tuple[int, ...]) -> None:
        """Take over where another stitcher stopped."""
        self.tile_rows, self._counts = rows, counts
        self._next_serial, self._next_id, self._promised = progress[2:]
        self._given = self._promised

    @property
    def next_id(self) -> int:
        """The id of the next piece."""
        return self._next_id

    @property
    def open_instances(self) -> int:
        """Pieces in memory."""
        return sum(tile.count for row in self.tile_rows for tile in row.tiles)

    def push(self, tiles: Sequence[TileInstances]) -> Stitched:
        """Add one row of tiles; returns the rows that it finished."""
        self._forget()
        if not tiles:
            return self._stitched([], self._promised)
        row = self._admit(tiles)
        self.tile_rows.append(row)
        same = [pairs for tile in row.tiles if tile.count for pairs in self._meet(tile)]
        return self._stitched(same, row.frontier)

    def close(self) -> Stitched:
        """The rest of the grid's rows."""
        self._forget()
        return self._stitched([], self._grid.height)

    def _admit(self, tiles: Sequence[TileInstances]) -> TileRow:
        """Pieces of a row of tiles, with their numbers."""
        top = min(tile.window.row_off for tile in tiles)
        if top < self._promised:
            raise ValueError(
                f"a tile begins at row {top}, rows up to {self._promised} are finished"
            )
        admitted = []
        for tile in sorted(tiles, key=lambda tile: tile.core.col_off):
            pieces, dropped = prepare(tile, self._grid, self._params)
            pieces.serial, pieces.first_id = self._next_serial, self._next_id
            self._next_serial += 1
            self._next_id += pieces.count
            admitted.append(pieces)
            self._count(instances=len(tile.instances), **asdict(dropped))
        # Windows in whole strides may reach beyond the grid, where there is nothing to settle.
        end = min(max(tile.window.row_end for tile in tiles), self._grid.height)
        core_end = max(tile.core.row_end for tile in tiles)
        # The margin below is the next row's margin above, except where the grid cuts it off.
        frontier = 2 * core_end - end if end < self._grid.height else self._promised
        return TileRow(admitted, top, end, frontier)

    def _meet(self, tile: Pieces) -> Iterator[NDArray[np.int64]]:
        """Compare a tile with those before it; yields pairs of ids of one building."""
        for row in self.tile_rows:
            for other in row.near(tile.window):
                if other.serial < tile.serial:
                    verdict = compare(other, tile, self._params)
                    self.neighbours.record(other, tile, verdict)
                    self._count(united=len(verdict.same), conflicts=len(verdict.conflict))
                    yield np.add(verdict.same, (other.first_id - 1, tile.first_id - 1))

    def _stitched(self, same: list[NDArray[np.int64]], frontier: int) -> Stitched:
        """Hand out the rows that only settled tiles saw."""
        unsettled = [row for row in self.tile_rows if row.row_end > frontier]
        first, end = self._promised, min([frontier, *(row.row_off for row in unsettled)])
        end = max(first, min(end, self._grid.height))
        tiles = [tile for row in self.tile_rows for tile in row.tiles]
        self._promised = end
        self.tile_rows = [row for row in self.tile_rows if row.row_end > end]
        pairs = np.concatenate([np.zeros((0, 2), np.int64), *same])
        live = [tile.first_id for row in self.tile_rows for tile in row.tiles]
        rows = self._hand_out(tiles, first, end)
        return Stitched(pairs, rows, self._next_id, min([*live, self._next_id]))

    def _hand_out(self, tiles: list[Pieces], first: int, end: int) -> Iterator[LabelRows]:
        if first < end:
            for rows in own_rows(tiles, self.neighbours, (first, end), self._grid.width):
                self._given = rows.row_off + rows.labels.shape[0]
                yield rows

    def _forget(self) -> None:
        """Let go of tiles whose rows are all out."""
        if self._given != self._promised:
            raise RuntimeError("use up the rows of the last call before the next one")
        kept = [tile for row in self.tile_rows for tile in row.tiles]
        if kept:
            self.neighbours.forget_before(kept[0].serial, kept[0].first_id)

    def _count(self, **more: int) -> None:
        old = self._counts
        self._counts = replace(old, **{name: getattr(old, name) + n for name, n in more.items()})
