"""Rows of tiles, read and looked at in this process, in order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from geoseg.run.lookers import Looker, SeenPanel, look_over
from geoseg.tiles.looking import SeenRow
from geoseg.tiles.swaths import SwathReader

if TYPE_CHECKING:
    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.raster import Mosaic
    from geoseg.settings import PredictSettings
    from geoseg.tiles.lattice import Strip
    from geoseg.tiles.plan import Plan
    from geoseg.tiles.swaths import Swath
    from geoseg.tiles.tally import Tally


class Rows(Protocol):
    """Whoever looks at rows of tiles: this process, or others."""

    def of(self, strips: Sequence[Strip]) -> AbstractContextManager[Iterator[SeenRow[Any]]]:
        """What the model makes of each, in order; work goes on while the block lasts."""
        ...


@dataclass(frozen=True, slots=True)
class RowsHere:
    """Looks by itself; reading goes on ahead of the model, some tiles at a time."""

    mosaic: Mosaic
    """Read from; every reading thread opens its own."""
    model: DenseModel | InstanceModel
    """Asked in the calling thread."""
    looker: Looker
    """How it is asked."""
    plan: Plan
    """The tiles."""
    settings: PredictSettings
    """Of the run."""
    tally: Tally
    """Told of times."""

    @contextmanager
    def of(self, strips: Sequence[Strip]) -> Iterator[Iterator[SeenRow[Any]]]:
        """What the model makes of each, as it is asked for."""
        reader = SwathReader(
            self.mosaic,
            readers=self.settings.readers,
            skip_errors=self.settings.skip_errors,
            tally=self.tally,
        )
        with reader:
            windows = (panel.window for strip in strips for panel in self.plan.panels(strip))
            swaths = reader.swaths(windows)
            yield (self._row(strip, swaths) for strip in strips)

    def _row(self, strip: Strip, swaths: Iterator[Swath]) -> SeenRow[Any]:
        row: SeenRow[Any] = SeenRow(strip.height, [], 0, set())
        for panel in self.plan.panels(strip):
            swath = next(swaths)
            with self.tally.stage("model"):
                seen = look_over(self.looker, self.model, panel.tiles, swath)
            add(row, seen)
            del swath, seen  # they are large, and the next ones are being made
        return row


def add(row: SeenRow[Any], seen: SeenPanel[Any]) -> None:
    """Add tiles to their row, on the right."""
    row.tiles += seen.tiles
    row.tiles_skipped += seen.tiles_skipped
    row.failed |= seen.failed
