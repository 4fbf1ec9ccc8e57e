"""One run over one mosaic: rows of tiles flow through model, decoder and finisher.

The model runs in the calling thread; reading goes on ahead of it and everything after it behind it,
in threads of their own, one row of tiles each, in order. What a row finished is committed together
with the decoder's state, so that an interrupted run goes on after the last committed row.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from geoseg.decode import Decoder
from geoseg.extent import Extent
from geoseg.inference import MappedStrip, map_strip, unseen_strip
from geoseg.region import missing_tiles, to_grid
from geoseg.sinks import RunState
from geoseg.summary import Tally
from geoseg.swaths import SwathReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from geoseg.area import Area
    from geoseg.decode import DecodeParams
    from geoseg.finish import Finisher
    from geoseg.models.protocols import DenseModel
    from geoseg.plan import Plan
    from geoseg.raster import Mosaic
    from geoseg.settings import PredictSettings
    from geoseg.sinks import Sink
    from geoseg.types import Cluster

DECODER = "decoder_"
"""Prefix of the decoder's arrays in the saved state."""
CLUSTER_REACH_PX = 4
"""How far, besides growth, a pixel can bear on a building: neighbours in its cluster."""


class Backend:
    """What follows the model: decode, draw, measure, commit; resumes from the sink's state."""

    def __init__(
        self,
        plan: Plan,
        heads: tuple[str, ...],
        params: DecodeParams,
        sink: Sink,
        finisher: Finisher,
    ) -> None:
        self._plan = plan
        self._finisher = finisher
        self._sink = sink
        self._reach_px = params.grow_steps + CLUSTER_REACH_PX
        self.tally = Tally()
        self.extent = Extent(plan.lattice.grid)
        self.missing = np.zeros_like(plan.chosen)
        """(strips, tiles per strip) True at tiles that an area of interest turned out to need."""
        self.strips_done = 0
        size = (plan.region.width, plan.region.height)
        state = sink.load()
        if state is None:
            self._decoder = Decoder(*size, heads, params)
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
        self._decoder = Decoder.restore(*size, heads, params, arrays)

    def take(self, mapped: MappedStrip, failed_blocks: int, strip_px: int | None) -> None:
        """Work off one row of tiles and commit it."""
        clusters: list[Cluster] = []
        with self.tally.stage("decode"):
            for piece in mapped.strip.pieces(strip_px):
                clusters += self._decoder.push(piece)
        region = self._plan.region
        row_off = mapped.strip.row_off + region.row_off
        self.extent.add(row_off, region.col_off, mapped.strip.valid)
        self.tally.counts["tiles_done"] += mapped.tiles_done
        self.tally.counts["tiles_skipped"] += mapped.tiles_skipped
        self.tally.counts["blocks_failed"] += failed_blocks
        self._commit(clusters)

    def close(self) -> None:
        """Finish what is still open and commit it."""
        with self.tally.stage("decode"):
            clusters = self._decoder.close()
        self.tally.counts["closed"] = 1
        self._commit(clusters)

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

    def _commit(self, found: Iterable[Cluster]) -> None:
        grid = self._plan.lattice.grid
        clusters = [to_grid(cluster, self._plan.region, grid.width) for cluster in found]
        area = self._finisher.area
        if area is not None:
            clusters = [cluster for cluster in clusters if _meets(cluster, area)]
            for cluster in clusters:
                self.missing |= missing_tiles(
                    cluster, self._plan.lattice, self._plan.chosen, self._reach_px
                )
        with self.tally.stage("vectorize"):
            finished = self._finisher.finish(clusters)
        counts = self.tally.counts
        counts["buildings"] += finished.table.num_rows
        counts.update({f"dropped_{reason}": n for reason, n in finished.dropped.items()})
        for reason, total in self._decoder.dropped.items():
            counts[f"dropped_{reason}"] = total
        self.strips_done += 1
        arrays = {f"{DECODER}{name}": array for name, array in self._decoder.snapshot().items()}
        arrays |= {
            "extent": self.extent.counts,
            "missing": self.missing,
            "chosen": self._plan.chosen,
        }
        with self.tally.stage("write"):
            self._sink.commit(finished.table, RunState(self.strips_done, dict(counts), arrays))


def _meets(cluster: Cluster, area: Area) -> bool:
    rows, cols = cluster.crack_row, cluster.crack_col
    return area.meets(int(rows.min()), int(cols.min()), int(rows.max()) + 1, int(cols.max()) + 1)


def run_dense(
    open_mosaic: Callable[[], Mosaic],
    model: DenseModel,
    plan: Plan,
    settings: PredictSettings,
    backend: Backend,
    after_strip: Callable[[int, int], None],
) -> None:
    """Run the model over every row of tiles that ``backend`` has not finished yet.

    Args:
        open_mosaic: Opens the mosaic; every reading thread opens its own.
        model: Predicts maps.
        plan: The tiles.
        settings: Of the run.
        backend: Takes the maps, row of tiles by row of tiles.
        after_strip: Called with the rows finished by this run and in all.
    """
    if backend.closed:
        return
    strips = plan.strips[backend.strips_done :]
    first_row = strips[0].row_off if strips else plan.region.row_end
    reader = SwathReader(
        open_mosaic,
        workers=settings.workers,
        skip_errors=settings.skip_errors,
        tally=backend.tally,
    )
    pending: Future[None] | None = None
    with reader, ThreadPoolExecutor(1) as behind:
        swaths = reader.swaths(plan.reads(strip) for strip in strips if strip.tiles)
        for strip in strips:
            if strip.tiles:
                swath = next(swaths)
                with backend.tally.stage("model"):
                    mapped = map_strip(model, strip, swath.block, plan.region, batch=plan.batch)
                lost = sum(strip.row_off <= piece.row_off < strip.row_end for piece in swath.failed)
            else:
                mapped, lost = unseen_strip(model, strip, plan.region), 0
            if pending is not None:
                pending.result()
            pending = behind.submit(backend.take, mapped, lost, settings.strip_px)
            after_strip(strip.row_end - first_row, strip.row_end - plan.region.row_off)
        if pending is not None:
            pending.result()
    backend.close()
