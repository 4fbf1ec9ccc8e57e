"""Scenes of georeferenced rasters with polygons as labels, read window by window."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from geoseg.addresses.urls import unfolded
from geoseg.labelled.burn import PolygonIndex
from geoseg.labelled.pixels import missing
from geoseg.labelled.request import FINEST_M, LEAST_KNOWN_PX, Chip, PackOptions, Pair, Tick
from geoseg.labelled.strips import Region, divide, widened
from geoseg.labelled.vectors import read_footprints
from geoseg.raster import Mosaic
from geoseg.scenes.scene import Scene
from geoseg.tiles.area import Area
from geoseg.tiles.given import GivenArea
from geoseg.types import Window

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from geoseg.scenes.scene import Split
    from geoseg.types import Grid


@dataclass(frozen=True, slots=True)
class _Areas:
    """Where labels can be trusted."""

    aoi: Area | None
    ignore: tuple[Area, ...]

    @classmethod
    def read(cls, pair: Pair, grid: Grid) -> _Areas:
        aoi = GivenArea.of(pair.aoi, pair.aoi_layer)
        ignore = [GivenArea.of(pair.ignore, pair.ignore_layer)]
        if pair.unknown is not None and len(pair.unknown):
            ignore.append(GivenArea.of(pair.unknown))
        return cls(
            None if aoi is None else Area.of(aoi, grid, grid.crs),
            tuple(Area.of(area, grid, grid.crs) for area in ignore if area is not None),
        )

    def ground(self, grid: Grid) -> Window:
        """The part of the grid that the area of interest spans."""
        if self.aoi is None:
            return grid.window
        left, top, right, bottom = shapely.bounds(
            shapely.intersection(self.aoi.shape, shapely.box(0, 0, grid.width, grid.height))
        )
        row, col = math.floor(top), math.floor(left)
        return Window(row, col, math.ceil(bottom) - row, math.ceil(right) - col)

    def meet(self, window: Window) -> bool:
        """Whether any pixel of the window may be known."""
        corners = window.row_off, window.col_off, window.row_end, window.col_end
        return self.aoi is None or self.aoi.meets(*corners)

    def unknown(self, window: Window) -> NDArray[np.bool_]:
        """(height, width), True outside the area of interest and where it is to be ignored."""
        unknown = np.zeros((window.height, window.width), bool)
        if self.aoi is not None:
            unknown |= ~_burn(self.aoi, window)
        for area in self.ignore:
            unknown |= _burn(area, window)
        return unknown


def _burn(area: Area, window: Window) -> NDArray[np.bool_]:
    polygons = shapely.get_parts(area.shape)
    return PolygonIndex.of(polygons).covered(window)


def mosaic_chips(
    pair: Pair, place: str, options: PackOptions, found: Counter[str], tick: Tick
) -> Iterator[Chip]:
    """Every chip with a known pixel, one after the other.

    Args:
        pair: Rasters with vector labels.
        place: Its name.
        options: How to pack.
        found: Counts of what was found in the labels; added to.
        tick: Told how many windows are done, and of how many.
    """
    with Mosaic.open(
        [unfolded(path) for path in pair.images],
        gsd_range_m=(FINEST_M, math.inf),
        gsd_m=pair.gsd_m,
        bands=options.bands,
        stretch=options.stretch,
        nodata=options.nodata,
        keep_blank=options.keep_blank,
    ) as mosaic:
        labels = read_footprints(pair.labels, mosaic.grid, pair.layer)
        found.update(labels.counts)
        packer = _Packer(pair, place, mosaic, PolygonIndex.of(labels.polygons))
        regions = packer.regions(options)
        windows = [
            (region.split, window)
            for region in regions
            for window in region.chips(options.chip_px)
            if packer.may_hold(window)
        ]
        for done, (split, window) in enumerate(windows, start=1):
            chip = packer.chip(split, window)
            if chip is not None:
                yield chip
            tick(done, len(windows))
        found.update(packer.counts())


class _Packer:
    """One mosaic with its labels."""

    def __init__(self, pair: Pair, place: str, mosaic: Mosaic, labels: PolygonIndex) -> None:
        self._pair, self._place, self._mosaic, self._labels = pair, place, mosaic, labels
        self._areas = _Areas.read(pair, mosaic.grid)
        self._seen = np.zeros(len(labels.polygons), bool)
        self._across = np.zeros(len(labels.polygons), bool)
        self._found: Counter[str] = Counter()

    def regions(self, options: PackOptions) -> list[Region]:
        """The ground of each side; notes the buildings that reach from one into the other."""
        grid = self._mosaic.grid
        ground = self._areas.ground(grid)
        context_px = math.ceil(self._pair.context_m / grid.gsd_m)
        return [
            widened(region, ground, grid.window, context_px)
            for region in self._sides(ground, options)
        ]

    def _sides(self, ground: Window, options: PackOptions) -> list[Region]:
        if self._pair.split != "blocks":
            return [Region(ground, self._pair.split)]
        grid = self._mosaic.grid
        centres = shapely.centroid(self._labels.polygons)
        if self._areas.aoi is not None:
            centres = centres[self._areas.aoi.holds(centres)]
        regions = divide(
            ground,
            shapely.get_coordinates(centres),
            share=options.val_share,
            margin_px=math.ceil(options.margin_m / grid.gsd_m),
        )
        sides = {"train": np.zeros_like(self._across), "val": np.zeros_like(self._across)}
        for region in regions:
            sides[region.split][self._labels.at(region.window)] = True
        self._across = sides["train"] & sides["val"]
        return regions

    def may_hold(self, window: Window) -> bool:
        """Whether a raster and the area of interest reach into the window."""
        extents = (placement.extent for placement in self._mosaic.placements)
        return self._areas.meet(window) and any(window.intersection(e) for e in extents)

    def chip(self, split: Split, window: Window) -> Chip | None:
        """The scene of a window; None where hardly a pixel is known."""
        block = self._mosaic.read(window)
        image = np.ascontiguousarray(np.moveaxis(block.image, 0, 2))
        numbers = self._labels.labels(window)
        nodata = ~block.valid | missing(image, numbers)
        self._found["nodata_px"] += int(nodata.sum())
        here = self._labels.at(window)
        ignore = nodata | self._areas.unknown(window)
        if split == "train" and self._across[here].any():
            across = PolygonIndex.of(self._labels.polygons[here[self._across[here]]])
            ignore |= across.covered(window)
        if np.count_nonzero(~ignore) < LEAST_KNOWN_PX:
            self._found["chips_unknown"] += 1
            return None
        self._seen[here[np.unique(numbers[~ignore & (numbers > 0)]) - 1]] = True
        gsd_m = self._mosaic.grid.gsd_m
        scene = Scene(
            f"{self._place}_{window.row_off:06d}_{window.col_off:06d}",
            self._place,
            split,
            gsd_m,
            image,
            numbers,
            ignore,
            licence=self._pair.licence,
        )
        twice = self._labels.covered(window, times=2) & ~ignore
        return Chip(scene, float(twice.sum()) * gsd_m**2)

    def counts(self) -> Counter[str]:
        """What only the packing showed."""
        return self._found + Counter(
            across=int(self._across.sum()), without_pixels=int((~self._seen).sum())
        )
