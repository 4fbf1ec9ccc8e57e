"""Polygons in pixels to arrays: x is the column, y the row."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely
from affine import Affine
from rasterio import features
from rasterio.enums import MergeAlg

from geoseg.errors import DatasetError
from geoseg.scenes.scene import MAX_BUILDINGS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry as Geometry

    from geoseg.types import Window


def rasterise(
    polygons: Sequence[Geometry], shape: tuple[int, ...], *, row_off: int = 0, col_off: int = 0
) -> NDArray[np.uint16]:
    """Number the pixels of every polygon; small ones lie on top of large ones.

    Args:
        polygons: In pixels.
        shape: Height and width of the result.
        row_off: Row of the result's first pixel.
        col_off: Its column.
    """
    shapes = sorted((p for p in polygons if not p.is_empty), key=lambda p: -p.area)
    if not shapes:
        return np.zeros(shape, np.uint16)
    if len(shapes) > MAX_BUILDINGS:
        raise DatasetError(
            f"{len(shapes)} buildings in one chip are more than the {MAX_BUILDINGS} that fit; "
            "make smaller chips with --chip-px"
        )
    numbered = ((polygon, number) for number, polygon in enumerate(shapes, start=1))
    burnt: NDArray[np.uint16] = features.rasterize(
        numbered, out_shape=shape, transform=Affine.translation(col_off, row_off), dtype="uint16"
    )
    return burnt


@dataclass(frozen=True, slots=True)
class PolygonIndex:
    """Polygons of one grid, found by window."""

    polygons: NDArray[np.object_]
    """(n,) in pixels of the grid, the largest first."""
    tree: shapely.STRtree
    """Of ``polygons``."""

    @classmethod
    def of(cls, polygons: NDArray[np.object_]) -> PolygonIndex:
        """Index the polygons."""
        ordered = polygons[np.argsort(-shapely.area(polygons), kind="stable")]
        return cls(ordered, shapely.STRtree(ordered))

    def at(self, window: Window) -> NDArray[np.intp]:
        """Numbers of the polygons that meet a window, in order."""
        box = shapely.box(window.col_off, window.row_off, window.col_end, window.row_end)
        found: NDArray[np.intp] = np.sort(self.tree.query(box, predicate="intersects"))
        return found

    def labels(self, window: Window) -> NDArray[np.uint16]:
        """(height, width), 0 background, else k for the k-th polygon that meets the window."""
        return rasterise(
            list(self.polygons[self.at(window)]),
            (window.height, window.width),
            row_off=window.row_off,
            col_off=window.col_off,
        )

    def covered(self, window: Window, *, times: int = 1) -> NDArray[np.bool_]:
        """(height, width), True where at least so many polygons lie."""
        shapes = [(polygon, 1) for polygon in self.polygons[self.at(window)]]
        shape = (window.height, window.width)
        if not shapes:
            return np.zeros(shape, bool)
        counts: NDArray[np.uint16] = features.rasterize(
            shapes,
            out_shape=shape,
            transform=Affine.translation(window.col_off, window.row_off),
            merge_alg=MergeAlg.add,
            dtype="uint16",
        )
        return counts >= times
