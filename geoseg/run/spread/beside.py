"""Processes that draw outlines beside this one, where nobody said who works for a run.

The network keeps all cores busy by its own threads, and takes no longer for a megapixel of a dense town than one core does
for drawing and measuring its buildings; and threads of one process that read, decode and draw wait for each other. So
with two cores or more drawing is done by others: they hold no network, and so less memory than workers that also look at tiles.
"""

from __future__ import annotations

from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from geoseg.kernels.keeping import is_compiled
from geoseg.machine import may_start_unasked, usable_cores

if TYPE_CHECKING:
    from collections.abc import Sequence

    from geoseg.raster import Mosaic
    from geoseg.raster.identity import MosaicIdentity
    from geoseg.run.finish import Finisher
    from geoseg.run.lookers import Looker
    from geoseg.run.spread.elsewhere import Elsewhere
    from geoseg.run.spread.hands import FinishingElsewhere, RowsElsewhere
    from geoseg.run.spread.home import Told
    from geoseg.settings import PredictSettings
    from geoseg.tiles.plan import Plan
    from geoseg.tiles.tally import Tally

FEWEST_CORES = 2
"""With one, nothing is done side by side."""
PIXELS_EACH = 24_000_000
"""Pixels that a run must have for every process: they take some seconds of processor time to begin and to be told."""
MOST = 8
"""Processes; each holds some 350 MB."""


def drawing_processes(rasters: Sequence[str]) -> int:
    """How many shall draw; 0: this process does.

    That is where they would gain nothing, in the first run ever, whose loops two processes compile, where none may be
    begun, and where others may not see what this one sees: rasters on servers and in memory.
    """
    cores = usable_cores()
    if cores < FEWEST_CORES or not is_compiled() or not may_start_unasked():
        return 0
    if not all(Path(raster).is_file() for raster in rasters):
        return 0
    return min(cores // 2, MOST)


@dataclass(slots=True)
class Beside:
    """Processes that nobody asked for; they begin, and what they take is loaded, once a run is large enough."""

    processes: int
    """How many."""
    tally: Tally
    """Told of times, traffic and memory."""
    stack: ExitStack
    """Ends them."""
    others: Elsewhere | None = None
    """Who works; None: they have not begun."""

    @property
    def told(self) -> Told | None:
        """What they said of themselves; None: they have not begun."""
        return None if self.others is None else self.others.told

    def is_for(self, plan: Plan) -> bool:
        """Whether a run over these tiles is worth their beginning."""
        grid, core_px = plan.lattice.grid, plan.lattice.core_px
        tile = min(core_px, grid.height) * min(core_px, grid.width)
        return int(plan.chosen.sum()) * tile >= self.processes * PIXELS_EACH

    def hands(
        self,
        mosaic: Mosaic,
        inputs: MosaicIdentity,
        plan: Plan,
        looker: Looker,
        finisher: Finisher,
        settings: PredictSettings,
    ) -> tuple[RowsElsewhere | None, FinishingElsewhere]:
        """Nobody who looks at tiles, and those who finish clusters."""
        if self.others is None:
            from geoseg.run.spread.elsewhere import Elsewhere
            from geoseg.run.spread.pool import LocalPool

            pool = self.stack.enter_context(LocalPool(self.processes))
            self.others = self.stack.enter_context(Elsewhere.of(pool, None, self.tally))
        return self.others.hands(mosaic, inputs, plan, looker, finisher, settings)
