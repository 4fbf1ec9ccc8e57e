"""What comes of the candidates in the end: what people checked, what a surface says, the rows."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import shapely

from geoseg.export.layer import LayerInfo, buildings_layer

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pyproj import CRS

    from geoseg.attributes.confidence import Rating
    from geoseg.progress import Progress
    from geoseg.raster import Mosaic
    from geoseg.reviewing.keeping import Checked
    from geoseg.run.job import Backend
    from geoseg.run.keeping import Keeper
    from geoseg.run.rising import Risen, Rising
    from geoseg.run.sinks import Sink
    from geoseg.settings import PredictSettings
    from geoseg.tiles.tally import Tally

_log = logging.getLogger(__name__)

NOTHING_HERE = (
    "%s: none of its %d confirmed buildings lies on the ground of this run, so none goes into the result; if "
    "it should, check the CRS of the file"
)


@dataclass(frozen=True, slots=True)
class Judges:
    """Who has a word on candidates after the model."""

    mosaic: Mosaic
    """Where they were found."""
    settings: PredictSettings
    """Of the run."""
    tally: Tally
    """Told of what goes, and of times."""
    rating: Rating
    """How likely they must be."""
    checked: Checked | None
    """What people said of this ground; None: nothing."""
    rising: Rising | None
    """A surface; None: none."""

    def judge(
        self, backend: Backend, candidates: Sink, progress: Progress, scratch: Path | None
    ) -> Ending:
        """Ask them; what goes is counted as dropped.

        Args:
            backend: Of the run's last pass.
            candidates: What it found.
            progress: Told how far the surface is asked.
            scratch: Folder for candidates while it is; None: in memory.
        """
        keeper = self._keeper(backend, candidates)
        found = candidates if keeper is None else keeper
        confirmed = None if keeper is None else keeper.ids
        risen = self._risen(found, confirmed, progress, scratch)
        return Ending(self.mosaic.output_crs, candidates, keeper, risen)

    def _keeper(self, backend: Backend, candidates: Sink) -> Keeper | None:
        if self.checked is None:
            return None
        from geoseg.run.keeping import Keeper
        from geoseg.run.kept import Kept, Place

        mosaic, settings = self.mosaic, self.settings
        observed = backend.extent.polygon(mosaic.output_crs, mosaic.output_x)
        shapely.prepare(observed)
        place = Place(mosaic, observed, backend.area, settings.min_area_m2, settings.date)
        with self.tally.stage("review"):
            keeper = Keeper(Kept.of(self.checked, place), candidates.batches)
        self.tally.counts.update({f"dropped_{why}": n for why, n in keeper.dropped.items()})
        if keeper.record["elsewhere"] and not len(keeper.ids):
            _log.warning(NOTHING_HERE, self.checked.label, keeper.record["elsewhere"])
        return keeper

    def _risen(
        self,
        found: Sink | Keeper,
        confirmed: NDArray[np.int64] | None,
        progress: Progress,
        scratch: Path | None,
    ) -> Risen | None:
        if self.rising is None:
            return None
        sources, crs = self.mosaic.sources, self.mosaic.output_crs
        with self.tally.stage("heights"):
            risen = self.rising.judge(
                found.batches(), sources, crs, self.rating.least, progress, scratch, confirmed
            )
        self.tally.counts.update({f"dropped_{why}": n for why, n in risen.dropped.items()})
        for note in risen.told.notes:
            _log.warning("%s", note)
        return risen


@dataclass(frozen=True, slots=True)
class Ending:
    """What is left of the candidates, and what was added."""

    crs: CRS
    """Of the output."""
    candidates: Sink
    """What was found."""
    keeper: Keeper | None
    """Puts what people checked in the place of what was found there; None: nobody checked."""
    risen: Risen | None
    """What a surface left of them; None: none was asked."""

    def rows(
        self, record: dict[str, Any], extent: list[bytes] | None
    ) -> tuple[Iterator[pa.RecordBatch], LayerInfo]:
        """Everything that goes into the result, in its order, and what the file says beside it."""
        from geoseg.run.keeping import with_review

        keeper = self.keeper
        if self.risen is not None:
            layer = self.risen.layer(record, extent)
            rows = self.risen.batches(layer)
        else:
            layer = buildings_layer(self.crs, record, extent)
            rows = self.candidates.batches() if keeper is None else keeper.batches()
        if keeper is not None:
            layer = with_review(layer)
            rows = keeper.with_verdicts(rows, layer)
        return rows, layer
