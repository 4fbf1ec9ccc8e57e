"""What is told of a run: in the metadata of the file it wrote, in its frame, and in its summary.

By what took effect, not by what was asked for: a default of today may be another one tomorrow.
"""

from __future__ import annotations

import shlex
import sys
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoseg.addresses.secrets import without_secrets
from geoseg.attributes.confidence import Rating
from geoseg.raster.remote import is_remote
from geoseg.raster.services import shown
from geoseg.run.summary import Summary, TileCounts
from geoseg.version import __version__, versions

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import pyarrow as pa

    from geoseg.models.traits import Traits
    from geoseg.raster import Mosaic, Source
    from geoseg.raster.blank import Fill
    from geoseg.run.job import Backend
    from geoseg.settings import AreaRecord, PredictSettings


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


def run_record(
    mosaic: Mosaic, traits: Traits, settings: PredictSettings, backend: Backend
) -> dict[str, Any]:
    """How buildings were found, as JSON; docs/output.md explains it."""
    from geoseg.raster.advice import mosaic_warnings

    return {
        "software": "geoseg",
        "version": __version__,
        "versions": versions(),
        "started": _utc(backend.tally.began),
        "ended": _utc(datetime.now(UTC)),
        "command": command_line(sys.argv),
        "model": traits.as_dict(),
        "device": traits.device or None,
        "precision": traits.precision or None,
        "runtime": traits.runtime or None,
        "processor": traits.processor or None,
        "parameters": _parameters(mosaic, traits, settings, backend),
        "blank": [_fill(fill) for fill in mosaic.fills],
        "warnings": list(mosaic_warnings(mosaic, traits.gsd_m)),
        "sources": [_source(source) for source in mosaic.sources],
        "stretch": _listed(mosaic.stretch),
        "grid": _grid(mosaic),
        "tiles": asdict(_tile_counts(backend)),
        "dropped": backend.dropped(),
        "confidence": Rating(traits.calibration).meaning,
        "presence": Rating(traits.calibration).meaning_of_presence,
        **_traffic(mosaic, backend),
    }


def _traffic(mosaic: Mosaic, backend: Backend) -> dict[str, int | None]:
    """What was read from servers."""
    remote = any(is_remote(file) for source in mosaic.sources for file in source.files)
    traffic = backend.tally.traffic() if remote else None
    return {
        "bytes_read": None if traffic is None else traffic.bytes_read,
        "requests": None if traffic is None else traffic.requests,
    }


def command_line(arguments: Sequence[str]) -> str | None:
    """What was typed, without secrets; None where geoseg was called from other code."""
    program = Path(arguments[0])
    own = program.stem == "geoseg" or program.parts[-2:] == ("geoseg", "__main__.py")
    if not own:
        return None
    return shlex.join(["geoseg", *map(without_secrets, arguments[1:])])


def summarize(
    mosaic: Mosaic, traits: Traits, backend: Backend, totals: Totals, output: Path,
    record: dict[str, Any],
) -> Summary:  # fmt: skip
    """The outcome of a run."""
    grid = mosaic.grid
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
        peak_rss_mb=round(backend.tally.memory_mb(), 1),
        model={"name": traits.name, "sha256": traits.sha256},
        output=str(output),
        warnings=list(record["warnings"]),
        record=record,
        bytes_read=record["bytes_read"],
        requests=record["requests"],
    )


def _parameters(
    mosaic: Mosaic, traits: Traits, settings: PredictSettings, backend: Backend
) -> dict[str, Any]:
    """Every setting as it took effect."""
    lattice = backend.plan.lattice
    return {
        "gsd_m": mosaic.grid.gsd_m,
        "stretch": _listed(mosaic.stretch),
        "nodata": [_plain(value) for value in settings.nodata or ()],
        "keep_blank": settings.keep_blank,
        "tile_px": lattice.core_px + 2 * lattice.context_px,
        "overlap_px": lattice.context_px,
        "core_px": lattice.core_px,
        "strip_px": settings.strip_px,
        "batch": backend.plan.batch,
        "readers": settings.readers,
        "min_area_m2": settings.min_area_m2,
        "min_confidence": Rating(traits.calibration, settings.min_confidence).least,
        "tta": traits.averaged,
        "shape": settings.shape,
        "date": settings.date,
        "aoi": _area(settings.aoi),
        "skip_errors": settings.skip_errors,
    }


def _area(area: AreaRecord | None) -> dict[str, Any] | None:
    if area is None:
        return None
    path = None if area.path is None else without_secrets(area.path)
    return area.model_copy(update={"path": path}).model_dump(mode="json")


def _source(source: Source) -> dict[str, Any]:
    return {
        "path": shown(source.path),
        "bands": list(source.bands.rgb),
        "bands_by": source.bands.reason,
        "dates": dict(source.dates),
    }


def _plain(value: float | tuple[float, ...]) -> float | list[float]:
    return list(value) if isinstance(value, tuple) else value


def _fill(fill: Fill) -> dict[str, Any]:
    where = "everywhere" if fill.everywhere else "large areas"
    return {"values": list(fill.values), "where": where, "given": fill.given}


def _grid(mosaic: Mosaic) -> dict[str, Any]:
    grid = mosaic.grid
    return {
        "crs": grid.crs.to_string(),
        "transform": list(grid.transform)[:6],
        "height": grid.height,
        "width": grid.width,
        "gsd_m": grid.gsd_m,
        "resampled": mosaic.resampled,
    }


def _listed(pair: tuple[float, float] | None) -> list[float] | None:
    return None if pair is None else list(pair)


def _utc(time: datetime) -> str:
    return time.isoformat(timespec="seconds").replace("+00:00", "Z")


def _tile_counts(backend: Backend) -> TileCounts:
    counts = backend.tally.counts
    return TileCounts(counts["tiles_done"], counts["tiles_skipped"], counts["blocks_failed"])
