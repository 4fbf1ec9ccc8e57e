"""A few pixels from all over a mosaic, and the question whether it has any.

Small windows on a regular lattice rather than a decimated read: the result does not depend on
whether overviews were built, and a file without any is not read through.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from geoseg.errors import (
    UnreachableRasterError,
    UnreadableRasterError,
    UnsupportedRasterError,
    UsageError,
)
from geoseg.raster.blank import BlankPixels, Fill
from geoseg.raster.blocks import split
from geoseg.raster.pixels import read_bands, read_native
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
    """(bands, n), the valid pixels in the raster's own numbers, window by window."""
    windows: tuple[Window, ...]
    """Those that could be read."""
    counts: tuple[int, ...]
    """Valid pixels in each."""
    valid_share: float
    """Share of valid pixels among those read, 0..1."""
    blank_share: float
    """Share of those that the file calls valid and that are blank, 0..1."""
    soft_share: float
    """Share of pixels that an alpha band neither hides nor shows in full, 0..1."""
    unreadable: tuple[str, ...]
    """One message for each window that could not be read."""


@dataclass(frozen=True, slots=True)
class Glance:
    """What a sample tells of one raster, without its pixels."""

    valid_share: float
    """Share of valid pixels, 0..1."""
    blank_share: float
    """Share of those that the file calls valid and that are left out as blank, 0..1."""
    black_share: float
    """Share of the valid pixels that are 0 in all bands."""
    white_share: float
    """Share of those that are the largest number of an unsigned type."""
    soft_share: float
    """Share of pixels that an alpha band neither hides nor shows in full, 0..1."""
    unreadable: tuple[str, ...]
    """One message for each window that could not be read."""

    @classmethod
    def of(cls, sample: Sample) -> Self:
        """Of a sample."""
        numbers = sample.numbers
        top = np.iinfo(numbers.dtype).max if numbers.dtype.kind == "u" else None
        return cls(
            valid_share=sample.valid_share,
            blank_share=sample.blank_share,
            black_share=_share(numbers, 0),
            white_share=0.0 if top is None else _share(numbers, top),
            soft_share=sample.soft_share,
            unreadable=sample.unreadable,
        )


def _share(numbers: NDArray[Any], value: float) -> float:
    """Share of (bands, n) pixels that hold a number in all bands."""
    return float((numbers == value).all(axis=0).mean()) if numbers.size else 0.0


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


def draw_samples(sources: Sequence[Source], fills: Sequence[Fill] = ()) -> list[Sample]:
    """One sample per raster, about a million pixels together; blank ones count as invalid."""
    per_side = max(2, math.ceil(SAMPLES_PER_SIDE / math.sqrt(len(sources))))
    return [_draw(source, per_side, fills) for source in sources]


def _draw(source: Source, per_side: int, fills: Sequence[Fill]) -> Sample:
    numbers, windows, unreadable, pixels, blank_px = [], [], [], 0, 0
    alphas: list[NDArray[Any]] = []
    with open_dataset(source.path) as dataset:
        blank = BlankPixels(source, fills, partial(read_native, dataset, source))
        for window in sample_windows(source.height, source.width, per_side):
            try:
                block, valid = blank.read(window)
                if source.bands.alpha is not None:
                    alphas.append(read_bands(dataset, source, [source.bands.alpha], window).ravel())
            except UnreachableRasterError:
                raise
            except UnreadableRasterError as error:
                unreadable.append(str(error))
                continue
            blank_here = valid & blank.mask(window, block)
            blank_px += int(np.count_nonzero(blank_here))
            numbers.append(block[:, valid & ~blank_here])
            windows.append(window)
            pixels += valid.size
    merged = np.concatenate(numbers, axis=1) if numbers else np.empty((1, 0))
    return Sample(
        numbers=merged,
        windows=tuple(windows),
        counts=tuple(one.shape[1] for one in numbers),
        valid_share=merged.shape[1] / max(pixels, 1),
        blank_share=blank_px / max(pixels, 1),
        soft_share=_soft_share(alphas),
        unreadable=tuple(unreadable),
    )


def _soft_share(alphas: Sequence[NDArray[Any]]) -> float:
    """Share of pixels whose alpha is neither 0 nor its most frequent other number, 0 without alpha."""
    if not alphas:
        return 0.0
    alpha = np.concatenate(alphas)
    _, counts = np.unique(alpha[alpha != 0], return_counts=True)
    return float(counts.sum() - counts.max(initial=0)) / alpha.size


@contextmanager
def blank_pixels(source: Source, fills: Sequence[Fill]) -> Iterator[BlankPixels]:
    """The blank pixels of a raster, which is open as long."""
    with open_dataset(source.path) as dataset:
        yield BlankPixels(source, fills, partial(read_native, dataset, source))


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


def require_valid_pixels(
    sources: Sequence[Source], samples: Sequence[Sample], fills: Sequence[Fill] = ()
) -> None:
    """Refuse a mosaic without a single valid pixel, or one of which nothing can be read.

    Raises:
        UnsupportedRasterError: All pixels are nodata or blank.
        UnreadableRasterError: Not one sample could be read.
    """
    if any(sample.numbers.size for sample in samples):
        return
    if any(_any_valid(source, fills) for source in sources):
        return
    raise UnsupportedRasterError(
        f"{', '.join(source.path for source in sources[:3])}: no pixel is valid; "
        f"check nodata value, alpha band and mask{', or take blank areas as image with --keep-blank' if fills else ''}"
    )


def _any_valid(source: Source, fills: Sequence[Fill]) -> bool:
    """Read until the first valid pixel."""
    step = (max(source.block_height, 256), max(source.block_width, 256))
    whole = Window(0, 0, source.height, source.width)
    failure = None
    with blank_pixels(source, fills) as blank:
        for window in split(whole, whole, 0, 0, step):
            try:
                pixels, valid = blank.read(window)
                if (valid & ~blank.mask(window, pixels)).any():
                    return True
            except UnreachableRasterError:
                raise
            except UnreadableRasterError as error:
                failure = error
    if failure is not None:
        raise failure
    return False
