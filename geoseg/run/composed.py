"""One run, composed: raster, tiles, model, instances, footprints, measures, file."""

from __future__ import annotations

import logging
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoseg.errors import (
    GeosegError,
    OutputError,
    UnreachableRasterError,
    UnreadableRasterError,
)
from geoseg.models.traits import Traits
from geoseg.run.record import Totals, run_record, summarize
from geoseg.run.summary import TileCounts, left_out

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import geopandas as gpd
    import pyarrow as pa

    from geoseg.attributes.confidence import Rating
    from geoseg.export.layer import LayerInfo
    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.progress import Progress
    from geoseg.raster import Mosaic
    from geoseg.raster.identity import MosaicIdentity, Watch
    from geoseg.reviewing.keeping import Checked
    from geoseg.run.ahead import Ahead
    from geoseg.run.ending import Ending, Judges
    from geoseg.run.finish import Finisher, Finishing
    from geoseg.run.job import Backend
    from geoseg.run.lookers import Looker
    from geoseg.run.rising import Rising
    from geoseg.run.rows import Rows
    from geoseg.run.sinks import PartsSink, Sink
    from geoseg.run.spread.beside import Beside
    from geoseg.run.spread.elsewhere import Elsewhere
    from geoseg.run.spread.folder import StoredMaps
    from geoseg.run.state.identity import RunIdentity
    from geoseg.run.state.lock import OutputLock
    from geoseg.run.summary import Summary
    from geoseg.settings import PredictSettings
    from geoseg.tiles.area import Area
    from geoseg.tiles.given import GivenArea
    from geoseg.tiles.plan import Plan
    from geoseg.tiles.tally import Tally
    from geoseg.types import Window

_log = logging.getLogger(__name__)

FAINT = 0.5
"""With a surface, candidates down to this share of the confidence that is asked for are kept until it
is asked."""
ATTRIBUTE = "geoseg"
"""Key of the record in the ``attrs`` of a frame."""


@dataclass(frozen=True, slots=True)
class Run:
    """A model, a mosaic and settings that fit together."""

    mosaic: Mosaic
    """The open mosaic."""
    inputs: MosaicIdentity
    """Its files as they were when the run began."""
    model: DenseModel | InstanceModel
    """The loaded model."""
    settings: PredictSettings
    """Of the run."""
    tally: Tally
    """Counts and times; its clock runs since the run was asked for."""
    area: GivenArea | None = None
    """Where buildings are wanted; None: everywhere."""
    rising: Rising | None = None
    """The surface that is asked in the end; None: there is none."""
    elsewhere: Elsewhere | Beside | None = None
    """Others who look at tiles and finish clusters; None: this process does."""
    stored: StoredMaps | None = None
    """What the model made of the tiles, looked at before; None: they are looked at."""
    zoom: tuple[int, int] | None = None
    """First and last zoom of tiles; None: what suits the area."""
    checked: Checked | None = None
    """What people checked of this ground, which goes into the result; None: nothing."""

    @classmethod
    def prepare(
        cls,
        sources: Sequence[str],
        model: DenseModel | InstanceModel,
        settings: PredictSettings,
        tally: Tally,
    ) -> Run:
        """Open the mosaic on the analysis grid that suits the model."""
        from geoseg.raster import Mosaic
        from geoseg.raster.advice import mosaic_warnings
        from geoseg.raster.identity import FirstLook

        first_look = FirstLook.at(sources)
        mosaic = Mosaic.open(
            sources,
            gsd_range_m=model.gsd_m,
            gsd_m=settings.gsd_m,
            bands=settings.bands,
            stretch=settings.stretch,
            nodata=settings.nodata or (),
            keep_blank=settings.keep_blank,
        )
        for warning in mosaic_warnings(mosaic, model.gsd_m):
            _log.warning("%s", warning)
        grid = mosaic.grid
        _log.info(
            "grid: %d x %d px of %.4g m in %s, pixels %s; stretch: %s; bands: %s",
            grid.width, grid.height, grid.gsd_m, grid.crs.to_string(),
            "resampled" if mosaic.resampled else "as they are", mosaic.stretch or "none",
            "; ".join(f"{source.name} {source.bands.rgb}" for source in mosaic.sources),
        )  # fmt: skip
        inputs = mosaic.identity()
        first_look.require_unchanged(inputs)
        return cls(mosaic, inputs, model, settings, tally)

    def to_frame(self, progress: Progress) -> gpd.GeoDataFrame:
        """Run in memory."""
        from geoseg.export.frame import to_frame
        from geoseg.run.sinks import MemorySink
        from geoseg.vectors.observed import note_extent

        sink = MemorySink(self.watch())
        backend = self._compute(*self.plan(), sink, progress)
        ending = self._judges().judge(backend, sink, progress, None)
        record = self._record(backend, ending)
        rows, layer = ending.rows(record, None)
        frame = to_frame(rows, crs=self.mosaic.output_crs, schema=layer.schema)
        frame.attrs[ATTRIBUTE] = record
        note_extent(frame, backend.extent.polygon(self.mosaic.output_crs, self.mosaic.output_x))
        return frame

    def to_file(self, lock: OutputLock, progress: Progress, *, resume: bool) -> Summary:
        """Run with parts on disk, then put them together to the file that the lock is for."""
        from geoseg.run.sinks import PartsSink
        from geoseg.run.summary import Summary

        plan, area = self.plan()
        identity = self._identity()
        if identity.unknown is not None:
            _log.warning("this run cannot be resumed: %s", identity.unknown)
        sink = PartsSink(lock, identity, self.watch(), resume=resume)
        if sink.outcome is None:
            summary = self._completed(plan, area, sink, progress)
        else:
            _log.warning("%s was complete already; what is left of its run is removed", lock.output)
            summary = Summary.of(sink.outcome)
        sink.remove()
        return summary

    def _completed(
        self, plan: Plan, area: Area | None, sink: PartsSink, progress: Progress
    ) -> Summary:
        """Compute what is missing, write the output, and note that it is complete."""
        try:
            backend = self._compute(plan, area, sink, progress)
            with self._scratch(sink.output) as scratch:
                ending = self._judges().judge(backend, sink, progress, scratch)
                record = self._record(backend, ending)
                extent = backend.extent.wkb(self.mosaic.output_crs, self.mosaic.output_x)
                rows, layer = ending.rows(record, extent)
                totals = self._write(sink.output, rows, replace(layer, zoom=self.zoom))
            summary = summarize(self.mosaic, self.traits, backend, totals, sink.output, record)
            sink.finish(summary.as_dict())
        except BaseException as error:
            if not isinstance(error, UnreadableRasterError):  # or a dead server is waited for twice
                with suppress(GeosegError):
                    sink.keep_waiting()
            _keep_or_remove(sink)
            raise
        return summary

    def watch(self) -> Watch:
        """Looks at the files again."""
        from geoseg.raster.identity import Watch

        return Watch.of(self.inputs, self.mosaic.sources)

    @property
    def traits(self) -> Traits:
        """What is known of the model."""
        return Traits.of(self.model)

    def _scratch(self, output: Path) -> AbstractContextManager[Path | None]:
        """A folder for candidates, where a surface will be asked about them."""
        from geoseg.files.atomic import scratch_folder

        if self.rising is None:
            return nullcontext()
        return scratch_folder(output, "candidates")

    @property
    def rating(self) -> Rating:
        """How candidates are rated, and which are too unlikely."""
        from geoseg.attributes.confidence import Rating

        return Rating.of(self.model, self.settings.min_confidence)

    def _judges(self) -> Judges:
        from geoseg.run.ending import Judges

        return Judges(
            self.mosaic, self.settings, self.tally, self.rating, self.checked, self.rising
        )

    def _record(self, backend: Backend, ending: Ending) -> dict[str, Any]:
        """How the buildings were found."""
        record = run_record(self.mosaic, self.traits, self.settings, backend)
        helped, risen, keeper = self.elsewhere, ending.risen, ending.keeper
        record["maps"] = None if self.stored is None else self.stored.record()
        told = None if helped is None else helped.told
        record["workers"] = told.record() if told is not None and told.workers else None
        if risen is not None and self.rising is not None:
            asked = {"min_height_m": self.rising.min_height_m, "unit": self.rising.given.unit}
            record["heights"] = {**asked, **risen.record()}
        record["keep_reviewed"] = None if keeper is None else keeper.record
        left = left_out(record["dropped"], record["parameters"]) or "nothing"
        _log.info("tiles: %s; left out: %s", TileCounts(**record["tiles"]).told, left)
        return record

    def _write(self, output: Path, rows: Iterator[pa.RecordBatch], layer: LayerInfo) -> Totals:
        """Put the parts together."""
        from geoseg.export.output import write_batches

        totals = Totals()
        with self.tally.stage("write"):
            write_batches(output, totals.watch(rows), layer)
        return totals

    def plan(self) -> tuple[Plan, Area | None]:
        """The tiles to compute, and the area of interest that asks for them."""
        from geoseg.raster.layout import lies_in_rows
        from geoseg.tiles.area import Area
        from geoseg.tiles.plan import Plan

        in_rows = any(lies_in_rows(source) for source in self.mosaic.sources)
        grid = self.mosaic.grid
        lay = partial(Plan.of, grid, self.traits, self.settings, whole_rows=in_rows)
        if self.area is None:
            return lay(), None
        area = Area.of(self.area, grid, self.mosaic.output_crs)
        plan = lay(needed=area.window(grid))
        plan = replace(plan, chosen=area.tiles(plan.lattice))
        _log.info("%s asks for %d tiles", self.area.label, plan.chosen.sum())
        return plan, area

    def _compute(self, plan: Plan, area: Area | None, sink: Sink, progress: Progress) -> Backend:
        """Run over the tiles, until no building asks for more.

        Raises:
            UnreadableRasterError: Of a file that was replaced, it says so and not what that broke.
        """
        try:
            return self._passes(plan, area, sink, progress)
        except UnreachableRasterError:
            raise
        except UnreadableRasterError:
            self.watch().require_unchanged()
            raise

    def _passes(self, plan: Plan, area: Area | None, sink: Sink, progress: Progress) -> Backend:
        state = sink.load()
        if state is not None:
            plan = replace(plan, chosen=state.arrays["chosen"].astype(bool))
        while True:
            backend = self._pass(plan, area, sink, progress)
            if not backend.missing.any():
                return backend
            _log.info("%d more tiles are needed", backend.missing.sum())
            # Buildings of the area reach into tiles that were left out: start again with them.
            plan = replace(plan, chosen=plan.chosen | backend.missing)
            sink.restart()

    def _pass(self, plan: Plan, area: Area | None, sink: Sink, progress: Progress) -> Backend:
        """Run over the chosen tiles."""
        from geoseg.run.job import Backend, run
        from geoseg.run.stages import make_looker, make_stage

        self.tally.counts.clear()
        ahead = self._ahead()
        rows, finishing = self._hands(
            plan, make_looker(self.model, plan, self.settings), area, ahead
        )

        def begin() -> Backend:
            stage = make_stage(self.model, plan, self.settings)
            return Backend(plan, stage, sink, finishing(), self.tally)

        with ahead:
            return run(plan, rows, begin, sink.load(), _reporter(plan.region, self.tally, progress))

    def _ahead(self) -> Ahead:
        """Who compiles loops that finishing here takes, in the first run ever."""
        from geoseg.run.ahead import Ahead

        here = self.elsewhere is None and self.settings.shape == "regularized"
        return Ahead.begin() if here else Ahead()

    def _hands(
        self, plan: Plan, looker: Looker, area: Area | None, ahead: Ahead
    ) -> tuple[Rows, Callable[[], Finishing]]:
        """Who looks at tiles, and what gives who finishes clusters."""
        from geoseg.run.rows import RowsHere

        settings, tally = self.settings, self.tally
        rows: Rows = RowsHere(self.mosaic, self.model, looker, plan, settings, tally)
        finishing: Callable[[], Finishing] = partial(self._finishing_here, area, ahead)
        helping = None if self.elsewhere is None else self.elsewhere.begun_for(plan)
        if helping is not None:
            from geoseg.run.spread.hands import FinishingBeside

            looking, others = helping.hands(
                self.mosaic, self.inputs, plan, looker, self._finisher(area), settings
            )
            if looking is None:
                finishing = partial(FinishingBeside, others, finishing)
            else:
                rows, finishing = looking, partial(_given, others)
        if self.stored is not None:
            rows = self.stored.rows_for(plan, self.inputs, looker, skip_errors=settings.skip_errors)
        return rows, finishing

    def _finishing_here(self, area: Area | None, ahead: Ahead) -> Finishing:
        from geoseg.run.finish import FinishingHere

        return FinishingHere(self._finisher(area), self.tally, ahead.finish)

    def _finisher(self, area: Area | None) -> Finisher:
        """Draws, measures and rates."""
        from geoseg.footprints import FootprintSettings
        from geoseg.run.finish import Finisher

        rating = self.rating
        if self.rising is not None:
            # What the surface may speak for is kept until it is asked.
            rating = replace(rating, min_confidence=FAINT * rating.least)
        return Finisher(
            self.mosaic,
            FootprintSettings(shape=self.settings.shape),
            self.mosaic.output_crs,
            area,
            rating,
            least_m2=self.settings.min_area_m2,
            date=self.settings.date,
        )

    def _identity(self) -> RunIdentity:
        from geoseg.run.state.identity import ModelIdentity, RunIdentity
        from geoseg.version import __version__

        return RunIdentity(
            version=__version__,
            mosaic=self.inputs,
            model=ModelIdentity.of(self.traits),
            parameters=self.settings.result_parameters()
            | ({} if self.rising is None else self.rising.parameters())
            | ({} if self.stored is None else {"maps": self.stored.record()["made"]})
            | ({} if self.checked is None else {"keep_reviewed": self.checked.sha256}),
        )


def _given(finishing: Finishing) -> Finishing:
    return finishing


def _keep_or_remove(sink: PartsSink) -> None:
    """Say how to go on, or leave nothing where there is nothing to go on with."""
    if sink.kept:
        if sink.resumable:
            _log.warning(
                "What is finished is kept in %s: the same command with --resume goes on from there.",
                sink.folder,
            )
        return
    with suppress(OutputError):  # what stopped the run is the news
        sink.remove()


def _reporter(region: Window, tally: Tally, progress: Progress) -> Callable[[int, int], None]:
    """Turns finished rows (by this run, in all) into progress reports."""
    from geoseg.progress import PIXELS, ProgressReport

    def report(rows_new: int, rows_done: int) -> None:
        progress(
            ProgressReport(
                "finding buildings",
                rows_done * region.width,
                region.height * region.width,
                PIXELS,
                done_before=(rows_done - rows_new) * region.width,
                buildings=tally.counts["buildings"],
            )
        )

    return report
