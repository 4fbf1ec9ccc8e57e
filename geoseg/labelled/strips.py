"""The split of a place's ground: one contiguous strip is held out, with a margin around it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from geoseg.types import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from geoseg.scenes.scene import Split

LEAST_BUILDINGS = 10
"""Places with fewer buildings are not divided."""
LEAST_PX = 32
"""Narrower regions are left out: hardly a whole building fits in."""


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle of the grid that goes to one side of the split."""

    window: Window
    """Where."""
    split: Split
    """To which side."""

    def chips(self, chip_px: int) -> list[Window]:
        """The rectangle in pieces of nearly equal size, none longer than ``chip_px``."""
        window = self.window
        return [
            Window(row, col, height, width)
            for row, height in _pieces(window.row_off, window.height, chip_px)
            for col, width in _pieces(window.col_off, window.width, chip_px)
        ]


def _pieces(start: int, length: int, longest: int) -> list[tuple[int, int]]:
    count = -(-length // longest)
    ends = [start + length * i // count for i in range(count + 1)]
    return [(a, b - a) for a, b in pairwise(ends)]


def divide(
    ground: Window, centres: NDArray[np.float64], *, share: float, margin_px: int
) -> list[Region]:
    """Training ground, a strip of validation ground, training ground.

    The strip crosses the ground's longer side, holds ``share`` of the buildings, and lies where
    that takes nearest to ``share`` of the ground: where the town is as dense as it is on average.
    Between it and the rest lie ``margin_px`` pixels that belong to no region. All goes to training
    where there are too few buildings, or no room.

    Args:
        ground: What is divided.
        centres: (n, 2) column and row of each building's centre.
        share: 0..0.5.
        margin_px: Width of the margin.
    """
    whole = [Region(ground, "train")]
    if share == 0 or len(centres) < LEAST_BUILDINGS:
        return whole
    lying = ground.width >= ground.height
    low, length = (ground.col_off, ground.width) if lying else (ground.row_off, ground.height)
    places = np.clip(centres[:, 0 if lying else 1], low, low + length)
    begin, end = choose_strip(places, low, low + length, share=share, margin=margin_px)
    sides: list[tuple[int, int, Split]] = [
        (low, begin - margin_px, "train"),
        (begin, end, "val"),
        (end + margin_px, low + length, "train"),
    ]
    regions = [
        Region(_across(ground, first, last, lying=lying), split)
        for first, last, split in sides
        if last - first >= LEAST_PX
    ]
    both = {region.split for region in regions} == {"train", "val"}
    return regions if both else whole


def widened(region: Region, ground: Window, limits: Window, context_px: int) -> Region:
    """The region, moved outwards by ``context_px`` where the ground ends, but not beyond the limits."""
    own = region.window
    above, before = own.row_off == ground.row_off, own.col_off == ground.col_off
    below, behind = own.row_end == ground.row_end, own.col_end == ground.col_end
    wide = Window(
        own.row_off - context_px * above,
        own.col_off - context_px * before,
        own.height + context_px * (above + below),
        own.width + context_px * (before + behind),
    )
    return replace(region, window=wide.intersection(limits) or own)


def _across(ground: Window, begin: int, end: int, *, lying: bool) -> Window:
    """The part of the ground between two columns, or two rows."""
    if lying:
        return Window(ground.row_off, begin, ground.height, end - begin)
    return Window(begin, ground.col_off, end - begin, ground.width)


def choose_strip(
    places: NDArray[np.float64], low: int, high: int, *, share: float, margin: int
) -> tuple[int, int]:
    """Where the strip begins and ends along one axis.

    Args:
        places: Positions of the buildings.
        low: Where the ground begins.
        high: Where it ends.
        share: Of the buildings.
        margin: Pixels lost at each side of the strip that is not the ground's own.
    """
    ordered = np.sort(places)
    count = max(1, round(share * len(ordered)))
    gaps = np.concatenate([[low], (ordered[1:] + ordered[:-1]) / 2, [high]])
    begins, ends = np.rint(gaps[:-count]).astype(int), np.rint(gaps[count:]).astype(int)
    lost = margin * ((begins > low).astype(int) + (ends < high))
    misfit = np.abs((ends - begins) - share * (high - low)) + lost
    misfit = np.where(ends > begins, misfit, np.inf)
    best = int(np.argmin(misfit))
    return int(begins[best]), int(ends[best])
