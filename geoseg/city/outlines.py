"""Outlines of buildings in another format, with all columns as they are."""

from __future__ import annotations

from pathlib import Path

import pyogrio

from geoseg.city.outcome import Converted
from geoseg.export.formats import FORMATS
from geoseg.export.frames import of_buildings
from geoseg.export.output import require_held, write_layers
from geoseg.export.schema import LAYER, is_own
from geoseg.export.zoom import Zooms
from geoseg.files.target import extension_of
from geoseg.vectors.exact import load_exact
from geoseg.vectors.layers import EXTENT_LAYER, VectorInput, open_layer
from geoseg.vectors.metadata import read_metadata
from geoseg.vectors.observed import extent_parts


def write_outlines(
    buildings: VectorInput, path: Path, *, layer: str | None, zoom: Zooms | None
) -> Converted:
    """Write all rows in order: types, nulls, parts and heights as far as the format has them.

    Raises:
        UnreadableVectorError: there is no such file or layer, it holds no polygons, or has no CRS.
        UsageError: the format cannot hold a column, or a row is no polygon.
        OutputError: it cannot be written.
    """
    read = load_exact(buildings, "buildings", layer=layer, preferred=LAYER)
    require_held(read.frame, path)
    run = read_metadata(Path(buildings)) if isinstance(buildings, (str, Path)) else {}
    names = [str(name) for name in read.frame.columns if name != read.frame.active_geometry_name]
    extent = extent_parts(buildings, layer)
    written = of_buildings(read.frame, own=is_own(names, run), run=run, extent=extent, heights=True)
    rows = write_layers([written], path, zoom=zoom)
    return Converted(
        output=path, rows=rows, solids=0, without_height=0, left_out=0, shared_walls=0,
        outlines=rows, notes=_left_behind(buildings, layer, path),
    )  # fmt: skip


def _left_behind(buildings: VectorInput, layer: str | None, path: Path) -> tuple[str, ...]:
    """Which other layers of the file are not written."""
    if not isinstance(buildings, (str, Path)):
        return ()
    opened = open_layer(buildings, layer, preferred=LAYER)
    if opened.name is None:
        return ()
    kept = {opened.name, *([EXTENT_LAYER] if FORMATS[extension_of(path)].extent else ())}
    others = [str(name) for name, kind in pyogrio.list_layers(opened.path)
              if kind is not None and name not in kept]  # fmt: skip
    if not others:
        return ()
    return (f"the layer {opened.name} alone is written, without {', '.join(others)}",)
