"""Heights of footprints from the surface around them, one by one and each by itself."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import maximum_filter1d

from geoseg.heights.burning import Edges, Mask, box_of, burn, burn_all
from geoseg.heights.ground import FEWEST_SAMPLES, LEAST_SHARE, MOST_SAMPLES, fit_plane
from geoseg.heights.roof import planes
from geoseg.kernels.jit import inner_jit, jit, whole

GROUND, HEIGHT, HIGHEST, EAVES, MEAN, COVERAGE, SLOPE, ROUGH, OPEN = range(9)
"""Columns of the numbers of a building, all metres but these: COVERAGE 0..1, SLOPE (1 is 45 degrees).
MEAN: mean height above ground, for the volume. OPEN: median, on open ground around it, of the surface
above the terrain model; without one NaN."""
NUMBERS = 9

OFF_WALLS_M = 1.0
"""Footprint and surface may lie so far apart; with two samples over which walls are smeared, the open
ground begins there."""
SMEARED = 2
RING_M = np.array([4.0, 8.0, 16.0, 32.0])
"""Width of the ring of open ground: the first that holds enough of it."""
PATCH_M = 1.25
"""Half of a patch that a plane of a roof is sought in."""
HIGH_SHARE = 0.95
"""The highest part of a roof begins at this share of its samples: antennas and noise lie above."""
EAVES_SHARE = 0.1
"""The eaves of a pitched roof, among the samples above half of its height."""
LOW_SHARE = 0.1
"""The ground where no plane fits: this share of the samples around lies lower."""
PITCHED = math.tan(math.radians(10.0))
"""Roofs with a steeper median slope are pitched."""
LEAST_COVERAGE = 0.25
"""Of the inner samples, that must be known for heights to be told."""
MOST_INNER = 1 << 16
"""Inner samples that medians are taken of, evenly among all there are."""
LOWER_M = 1.5
"""Ground in the wider surroundings that lies so much lower beneath the building is the ground."""
STEEPEST = 1.0
"""Ground that seems steeper is none."""

FREE, CLOSE, WALLED = whole(0), whole(1), whole(2)
"""Samples: open ground; near a footprint; within it or at its wall."""


@dataclass(frozen=True, slots=True)
class Samples:
    """A piece of the surface, at samples that lie ``col_m`` and ``row_m`` apart."""

    z: NDArray[np.float64]
    """(rows, columns) metres; NaN where unknown."""
    terrain: NDArray[np.float64] | None
    """(rows, columns) the ground, metres; None where it must be found around each building."""
    col_m: float
    """Metres between columns."""
    row_m: float
    """Metres between rows."""


def reach(col_m: float, row_m: float) -> int:
    """Samples around a footprint's box that can bear on its numbers, samples ``col_m`` apart."""
    finest = min(col_m, row_m)
    return math.ceil(float(RING_M[-1]) / finest) + 2 * _off_walls(finest) + 2


def _off_walls(sample_m: float) -> int:
    return SMEARED + math.ceil(OFF_WALLS_M / sample_m)


def measure(
    samples: Samples, edges: Edges, starts: NDArray[np.int64], wanted: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The numbers of some of the footprints on a piece of the surface.

    Args:
        samples: The surface, at least :func:`reach` around those wanted as far as it goes.
        edges: (edges, 4) of all footprints on it, in samples.
        starts: (footprints + 1,) where the edges of each begin.
        wanted: (n,) footprints to measure.

    Returns:
        (n, NUMBERS), NaN where nothing is known.
    """
    occupied = np.zeros(samples.z.shape, np.uint8)
    burn_all(edges, starts, occupied)
    finest = min(samples.col_m, samples.row_m)
    kind = _dilated(occupied, _off_walls(finest)) + _dilated(occupied, 1)
    out = np.full((len(wanted), NUMBERS), np.nan)
    given = samples.terrain is not None
    terrain = samples.terrain if samples.terrain is not None else np.zeros((1, 1))
    half = max(1, round(PATCH_M / finest))
    sizes = (samples.col_m, samples.row_m)
    _measure_all((samples.z, terrain, kind), given, (edges, starts, wanted), sizes, half, out)
    return out


def _dilated(mask: Mask, by: int) -> Mask:
    across = maximum_filter1d(mask, 2 * by + 1, axis=1, mode="constant")
    down: Mask = maximum_filter1d(across, 2 * by + 1, axis=0, mode="constant")
    return down


@jit
def _measure_all(
    rasters: tuple[NDArray[np.float64], NDArray[np.float64], Mask],
    given: bool,
    footprints: tuple[Edges, NDArray[np.int64], NDArray[np.int64]],
    sizes: tuple[float, float],
    half: int,
    out: NDArray[np.float64],
) -> None:
    z = rasters[0]
    edges, starts, wanted = footprints
    rows, cols = z.shape
    for n in range(len(wanted)):
        first, last = starts[wanted[n]], starts[wanted[n] + 1]
        row, col, height, width = box_of(edges, first, last)
        top, left = max(row, 0), max(col, 0)
        bottom, right = min(row + height, rows), min(col + width, cols)
        if bottom <= top or right <= left:
            if height > 0 and width > 0:
                out[n, COVERAGE] = 0.0
            continue
        inside = np.zeros((bottom - top, right - left), np.uint8)
        burn(edges, first, last, top, left, inside)
        box = (top, left, bottom, right)
        whole = row >= 0 and col >= 0 and row + height <= rows and col + width <= cols
        _measure_one(rasters, given, box, inside, sizes, half, out[n])
        if not whole and not math.isnan(out[n, COVERAGE]):  # what lies beyond is unknown, too
            everything = np.zeros((height, width), np.uint8)
            burn(edges, first, last, row, col, everything)
            out[n, COVERAGE] *= inside.sum() / everything.sum()


@inner_jit
def _measure_one(
    rasters: tuple[NDArray[np.float64], NDArray[np.float64], Mask],
    given: bool,
    box: tuple[int, int, int, int],
    inside: Mask,
    sizes: tuple[float, float],
    half: int,
    out: NDArray[np.float64],
) -> None:
    z, terrain, _ = rasters
    top, left, bottom, right = box
    area = inside.sum()
    if area == 0:
        return
    x0, y0 = (left + right) // 2, (top + bottom) // 2  # the plane's origin
    a, bx, by, known = _ground(rasters, given, box, (x0, y0), sizes, out)
    usable, inner, count = _inner(z, terrain, given, box, inside)
    valid = 0
    for i in range(bottom - top):
        for j in range(right - left):
            valid += inside[i, j] and _is_known(z, terrain, given, top + i, left + j)
    out[COVERAGE] = valid / area
    if not known or usable < max(1.0, LEAST_COVERAGE * count):
        return
    step = (usable + MOST_INNER - 1) // MOST_INNER
    heights, ground, place, kept = np.empty(usable // step + 1), 0.0, 0, 0
    for i in range(bottom - top):
        for j in range(right - left):
            if inner[i, j]:
                if place % step == 0:
                    r, c = top + i, left + j
                    g = terrain[r, c] if given else a + bx * (c - x0) + by * (r - y0)
                    heights[kept] = z[r, c] - g
                    ground += g
                    kept += 1
                place += 1
    ordered = np.sort(heights[:kept])
    out[GROUND] = ground / kept
    out[HEIGHT] = quantile(ordered, 0.5)
    out[HIGHEST] = quantile(ordered, HIGH_SHARE)
    out[MEAN] = ordered.mean()
    slope, rough = planes(z[top:bottom, left:right], inner, half, sizes[0], sizes[1])
    out[SLOPE], out[ROUGH] = slope, rough
    if slope > PITCHED:
        low = np.searchsorted(ordered, out[HEIGHT] / 2)
        out[EAVES] = quantile(ordered[min(low, kept - 1) :], EAVES_SHARE)


@inner_jit
def _is_known(
    z: NDArray[np.float64], terrain: NDArray[np.float64], given: bool, row: int, col: int
) -> bool:
    return not math.isnan(z[row, col]) and not (given and math.isnan(terrain[row, col]))


@inner_jit
def _inner(
    z: NDArray[np.float64],
    terrain: NDArray[np.float64],
    given: bool,
    box: tuple[int, int, int, int],
    inside: Mask,
) -> tuple[int, Mask, int]:
    """Known samples one off the walls: how many, which, and how many there were if all were known.

    Of a footprint too narrow to have any, all its samples.
    """
    top, left, _, _ = box
    inner = _shrunk(inside)
    count = inner.sum()
    if count == 0:
        inner = inside.copy()
        count = inner.sum()
    usable = 0
    for i in range(inside.shape[0]):
        for j in range(inside.shape[1]):
            if inner[i, j] and not _is_known(z, terrain, given, top + i, left + j):
                inner[i, j] = 0
            usable += inner[i, j]
    return usable, inner, count


@inner_jit
def _shrunk(inside: Mask) -> Mask:
    """Samples whose eight neighbours are inside as well."""
    rows, cols = inside.shape
    out = np.zeros_like(inside)
    for i in range(1, rows - 1):
        for j in range(1, cols - 1):
            all_in = True
            for di in range(-1, 2):
                for dj in range(-1, 2):
                    if inside[i + di, j + dj] == 0:
                        all_in = False
            if all_in:
                out[i, j] = 1
    return out


@inner_jit
def _ground(
    rasters: tuple[NDArray[np.float64], NDArray[np.float64], Mask],
    given: bool,
    box: tuple[int, int, int, int],
    origin: tuple[int, int],
    sizes: tuple[float, float],
    out: NDArray[np.float64],
) -> tuple[float, float, float, bool]:
    """The plane of the ground (height at the origin, slopes per sample), and whether it is known.

    With a terrain model the plane is not used; the open ground then tells how the two fit.
    """
    if given:
        for wide in RING_M:
            z = _ring(rasters, given, box, origin, sizes, wide, FREE)[2]
            if len(z) >= FEWEST_SAMPLES:
                out[OPEN] = np.median(z)
                break
        return 0.0, 0.0, 0.0, True
    near = _fitted(rasters, given, box, origin, sizes, (FREE, RING_M))
    if not near[3]:  # in narrow lanes no sample is free
        near = _fitted(rasters, given, box, origin, sizes, (CLOSE, RING_M))
    # Roofs that nobody drew look like ground from close by; lanes and courts lie among them.
    wide = _fitted(rasters, given, box, origin, sizes, (CLOSE, RING_M[2:3]))
    if wide[3] and wide[0] < near[0] - LOWER_M:
        return wide
    return near


@inner_jit
def _fitted(
    rasters: tuple[NDArray[np.float64], NDArray[np.float64], Mask],
    given: bool,
    box: tuple[int, int, int, int],
    origin: tuple[int, int],
    sizes: tuple[float, float],
    among: tuple[int, NDArray[np.float64]],
) -> tuple[float, float, float, bool]:
    """The plane of the first ring that holds enough of it, of samples of a kind."""
    free, widths = among
    top, left, bottom, right = box
    a = math.nan
    for wide in widths:
        x, y, z = _ring(rasters, given, box, origin, sizes, wide, free)
        if len(z) < FEWEST_SAMPLES:
            continue
        far = float(max(bottom - top, right - left)) / 2 + wide / min(sizes[0], sizes[1])
        a, bx, by, near = fit_plane(x, y, z, far)
        steep = math.hypot(bx / sizes[0], by / sizes[1])
        if near >= LEAST_SHARE * len(z) and steep <= STEEPEST:
            return a, bx, by, True
        a = quantile(np.sort(z), LOW_SHARE)
    return a, 0.0, 0.0, not math.isnan(a)


@inner_jit
def _ring(
    rasters: tuple[NDArray[np.float64], NDArray[np.float64], Mask],
    given: bool,
    box: tuple[int, int, int, int],
    origin: tuple[int, int],
    sizes: tuple[float, float],
    wide_m: float,
    free: int,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Open ground in the box and around it: x, y from the origin, and z above the terrain model."""
    z, terrain, kind = rasters
    rows, cols = z.shape
    finest = min(sizes[0], sizes[1])
    off = 2 + math.ceil(OFF_WALLS_M / finest)
    down, across = off + math.ceil(wide_m / sizes[1]), off + math.ceil(wide_m / sizes[0])
    top, left = max(box[0] - down, 0), max(box[1] - across, 0)
    bottom, right = min(box[2] + down, rows), min(box[3] + across, cols)
    count = 0
    for i in range(top, bottom):
        for j in range(left, right):
            count += kind[i, j] <= free and _is_known(z, terrain, given, i, j)
    step = max(1, (count + MOST_SAMPLES - 1) // MOST_SAMPLES)
    size = (count + step - 1) // step
    xs, ys, zs = np.empty(size), np.empty(size), np.empty(size)
    place = kept = 0
    for i in range(top, bottom):
        for j in range(left, right):
            if kind[i, j] <= free and _is_known(z, terrain, given, i, j):
                if place % step == 0:
                    xs[kept], ys[kept] = j - origin[0], i - origin[1]
                    zs[kept] = z[i, j] - terrain[i, j] if given else z[i, j]
                    kept += 1
                place += 1
    return xs, ys, zs


@inner_jit
def quantile(ordered: NDArray[np.float64], share: float) -> float:
    """Between the two nearest of rising numbers, as numpy does."""
    at = share * (len(ordered) - 1)
    low = int(at)
    high = min(low + 1, len(ordered) - 1)
    return float(ordered[low] + (at - low) * (ordered[high] - ordered[low]))
