"""A redrawn layer into a file, with what came with it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from geoseg.attributes.measure import MEASURES
from geoseg.export.frames import of_buildings
from geoseg.export.gpkg_edit import LayerEdit, is_editable
from geoseg.export.output import write_edited_layer, write_layers
from geoseg.export.schema import LAYER
from geoseg.redraw.own import About
from geoseg.vectors.layers import open_layer
from geoseg.vectors.metadata import KEY
from geoseg.vectors.observed import extent_parts

if TYPE_CHECKING:
    import geopandas as gpd

    from geoseg.vectors.layers import VectorInput


def write_drawn(
    drawn: gpd.GeoDataFrame,
    path: Path,
    origin: tuple[VectorInput, str | None],
    about: About,
    *,
    zoom: tuple[int, int] | None = None,
) -> None:
    """Write a redrawn layer; from GeoPackage to GeoPackage by changing a copy of the file.

    Args:
        drawn: The layer.
        path: Where to.
        origin: What it was read from: a file or table, and the layer that was asked for.
        about: What is known of that.
        zoom: First and last zoom of tiles; None: what suits the area.
    """
    run, (source, layer) = drawn.attrs.get(KEY, {}) if about.metadata else {}, origin
    if isinstance(source, (str, Path)) and path.suffix.lower() == ".gpkg":
        name = open_layer(Path(source), layer, LAYER).name
        if name is not None and is_editable(Path(source), name):
            write_edited_layer(Path(source), path, _edit(name, drawn, about, run))
            return
    written = of_buildings(drawn, own=bool(run), run=run, extent=extent_parts(source, layer))
    write_layers([written], path, zoom=zoom)


def _edit(name: str, drawn: gpd.GeoDataFrame, about: About, run: dict[str, Any]) -> LayerEdit:
    """What is new in a layer."""
    measured = [name for name in MEASURES if about.grid is not None and name in drawn]
    new = [about.column, *measured]
    columns = {name: _plain(drawn[name].to_numpy(dtype=object)) for name in new}
    outlines = np.asarray(drawn.geometry.array, dtype=object)
    return LayerEdit(name, outlines, columns, json.dumps(run, ensure_ascii=False) if run else None)


def _plain(values: Any) -> list[object]:  # noqa: ANN401  # an array of anything
    """None where there is no value."""
    return [None if value is None or value != value else value for value in values]  # noqa: PLR0124
