"""The output contract: the columns of every file that geoseg writes, once, as data."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pyarrow as pa

LAYER = "buildings"
"""Name of the layer in every format that names layers."""
GEOMETRY = "geometry"
"""Name of the geometry column in record batches."""


@dataclass(frozen=True, slots=True)
class Column:
    """One attribute of a building."""

    name: str
    """Column name in every format."""
    arrow_type: pa.DataType
    """Type in the parts and, as far as the format knows it, in the file."""
    title: str
    """A few words for a table's head."""
    unit: str
    """Symbol of the unit; empty where the value has none."""
    meaning: str
    """One sentence."""
    decimals: int | None = None
    """That are worth showing; None: the value as it is."""
    tab: str = "Building"
    """Page of a form that shows it."""

    @property
    def description(self) -> str:
        """The meaning with its unit, as stored in the file."""
        return f"{self.meaning} Unit: {self.unit}." if self.unit else self.meaning

    @property
    def is_share(self) -> bool:
        """True for what is stored from 0 to 1 and read as per cent."""
        return self.unit == "0..1"


ORIGIN = "Origin"
"""Page of a form for what tells where an outline comes from."""
EDITED = "edited"
"""Stands in ``shape`` for outlines that were drawn by hand."""
COLUMNS: tuple[Column, ...] = (
    Column(
        "building_id",
        pa.int64(),
        "Building",
        "",
        "Identity of the building: the smallest raster key (row * width + column) of its pixels "
        "on the analysis grid; the same for every way of cutting the raster.",
    ),
    Column("area_m2", pa.float64(), "Area", "m²", "Geodesic area of the roof outline.", 0),
    Column(
        "perimeter_m",
        pa.float64(),
        "Perimeter",
        "m",
        "Geodesic length of the outline, courtyards included.",
        1,
    ),
    Column(
        "confidence",
        pa.float32(),
        "Confidence",
        "0..1",
        "How sure the model is of this building; the run's metadata says whether the value is a "
        "calibrated probability or the raw mean over the building's pixels.",
    ),
    Column(
        "presence",
        pa.float32(),
        "Presence",
        "0..1",
        "Estimated probability that a building is there at all, whatever its outline: that half of it or more lies on "
        "roofs. Never less than the confidence. Their sum tells how many of the rows are buildings. Empty where the model "
        "does not tell.",
    ),
    Column(
        "length_m", pa.float64(), "Length", "m", "Long side of the minimum rotated rectangle.", 1
    ),
    Column(
        "width_m", pa.float64(), "Width", "m", "Short side of the minimum rotated rectangle.", 1
    ),
    Column(
        "orientation_deg",
        pa.float64(),
        "Orientation",
        "°",
        "Direction of the long side, clockwise from grid north, 0 to 180.",
        0,
    ),
    Column(
        "at_edge",
        pa.bool_(),
        "At the edge",
        "",
        "True where the building touches the edge of the valid raster: it may be cut off there.",
    ),
    Column(
        "shape",
        pa.string(),
        "Shape",
        "",
        "How the outline was drawn: regularized, simplified, circle, raw, or edited by hand.",
        tab=ORIGIN,
    ),
    Column(
        "source",
        pa.string(),
        "Source",
        "",
        "Raster that holds the building's representative point.",
        tab=ORIGIN,
    ),
    Column(
        "image_date",
        pa.string(),
        "Image date",
        "",
        "Day on which that raster was taken, year-month-day, as asked for or as the raster states it; "
        "empty where nobody says.",
        tab=ORIGIN,
    ),
)

COLUMN_NAMES: tuple[str, ...] = tuple(column.name for column in COLUMNS)
OF_RUNS = ("confidence", "at_edge", "shape", "source")
"""Columns that no outline tells, so that a run alone gives them."""
_ALWAYS = frozenset(COLUMN_NAMES) - {"presence"}
"""Those that every version has written."""

SCHEMA: pa.Schema = pa.schema(
    [
        *(pa.field(column.name, column.arrow_type) for column in COLUMNS),
        pa.field(GEOMETRY, pa.binary()),
    ]
)
"""The attributes in order, then the outline as WKB Polygon, its exterior ring counterclockwise."""


def is_own(names: Iterable[str], run: Mapping[str, object]) -> bool:
    """Whether a layer is of buildings that a run found: it has the contract's columns, or the run's grid and some of them.

    Args:
        names: Its columns.
        run: What is noted of how it was made; other verbs note something, too, but no grid.
    """
    there = set(names)
    some = "building_id" in there and not there.isdisjoint(OF_RUNS)
    return there.issuperset(_ALWAYS) or (some and "grid" in run)


def columns_in(names: Iterable[str]) -> tuple[Column, ...]:
    """Those of the contract that a layer with these columns has."""
    there = set(names)
    return tuple(column for column in COLUMNS if column.name in there)


def conform(table: pa.Table) -> pa.Table:
    """The table with exactly the contract's columns, order and types.

    Args:
        table: Must have every column of the contract; others are dropped.

    Raises:
        ValueError: A column is missing, or holds values that its type cannot.
    """
    missing = [name for name in SCHEMA.names if name not in table.column_names]
    if missing:
        raise ValueError(f"the table lacks {', '.join(missing)}; it has {table.column_names}")
    return table.select(SCHEMA.names).cast(SCHEMA)
