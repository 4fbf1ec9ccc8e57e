"""One run over one mosaic: rows of tiles flow through model, decoder and finisher.

The model runs in the calling thread; reading goes on ahead of it and everything after it behind it,
in threads of their own, one row of tiles each, in order. What a row finished is committed together
with the decoder's state, so that an interrupted run goes on after the last committed row.
"""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING

from geoseg.decode import Decoder
from geoseg.extent import Extent
from geoseg.inference import map_strip
from geoseg.sinks import RunState
from geoseg.summary import Tally
from geoseg.swaths import SwathReader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from geoseg.decode import DecodeParams
    from geoseg.finish import Finisher
    from geoseg.inference import MappedStrip
    from geoseg.models.protocols import DenseModel
    from geoseg.plan import Plan
    from geoseg.raster import Mosaic
    from geoseg.settings import PredictSettings
    from geoseg.sinks import Sink
    from geoseg.types import Cluster, Grid

DECODER = "decoder_"
"""Prefix of the decoder's arrays in the saved state."""


class Backend:
    """What follows the model: decode, draw, measure, commit; resumes from the sink's state."""

    def __init__(
        self,
        grid: Grid,
        heads: tuple[str, ...],
        params: DecodeParams,
        sink: Sink,
        finisher: Finisher,
    ) -> None:
        self._finisher = finisher
        self._sink = sink
        self.tally = Tally()
        self.extent = Extent(grid)
        state = sink.load()
        if state is None:
            self.strips_done = 0
            self._decoder = Decoder(grid.width, grid.height, heads, params)
            return
        self.strips_done = state.strips_done
        self.tally.counts.update(state.counts)
        self.extent.counts[:] = state.arrays["extent"]
        arrays = {
            name.removeprefix(DECODER): array
            for name, array in state.arrays.items()
            if name.startswith(DECODER)
        }
        self._decoder = Decoder.restore(grid.width, grid.height, heads, params, arrays)

    def take(self, mapped: MappedStrip, failed_blocks: int, strip_px: int | None) -> None:
        """Work off one row of tiles and commit it."""
        clusters: list[Cluster] = []
        with self.tally.stage("decode"):
            for piece in mapped.strip.pieces(strip_px):
                clusters += self._decoder.push(piece)
        self.extent.add(mapped.strip.row_off, mapped.strip.valid)
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

    def _commit(self, clusters: Iterable[Cluster]) -> None:
        with self.tally.stage("vectorize"):
            finished = self._finisher.finish(clusters)
        counts = self.tally.counts
        counts["buildings"] += finished.table.num_rows
        counts.update({f"dropped_{reason}": n for reason, n in finished.dropped.items()})
        for reason, total in self._decoder.dropped.items():
            counts[f"dropped_{reason}"] = total
        self.strips_done += 1
        arrays = {f"{DECODER}{name}": array for name, array in self._decoder.snapshot().items()}
        with self.tally.stage("write"):
            self._sink.commit(
                finished.table,
                RunState(self.strips_done, dict(counts), {**arrays, "extent": self.extent.counts}),
            )


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
        plan: The lattice of tiles.
        settings: Of the run.
        backend: Takes the maps, row of tiles by row of tiles.
        after_strip: Called with the first and the last row finished so far by this run.
    """
    if backend.closed:
        return
    strips = list(plan.lattice.strips())[backend.strips_done :]
    reader = SwathReader(
        open_mosaic,
        workers=settings.workers,
        skip_errors=settings.skip_errors,
        tally=backend.tally,
    )
    pending: Future[None] | None = None
    with reader, ThreadPoolExecutor(1) as behind:
        swaths = reader.swaths(strip.window for strip in strips)
        for strip, swath in zip(strips, swaths, strict=True):
            with backend.tally.stage("model"):
                mapped = map_strip(
                    model, strip, swath.block, grid_width=plan.lattice.grid.width, batch=plan.batch
                )
            if pending is not None:
                pending.result()
            failed = sum(strip.row_off <= piece.row_off < strip.row_end for piece in swath.failed)
            pending = behind.submit(backend.take, mapped, failed, settings.strip_px)
            after_strip(strips[0].row_off, strip.row_end)
        if pending is not None:
            pending.result()
    backend.close()
