"""One run over one mosaic: rows of tiles flow through model, decoder and finisher.

The model runs in the calling thread; reading goes on ahead of it and everything after it behind it,
in threads of their own, one row of tiles each, in order. What a row finished is committed together
with the decoder's state, so that an interrupted run goes on after the last committed row.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from geoseg.extent import Extent
from geoseg.region import missing_tiles, to_grid
from geoseg.sinks import RunState
from geoseg.summary import Tally
from geoseg.swaths import NOTHING_READ, SwathReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from geoseg.area import Area
    from geoseg.finish import Finisher
    from geoseg.inference import Seen
    from geoseg.plan import Plan
    from geoseg.raster import Mosaic
    from geoseg.settings import PredictSettings
    from geoseg.sinks import Sink
    from geoseg.stages import Stage
    from geoseg.types import Cluster

DECODER = "decoder_"
"""Prefix of the decoder's arrays in the saved state."""


class Backend:
    """What follows the model: decode, draw, measure, commit; resumes from the sink's state."""

    def __init__(self, plan: Plan, stage: Stage, sink: Sink, finisher: Finisher) -> None:
        self._plan = plan
        self.stage = stage
        self._finisher = finisher
        self._sink = sink
        self.tally = Tally()
        self.extent = Extent(plan.lattice.grid)
        self.missing = np.zeros_like(plan.chosen)
        """(strips, tiles per strip) True at tiles that an area of interest turned out to need."""
        self.strips_done = 0
        state = sink.load()
        if state is None:
            return
        self.strips_done = state.strips_done
        self.tally.counts.update(state.counts)
        self.extent.counts[:] = state.arrays["extent"]
        self.missing[:] = state.arrays["missing"]
        arrays = {
            name.removeprefix(DECODER): array
            for name, array in state.arrays.items()
            if name.startswith(DECODER)
        }
        stage.restore(arrays)

    def take(self, seen: Seen[Any], failed_blocks: int) -> None:
        """Work off one row of tiles and commit it."""
        tables = []
        found = self.stage.decode(seen)
        while True:
            with self.tally.stage("decode"):
                clusters = next(found, None)
            if clusters is None:
                break
            tables.append(self._finish(clusters))
        region = self._plan.region
        self.extent.add(seen.row_off + region.row_off, region.col_off, seen.valid)
        self.tally.counts["tiles_done"] += seen.tiles_done
        self.tally.counts["tiles_skipped"] += seen.tiles_skipped
        self.tally.counts["blocks_failed"] += failed_blocks
        self._commit(tables)

    def close(self) -> None:
        """Finish what is still open and commit it."""
        with self.tally.stage("decode"):
            clusters = self.stage.close()
        self.tally.counts["closed"] = 1
        self._commit([self._finish(clusters)])

    @property
    def closed(self) -> bool:
        """True when every building is committed."""
        return self.tally.counts["closed"] == 1

    def dropped(self) -> dict[str, int]:
        """Reason to number of everything dropped."""
        return {
            name.removeprefix("dropped_"): count
            for name, count in sorted(self.tally.counts.items())
            if name.startswith("dropped_") and count
        }

    def _finish(self, found: Iterable[Cluster]) -> pa.Table:
        """Rows of the output; those of an area of interest alone."""
        grid = self._plan.lattice.grid
        clusters = [to_grid(cluster, self._plan.region, grid.width) for cluster in found]
        area = self._finisher.area
        if area is not None:
            clusters = [cluster for cluster in clusters if _meets(cluster, area)]
            for cluster in clusters:
                self.missing |= missing_tiles(
                    cluster, self._plan.lattice, self._plan.chosen, self.stage.reach_px
                )
        with self.tally.stage("vectorize"):
            finished = self._finisher.finish(clusters)
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
            "chosen": self._plan.chosen,
        }
        with self.tally.stage("write"):
            state = RunState(self.strips_done, dict(counts), arrays)
            self._sink.commit(pa.concat_tables(tables), state)


def _meets(cluster: Cluster, area: Area) -> bool:
    rows, cols = cluster.crack_row, cluster.crack_col
    return area.meets(int(rows.min()), int(cols.min()), int(rows.max()) + 1, int(cols.max()) + 1)


def run(
    mosaic: Mosaic,
    plan: Plan,
    settings: PredictSettings,
    backend: Backend,
    after_strip: Callable[[int, int], None],
) -> None:
    """Run the model over every row of tiles that ``backend`` has not finished yet.

    Args:
        mosaic: Read from; every reading thread opens its own.
        plan: The tiles.
        settings: Of the run.
        backend: Holds the model; takes what it saw, row of tiles by row of tiles.
        after_strip: Called with the rows finished by this run and in all.
    """
    if backend.closed:
        return
    strips = plan.strips[backend.strips_done :]
    first_row = strips[0].row_off if strips else plan.region.row_end
    reader = SwathReader(
        mosaic,
        workers=settings.workers,
        skip_errors=settings.skip_errors,
        tally=backend.tally,
    )
    pending: Future[None] | None = None
    with reader, ThreadPoolExecutor(1) as behind:
        swaths = reader.swaths(plan.reads(strip) for strip in strips if strip.tiles)
        for strip in strips:
            swath = next(swaths) if strip.tiles else NOTHING_READ
            with backend.tally.stage("model"):
                seen = backend.stage.look(strip, swath.block)
            lost = sum(strip.row_off <= piece.row_off < strip.row_end for piece in swath.failed)
            if pending is not None:
                pending.result()
            pending = behind.submit(backend.take, seen, lost)
            del swath, seen  # they are large, and the next ones are being made
            after_strip(strip.row_end - first_row, strip.row_end - plan.region.row_off)
        if pending is not None:
            pending.result()
    backend.close()
