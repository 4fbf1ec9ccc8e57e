"""Ways from one CRS into another, made once: PROJ takes milliseconds to find each."""

from __future__ import annotations

import math
from functools import lru_cache

from pyproj import CRS, Transformer

_KEPT = 64
"""Ways at hand; a run has three or four."""
_SEVERAL = "unavailable until proj_trans is called"
"""What pyproj calls the definition of a way that PROJ chooses anew for every point."""


@lru_cache(maxsize=_KEPT)
def way(source: CRS, target: CRS) -> Transformer:
    """From x and y (longitude and latitude) of one CRS to those of another.

    A Transformer may be used by several threads: pyproj makes one of PROJ's for each of them.
    """
    return Transformer.from_crs(source, target, always_xy=True)


def has_several(source: CRS, target: CRS) -> bool:
    """Whether PROJ chooses among several transformations for every point."""
    return bool(way(source, target).definition == _SEVERAL)


def one_way(source: CRS, target: CRS, x: float, y: float) -> Transformer:
    """The way that PROJ takes at (x, y) of ``source``, for shapes around there; for one thread alone.

    Between some datums there are several transformations, each with a box where it is used, and :func:`way` chooses anew for
    every point. They differ by metres to tens of metres, so a building on the edge of two boxes would come out longer by
    that much. A layer is carried by one of them, as GIS programs do.
    """
    general = way(source, target)
    if not has_several(source, target) or not all(map(math.isfinite, general.transform(x, y))):
        return general
    return general.get_last_used_operation()
