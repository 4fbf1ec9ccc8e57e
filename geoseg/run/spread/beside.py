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

    from geoseg.run.spread.elsewhere import Elsewhere
    from geoseg.run.spread.home import Told
    from geoseg.tiles.plan import Plan
    from geoseg.tiles.tally import Tally

PIXELS_EACH = 24_000_000
"""Pixels that a run must have for every process: they take some seconds of processor time to begin and to be told."""
MOST = 8
"""Processes; each holds some 350 MB."""


def drawing_processes(rasters: Sequence[str]) -> int:
    """How many shall draw; 0: this process does.

    That is on a single core, in the first run ever, whose loops two processes compile, where none may be
    begun, and where others may not see what this one sees: rasters on servers and in memory.
    """
    if not is_compiled() or not may_start_unasked():
        return 0
    if not all(Path(raster).is_file() for raster in rasters):
        return 0
    return min(usable_cores() // 2, MOST)


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

    def begun_for(self, plan: Plan) -> Elsewhere | None:
        """Who works for a run over these tiles; None where it is not worth their beginning."""
        grid, core_px = plan.lattice.grid, plan.lattice.core_px
        tile = min(core_px, grid.height) * min(core_px, grid.width)
        if int(plan.chosen.sum()) * tile < self.processes * PIXELS_EACH:
            return None
        if self.others is None:
            from geoseg.run.spread.elsewhere import Elsewhere
            from geoseg.run.spread.pool import LocalPool

            pool = self.stack.enter_context(LocalPool(self.processes))
            self.others = self.stack.enter_context(Elsewhere.of(pool, None, self.tally))
        return self.others
