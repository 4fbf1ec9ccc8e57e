"""How sure a model is of a building under given outlines: not found, or not there?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from rasterio.features import rasterize

from geoseg.earth.reproject import reproject
from geoseg.errors import UsageError
from geoseg.models.protocols import DenseModel
from geoseg.models.traits import Traits
from geoseg.progress import Progress, ProgressReport, ignored
from geoseg.tiles.looking import core_valid, tile_maps
from geoseg.tiles.plan import Plan
from geoseg.tiles.swaths import SwathReader
from geoseg.tiles.tally import Tally

if TYPE_CHECKING:
    from pyproj import CRS

    from geoseg.models.protocols import InstanceModel
    from geoseg.raster import Mosaic
    from geoseg.settings import PredictSettings
    from geoseg.tiles.lattice import Lattice, Tile
    from geoseg.types import Block, Grid

FULL = 255.0
"""The level of probability 1 in quantised maps."""


@runtime_checkable
class Maps(Protocol):
    """Whatever knows how likely each place is to be building: a model over a raster, stored maps."""

    def under(
        self, outlines: NDArray[np.object_], crs: CRS, progress: Progress = ignored
    ) -> NDArray[np.float64]:
        """(n,) mean probability of building, 0..1, within each of (n,) polygons in ``crs``.

        NaN where nothing is known: beyond the raster, or all its pixels there are invalid.
        """
        ...


@dataclass(frozen=True, slots=True)
class RasterMaps:
    """A model that looks at a raster, at the tiles that are needed alone."""

    sources: tuple[str, ...]
    """The rasters of one mosaic."""
    model: DenseModel
    """Predicts maps."""
    settings: PredictSettings
    """How the raster is read and cut."""

    @classmethod
    def of(
        cls, sources: Sequence[str], model: DenseModel | InstanceModel, settings: PredictSettings
    ) -> RasterMaps:
        """With a model of maps.

        Raises:
            UsageError: the model predicts separate masks.
        """
        if not isinstance(model, DenseModel):
            raise UsageError(
                f"the model {Traits.of(model).name} finds buildings one by one and says nothing of the "
                "ground between them; name a model of maps, such as the default one"
            )
        return cls(tuple(sources), model, settings)

    def under(
        self, outlines: NDArray[np.object_], crs: CRS, progress: Progress = ignored
    ) -> NDArray[np.float64]:
        """See :class:`Maps`."""
        from geoseg.raster import Mosaic

        mosaic = Mosaic.open(
            list(self.sources),
            gsd_range_m=self.model.gsd_m,
            gsd_m=self.settings.gsd_m,
            bands=self.settings.bands,
            stretch=self.settings.stretch,
            nodata=self.settings.nodata or (),
            keep_blank=self.settings.keep_blank,
        )
        with mosaic:
            shapes = _in_pixels(outlines, crs, mosaic.grid)
            sums = np.zeros((2, len(shapes)))
            for tile, body, valid in self._looked(mosaic, shapes, progress):
                _add(sums, shapes, tile, body, valid)
        with np.errstate(invalid="ignore"):
            return np.asarray(sums[0] / sums[1] / FULL)

    def _looked(
        self, mosaic: Mosaic, shapes: NDArray[np.object_], progress: Progress
    ) -> Iterator[tuple[Tile, NDArray[np.uint8], NDArray[np.bool_]]]:
        """The tiles that shapes lie in, with the body's map and validity of their cores."""
        from geoseg.raster.layout import lies_in_rows

        in_rows = any(lies_in_rows(source) for source in mosaic.sources)
        plan = Plan.of(mosaic.grid, Traits.of(self.model), self.settings, whole_rows=in_rows)
        chosen = _touched(plan.lattice, shapes)
        if not chosen.any():
            return
        plan = replace(plan, chosen=chosen)
        windows = [
            (panel.tiles, panel.window) for strip in plan.strips for panel in plan.panels(strip)
        ]
        total, done = int(chosen.sum()), 0
        with SwathReader(
            mosaic, readers=1, skip_errors=self.settings.skip_errors, tally=Tally()
        ) as reader:
            swaths = reader.swaths(window for _, window in windows)
            for (tiles, _), swath in zip(windows, swaths, strict=True):
                yield from self._seen(tiles, swath.block, plan.batch)
                done += len(tiles)
                progress(ProgressReport("looking under old outlines", done, total, "places"))

    def _seen(
        self, tiles: Sequence[Tile], block: Block, batch: int
    ) -> Iterator[tuple[Tile, NDArray[np.uint8], NDArray[np.bool_]]]:
        body = self.model.heads.index("body")
        for tile, maps in tile_maps(self.model, tiles, block, batch):
            yield tile, maps[body], core_valid(tile, block)


def _in_pixels(outlines: NDArray[np.object_], crs: CRS, grid: Grid) -> NDArray[np.object_]:
    """(n,) the same with x the column and y the row of the grid; empty where there is none."""
    m = ~grid.transform

    def to_pixels(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        x, y = xy[:, 0], xy[:, 1]
        return np.column_stack([m.a * x + m.b * y + m.c, m.d * x + m.e * y + m.f])

    moved: NDArray[np.object_] = shapely.transform(reproject(outlines, crs, grid.crs), to_pixels)
    return moved


def _touched(lattice: Lattice, shapes: NDArray[np.object_]) -> NDArray[np.bool_]:
    """(strips, tiles per strip) True where the box of a shape meets a tile's core."""
    rows = lattice.strip_count
    chosen = np.zeros((rows, lattice.tile_count // rows), dtype=bool)
    grid = lattice.grid
    boxes = shapely.bounds(shapes)
    boxes = boxes[np.isfinite(boxes).all(axis=1)]
    left, top, right, bottom = boxes.T
    on = (right > 0) & (bottom > 0) & (left < grid.width) & (top < grid.height)
    limits = np.array([chosen.shape[1], chosen.shape[0]] * 2) - 1
    cells = np.clip(boxes[on] // lattice.core_px, 0, limits).astype(np.intp)
    for first_col, first_row, last_col, last_row in np.unique(cells, axis=0):
        chosen[first_row : last_row + 1, first_col : last_col + 1] = True
    return chosen


def _add(
    sums: NDArray[np.float64],
    shapes: NDArray[np.object_],
    tile: Tile,
    body: NDArray[np.uint8],
    valid: NDArray[np.bool_],
) -> None:
    """Add the levels and the number of valid pixels whose centres lie in each shape to (2, n)."""
    core = tile.core
    box = shapely.box(core.col_off, core.row_off, core.col_end, core.row_end)
    near = np.sort(shapely.STRtree(shapes).query(box))
    near = near[shapely.area(shapes[near]) > 0]
    if not len(near):
        return
    burned = rasterize(
        zip(shapes[near], range(1, len(near) + 1), strict=True),
        out_shape=(core.height, core.width),
        transform=Affine.translation(core.col_off, core.row_off),
        dtype="int32",
    )
    burned = np.where(valid, burned, 0).ravel()
    size = len(near) + 1
    sums[0, near] += np.bincount(burned, weights=body.ravel(), minlength=size)[1:]
    sums[1, near] += np.bincount(burned, minlength=size)[1:]
