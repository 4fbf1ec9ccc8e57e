"""How sure a model is of a building under given outlines: not found, or not there?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from geoseg.errors import UsageError
from geoseg.models.averaged import averaged_if
from geoseg.models.protocols import DenseModel
from geoseg.models.traits import Traits
from geoseg.progress import Progress, ProgressReport, ignored
from geoseg.tiles.looking import core_valid, tile_maps
from geoseg.tiles.plan import Plan
from geoseg.tiles.swaths import SwathReader
from geoseg.tiles.tally import Tally
from geoseg.upkeep.under import Means, frame_of

if TYPE_CHECKING:
    import shapely
    from pyproj import CRS

    from geoseg.models.protocols import InstanceModel
    from geoseg.raster import Mosaic
    from geoseg.settings import PredictSettings
    from geoseg.tiles.lattice import Tile

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


@runtime_checkable
class Placed(Protocol):
    """Maps that say where they lie; offering this is optional."""

    def frame(self) -> tuple[shapely.Geometry, CRS]:
        """The ground that they cover, a polygon, and its CRS."""
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
        with self._opened() as mosaic:
            means = Means(outlines, crs, mosaic.grid.crs, mosaic.grid.transform)
            for tile, body, valid in self._looked(mosaic, means, progress):
                means.add(tile.core, body, valid)
        return means.mean() / FULL

    def frame(self) -> tuple[shapely.Geometry, CRS]:
        """See :class:`Placed`."""
        with self._opened() as mosaic:
            grid = mosaic.grid
            return frame_of(grid.height, grid.width, grid.transform), grid.crs

    def _opened(self) -> Mosaic:
        from geoseg.raster import Mosaic

        return Mosaic.open(
            list(self.sources),
            gsd_range_m=self.model.gsd_m,
            gsd_m=self.settings.gsd_m,
            bands=self.settings.bands,
            stretch=self.settings.stretch,
            nodata=self.settings.nodata or (),
            keep_blank=self.settings.keep_blank,
        )

    def _looked(
        self, mosaic: Mosaic, means: Means, progress: Progress
    ) -> Iterator[tuple[Tile, NDArray[np.uint8], NDArray[np.bool_]]]:
        """The tiles that shapes lie in, with the body's map and validity of their cores."""
        from geoseg.raster.layout import lies_in_rows

        in_rows = any(lies_in_rows(source) for source in mosaic.sources)
        model = averaged_if(self.model, self.settings.tta, enlarged=mosaic.enlarged)
        plan = Plan.of(mosaic.grid, Traits.of(model), self.settings, whole_rows=in_rows)
        grid, core_px = mosaic.grid, plan.lattice.core_px
        chosen = means.touched(grid.height, grid.width, core_px)
        if not chosen.any():
            return
        plan = replace(plan, chosen=chosen)
        windows = [
            (panel.tiles, panel.window) for strip in plan.strips for panel in plan.panels(strip)
        ]
        total, done, body = int(chosen.sum()), 0, model.heads.index("body")
        with SwathReader(
            mosaic, readers=1, skip_errors=self.settings.skip_errors, tally=Tally()
        ) as reader:
            swaths = reader.swaths(window for _, window in windows)
            for (tiles, _), swath in zip(windows, swaths, strict=True):
                for tile, maps in tile_maps(model, tiles, swath.block, plan.batch):
                    yield tile, maps[body], core_valid(tile, swath.block)
                done += len(tiles)
                progress(ProgressReport("looking under old outlines", done, total, "places"))
