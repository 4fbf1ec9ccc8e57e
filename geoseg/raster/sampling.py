"""A few pixels from all over a mosaic, and the question whether it has any.

Small windows on a regular lattice rather than a decimated read: the result does not depend on
whether overviews were built, and a file without any is not read through.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoseg.errors import (
    UnreachableRasterError,
    UnreadableRasterError,
    UnsupportedRasterError,
    UsageError,
)
from geoseg.raster.blocks import split
from geoseg.raster.pixels import read_native
from geoseg.raster.source import Source, open_dataset
from geoseg.raster.stretch import Stretch, percentile_stretch
from geoseg.types import Window

SAMPLE_PX = 64
"""Side of a sample window."""
SAMPLES_PER_SIDE = 16
"""Sample windows along one side of a single raster; many rasters share them."""


@dataclass(frozen=True, slots=True)
class Sample:
    """What the sample windows of one raster hold."""

    numbers: NDArray[Any]
    """(bands, n), the valid pixels in the raster's own numbers."""
    valid_share: float
    """Share of valid pixels among those read, 0..1."""
    unreadable: tuple[str, ...]
    """One message for each window that could not be read."""


def sample_windows(height: int, width: int, per_side: int) -> Iterator[Window]:
    """At most ``per_side`` by ``per_side`` windows, evenly spread; small rasters are tiled whole."""
    for row, rows in _spread(height, per_side):
        for col, cols in _spread(width, per_side):
            yield Window(row, col, rows, cols)


def _spread(size: int, count: int) -> list[tuple[int, int]]:
    """Offsets and lengths of at most ``count`` disjoint intervals in ``range(size)``."""
    if size <= SAMPLE_PX * count:
        return [(start, min(SAMPLE_PX, size - start)) for start in range(0, size, SAMPLE_PX)]
    step = (size - SAMPLE_PX) / max(count - 1, 1)
    return [(int(i * step), SAMPLE_PX) for i in range(count)]


def draw_samples(sources: Sequence[Source]) -> list[Sample]:
    """One sample per raster, about a million pixels together."""
    per_side = max(2, math.ceil(SAMPLES_PER_SIDE / math.sqrt(len(sources))))
    return [_draw(source, per_side) for source in sources]


def _draw(source: Source, per_side: int) -> Sample:
    numbers, unreadable, pixels = [], [], 0
    with open_dataset(source.path) as dataset:
        for window in sample_windows(source.height, source.width, per_side):
            try:
                block, valid = read_native(dataset, source, window)
            except UnreachableRasterError:
                raise
            except UnreadableRasterError as error:
                unreadable.append(str(error))
                continue
            numbers.append(block[:, valid])
            pixels += valid.size
    merged = np.concatenate(numbers, axis=1) if numbers else np.empty((1, 0))
    return Sample(merged, merged.shape[1] / max(pixels, 1), tuple(unreadable))


def choose_stretch(
    sources: Sequence[Source], samples: Sequence[Sample], wanted: tuple[float, float] | None
) -> Stretch | None:
    """The stretch asked for; None for eight bits; else the percentiles of all samples together."""
    dtypes = sorted({source.dtype for source in sources})
    if len(dtypes) > 1:
        raise UnsupportedRasterError(
            f"the rasters have different data types ({', '.join(dtypes)}), so one stretch cannot "
            "fit them all; convert them to one"
        )
    if wanted is not None:
        return Stretch(*wanted)
    if dtypes == ["uint8"]:
        return None
    drawn = [sample.numbers for sample in samples if sample.numbers.size]
    if not drawn:
        raise UsageError(
            f"{sources[0].path}: so few pixels are valid that no stretch can be told from them; "
            "give one, such as --stretch 200,2800"
        )
    return percentile_stretch(np.concatenate(drawn, axis=1))


def require_valid_pixels(sources: Sequence[Source], samples: Sequence[Sample]) -> None:
    """Refuse a mosaic without a single valid pixel, or one of which nothing can be read.

    Raises:
        UnsupportedRasterError: All pixels are nodata.
        UnreadableRasterError: Not one sample could be read.
    """
    if any(sample.numbers.size for sample in samples):
        return
    if any(_any_valid(source) for source in sources):
        return
    raise UnsupportedRasterError(
        f"{', '.join(source.path for source in sources[:3])}: no pixel is valid; "
        "check nodata value, alpha band and mask"
    )


def _any_valid(source: Source) -> bool:
    """Read until the first valid pixel."""
    step = (max(source.block_height, 256), max(source.block_width, 256))
    whole = Window(0, 0, source.height, source.width)
    failure = None
    with open_dataset(source.path) as dataset:
        for window in split(whole, whole, 0, 0, step):
            try:
                if read_native(dataset, source, window)[1].any():
                    return True
            except UnreachableRasterError:
                raise
            except UnreadableRasterError as error:
                failure = error
    if failure is not None:
        raise failure
    return False
