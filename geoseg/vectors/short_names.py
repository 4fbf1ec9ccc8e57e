"""Names of geoseg's columns as other programs write them: cut to ten letters in shapefiles, or in capitals."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

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
RECKONED = ("area_m2", "confidence", "presence", "at_edge", "height_m", "ground_m")
"""Those whose numbers are reckoned with, known in capitals, too."""
SHAPEFILES = (".shp", ".shz", ".dbf")
"""Extensions of shapefiles; in an archive, of the file within."""


def long_names(path: Address, stored: Iterable[str]) -> dict[str, str]:
    """Names to use for the columns of a file, in order, and what each is called in it.

    Long ones in a shapefile; and in any file those that verbs reckon with in lower case.
    """
    names = list(stored)
    short = suffix_of(path) in SHAPEFILES or str(path).lower().endswith(".shp.zip")
    meant = {name: _meant(name, LONG if short else {}) for name in names}
    several = Counter(meant.values())
    return {
        name if meant[name] in names or several[meant[name]] > 1 else meant[name]: name
        for name in names
    }


def _meant(name: str, long: Mapping[str, str]) -> str:
    lower = name.lower()
    return lower if lower in RECKONED else long.get(lower, name)


def in_capitals(names: Mapping[str, str]) -> dict[str, str]:
    """Those of :func:`long_names` whose case alone is another, and what they are called in the file."""
    return {name: old for name, old in names.items() if name != old and name == old.lower()}
