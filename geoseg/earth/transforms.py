"""Ways from one CRS into another, made once: PROJ takes milliseconds to find each."""

from __future__ import annotations

from functools import lru_cache

from pyproj import CRS, Transformer

_KEPT = 64
"""Ways at hand; a run has three or four."""


@lru_cache(maxsize=_KEPT)
def way(source: CRS, target: CRS) -> Transformer:
    """From x and y (longitude and latitude) of one CRS to those of another.

    A Transformer may be used by several threads: pyproj makes one of PROJ's for each of them.
    """
    return Transformer.from_crs(source, target, always_xy=True)
