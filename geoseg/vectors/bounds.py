"""Areas given as four numbers and, where they are of another CRS, its code."""

from __future__ import annotations

import math
import os
import re
from dataclasses import dataclass
from pathlib import Path

import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.geometry.base import BaseGeometry

from geoseg.earth.crs import understood
from geoseg.errors import UsageError

FORM = "minx,miny,maxx,maxy[,EPSG]"
_NUMBER = r"\s*[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?\s*"
_TEXT = re.compile(rf"{_NUMBER}(?:,{_NUMBER}){{2,3}}(?:,[\w:+ -]*)?", re.IGNORECASE)
"""What is meant as bounds, be they right or not: three numbers and more between commas."""
CORNERS = 4
"""Numbers of bounds."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """A box."""

    box: BaseGeometry
    """Its outline."""
    crs: CRS | None
    """Of its numbers; None: that of what they are used with."""

    @classmethod
    def read(cls, given: object) -> Bounds | None:
        """The bounds that a text means, such as "85.5,27.6,85.6,27.7,4326"; None for a file's name.

        Raises:
            UsageError: they are bounds, but not usable.
        """
        if not isinstance(given, str | os.PathLike):
            return None
        text = os.fspath(given)
        if not _TEXT.fullmatch(text) or Path(text).exists():
            return None
        parts = [part.strip() for part in text.split(",")]
        corners = [float(part) for part in parts[:CORNERS] if part]
        return cls.of(corners, parts[CORNERS] if len(parts) > CORNERS else None, text)

    @classmethod
    def of(cls, corners: list[float], code: str | None, given: object) -> Bounds:
        """From numbers, the lower ones first, and a code.

        Raises:
            UsageError: they are no bounds.
        """
        if len(corners) != CORNERS or not all(map(math.isfinite, corners)):
            raise UsageError(
                f"bounds are {FORM}, as in 85.51,27.62,85.53,27.64,4326; got {given!r}"
            )
        left, bottom, right, top = corners
        if not (left < right and bottom < top):
            raise UsageError(f"bounds are {FORM}, the lower ones first; got {given!r}")
        return cls(shapely.box(left, bottom, right, top), _crs(code))


def _crs(code: str | None) -> CRS | None:
    if not code:
        return None
    try:
        return understood(f"EPSG:{code}" if code.isdigit() else code)
    except CRSError:
        raise UsageError(
            f"bounds: there is no CRS {code!r}; the fifth is an EPSG code, such as 4326"
        ) from None
