"""From a layer with heights to a file of a 3D town."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from pyproj import CRS
from pyproj.exceptions import CRSError

from geoseg.city.cityjson import write_cityjson
from geoseg.city.outcome import Converted
from geoseg.city.rings import town_of
from geoseg.city.solids import write_solids
from geoseg.earth.ground import same_crs
from geoseg.errors import UsageError
from geoseg.export.layer import horizontal_crs
from geoseg.files.target import check_target, require_other
from geoseg.vectors.layers import VectorInput
from geoseg.vectors.load import load
from geoseg.vectors.metadata import read_metadata

EXTENSIONS = (".json", ".gpkg")
"""CityJSON, and MultiPolygonZ."""


def make(
    buildings: VectorInput, output: Path, *, layer: str | None, crs: str | None, overwrite: bool
) -> Converted:
    """Write the town; see :func:`geoseg.city.convert`."""
    require_other(output, [buildings])
    check_target(output, EXTENSIONS, overwrite=overwrite)
    loaded = load(buildings, "buildings", layer=layer, preferred="buildings")
    frame = loaded.frame.reset_index(drop=True)
    flat = horizontal_crs(loaded.crs)
    epsg = _asked(crs, flat) if crs is not None else _stated(buildings, flat)
    town = town_of(frame, flat, loaded.label)
    if output.suffix.lower() == ".gpkg":
        write_solids(town, frame, output, flat)
    else:
        write_cityjson(town, frame, output, epsg)
    on_plain = not np.isfinite(frame["ground_m"].astype("float64")).any()
    return Converted(
        output=output,
        rows=len(frame),
        solids=int((town.high > town.low).sum()),
        without_height=town.without_height,
        left_out=town.left_out,
        shared_walls=int(town.shared.sum()),
        notes=tuple(_notes(output, flat, epsg=epsg, on_plain=on_plain)),
    )


def _notes(output: Path, crs: CRS, *, epsg: int | None, on_plain: bool) -> Iterator[str]:
    if on_plain:
        yield "no elevation of the ground is known, so all buildings stand at 0"
    if output.suffix.lower() == ".json" and epsg is None:
        yield (
            f"no referenceSystem is written: the vertical datum is not known; x and y are in {crs.name}. "
            "Name the 3D CRS with --crs, such as EPSG:7415"
        )


def _asked(code: str, flat: CRS) -> int:
    """The EPSG code of the 3D CRS that the user names.

    Raises:
        UsageError: it is no 3D CRS of EPSG, or another one than that of the buildings.
    """
    try:
        crs = CRS.from_user_input(code)
    except CRSError:
        raise UsageError(f"--crs {code} is no CRS; give a 3D one, such as EPSG:7415") from None
    epsg = crs.to_epsg()
    if len(crs.axis_info) != 3 or epsg is None:  # noqa: PLR2004
        raise UsageError(
            f"--crs {code} ({crs.name}) is not a 3D CRS with a code of EPSG; give one with heights, "
            "such as EPSG:7415"
        )
    if not same_crs(horizontal_crs(crs), flat):
        raise UsageError(
            f"--crs {code} is {crs.name}, but the buildings are in {flat.name}; name the 3D CRS whose "
            "horizontal part that is"
        )
    return int(epsg)


def _stated(buildings: VectorInput, flat: CRS) -> int | None:
    """That of the surface that the heights came from; None where it is not known or another one."""
    if not isinstance(buildings, (str, Path)):
        return None
    code = read_metadata(Path(buildings)).get("heights", {}).get("crs_3d")
    try:
        return None if code is None else _asked(str(code), flat)
    except UsageError:
        return None
