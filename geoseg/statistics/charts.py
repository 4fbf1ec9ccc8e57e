"""Bar charts as numbers in SVG units; the template draws them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

WIDTH = 460
"""Width of the drawing area, SVG units."""
HEIGHT = 190
"""Height of the drawing area, SVG units."""
BINS_PER_DECADE = 10
"""Bars of the histogram per factor of ten in area."""
SMALLEST_M2 = 1.0
"""Areas below are drawn in the first bar."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, in SVG units from the top left."""

    x: float
    """Left side."""
    y: float
    """Top."""
    width: float
    """Width."""
    height: float
    """Height."""
    colour: str
    """Fill."""
    hint: str
    """Shown when pointed at, and read aloud."""


@dataclass(frozen=True, slots=True)
class Tick:
    """A label on an axis."""

    at: float
    """Position along the axis, SVG units."""
    text: str
    """Label."""


@dataclass(frozen=True, slots=True)
class Chart:
    """A bar chart."""

    title: str
    """Heading."""
    bars: tuple[Bar, ...]
    """The bars."""
    x_ticks: tuple[Tick, ...]
    """Labels below."""
    y_ticks: tuple[Tick, ...]
    """Labels to the left."""


def area_histogram(
    area_m2: NDArray[np.float64], limits_m2: list[float], colours: tuple[str, ...]
) -> Chart:
    """How many buildings have which area, on a logarithmic axis."""
    area = np.maximum(area_m2, SMALLEST_M2)
    low = math.floor(math.log10(area.min(initial=10_000.0)) * 2) / 2
    high = max(math.ceil(math.log10(area.max(initial=10.0)) * 2) / 2, low + 0.5)
    bins = round((high - low) * BINS_PER_DECADE)
    edges = np.logspace(low, high, bins + 1)
    # Rounding of the logarithm must not put the extremes outside.
    edges[0], edges[-1] = (
        min(edges[0], area.min(initial=edges[0])),
        max(edges[-1], area.max(initial=0)),
    )
    counts = np.histogram(area, edges)[0]
    classes = np.digitize(np.sqrt(edges[1:] * edges[:-1]), limits_m2)
    hints = [
        f"{lo:,.0f} to {hi:,.0f} m²: {n:,} buildings"
        for lo, hi, n in zip(edges, edges[1:], counts, strict=False)
    ]
    bars = _bars(counts.astype(float), [colours[c] for c in classes], hints, gap=1)
    marks = [d * 10.0**e for e in range(math.floor(low), math.ceil(high) + 1) for d in (1, 2, 5)]
    ticks = [(math.log10(m) - low) / (high - low) for m in marks]
    x_ticks = tuple(
        Tick(at * WIDTH, f"{mark:,.0f}")
        for at, mark in zip(ticks, marks, strict=True)
        if 0 <= round(at, 6) <= 1
    )
    return Chart("Buildings by area (m², logarithmic)", bars, x_ticks, _y_ticks(counts))


def count_chart(
    title: str, labels: list[str], counts: list[int], colours: tuple[str, ...]
) -> Chart:
    """How many buildings each class holds."""
    everything = max(sum(counts), 1)
    hints = [
        f"{label}: {count:,} buildings, {100 * count / everything:.1f} %"
        for label, count in zip(labels, counts, strict=True)
    ]
    step = WIDTH / len(labels)
    ticks = tuple(Tick((i + 0.5) * step, label) for i, label in enumerate(labels))
    numbers = np.array(counts, dtype=float)
    bars = _bars(numbers, list(colours), hints, gap=10)
    return Chart(title, bars, ticks, _y_ticks(numbers))


def _bars(
    counts: NDArray[np.float64], colours: list[str], hints: list[str], gap: float
) -> tuple[Bar, ...]:
    step = WIDTH / len(counts)
    top = _nice_top(counts)
    return tuple(
        Bar(
            round(index * step + gap / 2, 1), round(HEIGHT * (1 - count / top), 1),
            round(step - gap, 1), round(HEIGHT * count / top, 1), colour, hint,
        )
        for index, (count, colour, hint) in enumerate(zip(counts, colours, hints, strict=True))
    )  # fmt: skip


def _y_ticks(counts: NDArray[Any]) -> tuple[Tick, ...]:
    top = _nice_top(counts)
    step = _nice_step(top)
    values = np.arange(0, top + step / 2, step)
    return tuple(Tick(round(HEIGHT * (1 - value / top), 1), f"{value:,.0f}") for value in values)


def _nice_top(counts: NDArray[Any]) -> float:
    highest = max(float(counts.max(initial=0)), 4.0)
    step = _nice_step(highest)
    return math.ceil(highest / step) * step


def _nice_step(top: float) -> float:
    """A step of 1, 2 or 5 times a power of ten that makes about four of them."""
    power = 10.0 ** math.floor(math.log10(top / 4))
    return next(power * m for m in (1, 2, 5, 10) if top / (power * m) <= 5)  # noqa: PLR2004
