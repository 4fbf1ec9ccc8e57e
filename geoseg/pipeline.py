"""The main job, composed: raster, tiles, model, instances, footprints, measures, file."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from geoseg.errors import OutputExistsError, UsageError
from geoseg.settings import PredictSettings
from geoseg.summary import Summary, TileCounts, peak_rss_mb

if TYPE_CHECKING:
    import geopandas as gpd
    import pyarrow as pa

    from geoseg.area import Area
    from geoseg.confidence import Rating
    from geoseg.export.identity import RunIdentity
    from geoseg.job import Backend
    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.plan import Plan
    from geoseg.raster import Mosaic
    from geoseg.sinks import Sink
    from geoseg.types import Window

Source = str | Path | Sequence[str | Path]


@dataclass(frozen=True, slots=True)
class ProgressReport:
    """Where a run stands; given to the ``progress`` callback after every row of tiles."""

    stage: str
    """What is going on, for people."""
    pixels_done: int
    """Pixels of the grid that are finished, those of an interrupted run included."""
    pixels_new: int
    """Pixels finished by this run."""
    pixels_total: int
    """Pixels of the grid."""
    buildings: int
    """Buildings found so far."""


Progress = Callable[[ProgressReport], None]


@overload
def predict(source: Source, output: None = None, **options: Any) -> gpd.GeoDataFrame: ...


@overload
def predict(source: Source, output: str | Path, **options: Any) -> Summary: ...


def predict(  # noqa: PLR0913  # the public face: one keyword per decision of the user
    source: Source,
    output: str | Path | None = None,
    *,
    model: str | Path | DenseModel | InstanceModel = "default",
    device: str = "auto",
    precision: Literal["auto", "fp32", "bf16"] = "auto",
    exact: bool = False,
    overwrite: bool = False,
    resume: bool = False,
    progress: Progress | None = None,
    **settings: Any,
) -> gpd.GeoDataFrame | Summary:
    """Find the buildings of a mosaic.

    Args:
        source: A raster, or several that form one mosaic: file, VRT or address.
        output: File to write (.gpkg, .geojson, .fgb, .parquet); None returns a GeoDataFrame.
        model: "default", the path of a .safetensors file, or an object with the methods of
            ``DenseModel`` or ``InstanceModel``.
        device: "auto", "cpu", "cuda", "cuda:1" or "mps".
        precision: "auto", "fp32" or "bf16".
        exact: Refuse a model that certification does not find exact.
        overwrite: Replace ``output`` if it is there already.
        resume: Go on with an interrupted run to the same ``output``.
        progress: Called with a ``ProgressReport`` after every row of tiles.
        **settings: See ``geoseg.settings.PredictSettings``: gsd_m, bands, stretch, tile_px,
            overlap_px, strip_px, batch, workers, aoi, min_area_m2, min_confidence, shape,
            skip_errors.

    Returns:
        A GeoDataFrame with the contract's columns, in the CRS of the first raster; with ``output``
        the run's ``Summary``.

    Raises:
        GeosegError: One of its kinds, for everything that can be wrong with input and output.
    """
    checked = PredictSettings.of(**settings)
    target = None if output is None else _checked_output(Path(output), overwrite, resume=resume)
    if target is None and resume:
        raise UsageError("resume=True needs an output: without one nothing is kept to go on with")
    from geoseg.exactness import check_exactness
    from geoseg.models import load_model

    loaded = load_model(model, device=device, precision=precision)
    check_exactness(loaded, required=exact)
    sources = [source] if isinstance(source, str | Path) else list(source)
    run = Run.prepare(sources, loaded, checked)
    with run.mosaic:
        if target is None:
            return run.to_frame(progress)
        return run.to_file(target, progress, resume=resume)


def _checked_output(path: Path, overwrite: bool, *, resume: bool) -> Path:
    """The output, known to be writable, without the state of another run in the way."""
    from geoseg.export.output import open_output
    from geoseg.export.parts import has_state, parts_folder

    # Killed between the last rename and the removal of its state, a run leaves both behind.
    unfinished = resume and has_state(path)
    target = open_output(path, overwrite=overwrite or unfinished)
    if has_state(target) and not (resume or overwrite):
        raise OutputExistsError(
            f"{parts_folder(target)} holds the state of an interrupted run: go on with it by "
            "--resume, or start afresh with --overwrite"
        )
    return target


@dataclass(frozen=True, slots=True)
class Run:
    """A model, a mosaic and settings that fit together."""

    mosaic: Mosaic
    """The open mosaic."""
    model: DenseModel | InstanceModel
    """The loaded model."""
    settings: PredictSettings
    """Of the run."""

    @classmethod
    def prepare(
        cls,
        sources: list[str | Path],
        model: DenseModel | InstanceModel,
        settings: PredictSettings,
    ) -> Run:
        """Open the mosaic on the analysis grid that suits the model."""
        from geoseg.raster import Mosaic
        from geoseg.swaths import FILL_GREY

        mosaic = Mosaic.open(
            sources,
            gsd_range_m=model.gsd_m,
            gsd_m=settings.gsd_m,
            bands=settings.bands,
            stretch=settings.stretch,
            fill_rgb=(FILL_GREY, FILL_GREY, FILL_GREY),
        )
        return cls(mosaic, model, settings)

    def to_frame(self, progress: Progress | None) -> gpd.GeoDataFrame:
        """Run in memory."""
        from geoseg.export.frame import to_frame
        from geoseg.sinks import MemorySink

        sink = MemorySink()
        self._compute(*self._plan(), sink, progress)
        return to_frame(sink.batches(), crs=self.mosaic.output_crs)

    def to_file(self, output: Path, progress: Progress | None, *, resume: bool) -> Summary:
        """Run with parts on disk, then put them together to one file."""
        from geoseg.export.output import write_output
        from geoseg.sinks import PartsSink

        plan, area = self._plan()
        sink = PartsSink(output, self._identity(), resume=resume)
        try:
            backend = self._compute(plan, area, sink, progress)
        except BaseException:
            if sink.load() is None:
                sink.remove()  # nothing to go on with
            raise
        totals = Totals()
        with backend.tally.stage("write"):
            crs = self.mosaic.output_crs
            write_output(
                output,
                totals.watch(sink.batches()),
                crs=crs,
                run_metadata=self._metadata(backend),
                extent=backend.extent.wkb(crs),
            )
            sink.remove()
        return self._summary(backend, totals, output)

    def _plan(self) -> tuple[Plan, Area | None]:
        """The tiles to compute, and the area of interest that asks for them."""
        from geoseg.area import Area
        from geoseg.plan import Plan

        striped = any(source.striped for source in self.mosaic.sources)
        plan = Plan.of(self.mosaic.grid, self.model, self.settings, whole_rows=striped)
        if self.settings.aoi is None:
            return plan, None
        area = Area.read(self.settings.aoi, self.mosaic.grid)
        return replace(plan, chosen=area.tiles(plan.lattice)), area

    def _compute(
        self, plan: Plan, area: Area | None, sink: Sink, progress: Progress | None
    ) -> Backend:
        from geoseg.finish import Finisher
        from geoseg.footprints import FootprintSettings
        from geoseg.job import Backend, run
        from geoseg.stages import make_stage

        shape = FootprintSettings(shape=self.settings.shape)
        finisher = Finisher(self.mosaic, shape, self.mosaic.output_crs, area, self._rating())
        state = sink.load()
        if state is not None:
            plan = replace(plan, chosen=state.arrays["chosen"].astype(bool))
        while True:
            stage = make_stage(self.model, plan, self.settings)
            backend = Backend(plan, stage, sink, finisher)
            report = _reporter(plan.region, backend, progress)
            run(self.mosaic, plan, self.settings, backend, report)
            if not backend.missing.any():
                return backend
            # Buildings of the area reach into tiles that were left out: start again with them.
            plan = replace(plan, chosen=plan.chosen | backend.missing)
            sink.restart()

    def _identity(self) -> RunIdentity:
        from geoseg import __version__
        from geoseg.export.identity import RunIdentity

        return RunIdentity(
            version=__version__,
            mosaic=self.mosaic.identity(),
            model_sha256=self._model_card()["sha256"],
            parameters=self.settings.result_parameters(),
        )

    def _rating(self) -> Rating:
        from geoseg.confidence import Rating

        return Rating.of(self.model, self.settings.min_confidence)

    def _model_card(self) -> dict[str, str]:
        name = getattr(self.model, "name", type(self.model).__qualname__)
        return {"name": str(name), "sha256": str(getattr(self.model, "sha256", ""))}

    def _metadata(self, backend: Backend) -> dict[str, Any]:
        from geoseg import __version__

        grid = self.mosaic.grid
        return {
            "software": "geoseg",
            "version": __version__,
            "model": self._model_card(),
            "parameters": self.settings.result_parameters(),
            "sources": [source.path for source in self.mosaic.sources],
            "stretch": self.mosaic.stretch,
            "grid": {
                "crs": grid.crs.to_string(),
                "transform": list(grid.transform)[:6],
                "height": grid.height,
                "width": grid.width,
                "gsd_m": grid.gsd_m,
                "resampled": self.mosaic.resampled,
            },
            "tiles": asdict(_tile_counts(backend)),
            "dropped": backend.dropped(),
            "confidence": self._rating().meaning,
        }

    def _summary(self, backend: Backend, totals: Totals, output: Path) -> Summary:
        grid = self.mosaic.grid
        return Summary(
            buildings=totals.buildings,
            area_m2=totals.area_m2,
            megapixels=grid.height * grid.width / 1e6,
            gsd_m=grid.gsd_m,
            tiles=_tile_counts(backend),
            dropped=backend.dropped(),
            stitched=backend.stage.resolved,
            seconds=backend.tally.elapsed(),
            peak_rss_mb=round(peak_rss_mb(), 1),
            model=self._model_card(),
            output=str(output),
        )


def _reporter(
    region: Window, backend: Backend, progress: Progress | None
) -> Callable[[int, int], None]:
    """Turns finished rows (by this run, in all) into progress reports."""

    def report(rows_new: int, rows_done: int) -> None:
        if progress is not None:
            done, new, total = (
                rows * region.width for rows in (rows_done, rows_new, region.height)
            )
            buildings = backend.tally.counts["buildings"]
            progress(ProgressReport("finding buildings", done, new, total, buildings))

    return report


@dataclass(slots=True)
class Totals:
    """Sums over the buildings on their way into the file, in the order of the file."""

    buildings: int = 0
    """Number of buildings."""
    area_m2: float = 0.0
    """Sum of their areas."""

    def watch(self, batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """The same batches, counted."""
        import pyarrow.compute as pc

        for batch in batches:
            self.buildings += batch.num_rows
            self.area_m2 += pc.sum(batch.column("area_m2"), min_count=0).as_py()
            yield batch


def _tile_counts(backend: Backend) -> TileCounts:
    counts = backend.tally.counts
    return TileCounts(counts["tiles_done"], counts["tiles_skipped"], counts["blocks_failed"])
