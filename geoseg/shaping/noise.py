"""How much outlines err about the true walls."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from geoseg.kernels.jit import jit
from geoseg.shaping.arcs import Arcs
from geoseg.shaping.arrays import Floats, Ints

if TYPE_CHECKING:
    from geoseg.shaping.settings import RegularizeSettings

NOISE_GAIN = 1.35
"""Noise over the residual of free walls, which follow the noise a little."""
MIN_NOISE_PX = 0.3
"""A staircase of pixels about a straight wall errs by this much."""
SHOWN_PX = 0.4
"""Outlines that err by no more were drawn: they show no noise."""
LAYER_WEIGHT_PX = 200.0
"""The noise of a layer tells of that of a group as much as so long an outline of its own."""

SMOOTH_PX = 0.75
"""Outlines of networks err smoothly, too, by as much as this; smooth errors leave no residual."""
SMOOTH_GAIN = 5.0
"""Outlines that show little noise were drawn, or drawn before: smooth errors count so many times
what the noise is above its least, at most."""

USUAL_PX = 1.5
"""Width of the Gaussian that has smoothed usual noise; walls are priced for it."""
MOST_STRETCH = 4.0
"""Of the price of walls, where noise hangs together for longer."""


def estimate_noise(
    sums: Floats, arcs: Arcs, first: Ints, end: Ints, group: Ints, settings: RegularizeSettings
) -> Floats:
    """(n,) noise of each polygon, from what free walls leave of the typical pixel of its group.

    The walls of a small house tell little: some follow the noise, others do not. What is usual in the
    layer makes up for that where it is known.
    """
    begin = np.append(0, end[:-1])
    begin[first[:-1]] = arcs.first[:-1]
    weight, square = residuals(sums, begin, end)
    home = group[arcs.near[np.repeat(np.arange(len(arcs.near)), np.diff(first))]]
    typical = np.zeros(int(group.max()) + 1)
    _weighted_medians(home, np.lexsort((square, home)), square, weight, typical)
    noise = np.clip(NOISE_GAIN * np.sqrt(typical), MIN_NOISE_PX, settings.noise_px)
    if settings.layer_noise_px is not None:
        usual, length = settings.layer_noise_px, np.bincount(home, weight)
        both = length * noise**2 + LAYER_WEIGHT_PX * usual**2
        mixed = np.sqrt(both / (length + LAYER_WEIGHT_PX))
        noise = np.where(noise > SHOWN_PX, np.minimum(mixed, settings.noise_px), noise)
    return np.asarray(noise[group])


def usual_noise(noise: Floats, length: Floats) -> float | None:
    """Median of the noise of outlines (n,) that show some, weighted by their lengths (n,)."""
    noise, length = noise[noise > SHOWN_PX], length[noise > SHOWN_PX]
    if len(noise) == 0:
        return None
    all_one, usual = np.zeros(len(noise), dtype=np.int64), np.zeros(1)
    _weighted_medians(all_one, np.argsort(noise, kind="stable"), noise, length, usual)
    return float(usual[0])


def with_smooth_errors(noise: Floats) -> Floats:
    """(n,) by how much outlines of such noise err about the true walls, smooth errors included."""
    smooth = MIN_NOISE_PX + SMOOTH_GAIN * (noise - MIN_NOISE_PX)
    return np.maximum(noise, np.minimum(SMOOTH_PX, smooth))


def price_units(noise: Floats, correlation_px: float | None) -> Floats:
    """(n,) squares that walls of outlines of such noise are priced in, square pixels.

    A wall that is none explains the more of the noise the longer it hangs together: as many pixels
    as do count as one. Smooth errors of a mask are no walls either.
    """
    return np.maximum(long_noise(noise, correlation_px), with_smooth_errors(noise) ** 2)


def long_noise(noise: Floats, correlation_px: float | None) -> Floats:
    """(n,) squares of the noise, as many times as its pixels count as one, square pixels.

    What a staircase of pixels shows is no noise.
    """
    return noise**2 + (stretch(correlation_px) - 1.0) * (noise**2 - MIN_NOISE_PX**2)


def stretch(correlation_px: float | None) -> float:
    """By what noise that hangs together for so long raises the price of walls."""
    width = USUAL_PX if correlation_px is None else correlation_px
    return float(np.clip((width / USUAL_PX) ** 2, 1.0, MOST_STRETCH))


def residuals(sums: Floats, begin: Ints, end: Ints) -> tuple[Floats, Floats]:
    """Weight of the samples between two vertices, and their mean squared distance to a line."""
    w, x, y, xx, xy, yy = (sums[end] - sums[begin]).T
    w = np.maximum(w, 1e-9)
    cxx, cxy, cyy = xx - x * x / w, xy - x * y / w, yy - y * y / w
    d = 0.5 * (cxx - cyy)
    left = 0.5 * (cxx + cyy) - np.sqrt(d * d + cxy * cxy)
    return w, np.maximum(left, 0.0) / w


@jit
def _weighted_medians(home: Ints, order: Ints, value: Floats, weight: Floats, out: Floats) -> None:
    """Write the weighted median of each home's values; ``order`` sorts by home, then value."""
    at = 0
    while at < len(order):
        mine = home[order[at]]
        stop, half = at, 0.0
        while stop < len(order) and home[order[stop]] == mine:
            half += 0.5 * weight[order[stop]]
            stop += 1
        total = 0.0
        while at < stop and total < half:
            total += weight[order[at]]
            out[mine] = value[order[at]]
            at += 1
        at = stop
