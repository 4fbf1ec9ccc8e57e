"""What stored maps say of the ground under outlines: no network runs."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from affine import Affine
from numpy.typing import NDArray
from pyproj import CRS

from geoseg.errors import MapsError, UnsupportedRasterError, UsageError
from geoseg.progress import Progress, ProgressReport, ignored
from geoseg.raster.probabilities import BODY, heads_of, is_of_maps, require_photo
from geoseg.raster.source import open_dataset
from geoseg.run.spread.folder import StoredMaps
from geoseg.run.spread.probability import NODATA, TOP
from geoseg.run.storing import RASTERS
from geoseg.types import Window
from geoseg.upkeep.looking import FULL, Maps
from geoseg.upkeep.under import Means, frame_of

if TYPE_CHECKING:
    from geoseg.run.spread.stored import MapsFile

STAGE = "looking at the stored maps"
SIDE_PX = 1024
"""Of the squares that are read of a raster."""

_log = logging.getLogger(__name__)


def stored_maps(path: Path) -> Maps:
    """Maps that ``geoseg maps`` stored: their folder, or the raster made of it.

    Raises:
        UsageError: it is neither.
        MapsError: the folder holds none, or what does not belong together.
        UnreadableRasterError: the raster cannot be read.
        UnsupportedRasterError: it is no raster of probabilities by geoseg.
    """
    if path.is_dir():
        return FolderMaps.of(path)
    if path.suffix.lower() not in RASTERS or not path.exists():
        raise UsageError(
            f"{path} is neither a folder of maps that geoseg maps stored nor a raster made of one (.tif); "
            "check the path"
        )
    return ProbabilityMaps.of(path)


def require_photos(rasters: Sequence[str]) -> None:
    """Refuse probabilities that are given as imagery, before a model is loaded.

    Raises:
        UnreadableRasterError: a raster cannot be opened.
        UsageError: one is made of stored maps.
    """
    for name in rasters:
        if Path(name).is_file():
            with open_dataset(name) as raster:
                require_photo(name, raster)


@dataclass(frozen=True, slots=True)
class FolderMaps:
    """A folder of stored maps."""

    stored: StoredMaps
    """What lies there."""

    @classmethod
    def of(cls, folder: Path) -> FolderMaps:
        """Read what the files say of themselves.

        Raises:
            MapsError: there are none, they do not belong together, or are not of buildings.
        """
        stored = StoredMaps.open(folder)
        if BODY not in stored.identity.heads:
            raise MapsError(
                f"the maps in {folder} are {', '.join(stored.identity.heads)}; none of them is of "
                f"buildings ({BODY})"
            )
        if stored.failed:
            _log.warning(
                "%d blocks could not be read when the maps in %s were stored; of buildings there nothing is "
                "known.", stored.failed, folder,
            )  # fmt: skip
        return cls(stored)

    def frame(self) -> tuple[shapely.Geometry, CRS]:
        """See :class:`geoseg.upkeep.looking.Placed`."""
        mosaic = self.stored.identity.mosaic
        return frame_of(*mosaic.shape, Affine(*mosaic.transform)), CRS.from_wkt(mosaic.crs)

    def under(
        self, outlines: NDArray[np.object_], crs: CRS, progress: Progress = ignored
    ) -> NDArray[np.float64]:
        """See :class:`geoseg.upkeep.looking.Maps`.

        Raises:
            MapsError: tiles that are needed are missing, or damaged.
        """
        mosaic, core_px = self.stored.identity.mosaic, self.stored.identity.lattice[0]
        means = Means(outlines, crs, CRS.from_wkt(mosaic.crs), Affine(*mosaic.transform))
        chosen = means.touched(*mosaic.shape, core_px)
        self.stored.require_tiles(chosen)
        files = list(self._files(chosen))
        body = self.stored.identity.heads.index(BODY)
        for done, file in enumerate(files, 1):
            for core, valid, maps in file.tiles():
                if chosen[core.row_off // core_px, core.col_off // core_px]:
                    means.add(core, maps.whole()[body], valid.whole())
            progress(ProgressReport(STAGE, done, len(files), "places"))
        return means.mean() / FULL

    def _files(self, chosen: NDArray[np.bool_]) -> Iterator[MapsFile]:
        """Those that hold a chosen tile, row by row."""
        core_px = self.stored.identity.lattice[0]
        for _, files in sorted(self.stored.rows.items()):
            for file in files:
                if any(chosen[row // core_px, col // core_px] for row, col in file.header.cores):
                    yield file


@dataclass(frozen=True, slots=True)
class ProbabilityMaps:
    """A raster of probabilities that was made of stored maps: 0..254 for 0..1."""

    path: Path
    """The file."""
    band: int
    """Number of its band of buildings, from 1."""

    @classmethod
    def of(cls, path: Path) -> ProbabilityMaps:
        """Find the band of buildings.

        Raises:
            UnreadableRasterError: it cannot be opened.
            UnsupportedRasterError: geoseg did not make it, or it has no CRS.
        """
        with open_dataset(str(path)) as raster:
            if not is_of_maps(raster):
                raise UnsupportedRasterError(
                    f"{path} is no raster of probabilities by geoseg maps; make one by geoseg maps run/ -o "
                    "probability.tif, and give photos by --raster (raster)"
                )
            if raster.crs is None:
                raise UnsupportedRasterError(f"{path} has no CRS; make it again by geoseg maps")
            return cls(path, heads_of(raster).index(BODY) + 1)

    def frame(self) -> tuple[shapely.Geometry, CRS]:
        """See :class:`geoseg.upkeep.looking.Placed`."""
        with open_dataset(str(self.path)) as raster:
            return frame_of(raster.height, raster.width, raster.transform), CRS.from_wkt(
                raster.crs.to_wkt()
            )

    def under(
        self, outlines: NDArray[np.object_], crs: CRS, progress: Progress = ignored
    ) -> NDArray[np.float64]:
        """See :class:`geoseg.upkeep.looking.Maps`."""
        with open_dataset(str(self.path)) as raster:
            means = Means(outlines, crs, CRS.from_wkt(raster.crs.to_wkt()), raster.transform)
            squares = np.argwhere(means.touched(raster.height, raster.width, SIDE_PX))
            for done, (row, col) in enumerate(squares.tolist(), 1):
                square = _square(row * SIDE_PX, col * SIDE_PX, raster.shape)
                levels = self._read(raster, square)
                means.add(square, levels, levels != NODATA)
                progress(ProgressReport(STAGE, done, len(squares), "places"))
        return means.mean() / TOP

    def _read(self, raster: Any, window: Window) -> NDArray[np.uint8]:  # noqa: ANN401 - rasterio is untyped
        from rasterio.errors import RasterioError
        from rasterio.windows import Window as RasterWindow

        at = RasterWindow(window.col_off, window.row_off, window.width, window.height)
        try:
            return np.asarray(raster.read(self.band, window=at))
        except RasterioError as error:
            raise MapsError(f"{self.path} is damaged; make it again by geoseg maps") from error


def _square(row_off: int, col_off: int, shape: tuple[int, int]) -> Window:
    """Cut off at the end of the map."""
    height, width = shape
    return Window(row_off, col_off, min(SIDE_PX, height - row_off), min(SIDE_PX, width - col_off))
