"""A raster that is opened anew after a read that failed: a VRT that lacks a file fails once, then GDAL reads zeros."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from geoseg.errors import UnreadableRasterError
from geoseg.raster.pixels import read_bands, read_native
from geoseg.raster.source import Source, open_dataset
from geoseg.types import Window


class Reopened:
    """Reads of one raster, some of which may fail; opened by the first."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._dataset: Any = None  # rasterio is untyped

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def native(self, window: Window) -> tuple[NDArray[Any], NDArray[np.bool_]]:
        """Numbers (bands, height, width) and validity (height, width), see :func:`read_native`.

        Raises:
            UnreadableRasterError: They cannot be read.
        """
        try:
            return read_native(self._opened(), self._source, window)
        except UnreadableRasterError:
            self.close()
            raise

    def bands(self, bands: Sequence[int], window: Window) -> NDArray[Any]:
        """Numbers (bands, height, width).

        Raises:
            UnreadableRasterError: They cannot be read.
        """
        try:
            return read_bands(self._opened(), self._source, bands, window)
        except UnreadableRasterError:
            self.close()
            raise

    def close(self) -> None:
        """Close the file; the next read opens it again."""
        dataset, self._dataset = self._dataset, None
        if dataset is not None:
            dataset.close()

    def _opened(self) -> Any:  # noqa: ANN401
        if self._dataset is None:
            self._dataset = open_dataset(self._source.path)
        return self._dataset
