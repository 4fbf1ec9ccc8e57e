"""What is told of a run: in the metadata of the file it wrote, and in its summary."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from geoseg.models.traits import Traits
from geoseg.summary import Summary, TileCounts, peak_rss_mb

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import pyarrow as pa

    from geoseg.models.protocols import DenseModel, InstanceModel
    from geoseg.raster import Mosaic
    from geoseg.run.job import Backend
    from geoseg.settings import PredictSettings


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


def run_metadata(
    mosaic: Mosaic,
    model: DenseModel | InstanceModel,
    settings: PredictSettings,
    backend: Backend,
) -> dict[str, Any]:
    """How a file was made, as JSON."""
    from geoseg.attributes.confidence import Rating
    from geoseg.version import __version__

    grid = mosaic.grid
    return {
        "software": "geoseg",
        "version": __version__,
        "model": Traits.of(model).as_dict(),
        "parameters": settings.result_parameters(),
        "sources": [source.path for source in mosaic.sources],
        "stretch": mosaic.stretch,
        "grid": {
            "crs": grid.crs.to_string(),
            "transform": list(grid.transform)[:6],
            "height": grid.height,
            "width": grid.width,
            "gsd_m": grid.gsd_m,
            "resampled": mosaic.resampled,
        },
        "tiles": asdict(_tile_counts(backend)),
        "dropped": backend.dropped(),
        "confidence": Rating.of(model).meaning,
    }


def summarize(
    mosaic: Mosaic,
    model: DenseModel | InstanceModel,
    backend: Backend,
    totals: Totals,
    output: Path,
) -> Summary:
    """The outcome of a run."""
    grid, traits = mosaic.grid, Traits.of(model)
    return Summary(
        buildings=totals.buildings,
        area_m2=totals.area_m2,
        megapixels=grid.height * grid.width / 1e6,
        gsd_m=grid.gsd_m,
        tiles=_tile_counts(backend),
        dropped=backend.dropped(),
        stitched=backend.stage.resolved,
        open_buildings=backend.tally.counts["open_most"],
        seconds=backend.tally.elapsed(),
        peak_rss_mb=round(peak_rss_mb(), 1),
        model={"name": traits.name, "sha256": traits.sha256},
        output=str(output),
    )


def _tile_counts(backend: Backend) -> TileCounts:
    counts = backend.tally.counts
    return TileCounts(counts["tiles_done"], counts["tiles_skipped"], counts["blocks_failed"])
