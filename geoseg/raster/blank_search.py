"""Which numbers of a mosaic are no image: those the user names, and those its samples give away.

A number is found where it is the lowest or the highest, and

- lies far from all others (-9999 below 0..255, 65535 above 100..4000): then it is no image wherever
  it stands; or
- fills large areas (``blank``) whose surroundings are not nearly as dark or bright, as those of snow,
  sand and water are. Areas that no roof fills speak for themselves; smaller ones count where such
  pixels are rare elsewhere, as they are not in a photo with burnt-out roofs.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from geoseg.errors import UsageError
from geoseg.languages.counting import counted
from geoseg.raster.blank import BlankPixels, Fill, side_cells
from geoseg.raster.cells import CELL_PX, cells_of, grown, pixels_of

if TYPE_CHECKING:
    from geoseg.raster.given import Nodata
    from geoseg.raster.sampling import Sample
    from geoseg.raster.source import Source
    from geoseg.types import Window

SLACK_8, SOFT_8, NEAR_8 = 2.0, 25.0, 10.0
"""Of eight bits: of a fill's own pixels; of snow and water around clipped snow and water; of pixels that
speak against a small area."""
EDGE_SLACK_8, NOISY_EDGE_SLACK_8, NOISY_SHARE = 4.0, 24.0, 1e-4
"""Of pixels at its border; of those where a lossy compression was at work, as it was where this share of
a fill's pixels is not quite what the others are."""
SOFT_SHARE, NEAR_SHARE = 0.1, 0.04
"""The latter two for other types, as shares of the range from the 2nd to the 98th percentile."""
LEAST_PIXELS = 64
"""Fewer samples of a number give nothing away."""
LEAST_SIDE_PX = 64
"""Smaller rasters are no place to look for large areas."""
PLAIN_SIDE_M = 96.0
"""No roof is so large without a brighter or darker spot in it."""
WINDOWS_LOOKED_AT = 24
"""Samples around which the areas of one number are looked at, at most."""
RING_CELLS = 3
"""Cells around an area that are compared with it."""
RING_LEAST_PX = 256
"""Fewer pixels around it say nothing."""
MIXED = 0.5
"""Share of the surroundings, and pixels elsewhere for each in an area, that speak against it."""
LARGE = 9999.0
"""Floats from here on are written where there is no number, as are the largest whole number of a type, 0
and what is below."""


def given_fills(name: str, dtype: str, bands: int, nodata: Sequence[Nodata]) -> tuple[Fill, ...]:
    """What the user says is no image.

    Args:
        name: Of the raster, for messages.
        dtype: Its data type.
        bands: How many of its bands are read.
        nodata: Numbers for all bands, or one for each.

    Raises:
        UsageError: A number that the type does not hold, or not one for each band.
    """
    fills = []
    for value in nodata:
        values = tuple(map(float, value)) if isinstance(value, Sequence) else (float(value),)
        _check_given(name, np.dtype(dtype), bands, values)
        values = values * bands if len(values) == 1 else values
        fill = Fill(values, everywhere=True, given=True)
        fills.append(_eight_bits(fill) if dtype == "uint8" else fill)
    return tuple(fills)


def _check_given(name: str, dtype: np.dtype[Any], bands: int, values: tuple[float, ...]) -> None:
    label = ",".join(f"{one:g}" for one in values)
    if len(values) not in (1, bands):
        raise UsageError(
            f"nodata {label}: {name} is read in {counted(bands, 'band')}; give one number for "
            f"all{f', or {bands}' * (bands > 1)}"
        )
    if dtype.kind == "f":
        return
    limits = np.iinfo(dtype)
    if not all(limits.min <= one <= limits.max and one == int(one) for one in values):
        raise UsageError(
            f"nodata {label}: {name} holds {dtype}, whole numbers from {limits.min} to {limits.max}"
        )


def _eight_bits(fill: Fill) -> Fill:
    """With the areas of it, for what compression makes of their borders."""
    return replace(fill, areas=True, slack=SLACK_8, edge_slack=EDGE_SLACK_8, soft=SOFT_8)


def isolated_fills(numbers: NDArray[Any]) -> tuple[Fill, ...]:
    """Of (bands, n) numbers, not of eight bits, those that lie far from all others."""
    return tuple(_candidates(numbers)[0]) if numbers.size else ()


def with_noise(fills: Sequence[Fill], samples: Sequence[Sample]) -> tuple[Fill, ...]:
    """Fills of eight bits with the slack of their borders that the samples ask for."""
    numbers = [s.numbers for s in samples if s.numbers.size and s.numbers.dtype == np.uint8]
    return tuple(_noisy(fill, numbers) if fill.areas else fill for fill in fills)


def _noisy(fill: Fill, numbers: Sequence[NDArray[np.uint8]]) -> Fill:
    held = sum(_count(one, fill) for one in numbers)
    exact = sum(_count(one, replace(fill, slack=0.0)) for one in numbers)
    noisy = held - exact > NOISY_SHARE * held
    return replace(fill, edge_slack=NOISY_EDGE_SLACK_8) if noisy else fill


def found_fills(
    sources: Sequence[Source], samples: Sequence[Sample], given: Sequence[Fill]
) -> tuple[Fill, ...]:
    """What the samples give away.

    Args:
        sources: The rasters of the mosaic.
        samples: Of each, its valid pixels as far as the files say.
        given: What the user said already.
    """
    drawn = [sample.numbers for sample in samples if sample.numbers.size]
    if not drawn or len({source.dtype for source in sources}) > 1:
        return ()
    numbers: NDArray[Any] = np.concatenate(drawn, axis=1)
    numbers = numbers[:, ~_held(numbers, given)]
    isolated, candidates, near = _candidates(numbers)
    evidence = _gather(sources, samples, candidates)
    large = [
        fill
        for fill, one in zip(candidates, evidence, strict=True)
        if _is_fill(one, fill, near, numbers)
    ]
    found = (*isolated, *large)
    # One colour throughout is a picture of one colour.
    return () if _held(numbers, found).all() else found


def _held(numbers: NDArray[Any], fills: Sequence[Fill]) -> NDArray[np.bool_]:
    """(n,) of (bands, n), True where a fill holds the pixel."""
    held = np.zeros(numbers.shape[1], np.bool_)
    for fill in fills:
        held |= fill.within(numbers[:, None], fill.slack)[0]
    return held


def _candidates(numbers: NDArray[Any]) -> tuple[list[Fill], list[Fill], float]:
    """Fills wherever they stand, fills of areas still to be looked at, and what is near the latter."""
    if numbers.dtype == np.uint8:
        corners = (Fill(v, areas=True) for v in product((0, 255), repeat=len(numbers)))
        fills = [_eight_bits(fill) for fill in corners]
        return [], [fill for fill in fills if _count(numbers, fill) >= LEAST_PIXELS], NEAR_8
    isolated: list[Fill] = []
    while True:
        rest = numbers[:, ~_held(numbers, isolated)]
        extremes = [Fill((v,) * len(rest), everywhere=True) for v in _extremes(rest)]
        extremes = [fill for fill in extremes if _count(rest, fill) >= LEAST_PIXELS]
        new = [fill for fill in extremes if _lies_apart(rest, fill)]
        if not new:
            break
        isolated += new[:1]
    low, high = np.percentile(rest.astype(np.float64), [2, 98]) if rest.size else (0.0, 0.0)
    soft, near = SOFT_SHARE * (high - low), NEAR_SHARE * (high - low)
    areas = [replace(fill, everywhere=False, areas=True, soft=float(soft)) for fill in extremes]
    return isolated, areas, float(near)


def _count(numbers: NDArray[Any], fill: Fill) -> int:
    return int(np.count_nonzero(fill.within(numbers[:, None], fill.slack)))


def _extremes(numbers: NDArray[Any]) -> tuple[float, ...]:
    """The lowest and the highest number, as far as they may mean that there is none."""
    if not numbers.size:
        return ()
    both = (float(numbers.min()), float(numbers.max()))
    return tuple(value for value in both if _means_nothing(numbers.dtype, value))


def _lies_apart(numbers: NDArray[Any], fill: Fill) -> bool:
    """Whether the fill's number is farther from those of all other pixels than these are apart."""
    others = numbers[:, ~_held(numbers, [fill])]
    if not others.size:
        return False
    value, low, high = fill.values[0], float(others.min()), float(others.max())
    return 0 < high - low < max(low - value, value - high)


def _means_nothing(dtype: np.dtype[Any], value: float) -> bool:
    """Whether a number is one that people and programs write where they have none."""
    if value <= 0:
        return True
    return value >= LARGE if dtype.kind == "f" else value == np.iinfo(dtype).max


@dataclass(slots=True)
class _Evidence:
    """What the surroundings of some samples say of one number."""

    in_areas: int = 0
    """Its pixels in samples that meet an area of it."""
    elsewhere: int = 0
    """Its pixels in the others."""
    plain: bool = False
    """Whether an area is larger than any roof."""
    ring: int = 0
    """Pixels around areas."""
    ring_soft: int = 0
    """Those that look nearly like it, or just so."""


def _is_fill(evidence: _Evidence, fill: Fill, near: float, numbers: NDArray[Any]) -> bool:
    if not evidence.in_areas:
        return False
    if evidence.ring >= RING_LEAST_PX and evidence.ring_soft > MIXED * evidence.ring:
        return False
    if evidence.plain:
        return True
    almost = _count(numbers, replace(fill, slack=near)) - _count(numbers, fill)
    return almost + evidence.elsewhere <= MIXED * evidence.in_areas


def _gather(
    sources: Sequence[Source], samples: Sequence[Sample], candidates: Sequence[Fill]
) -> list[_Evidence]:
    """Look around the samples that hold most of each number."""
    from geoseg.raster.sampling import blank_pixels

    evidence = [_Evidence() for _ in candidates]
    chosen: dict[int, list[tuple[int, int, Window]]] = {}
    for index, fill in enumerate(candidates):
        places = sorted(_places(sources, samples, fill), key=lambda place: place[:2])
        evidence[index].elsewhere = sum(-less for less, *_ in places if -less < LEAST_PIXELS)
        for less, _, number, window in places[:WINDOWS_LOOKED_AT]:
            if -less >= LEAST_PIXELS:
                chosen.setdefault(number, []).append((index, -less, window))
    for number, looks in chosen.items():
        with blank_pixels(sources[number], candidates) as blank:
            for index, count, window in looks:
                _look(evidence[index], blank, sources[number], index, count, cells_of(window))
    return evidence


def _places(
    sources: Sequence[Source], samples: Sequence[Sample], fill: Fill
) -> Iterator[tuple[int, tuple[str, int, int], int, Window]]:
    """Sample windows with pixels of a fill, as sorting keys: most pixels first, then by place."""
    for number, (source, sample) in enumerate(zip(sources, samples, strict=True)):
        if min(source.shape) < LEAST_SIDE_PX or not sample.numbers.size:
            continue
        held = _held(sample.numbers, [fill])
        starts = np.cumsum([0, *sample.counts])
        for window, start, end in zip(sample.windows, starts, starts[1:], strict=False):
            count = int(np.count_nonzero(held[start:end]))
            if count:
                yield -count, (source.path, window.row_off, window.col_off), number, window


def _look(
    evidence: _Evidence, blank: BlankPixels, source: Source, index: int, count: int, cells: Window
) -> None:
    """Add what the surroundings of one sample say."""
    if not blank.cells(cells)[index].any():
        evidence.elsewhere += count
        return
    evidence.in_areas += count
    _compare(evidence, blank, source, index, grown(cells, RING_CELLS))
    if not evidence.plain:
        side = side_cells(source, PLAIN_SIDE_M)
        evidence.plain = bool(blank.squares(cells, side)[index].any())


def _compare(
    evidence: _Evidence, blank: BlankPixels, source: Source, index: int, cells: Window
) -> None:
    """Count the pixels around the areas in a window of cells."""
    from scipy import ndimage

    inner = cells.intersection(cells_of(source.window))
    if inner is None:
        return
    area = blank.cells(inner)[index]
    around = ndimage.maximum_filter(area, 2 * RING_CELLS + 1) & ~area
    window = pixels_of(inner, source.shape)
    ring = around.repeat(CELL_PX, 0).repeat(CELL_PX, 1)[: window.height, : window.width]
    pixels, valid = blank.read(window)
    fill, others = blank.areas[index], [*blank.areas[:index], *blank.areas[index + 1 :]]
    ring = ring & valid & ~_held_in(pixels, others)
    evidence.ring += int(np.count_nonzero(ring))
    # The fill's own colour beside its area, more than a border leaves, says that the image has it, too.
    evidence.ring_soft += int(np.count_nonzero(ring & fill.within(pixels, fill.soft)))


def _held_in(pixels: NDArray[Any], fills: Sequence[Fill]) -> NDArray[np.bool_]:
    """(height, width), True where a fill holds the pixel."""
    return _held(pixels.reshape(len(pixels), -1), fills).reshape(pixels.shape[1:])
