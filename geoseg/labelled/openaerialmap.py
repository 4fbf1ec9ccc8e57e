"""Scenes of OpenAerialMap towns: GeoTIFFs in Web Mercator, with polygons that name their image.

Every function knows one folder's defects, as those of :mod:`geoseg.labelled.collection` do.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import ndimage

from geoseg.labelled.burn import rasterise
from geoseg.labelled.pixels import blank, read_rgb
from geoseg.scenes.scene import Scene, Split
from geoseg.types import FILL_GREY

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry as Geometry

_LICENCE = "imagery CC BY 4.0 OpenAerialMap; labels ODbL OpenStreetMap contributors"
_ATLANTA = "SpaceNet 4, CC BY-SA 4.0"
_EARTH_RADIUS_M = 6378137.0

_HELD_OUT_HUTS = "dhaka_393753-226410"
_HUTS = "dhaka_393753-226409"
_BAND_M = 0.75
"""What lies so near to an outline is unknown where labels are shifted."""


def dhaka(data: Path) -> Iterator[Scene]:
    """Touching huts, each outlined; tall houses beside them, drawn 1 to 3 m off."""
    for path in sorted((data / "train/oam_dhaka/images").glob("*.tif")):
        held_out, huts = path.stem == _HELD_OUT_HUTS, path.stem in {_HUTS, _HELD_OUT_HUTS}
        labelled = _Labelled(path, "labels.geojson")
        if not huts:
            labelled.ignore |= near_outlines(labelled.labels, labelled.px(_BAND_M))
        place = "oam_dhaka_huts" if huts else "oam_dhaka"
        yield labelled.scene(place, "val" if held_out else "train")


_NAIROBI_BLOCKS = "nairobi_0_z21"
_BLOCKS_OFF_M = (2.0, -2.0)
"""Rows and columns by which its labels are moved onto the roofs."""


def nairobi(data: Path) -> Iterator[Scene]:
    """Area 1 building by building; area 0 by blocks that lie off their roofs, as outlines of none."""
    for path in sorted((data / "train/oam_nairobi/images").glob("*_z21.tif")):
        labelled = _Labelled(path, "labels_z21.geojson")
        blocks = path.stem == _NAIROBI_BLOCKS
        if blocks:
            labelled.move(*_BLOCKS_OFF_M)
            labelled.ignore |= near_outlines(labelled.labels, labelled.px(2 * _BAND_M))
        yield labelled.scene("oam_nairobi", "train" if blocks else "val", blobs=blocks)


_ZANZIBAR_HELD_OUT = "zanzibar_1_z21"


def zanzibar(data: Path) -> Iterator[Scene]:
    """Villages; foundations and walls without a roof are nobody's to judge."""
    for path in sorted((data / "train/oam_zanzibar/images").glob("*_z21.tif")):
        labelled = _Labelled(path, "labels_z21.geojson")
        bare = np.isin(labelled.labels, roofless(labelled.image, labelled.labels))
        near = ndimage.maximum_filter(bare, 2 * labelled.px(_BAND_M) + 1)
        labelled.ignore |= near & (bare | (labelled.labels == 0))
        held_out = path.stem == _ZANZIBAR_HELD_OUT
        yield labelled.scene("oam_zanzibar", "val" if held_out else "train")


def atlanta(data: Path) -> Iterator[Scene]:
    """One chip of a wooded suburb."""
    path = data / "train/spacenet4_atlanta/images/atlanta.tif"
    if path.exists():
        yield _Labelled(path, "labels.geojson").scene(
            "spacenet4_atlanta", "train", licence=_ATLANTA
        )


class _Labelled:
    """An image and the polygons that name it."""

    def __init__(self, path: Path, labels: str) -> None:
        self.name, self.image = path.stem, read_rgb(path)
        polygons, self.gsd_m = _in_pixels(path, path.parent.parent / labels)
        self.labels = rasterise(polygons, self.image.shape[:2])
        self.ignore = blank(self.image)
        self.image[self.ignore] = FILL_GREY

    def px(self, length_m: float) -> int:
        return max(1, round(length_m / self.gsd_m))

    def move(self, down_m: float, right_m: float) -> None:
        """Move the labels; what comes in from outside is unknown."""
        off = [round(length_m / self.gsd_m) for length_m in (down_m, right_m)]
        self.labels = ndimage.shift(self.labels, off, order=0, cval=0)
        self.ignore |= (
            ndimage.shift(np.zeros(self.labels.shape, np.uint8), off, order=0, cval=1) > 0
        )

    def scene(
        self, place: str, split: Split, *, blobs: bool = False, licence: str = _LICENCE
    ) -> Scene:
        return Scene(
            f"{place}_{self.name}",
            place,
            split,
            self.gsd_m,
            self.image,
            self.labels,
            self.ignore,
            blobs=blobs,
            licence=licence,
        )


def _in_pixels(path: Path, labels: Path) -> tuple[list[Geometry], float]:
    """The image's polygons in its pixels, and the ground size of a pixel, metres."""
    import geopandas as gpd
    import rasterio

    from geoseg.earth.affine import moved_by

    with rasterio.open(path) as source:
        inverse, crs = ~source.transform, source.crs
        gsd_m, middle = source.res[0], source.transform * (source.width / 2, source.height / 2)
    if crs.to_epsg() == 3857:  # noqa: PLR2004 - Web Mercator stretches by the latitude
        gsd_m /= math.cosh(middle[1] / _EARTH_RADIUS_M)
    table = gpd.read_file(labels)
    shapes = table[table["image"] == path.stem].to_crs(crs).geometry
    return list(moved_by(np.asarray(shapes, dtype=object), inverse)), float(gsd_m)


def near_outlines(labels: NDArray[np.uint16], reach_px: int) -> NDArray[np.bool_]:
    """(height, width), True where a square of ``2 * reach_px + 1`` sees several labels."""
    side = 2 * reach_px + 1
    several: NDArray[np.bool_] = ndimage.maximum_filter(labels, side) != ndimage.minimum_filter(
        labels, side
    )
    return several


_ROOF_SHARE = 0.6
_BRIGHT, _RUST = 130, 22
"""Grey levels: roofs of metal are brighter than soil, rusty ones redder than green."""


def roofless(image: NDArray[np.uint8], labels: NDArray[np.uint16]) -> NDArray[np.intp]:
    """Labels most of whose pixels are neither as bright as metal nor as red as rust."""
    red, green, blue = np.moveaxis(image.astype(np.int16), 2, 0)
    like_roof = (np.minimum(np.minimum(red, green), blue) > _BRIGHT) | (red - green > _RUST)
    sizes = np.bincount(labels.ravel())
    shares = np.bincount(labels.ravel(), like_roof.ravel()) / np.maximum(sizes, 1)
    shares[0] = 1
    return np.flatnonzero(shares < _ROOF_SHARE)
