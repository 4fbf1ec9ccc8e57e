"""Names of geoseg's columns in shapefiles, which have room for ten letters."""

from __future__ import annotations

from collections.abc import Iterable

from geoseg.vectors.address import Address, suffix_of

SHORT = {
    "building_id": "bldg_id",
    "perimeter_m": "perim_m",
    "orientation_deg": "orient_deg",
    "height_max_m": "hgt_max_m",
    "height_coverage": "hgt_cover",
}
"""Those that are longer, and what they become."""
CUT = {long[:10]: long for long in SHORT}
"""What other programs make of them."""
LONG = {short: long for long, short in SHORT.items()} | CUT
"""What they are called again when they are read."""
SHAPEFILES = (".shp", ".shz", ".dbf")
"""Extensions of shapefiles; in an archive, of the file within."""


def long_names(path: Address, stored: Iterable[str]) -> dict[str, str]:
    """Names to use for the columns of a file, in order, and what each is called in it."""
    names = list(stored)
    if suffix_of(path) not in SHAPEFILES and not str(path).lower().endswith(".shp.zip"):
        return {name: name for name in names}
    return {_long(name, names): name for name in names}


def _long(name: str, names: list[str]) -> str:
    """The long name, unless another column has it, too."""
    long = LONG.get(name, name)
    alone = long not in names and sum(LONG.get(other) == long for other in names) == 1
    return long if alone else name
