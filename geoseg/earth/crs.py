"""CRSs as they come with a file, and the longitude and latitude under them."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.exceptions import CRSError

DEGREE = math.radians(1)
TOWARDS = {"east": (1.0, 0.0), "west": (-1.0, 0.0), "north": (0.0, 1.0), "south": (0.0, -1.0)}
"""A step along an axis by its direction, to the east and to the north."""
SAME_UNIT = 1e-12
"""Relative difference of two units that are one, written with fewer digits."""
ADVICE = "reproject it first, for example with gdalwarp -t_srs EPSG:25832"


def understood(given: object) -> CRS:
    """The CRS that a file or a table names, by code, WKT or any object that pyproj takes.

    Codes newer than pyproj's register are looked up in that of rasterio, which has its own.

    Raises:
        pyproj.exceptions.CRSError: Neither knows it.
    """
    try:
        return CRS.from_user_input(given)
    except CRSError:
        wkt = _wkt_of_code(given) if isinstance(given, str) else None
        if wkt is None:
            raise
        return CRS.from_wkt(wkt)


def _wkt_of_code(code: str) -> str | None:
    """WKT of a code by rasterio's register, None where it has none."""
    import rasterio
    from rasterio.errors import CRSError as RasterioCRSError

    try:
        with rasterio.Env():  # else GDAL prints what it thinks of the code
            return str(rasterio.CRS.from_user_input(code).to_wkt(version="WKT2_2019"))
    except RasterioCRSError:
        return None


def misplaced(crs: CRS) -> str | None:
    """Why places in ``crs`` cannot be found on the globe, a sentence; None where they can."""
    if crs.is_geocentric:
        why = "counts from the Earth's centre and has no map"
    elif crs.geodetic_crs is None:
        return (
            f"the CRS '{crs.name}' is local: it has no place on the globe; assign the true CRS, for "
            "example with rio edit-info --crs EPSG:25832 on a copy"
        )
    elif crs.geodetic_crs.is_derived:
        why = "is derived from longitude and latitude, for example by a rotated pole"
    else:
        return None
    return f"the CRS '{crs.name}' {why}; {ADVICE}"


def code_and_name(crs: CRS) -> str:
    """Such as "EPSG:32645 (WGS 84 / UTM zone 45N)"; of a CRS without a code its name."""
    authority = crs.to_authority()
    return f"{':'.join(authority)} ({crs.name})" if authority else str(crs.name)


@lru_cache(maxsize=256)
def geographic_base(crs: CRS) -> CRS | None:
    """Longitude and latitude on the datum of ``crs``, in degrees from Greenwich.

    Some countries count in grads from Paris or in arc-seconds; UTM zones and geodesics do not.
    None where :func:`misplaced` says why.
    """
    if misplaced(crs) is not None:
        return None
    base = crs.to_2d().geodetic_crs
    if base is None or _in_degrees_from_greenwich(base):
        return base
    told = base.to_json_dict()
    for name in ("id", "ids", "scope", "area", "bbox", "usages"):
        told.pop(name, None)
    datum = told.get("datum") or told["datum_ensemble"]
    for name in ("prime_meridian", "id"):
        datum.pop(name, None)
    for axis in told["coordinate_system"]["axis"]:
        axis["unit"] = "degree"
    return CRS.from_json_dict({**told, "name": f"{base.name}, degrees from Greenwich"})


def _in_degrees_from_greenwich(base: CRS) -> bool:
    meridian = base.prime_meridian
    units = (axis.unit_conversion_factor for axis in base.axis_info)
    return (meridian is None or meridian.longitude == 0) and all(
        math.isclose(unit, DEGREE, rel_tol=SAME_UNIT) for unit in units
    )


@lru_cache(maxsize=64)
def east_and_north(crs: CRS) -> NDArray[np.float64]:
    """(2, 2) steps in x and y of ``crs``, as GDAL and pyproj with ``always_xy`` have them, to steps east and north.

    Czechia's x counts to the south and its y to the west, South Africa's x to the west. Around a pole, where
    all axes have one direction, y is north.
    """
    directions = [axis.direction.lower() for axis in crs.axis_info[:2]]
    if directions == ["north", "east"]:  # turned round on the way
        directions.reverse()
    steps = np.array([TOWARDS.get(name, (0.0, 0.0)) for name in directions]).reshape(-1, 2).T
    return steps if steps.shape == (2, 2) and np.linalg.det(steps) else np.eye(2)
