"""What a file says beside its rows."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa
from pydantic import JsonValue
from pyproj import CRS

from geoseg.export.schema import COLUMN_NAMES, COLUMNS, LAYER, SCHEMA, Column
from geoseg.export.styles.buildings import building_styles
from geoseg.export.styles.style import Style

LAYER_DESCRIPTION = (
    "Roof outlines of buildings seen in aerial or satellite imagery, one polygon per building."
)

EXTENT_DESCRIPTION = "Area in which buildings were looked for: the valid pixels."


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """Facts that every format stores in its own way."""

    crs: CRS
    """CRS of the outlines, two-dimensional."""
    name: str = LAYER
    """Name of the layer, in formats that name layers."""
    schema: pa.Schema = field(default_factory=lambda: SCHEMA)
    """The columns in order, the geometry last."""
    geometry_types: tuple[str, ...] = ("Polygon",)
    """Which of Polygon and MultiPolygon there are."""
    without_place: int = 0
    """Rows whose geometry is missing or empty: no spatial index holds them."""
    description: str = ""
    """One sentence on the layer."""
    columns: tuple[Column, ...] = ()
    """Columns whose meaning is stored."""
    styles: tuple[Style, ...] = ()
    """That QGIS offers, the default first; only a GeoPackage holds them."""
    run_metadata: Mapping[str, JsonValue] | None = None
    """How the layer was made, see docs/output.md; None where no run made it."""
    extent: Sequence[bytes] | None = None
    """The observed area as WKB polygons in ``crs``, where known; a layer of a GeoPackage, a note of GeoParquet."""
    extent_description: str = EXTENT_DESCRIPTION
    """One sentence on that layer."""
    has_z: bool = False
    """The geometries have heights."""
    zoom: tuple[int, int] | None = None
    """First and last zoom of tiles; None: what suits the area."""
    notes: tuple[str, ...] = ()
    """What of the rows the file does not hold, part of a sentence each."""

    def __post_init__(self) -> None:
        # What JSON cannot hold is refused before anything is written.
        _ = self.run_json

    @property
    def run_json(self) -> str | None:
        """The run's metadata as JSON text."""
        if self.run_metadata is None:
            return None
        return json.dumps(self.run_metadata, ensure_ascii=False, allow_nan=False)

    @property
    def geometry(self) -> str:
        """Name of the geometry column in ``schema``."""
        return str(self.schema.names[-1])

    @property
    def attributes(self) -> tuple[str, ...]:
        """Names of the other columns."""
        return tuple(self.schema.names[:-1])

    @property
    def geometry_type(self) -> str:
        """The type that all geometries have, or can be given."""
        flat = "MultiPolygon" if "MultiPolygon" in self.geometry_types else "Polygon"
        return f"{flat} Z" if self.has_z else flat


def buildings_layer(
    crs: CRS, run_metadata: Mapping[str, JsonValue], extent: Sequence[bytes] | None
) -> LayerInfo:
    """The layer of the contract."""
    return LayerInfo(
        horizontal_crs(crs),
        description=LAYER_DESCRIPTION,
        columns=COLUMNS,
        styles=building_styles(COLUMN_NAMES, COLUMNS),
        run_metadata=run_metadata,
        extent=extent,
    )


def horizontal_crs(crs: CRS) -> CRS:
    """The two-dimensional part of a compound or 3D CRS: outlines have no heights."""
    if crs.is_compound:
        return horizontal_crs(crs.sub_crs_list[0])
    return crs.to_2d()
