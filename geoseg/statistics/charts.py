"""Bar charts as numbers in SVG units, each with the table behind it; the template draws them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoseg.languages.said import Said

WIDTH = 460
"""Width of the drawing area, SVG units."""
HEIGHT = 190
"""Height of the drawing area, SVG units."""
LEFT, LEFT_OF_NAMES = 62, 180
"""Room for numbers and for names beside it."""
BINS_PER_DECADE = 10
"""Bars of the histogram per factor of ten in area."""
SMALLEST_M2 = 1.0
"""Areas below are drawn in the first bar."""
USUAL_M2 = (10.0, 1000.0)
"""Ends of the axis where there is no building."""
BEFORE, AFTER = "#0072b2", "#e69f00"
"""Blue and orange, which nobody takes for each other. M. Okabe and K. Ito, Color Universal Design, 2008."""
MOST_ZONES, ROW, LONGEST_NAME = 20, 19, 24
"""Zones that a chart shows, height of one, and characters of a name that fit beside it."""
NUMBER = Said("{value:,.0f}")
PERCENT = Said("{value:,.1f} %")
SHARE = Said(
    "{label}: {count:,} buildings, {share:.1f} %", one="{label}: {count:,} building, {share:.1f} %"
)
BUILDINGS = Said("Buildings")


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
    table: tuple[tuple[str, ...], ...]
    """The same numbers: headings, then a row per label."""
    key: tuple[tuple[str, str], ...] = ()
    """Label and colour of what stands beside each other."""
    width: int = WIDTH
    """Of the drawing area, SVG units."""
    height: int = HEIGHT
    """Of the drawing area, SVG units."""
    left: int = LEFT
    """Room beside it."""
    sideways: bool = False
    """Bars go from left to right."""


def area_histogram(
    area_m2: NDArray[np.float64], limits_m2: list[float], colours: tuple[str, ...]
) -> Chart:
    """How many buildings have which area, on a logarithmic axis."""
    area = np.maximum(area_m2, SMALLEST_M2)
    shown = area if len(area) else np.array(USUAL_M2)
    low = math.floor(math.log10(min(shown.min(), 10_000.0)) * 2) / 2
    high = max(math.ceil(math.log10(max(shown.max(), 10.0)) * 2) / 2, low + 0.5)
    bins = round((high - low) * BINS_PER_DECADE)
    edges = np.logspace(low, high, bins + 1)
    # Rounding of the logarithm must not put the extremes outside.
    edges[0], edges[-1] = (
        min(edges[0], area.min(initial=edges[0])),
        max(edges[-1], area.max(initial=0)),
    )
    counts = np.histogram(area, edges)[0]
    classes = np.digitize(np.sqrt(edges[1:] * edges[:-1]), limits_m2)
    said = Said(
        "{low:,.0f} to {high:,.0f} m²: {count:,} buildings",
        one="{low:,.0f} to {high:,.0f} m²: {count:,} building",
    )
    spans = list(zip(edges.tolist(), edges[1:].tolist(), counts.tolist(), strict=False))
    hints = [said.format(low=lo, high=hi, count=n) for lo, hi, n in spans]
    bars = _bars(counts.astype(float), [colours[c] for c in classes], hints, gap=1)
    marks = [d * 10.0**e for e in range(math.floor(low), math.ceil(high) + 1) for d in (1, 2, 5)]
    ticks = [(math.log10(m) - low) / (high - low) for m in marks]
    x_ticks = tuple(
        Tick(at * WIDTH, NUMBER.format(value=mark))
        for at, mark in zip(ticks, marks, strict=True)
        if 0 <= round(at, 6) <= 1
    )
    span = Said("{low:,.0f} to {high:,.0f} m²")
    table = tuple((span.format(low=lo, high=hi), NUMBER.format(value=n)) for lo, hi, n in spans)
    title = Said("Buildings by area (m², logarithmic)")
    return Chart(title, bars, x_ticks, _y_ticks(counts), ((Said("Area"), BUILDINGS), *table))


def count_chart(
    title: Said, labels: Sequence[str], counts: list[int], colours: tuple[str, ...]
) -> Chart:
    """How many buildings each class holds."""
    everything = max(sum(counts), 1)
    shares = [100 * count / everything for count in counts]
    rows = list(zip(labels, counts, shares, strict=True))
    hints = [SHARE.format(label=label, count=count, share=part) for label, count, part in rows]
    numbers = np.array(counts, dtype=float)
    bars = _bars(numbers, list(colours), hints, gap=10)
    table = tuple(
        (one, NUMBER.format(value=n), PERCENT.format(value=part)) for one, n, part in rows
    )
    heading = (Said("Class"), BUILDINGS, Said("Share"))
    return Chart(title, bars, _below(labels), _y_ticks(numbers), (heading, *table))


def paired_chart(
    title: Said, labels: Sequence[str], before: Sequence[int], after: Sequence[int]
) -> Chart:
    """How many buildings each class held at two dates, side by side."""
    names = (Said("before"), Said("after"))
    both = np.array([before, after], dtype=float)
    step, top = WIDTH / len(labels), _nice_top(both)
    wide = (step - 10) / 2
    said = Said("{label}, {date}: {count:,} buildings", one="{label}, {date}: {count:,} building")
    bars = tuple(
        Bar(
            round(place * step + 5 + number * wide, 1), round(HEIGHT * (1 - count / top), 1),
            round(wide, 1), round(HEIGHT * count / top, 1), colour,
            said.format(label=labels[place], date=names[number], count=int(count)),
        )
        for number, colour in enumerate((BEFORE, AFTER))
        for place, count in enumerate(both[number].tolist())
    )  # fmt: skip
    table = tuple(
        (label, *(NUMBER.format(value=count) for count in counts))
        for label, counts in zip(labels, both.T.tolist(), strict=True)
    )
    key = tuple(zip(names, (BEFORE, AFTER), strict=True))
    rows = ((Said("Class"), *names), *table)
    return Chart(title, bars, _below(labels), _y_ticks(both), rows, key)


def coverage_chart(names: Sequence[str], ratio: NDArray[np.float64]) -> Chart | None:
    """How much of each zone is built over, the most first; None for one zone or none observed."""
    known = np.flatnonzero(np.isfinite(ratio))
    if len(names) < 2 or not len(known):  # noqa: PLR2004
        return None
    shown = known[np.argsort(-ratio[known], kind="stable")][:MOST_ZONES]
    percent = 100 * ratio[shown]
    top = _nice_top(percent, least=1.0)
    said = Said("{label}: {share:.1f} % built over")
    bars = tuple(
        Bar(
            0, round(place * ROW + 2, 1), round(WIDTH * value / top, 1), ROW - 4, BEFORE,
            said.format(label=names[zone], share=value),
        )
        for place, (zone, value) in enumerate(zip(shown.tolist(), percent.tolist(), strict=True))
    )  # fmt: skip
    rows = zip(shown.tolist(), percent.tolist(), strict=True)
    title = Said("Built over by zone (%)")
    if len(shown) < len(known):
        title = Said("Built over by zone (%): the {shown} most built over of {zones}").format(
            shown=len(shown), zones=len(known)
        )
    beside = tuple(Tick(p * ROW + ROW / 2, _short(names[z])) for p, z in enumerate(shown.tolist()))
    table = tuple((names[zone], PERCENT.format(value=value)) for zone, value in rows)
    return Chart(
        title, bars, _scale(top), beside, ((Said("Zone"), Said("Built over")), *table),
        height=ROW * len(shown), left=LEFT_OF_NAMES, sideways=True,
    )  # fmt: skip


def _short(name: str) -> str:
    return name if len(name) <= LONGEST_NAME else f"{name[: LONGEST_NAME - 1]}…"


def _below(labels: Sequence[str]) -> tuple[Tick, ...]:
    """A label below the middle of each class."""
    step = WIDTH / len(labels)
    return tuple(Tick((place + 0.5) * step, label) for place, label in enumerate(labels))


def _scale(top: float) -> tuple[Tick, ...]:
    """Percentages along the lower edge."""
    step = _nice_step(top)
    number = NUMBER if step >= 1 else Said("{value:,.1f}")
    values = np.arange(0, top + step / 2, step).tolist()
    return tuple(Tick(WIDTH * value / top, number.format(value=value)) for value in values)


def _bars(
    counts: NDArray[np.float64], colours: list[str], hints: Sequence[str], gap: float
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
    values = np.arange(0, top + step / 2, step).tolist()
    return tuple(
        Tick(round(HEIGHT * (1 - value / top), 1), NUMBER.format(value=value)) for value in values
    )


def _nice_top(counts: NDArray[Any], least: float = 4.0) -> float:
    highest = max(float(counts.max(initial=0)), least)
    step = _nice_step(highest)
    return math.ceil(highest / step) * step


def _nice_step(top: float) -> float:
    """A step of 1, 2 or 5 times a power of ten that makes about four of them."""
    power = 10.0 ** math.floor(math.log10(top / 4))
    return next(power * m for m in (1, 2, 5, 10) if top / (power * m) <= 5)  # noqa: PLR2004
