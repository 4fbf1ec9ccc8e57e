"""What is worth heeding about a mosaic before a model runs over it."""

from __future__ import annotations

from collections.abc import Iterator
from operator import mul

import numpy as np

from geoseg.earth.ground import affine_mapping, pixel_size
from geoseg.raster.analysis import Placement
from geoseg.raster.blank import Fill
from geoseg.raster.mosaic import Mosaic
from geoseg.raster.narrowed import narrowed
from geoseg.raster.sampling import Glance
from geoseg.raster.services import named
from geoseg.raster.source import Source
from geoseg.raster.thinned import shown_share
from geoseg.types import Grid

COARSE_FACTOR = 2.0
"""Pixels this much longer than the model's longest deserve a warning. Enlarging by less is part of
what the model does: the built-in one finds most in photos of 0.53 m where they are enlarged 1.6 times."""
BLANK_SHARE = 0.02
"""Share of pure black or white pixels that looks like a missing nodata value."""
SOFT_SHARE = 0.5
"""An alpha band that leaves more of the pixels half transparent is another band by a wrong name."""
LOW_VALID_SHARE = 0.5
"""Below it, the user may want to know."""
NOMINAL_DEVIATION = 0.03
"""Difference between nominal and true pixel size that deserves a word."""
UNEVEN_GSD = 0.05
"""Difference of true pixel sizes within the mosaic that deserves a warning."""
THINNED_SHARE = 0.9
"""Pixels of a VRT per pixel of a part, below which it drops detail."""
WIDE_PX = 8192
"""Striped rasters wider than this are slow to read elsewhere too."""


def mosaic_warnings(mosaic: Mosaic, gsd_range_m: tuple[float, float] | None) -> Iterator[str]:
    """What is worth heeding before a model of this range runs over a mosaic, a sentence each."""
    yield from _blank_areas(mosaic)
    names: dict[str, list[str]] = {}
    for placement, glance in zip(mosaic.placements, mosaic.glances, strict=True):
        for told in _told_of(placement, glance, mosaic, gsd_range_m):
            names.setdefault(told, []).append(named(placement.source))
    for told, (first, *others) in names.items():
        yield f"{first}{f' (and {len(others)} more)' if others else ''}{told}"
    yield from _gsd_warnings(mosaic, gsd_range_m)


def _told_of(
    placement: Placement, glance: Glance, mosaic: Mosaic, gsd_range_m: tuple[float, float] | None
) -> Iterator[str]:
    """Sentences about one raster, which begin behind its name: many rasters share them."""
    yield from _raster_warnings(placement.source, glance)
    yield from _thinned(placement.source, gsd_range_m)
    if not placement.native and placement is not mosaic.placements[0] and not mosaic.resampled:
        yield f" does not lie on the pixels of {named(mosaic.sources[0])} and is resampled onto them"


def _raster_warnings(source: Source, glance: Glance) -> Iterator[str]:
    if glance.unreadable:
        yield f": {len(glance.unreadable)} of the samples cannot be read: {glance.unreadable[0]}"
    elif glance.valid_share < LOW_VALID_SHARE:
        yield f": only about {glance.valid_share:.0%} of its pixels are valid"
    cut = narrowed(source.path)
    if cut is None:
        yield from _blank_warnings(source, glance)
    else:
        most = np.iinfo(cut[1]).max
        yield (
            f" shows parts of {cut[0]} as {cut[1]} without scaling them, so that every value above {most} "
            f"is {most}; give the parts themselves, or scale them: gdal_translate -ot Byte -scale"
        )
    if source.striped and source.width > WIDE_PX:
        yield (
            " is striped; a tiled copy reads faster: gdal_translate -co TILED=YES "
            "-co COMPRESS=DEFLATE"
        )
    if glance.soft_share > SOFT_SHARE:
        yield (
            f": band {source.bands.alpha} is called alpha but looks like near infrared or another colour, and "
            "where it is 0 nothing is looked for; if so, call it otherwise on a copy, for example "
            "rio edit-info --colorinterp red,green,blue,undefined"
        )
    if source.bands.doubt is not None:
        yield f": bands {source.bands.numbers} are {source.bands.doubt}"
    yield from (f" {caution}" for caution in source.cautions)
    nominal = _nominal_m(source)
    if nominal is not None and abs(nominal / source.pixel.gsd_m - 1) > NOMINAL_DEVIATION:
        yield (
            f": its pixels are nominally {nominal:.3g} m but {source.pixel.gsd_m:.3g} m on the "
            "ground; geoseg uses the true size, and areas are true"
        )


def _thinned(source: Source, gsd_range_m: tuple[float, float] | None) -> Iterator[str]:
    """Say where a VRT drops detail that the model would use."""
    shown_m, share = source.pixel.gsd_m, shown_share(source.path)
    useful = gsd_range_m is None or shown_m > gsd_range_m[0]
    if useful and share < THINNED_SHARE:
        yield (
            f" shows parts of {share * shown_m:.3g} m at {shown_m:.3g} m, which loses small "
            "buildings; gdalbuildvrt keeps their pixels with -resolution highest"
        )


def _blank_areas(mosaic: Mosaic) -> Iterator[str]:
    """Say what was left out without being asked to."""
    found = [fill_text(fill) for fill in mosaic.fills if not fill.given]
    if found:
        areas = [source.height * source.width for source in mosaic.sources]
        shares = [glance.blank_share for glance in mosaic.glances]
        share = sum(map(mul, areas, shares)) / sum(areas)
        yield (
            f"about {share:.1%} of the pixels are blank and left out as no image, though no nodata value "
            f"says so: {', '.join(found)}; take them as image with --keep-blank"
        )


def _blank_warnings(source: Source, glance: Glance) -> Iterator[str]:
    if declared_marks(source):
        return
    top = np.iinfo(source.dtype).max if source.dtype.startswith("uint") else None
    for value, color, share in (
        (0, "black", glance.black_share),
        (top, "white", glance.white_share),
    ):
        if share > BLANK_SHARE:
            yield (
                f": about {share:.0%} of its pixels are pure {color} and count as "
                f"image; where they are no image, say so with --nodata {value}"
            )


def declared_marks(source: Source) -> list[str]:
    """What in a file says which pixels are valid, in words."""
    marks = []
    if any(value is not None for value in source.nodata):
        values = dict.fromkeys(f"{value:g}" for value in source.nodata if value is not None)
        marks.append(f"nodata {', '.join(values)}")
    if source.bands.alpha is not None:
        marks.append(f"alpha band {source.bands.alpha}")
    if source.has_mask:
        marks.append("mask")
    return marks


def fill_text(fill: Fill) -> str:
    """What numbers are blank, and where, in words."""
    name = {"0": "pure black (0)", "255": "pure white (255)"}.get(fill.label, fill.label)
    if fill.given:
        return f"{name} as asked for"
    return f"{name} {'wherever it stands' if fill.everywhere else 'in large areas'}"


def _nominal_m(source: Source) -> float | None:
    """The pixel size that the transform claims, metres; None for degrees."""
    if not source.crs.is_projected:
        return None
    t = source.transform
    side = abs(t.a * t.e - t.b * t.d) ** 0.5
    return float(side * source.crs.axis_info[0].unit_conversion_factor)


def _gsd_warnings(mosaic: Mosaic, gsd_range_m: tuple[float, float] | None) -> Iterator[str]:
    native = mosaic.sources[0].pixel.gsd_m
    if gsd_range_m is not None and native > COARSE_FACTOR * gsd_range_m[1]:
        yield (
            f"pixels of {native:.2g} m are enlarged {native / gsd_range_m[1]:.1f} times to the "
            f"model's {gsd_range_m[1]:g} m, and detail that is not in the image cannot be regained: "
            "small buildings will be missed and neighbours merged"
        )
    low, high = _gsd_extremes(mosaic.grid)
    if high / low - 1 > UNEVEN_GSD:
        yield (
            f"the mosaic is so large that its pixels vary from {low:.3g} to {high:.3g} m on the "
            "ground; split it by region for even results"
        )


def _gsd_extremes(grid: Grid) -> tuple[float, float]:
    """Smallest and largest true pixel size at the corners and the centre."""
    to_xy = affine_mapping(grid.transform)
    places = [(c, r) for c in (0, grid.width) for r in (0, grid.height)]
    sizes = [pixel_size(grid.crs, to_xy, col, row).gsd_m for col, row in places]
    return min([*sizes, grid.gsd_m]), max([*sizes, grid.gsd_m])
