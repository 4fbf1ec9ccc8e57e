"""Heights of footprints, as a file or as a frame."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np

from geoseg.earth.reproject import areas_m2
from geoseg.export.formats import FORMATS
from geoseg.export.opening import open_output
from geoseg.export.output import write_batches
from geoseg.export.zoom import Zooms
from geoseg.files.atomic import scratch_folder
from geoseg.files.target import extension_of, require_other
from geoseg.heights.columns import HEIGHT_NAMES, height_arrays
from geoseg.heights.finding import Ground, HeightInput, find, grounds
from geoseg.heights.layer import batches_of, described, layer_of
from geoseg.heights.outcome import Heights, outcome
from geoseg.heights.store import in_memory, keep
from geoseg.progress import Progress
from geoseg.vectors.layers import VectorInput, geometry_of
from geoseg.vectors.load import load
from geoseg.vectors.metadata import read_metadata
from geoseg.vectors.observed import carry_extent, extent_parts
from geoseg.vectors.polygons import sound
from geoseg.version import __version__, versions


def to_frame(
    footprints: VectorInput, given: HeightInput, progress: Progress, *, layer: str | None
) -> tuple[gpd.GeoDataFrame, Heights]:
    """The footprints as a new frame with heights, and the counts."""
    loaded = load(footprints, "footprints", layer=layer, preferred="buildings")
    frame = loaded.frame
    bare = in_memory(frame[[frame.active_geometry_name]], loaded.label)
    with grounds(given) as ground:
        numbers = find(bare, ground, progress)
        found = outcome(numbers, ground, None, invalid=bare.count_invalid())
    area_m2 = areas_m2(sound(geometry_of(frame)), bare.crs)
    arrays = height_arrays(numbers, area_m2, has_ground=not ground.above_ground)
    earlier = [name for name in frame.columns if str(name).lower() in HEIGHT_NAMES]
    kept = frame.drop(columns=earlier)
    values = {name: array.to_pandas() for name, array in zip(HEIGHT_NAMES, arrays, strict=True)}
    out = kept.assign(**{name: np.asarray(column) for name, column in values.items()})
    carry_extent(out, footprints, layer)
    return out, found


def to_file(
    footprints: VectorInput,
    output: Path,
    given: HeightInput,
    progress: Progress,
    *,
    layer: str | None,
    overwrite: bool,
    zoom: Zooms | None,
) -> Heights:
    """Write the footprints with heights; of a large file only a part is in memory at a time."""
    rasters = [one for one in (given.dsm, given.dtm, given.ndsm) if one is not None]
    require_other(output, [footprints, *rasters])
    target = open_output(output, overwrite=overwrite)
    holds = FORMATS[extension_of(target)]
    with scratch_folder(target, "footprints") as scratch:
        kept = keep(footprints, scratch, layer=layer, holds=holds)
        with grounds(given) as ground:
            numbers = find(kept, ground, progress)
            found = outcome(numbers, ground, target, invalid=kept.count_invalid())
            record = _record(footprints, ground, found)
        extent = extent_parts(footprints, layer)
        info, multi = layer_of(kept, mixed=holds.mixed, record=record, extent=extent)
        rows = batches_of(kept, numbers, info, multi=multi, has_ground=not ground.above_ground)
        write_batches(target, rows, replace(info, zoom=zoom))
    return found


def _record(footprints: VectorInput, ground: Ground, found: Heights) -> dict[str, Any]:
    """How the heights were made; what the file says of its buildings' own making stays."""
    earlier = read_metadata(Path(footprints)) if isinstance(footprints, (str, Path)) else {}
    made = {"software": "geoseg", "version": __version__, "versions": versions()}
    counts = {k: v for k, v in found.as_dict().items() if k != "output"}
    return {**(earlier or made), "heights": {**made, **described(ground), **counts}}
