"""GeoParquet, always read by pyarrow: GDAL's usual builds do not know it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.errors import ShapelyError

from geoseg.earth.crs import understood
from geoseg.errors import UnreadableVectorError
from geoseg.files.parse import ParseError, parse_json
from geoseg.vectors.address import Address, suffix_of

EXTENSIONS = (".parquet", ".geoparquet")
"""Extensions that mean GeoParquet."""
KEY = b"geo"
"""Where a file's metadata say what is in its columns of outlines."""
WITHOUT = (
    "it lacks the metadata 'geo', which tell the column of the outlines and their CRS; the to_parquet of a "
    "GeoDataFrame writes them"
)
"""Said of Parquet as other programs write it."""
MAGIC = b"PAR1"
"""First bytes of a Parquet file, whatever its name."""
ATTRS = b"PANDAS_ATTRS"
"""Key under which geopandas keeps the ``attrs`` of a table, as JSON."""
DEFAULT_CRS = "OGC:CRS84"
"""Where a file names no CRS, by the specification."""

Box = tuple[float, float, float, float]
"""Left, bottom, right, top in a layer's CRS."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a GeoParquet file says about itself."""

    geometry: str
    """Name of its main geometry column."""
    kinds: tuple[str, ...]
    """Types of its geometries; empty: not known."""
    crs: CRS | None
    """Its CRS; None where it says that it has none."""
    columns: tuple[str, ...]
    """Names of its columns beside that one."""
    numbers: tuple[str, ...]
    """Those that hold numbers or booleans."""
    covered: bool
    """Each row has its box in a column, so that a part can be read alone."""
    rows: int
    """Number of rows."""


def is_geoparquet(path: Address) -> bool:
    """Whether a file is read as GeoParquet, by its extension or else by its first bytes."""
    if suffix_of(path) in EXTENSIONS:
        return True
    if isinstance(path, str):
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except OSError:
        return False


def as_folder(path: Address) -> UnreadableVectorError | None:
    """What to say of a folder of Parquet files, as engines for large tables write them: how to make one file.

    None of anything else. Its name may end as that of a file.
    """
    if not (isinstance(path, Path) and path.is_dir() and next(path.rglob("*.parquet"), None)):
        return None
    return UnreadableVectorError(
        f"{path} is a folder of Parquet files, of which geoseg reads one alone; make one of them: python -c "
        f"\"import geopandas; geopandas.read_parquet({str(path)!r}).to_parquet('one.parquet')\""
    )


def read_header(path: Path) -> Header:
    """Describe a file; no row is read.

    Raises:
        UnreadableVectorError: it is no GeoParquet, or a folder of such files.
    """
    try:
        file = pq.read_metadata(path)
        geo = parse_json((file.metadata or {})[KEY])
        name = str(geo["primary_column"])
        column = geo["columns"][name]
        schema = file.schema.to_arrow_schema()
        crs = column.get("crs", DEFAULT_CRS)
        cover = _cover(column)
        names = [field for field in schema.names if field not in (name, cover)]
        return Header(
            name,
            tuple(map(str, column.get("geometry_types", ()))),
            None if crs is None else understood(crs),
            tuple(names),
            tuple(one for one in _numbers(schema) if one in names),
            cover is not None,
            file.num_rows,
        )
    except KeyError as error:
        lacking = WITHOUT if error.args == (KEY,) else f"its metadata lack {error}"
        raise _unreadable(path, lacking) from None
    except (OSError, ValueError, TypeError, pa.ArrowException, CRSError) as error:
        raise as_folder(path) or _unreadable(path, error) from None


def read_rows(
    path: Path, columns: list[str] | None = None, bbox: Box | None = None
) -> gpd.GeoDataFrame:
    """The rows as a GeoDataFrame.

    Args:
        path: The file.
        columns: Those wanted beside the geometry; None: all.
        bbox: Only rows whose own box meets this one.

    Raises:
        UnreadableVectorError: it is no GeoParquet, or damaged.
    """
    wanted = None
    if columns is not None:
        header = read_header(path)
        wanted = [*(name for name in columns if name in header.columns), header.geometry]
    part = bbox if bbox is not None and read_header(path).covered else None
    try:
        frame = gpd.read_parquet(path, columns=wanted, bbox=part)
    except (OSError, ValueError, TypeError, KeyError, pa.ArrowException, ShapelyError) as error:
        raise _unreadable(path, error) from None
    if bbox is None:
        return frame
    near = frame.sindex.query(shapely.box(*bbox), sort=True)
    return frame.iloc[near].reset_index(drop=True)


def read_file_metadata(path: Path, key: str) -> str | None:
    """A text of the file's own metadata, or of the ``attrs`` of a table that geopandas wrote; None where there is none."""
    try:
        stored = pq.read_metadata(path).metadata or {}
    except (OSError, pa.ArrowException):
        return None
    if (text := stored.get(key.encode())) is not None:
        return str(text, errors="replace")
    return _of_attrs(stored.get(ATTRS, b"{}"), key)


def _of_attrs(text: bytes, key: str) -> str | None:
    try:
        attrs = parse_json(text)
    except ParseError:
        return None
    return json.dumps(attrs[key]) if isinstance(attrs, dict) and key in attrs else None


def _numbers(schema: pa.Schema) -> tuple[str, ...]:
    kinds = (pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean)
    return tuple(field.name for field in schema if any(is_kind(field.type) for is_kind in kinds))


def _cover(column: dict[str, Any]) -> str | None:
    """Name of the column with each row's box; None where there is none."""
    try:
        return str(column["covering"]["bbox"]["xmin"][0])
    except (KeyError, IndexError, TypeError):
        return None


def _unreadable(path: Path, reason: Any) -> UnreadableVectorError:  # noqa: ANN401  # text or error
    return UnreadableVectorError(f"{path} is no GeoParquet file ({' '.join(str(reason).split())})")
