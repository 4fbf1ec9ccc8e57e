"""The numbers of all footprints, from a surface model and what says where the ground is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from geoseg.errors import UsageError
from geoseg.heights.burning import edges_of
from geoseg.heights.checks import require_surface, require_terrain
from geoseg.heights.measuring import NUMBERS, Samples, measure, reach
from geoseg.heights.places import Boxes, Place, Placing, boxes_of, places
from geoseg.heights.store import Footprints
from geoseg.heights.surface import Surface, opened
from geoseg.heights.terrain import Terrain
from geoseg.progress import Progress, ProgressReport
from geoseg.raster.given import Raster
from geoseg.raster.memory import CacheLimit
from geoseg.types import HeightUnit


@dataclass(frozen=True, slots=True)
class HeightInput:
    """What heights are taken from, as the user gave it."""

    dsm: Raster | None = None
    """Surface model: elevations of roofs, trees and open ground."""
    dtm: Raster | None = None
    """Terrain model: elevations of the ground alone."""
    ndsm: Raster | None = None
    """Heights above ground, instead of the two."""
    unit: HeightUnit | None = None
    """Unit of the numbers of all of them; None: as they state, else metres."""

    def __post_init__(self) -> None:
        if (self.dsm is None) == (self.ndsm is None):
            raise UsageError(
                "give a surface model (--dsm) or heights above ground (--ndsm), one of the two"
            )
        if self.ndsm is not None and self.dtm is not None:
            raise UsageError(
                "--ndsm holds heights above ground already; leave out the terrain model --dtm"
            )


@dataclass(frozen=True, slots=True)
class Ground:
    """Open rasters."""

    surface: Surface
    """The surface, or heights above ground."""
    terrain: Surface | None
    """The terrain model; None: none is given."""
    above_ground: bool
    """The surface's heights are above ground."""

    @property
    def rasters(self) -> tuple[Surface, ...]:
        """All of them."""
        return (self.surface,) if self.terrain is None else (self.surface, self.terrain)

    @property
    def notes(self) -> tuple[str, ...]:
        """What is to be told of their units and holes."""
        return tuple(note for raster in self.rasters for note in raster.notes)


@contextmanager
def grounds(given: HeightInput) -> Iterator[Ground]:
    """Open what is given.

    Raises:
        GeosegError: a raster cannot be opened, or holds no heights.
    """
    with ExitStack() as stack:
        first = given.ndsm if given.dsm is None else given.dsm
        role = "heights above ground (--ndsm)" if given.dsm is None else "a surface model (--dsm)"
        assert first is not None  # noqa: S101  # HeightInput says so
        above = given.dsm is None
        surface = stack.enter_context(opened(first, role, given.unit, above_ground=above))
        terrain = None
        if given.dtm is not None:
            terrain = stack.enter_context(opened(given.dtm, "a terrain model (--dtm)", given.unit))
        ground = Ground(surface, terrain, above)
        stack.callback(CacheLimit([raster.source for raster in ground.rasters]).close)
        yield ground


def find(footprints: Footprints, ground: Ground, progress: Progress) -> NDArray[np.float64]:
    """(rows, NUMBERS) of all footprints.

    Raises:
        UsageError: no footprint lies on the surface, or the rasters are not what they should be.
        UnreadableRasterError: a block cannot be read.
    """
    surface = ground.surface
    placing = Placing(footprints.crs, surface)
    boxes = boxes_of(footprints, placing)
    require_surface(footprints, boxes, surface)
    terrain = None if ground.terrain is None else Terrain(ground.terrain, surface)
    if terrain is not None and ground.terrain is not None:
        require_terrain(boxes, surface, ground.terrain, terrain)
    numbers = np.full((footprints.rows, NUMBERS), np.nan)
    for done, place in _counted(boxes, surface):
        numbers[place.wanted] = _measured(footprints, place, (ground, terrain), placing)
        progress(ProgressReport("measuring heights", done, footprints.rows, "buildings"))
    return numbers


def _counted(boxes: Boxes, surface: Surface) -> Iterator[tuple[int, Place]]:
    pixel, stride = surface.source.pixel, surface.stride
    done = 0
    for place in places(boxes, surface, reach(pixel.col_m * stride, pixel.row_m * stride)):
        done += len(place.wanted)
        yield done, place


def _measured(
    footprints: Footprints, place: Place, grounds: tuple[Ground, Terrain | None], placing: Placing
) -> NDArray[np.float64]:
    """The numbers of those wanted at a place."""
    ground, terrain = grounds
    window, step, pixel = place.window, place.step, ground.surface.source.pixel
    z = ground.surface.read(window, step)
    below = np.zeros_like(z) if ground.above_ground else None
    if terrain is not None:
        below = terrain.read(window, step)
    edges, starts = edges_of(placing(footprints.take(place.around)))
    offset = np.array([window.col_off + 0.5, window.row_off + 0.5] * 2)
    samples = Samples(z, below, pixel.col_m * step, pixel.row_m * step)
    wanted = np.searchsorted(place.around, place.wanted)
    return measure(samples, (edges - offset) / step, starts, wanted)
