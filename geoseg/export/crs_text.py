"""The text by which GDAL is told a CRS, such that the file says the same.

GDAL's GeoPackage and FlatGeobuf look for a code where a CRS has none, and take a UTM zone in feet or
kilometres for the one in metres: outlines would lie on another continent, with ten times their area.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pyarrow as pa
import pyogrio
from pyproj import CRS
from pyproj.exceptions import CRSError

from geoseg.earth.crs import SAME_UNIT
from geoseg.earth.reproject import metres_per_unit
from geoseg.errors import OutputError

GUESSING = {"GPKG": ".gpkg", "FlatGeobuf": ".fgb"}
"""Drivers that look for a code, and their extension."""
NO_ZONE_DEG = 1e-12
"""A latitude of origin that no zone has, and that moves nothing by a tenth of a micrometre."""
ORIGIN = ("Latitude of natural origin", 8801)
"""Name and EPSG code of that parameter."""


def crs_text(crs: CRS, driver: str) -> str:
    """WKT of ``crs`` from which ``driver`` makes a file in the same unit.

    Raises:
        OutputError: There is none.
    """
    unit_m = metres_per_unit(crs)
    if driver not in GUESSING or not crs.is_projected or unit_m == 1:
        return str(crs.to_wkt())
    for text in _texts(crs):
        if abs(metres_per_unit(_kept(text, driver)) / unit_m - 1) < SAME_UNIT:
            return text
    raise OutputError(
        f"{driver} takes the CRS '{crs.name}' for another one, in metres; write another format, such as .parquet"
    )


def _texts(crs: CRS) -> Iterator[str]:
    """The CRS in words that a driver may take in other ways, the best first."""
    yield crs.to_wkt()
    with suppress(CRSError):
        yield crs.to_wkt("WKT1_GDAL")
    yield _beside_the_zone(crs).to_wkt()


def _beside_the_zone(crs: CRS) -> CRS:
    told = crs.to_json_dict()
    for parameter in told["conversion"]["parameters"]:
        if parameter["name"] == ORIGIN[0] or parameter.get("id", {}).get("code") == ORIGIN[1]:
            parameter["value"] = parameter["value"] or NO_ZONE_DEG
    return CRS.from_json_dict(told)


def _kept(text: str, driver: str) -> CRS:
    """What a file without rows says of a CRS."""
    table = pa.table({"geometry": pa.array([], pa.binary())})
    with TemporaryDirectory() as folder:
        trial = Path(folder) / f"trial{GUESSING[driver]}"
        pyogrio.write_arrow(
            table,
            trial,
            driver=driver,
            geometry_name="geometry",
            geometry_type="Polygon",
            crs=text,
        )
        return CRS.from_user_input(pyogrio.read_info(trial)["crs"])
