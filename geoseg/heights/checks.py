"""Is it a surface at all? Looked at in a few places, before the work."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from geoseg.errors import UsageError
from geoseg.heights.places import Boxes
from geoseg.heights.store import Footprints
from geoseg.heights.surface import Heights, Surface
from geoseg.heights.terrain import Terrain
from geoseg.types import Window

LOOKS = 25
"""Places that are looked at."""
LOOK_PX = 64
"""Their side, pixels."""
STEEP = 1.5
"""Where half of all neighbours differ by so many times their distance, it is no surface."""
SHADES = 256
"""A hillshade has whole numbers below this."""
WHOLE = 1e-6
"""Numbers no farther from whole ones are whole."""
MANY_SHADES = 64
"""And at least so many of them."""
HIGHER_M = 1.0
"""A terrain model above the surface by more than this, at most places, is no terrain model."""


def require_surface(footprints: Footprints, boxes: Boxes, surface: Surface) -> None:
    """Refuse a surface that lies elsewhere, and pictures.

    Raises:
        UsageError: it does, or it is one.
    """
    if not footprints.rows:
        return
    source = surface.source
    with np.errstate(invalid="ignore"):
        meets = (boxes[:, 2] > 0) & (boxes[:, 3] > 0)
        meets &= (boxes[:, 0] < source.width) & (boxes[:, 1] < source.height)
    if not meets.any():
        raise UsageError(
            f"none of the {footprints.rows} footprints of {footprints.label} lies on {surface.name}; "
            f"their CRSs are {footprints.crs.name!r} and {surface.crs.name!r}: is the surface of another "
            "place, or is one of the CRSs wrong?"
        )
    looks = [surface.read(window) for window in _looks(boxes[meets], surface)]
    seen = np.concatenate([look[np.isfinite(look)] for look in looks])
    steps = np.concatenate([np.abs(np.diff(look, axis=1)).ravel() for look in looks])
    step = float(np.median(steps[np.isfinite(steps)])) if np.isfinite(steps).any() else 0.0
    rough = step > STEEP * source.pixel.col_m
    if rough or (step > 0 and _is_shade(seen / surface.scale)):
        raise UsageError(
            f"{surface.name} holds a picture and not heights: grey levels, or steps at every pixel as in "
            "a hillshade or a photo; give the surface model that it was made of"
        )


def require_terrain(boxes: Boxes, surface: Surface, terrain: Surface, reader: Terrain) -> None:
    """Refuse a terrain model that lies elsewhere, or above the surface.

    Raises:
        UsageError: it does.
    """
    differences = []
    for window in _looks(boxes, surface):
        difference = reader.read(window, 1) - surface.read(window)
        differences.append(difference[np.isfinite(difference)])
    all_of_them = np.concatenate([np.zeros(0), *differences])
    if not len(all_of_them):
        raise UsageError(
            f"{terrain.name} tells nothing where {surface.name} and the footprints are; give the terrain "
            "model of the same place"
        )
    if np.median(all_of_them) > HIGHER_M:
        raise UsageError(
            f"{terrain.name} lies {np.median(all_of_them):.1f} m above {surface.name} at most places: "
            "were --dsm and --dtm exchanged, or do they count in two units or from two vertical datums?"
        )


def _looks(boxes: Boxes, surface: Surface) -> Iterator[Window]:
    """Windows around some footprints, evenly among those on the surface."""
    source = surface.source
    middle = (boxes[:, :2] + boxes[:, 2:]) / 2
    inside = np.isfinite(middle).all(axis=1) & (middle >= 0).all(axis=1)
    inside &= (middle[:, 0] < source.width) & (middle[:, 1] < source.height)
    some = middle[inside]
    for at in np.unique(np.linspace(0, max(len(some) - 1, 0), LOOKS).astype(int)):
        if at < len(some):
            col, row = np.floor(some[at]).astype(int) - LOOK_PX // 2
            yield Window(int(row), int(col), LOOK_PX, LOOK_PX)


def _is_shade(numbers: Heights) -> bool:
    """Grey levels: many whole numbers of eight bits."""
    whole = np.round(numbers)
    if np.abs(numbers - whole).max() > WHOLE or numbers.min() < 0 or numbers.max() >= SHADES:
        return False
    return len(np.unique(whole)) >= MANY_SHADES
