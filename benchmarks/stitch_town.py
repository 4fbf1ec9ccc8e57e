"""A town as a label image, and oracles that see one tile of it: a perfect one and a rough one."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rasterio.features import rasterize
from scipy import ndimage
from shapely import affinity
from shapely.geometry import Polygon, box

from geoseg.models.protocols import Instance
from geoseg.types import Window

Labels = NDArray[np.int32]
STREET_PX = 44
DISTRICT_PX = 512
LEAST_PX = 150


def draw_town(size_px: int = 4096, seed: int = 1) -> Labels:
    """Districts of houses, terraces, courtyards and halls, some turned; blocks beyond any tile.

    Returns:
        (size_px, size_px) labels from 1 on, one 4-connected building each.
    """
    rng = np.random.default_rng(seed)
    shapes: list[Polygon] = []
    for row in range(0, size_px, DISTRICT_PX):
        for col in range(0, size_px, DISTRICT_PX):
            shapes += _district(rng, row, col)
    frames, giants = _giants(size_px)
    numbered = [(shape, number) for number, shape in enumerate(shapes, start=1)]
    numbered += [(frame, 0) for frame in frames]
    numbered += [(giant, len(shapes) + number) for number, giant in enumerate(giants, start=1)]
    return _connected(rasterize(numbered, out_shape=(size_px, size_px), dtype=np.int32))


def _district(rng: np.random.Generator, row: int, col: int) -> list[Polygon]:
    angle = rng.choice([0.0, 0.0, 8.0, 19.0, 45.0])
    frame = box(col + 8, row + 8, col + DISTRICT_PX - 8, row + DISTRICT_PX - 8)
    kind = rng.choice(["houses", "houses", "terraces", "terraces", "courtyards", "halls"])
    draw = {"houses": _houses, "terraces": _terraces, "courtyards": _courtyards, "halls": _halls}
    shapes = draw[kind](rng)
    center = (DISTRICT_PX / 2, DISTRICT_PX / 2)
    turned = (affinity.rotate(shape, angle, center) for shape in shapes)
    placed = (affinity.translate(shape, col, row) for shape in turned)
    return [shape for shape in placed if frame.contains(shape)]


def _houses(rng: np.random.Generator) -> list[Polygon]:
    out = []
    for row in range(-60, DISTRICT_PX + 60, 78):
        for col in range(-60, DISTRICT_PX + 60, 84):
            height, width = rng.integers(22, 52, 2)
            r, c = row + rng.integers(0, 18), col + rng.integers(0, 18)
            shape = box(c, r, c + width, r + height)
            if rng.random() < 0.5:
                shape = shape.difference(box(c, r, c + width // 2.4, r + height // 2.4))
            out.append(shape)
    return out


def _terraces(rng: np.random.Generator) -> list[Polygon]:
    out = []
    for row in range(-60, DISTRICT_PX + 60, 40 + STREET_PX):
        col, depth = -60, int(rng.integers(28, 40))
        while col < DISTRICT_PX + 60:
            width = int(rng.integers(22, 40))
            out.append(box(col, row + rng.integers(0, 4), col + width, row + depth))
            col += width + (STREET_PX if rng.random() < 0.1 else 0)
    return out


def _courtyards(rng: np.random.Generator) -> list[Polygon]:
    out = []
    for row in (40, 280):
        for col in (40, 280):
            height, width = rng.integers(130, 200, 2)
            ring = box(col, row, col + width, row + height)
            yard = box(col + 36, row + 36, col + width - 36, row + height - 36)
            out.append(ring.difference(yard))
            out.append(box(col + 50, row + 50, col + 74, row + 80))
    return out


def _halls(rng: np.random.Generator) -> list[Polygon]:
    height, width = rng.integers(230, 330, 2)
    return [box(60, 60, 60 + width, 60 + height), box(70 + width, 60, 100 + width, 60 + height)]


def _giants(size_px: int) -> tuple[list[Polygon], list[Polygon]]:
    """The places cleared for them, and a comb and blocks around a yard, longer than any tile."""
    frames, giants = [], []
    for row, col, height, width in ((300, 500, 620, 1150), (2500, 300, 1500, 640)):
        if row + height < size_px and col + width < size_px:
            ring = box(col, row, col + width, row + height)
            frames.append(ring.buffer(40))
            giants.append(ring.difference(ring.buffer(-50, join_style="mitre")))
            giants.append(box(col + 80, row + 80, col + 160, row + 180))
    if size_px >= 4096:
        frames.append(box(2100, 2100, 3900, 2500))
        comb = box(2130, 2130, 3870, 2170)
        for at in range(2130, 3840, 70):
            comb = comb.union(box(at, 2165, at + 30, 2440))
        giants.append(comb)
        giants += [box(at + 36, 2300, at + 64, 2340) for at in range(2130, 3770, 70)]
    return frames, giants


def _connected(drawn: Labels) -> Labels:
    """Number the 4-connected parts of ``LEAST_PX`` pixels or more."""
    out = np.zeros_like(drawn)
    count = 0
    for key, place in _boxes(drawn):
        parts, found = ndimage.label(drawn[place] == key)
        for part in range(1, found + 1):
            mask = parts == part
            if mask.sum() >= LEAST_PX:
                count += 1
                out[place][mask] = count
    return out


@dataclass(frozen=True, slots=True)
class Lattice:
    """Square tiles that overlap."""

    tile_px: int
    """Side of a tile."""
    overlap_px: int
    """Overlap of neighbours; the core is what is left without half of it on every side."""
    row_shift: int = 0
    """Rows by which the lattice begins above the image."""
    col_shift: int = 0
    """Columns by which it begins left of the image."""

    def rows(self, size: tuple[int, int]) -> Iterator[list[tuple[Window, Window]]]:
        """(window, core) of the tiles, row of tiles by row of tiles."""
        margin = self.overlap_px // 2
        for top, bottom in self._cores(size[0], self.row_shift):
            row = []
            for left, right in self._cores(size[1], self.col_shift):
                core = Window(top, left, bottom - top, right - left)
                r0, c0 = max(top - margin, 0), max(left - margin, 0)
                r1, c1 = min(bottom + margin, size[0]), min(right + margin, size[1])
                row.append((Window(r0, c0, r1 - r0, c1 - c0), core))
            yield row

    def _cores(self, size: int, shift: int) -> Iterator[tuple[int, int]]:
        step = self.tile_px - self.overlap_px
        for at in range(-(shift % step), size, step):
            if at + step > 0:
                yield max(at, 0), min(at + step, size)


Oracle = Callable[[Labels, Window], list[Instance]]


def perfect(town: Labels, window: Window) -> list[Instance]:
    """Every connected part that the tile shows, as an instance of its own."""
    seen = town[window.row_off : window.row_end, window.col_off : window.col_end]
    return [item for item, _ in _parts(seen)]


def telling(town: Labels, window: Window) -> list[Instance]:
    """What ``perfect`` sees, surer of a building the more of it lies in the tile.

    No network can be relied on for that; it is all the help that a rule by scores can have.
    """
    found = perfect(town, window)
    return [replace(item, score=1 - 1 / np.count_nonzero(item.mask) / 2) for item in found]


def _parts(seen: Labels) -> Iterator[tuple[Instance, int]]:
    for key, place in _boxes(seen):
        parts, count = ndimage.label(seen[place] == key)
        for number, inner in enumerate(ndimage.find_objects(parts, count), start=1):
            row, col = place[0].start + inner[0].start, place[1].start + inner[1].start
            yield Instance(parts[inner] == number, row, col, 0.9), int(key)


def _boxes(seen: Labels) -> Iterator[tuple[int, tuple[slice, slice]]]:
    for key, place in enumerate(ndimage.find_objects(seen), start=1):
        if place is not None:
            yield key, place


@dataclass(slots=True)
class Rough:
    """Sees what ``perfect`` sees, as networks do.

    Within ``edge_px`` of the tile's border a third of the masks is eroded and a third dilated by 2
    pixels; scores vary; one piece in ten is missing, one in twenty comes twice.
    """

    seed: int
    """Of everything random."""
    edge_px: int = 32
    """Where outlines are off."""
    seen: NDArray[np.bool_] | None = None
    """(height, width) of the town, set where a piece that was not missing shows a building."""

    def __call__(self, town: Labels, window: Window) -> list[Instance]:
        """The instances of one tile; the same tile always gives the same."""
        rng = np.random.default_rng([self.seed, window.row_off, window.col_off])
        pixels = town[window.row_off : window.row_end, window.col_off : window.col_end]
        found = []
        for item, _ in _parts(pixels):
            if rng.random() < 0.1:
                continue
            if self.seen is not None:
                rows = slice(window.row_off + item.row_off, None)
                cols = slice(window.col_off + item.col_off, None)
                height, width = item.mask.shape
                self.seen[rows, cols][:height, :width] |= item.mask
            times = 2 if rng.random() < 0.05 else 1
            found += [self._worn(item, pixels.shape, rng) for _ in range(times)]
        return [found[i] for i in rng.permutation(len(found))]

    def _worn(self, item: Instance, shape: tuple[int, int], rng: np.random.Generator) -> Instance:
        mask = np.pad(item.mask, 2)
        kind = rng.integers(0, 3)
        if kind:
            change = ndimage.binary_erosion if kind == 1 else ndimage.binary_dilation
            changed = change(mask, iterations=2)
            rows = np.arange(mask.shape[0]) + item.row_off - 2
            cols = np.arange(mask.shape[1]) + item.col_off - 2
            near = np.minimum(
                np.minimum(rows, shape[0] - 1 - rows)[:, None],
                np.minimum(cols, shape[1] - 1 - cols)[None],
            )
            mask = np.where(near < self.edge_px, changed, mask)
        return Instance(mask, item.row_off - 2, item.col_off - 2, float(rng.uniform(0.5, 1)))
