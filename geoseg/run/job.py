"""One run over one mosaic: rows of tiles flow through model, decoder and finisher.

The calling thread sees to it that rows of tiles are looked at, and everything after that goes on behind
it, one row of tiles at a time, in a thread of its own and in order. What a row finished is committed
together with the decoder's state, so that an interrupted run goes on after the last committed row.
"""

from __future__ import annotations

import logging
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from geoseg.run.extent import Extent
from geoseg.run.finish import joined
from geoseg.run.sinks import CLOSED, RunState
from geoseg.tiles.looking import SeenRow
from geoseg.tiles.region import missing_tiles, to_grid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from geoseg.run.finish import Finished, Finishing
    from geoseg.run.rows import Rows
    from geoseg.run.sinks import Sink
    from geoseg.run.stages import Stage
    from geoseg.tiles.area import Area
    from geoseg.tiles.plan import Plan
    from geoseg.tiles.tally import Tally
    from geoseg.types import Cluster

_log = logging.getLogger(__name__)

DECODER = "decoder_"
"""Prefix of the decoder's arrays in the saved state."""


class Backend:
    """What follows the model: decode, draw, measure, commit; resumes from the sink's state."""

    def __init__(
        self, plan: Plan, stage: Stage, sink: Sink, finishing: Finishing, tally: Tally
    ) -> None:
        self.plan = plan
        """How the grid is cut."""
        self.stage = stage
        self._finishing = finishing
        self._sink = sink
        self.tally = tally
        self.extent = Extent(plan.lattice.grid, finishing.area)
        self.missing = np.zeros_like(plan.chosen)
        """(strips, tiles per strip) True at tiles that an area of interest turned out to need."""
        self.strips_done = 0
        state = sink.load()
        if state is None:
            return
        self.strips_done = state.strips_done
        _log.info("resumed after %d rows of tiles", state.strips_done)
        self.tally.counts.update(state.counts)
        self.extent.counts[:] = state.arrays["extent"]
        self.missing[:] = state.arrays["missing"]
        arrays = {
            name.removeprefix(DECODER): array
            for name, array in state.arrays.items()
            if name.startswith(DECODER)
        }
        stage.restore(arrays)

    def take(self, row: SeenRow[Any], row_off: int) -> None:
        """Work off the row of tiles that begins in row ``row_off`` of the grid, and commit it."""
        begun = [self._begin(clusters) for clusters in joined(self._decoded(row))]
        self._observe(row, row_off)
        counts = self.tally.counts
        counts["tiles_done"] += len(row.tiles)
        counts["tiles_skipped"] += row.tiles_skipped
        counts["blocks_failed"] += len(row.failed)
        counts["open_most"] = max(counts["open_most"], self.stage.open_buildings)
        self._commit([self._rows_of(finished()) for finished in begun])

    def _decoded(self, row: SeenRow[Any]) -> Iterator[list[Cluster]]:
        """Clusters that this row finishes, as they are found."""
        found = self.stage.decode(row)
        while True:
            with self.tally.stage("decode"):
                clusters = next(found, None)
            if clusters is None:
                return
            yield clusters

    def _observe(self, row: SeenRow[Any], row_off: int) -> None:
        """Add the valid pixels to the observed area."""
        for tile in row.tiles:
            col_off = tile.core.col_off + self.plan.region.col_off
            for index in range(len(tile.valid.packed)):
                valid = tile.valid.piece(index)
                if valid is not None:
                    self.extent.add(row_off + index * tile.valid.step, col_off, valid)

    def close(self) -> None:
        """Finish what is still open and commit it."""
        with self.tally.stage("decode"):
            clusters = self.stage.close()
        finished = self._begin(clusters)
        self.tally.counts[CLOSED] = 1
        self._commit([self._rows_of(finished())])

    @property
    def area(self) -> Area | None:
        """Where buildings are wanted; None: everywhere."""
        return self._finishing.area

    def dropped(self) -> dict[str, int]:
        """Reason to number of everything dropped."""
        return {
            name.removeprefix("dropped_"): count
            for name, count in sorted(self.tally.counts.items())
            if name.startswith("dropped_") and count
        }

    def _begin(self, found: Iterable[Cluster]) -> Callable[[], Finished]:
        """Let clusters be finished; with an area of interest, those that meet it alone."""
        grid = self.plan.lattice.grid
        clusters = [to_grid(cluster, self.plan.region, grid.width) for cluster in found]
        area = self._finishing.area
        if area is not None:
            clusters = [cluster for cluster in clusters if _meets(cluster, area)]
            for cluster in clusters:
                self.missing |= missing_tiles(
                    cluster, self.plan.lattice, self.plan.chosen, self.stage.reach_px
                )
        return self._finishing.begin(clusters)

    def _rows_of(self, finished: Finished) -> pa.Table:
        """Rows of the output, counted."""
        counts = self.tally.counts
        counts["buildings"] += finished.table.num_rows
        counts.update({f"dropped_{reason}": n for reason, n in finished.dropped.items()})
        return finished.table

    def _commit(self, tables: list[pa.Table]) -> None:
        counts = self.tally.counts
        for reason, total in self.stage.dropped.items():
            counts[f"dropped_{reason}"] = total
        self.strips_done += 1
        arrays = {f"{DECODER}{name}": array for name, array in self.stage.snapshot().items()}
        arrays |= {
            "extent": self.extent.counts,
            "missing": self.missing,
            "chosen": self.plan.chosen,
        }
        _log.debug("%d rows of tiles done, %d buildings", self.strips_done, counts["buildings"])
        with self.tally.stage("write"):
            state = RunState(self.strips_done, dict(counts), arrays)
            self._sink.commit(pa.concat_tables(tables), state)


def _meets(cluster: Cluster, area: Area) -> bool:
    rows, cols = cluster.crack_row, cluster.crack_col
    return area.meets(int(rows.min()), int(cols.min()), int(rows.max()) + 1, int(cols.max()) + 1)


def run(
    plan: Plan,
    rows: Rows,
    begin: Callable[[], Backend],
    state: RunState | None,
    after_strip: Callable[[int, int], None],
) -> Backend:
    """Run the model over every row of tiles that is not finished yet.

    Args:
        plan: The tiles.
        rows: Look at them.
        begin: Makes what takes what was seen, row of tiles by row of tiles; loading it takes as long as a
            tile, so it is called behind the model.
        state: Of an interrupted run, which it goes on from; None: from the start.
        after_strip: Called with the rows finished by this run and in all.
    """
    strips = plan.strips[0 if state is None else state.strips_done :]
    if state is not None and state.is_closed:
        return begin()
    first_row = strips[0].row_off if strips else plan.region.row_end
    with rows.of(strips) as seen, ThreadPoolExecutor(1) as behind:
        backend = behind.submit(begin)
        pending: Future[Any] = backend
        for strip in strips:
            row = next(seen)
            pending.result()
            pending = behind.submit(backend.result().take, row, strip.row_off)
            del row  # it is large, and the next one is being made
            after_strip(strip.row_end - first_row, strip.row_end - plan.region.row_off)
        pending.result()
    backend.result().close()
    return backend.result()
