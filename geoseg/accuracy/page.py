"""The evaluation as one offline HTML file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from geoseg.accuracy.columns import COLUMNS
from geoseg.accuracy.curve import MARKS, MOST_POINTS, Curve, curve_of
from geoseg.accuracy.evaluation import Evaluation
from geoseg.accuracy.misses import KINDS, Miss, worst_misses
from geoseg.accuracy.site import Bounds
from geoseg.accuracy.town import Town
from geoseg.attributes.reliability import BINS, Reliability
from geoseg.files.atomic import output_errors, write_text
from geoseg.pages.document import Figure, environment, static, table_script

PACKAGE = "geoseg.accuracy"
"""Holds template and style."""
PICTURE_PX = 260
"""Side of a picture."""
CHART = 260
"""Side of the reliability diagram, SVG units."""
APART = 26.0
"""Names of points of the curve that are nearer than this would lie on each other, SVG units."""
HEADLINES = ("f1", "precision", "recall", "ap50", "pixel_iou", "area_bias")
"""Figures at the top of the page."""


@dataclass(frozen=True, slots=True)
class Outline:
    """A building in a picture."""

    path: str
    """SVG path."""
    meant: bool
    """True for the building in question."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One miss, drawn."""

    caption: str
    """What is wrong, and where."""
    photo: str | None
    """Data URL of the ground; None where there is no photo."""
    truth: tuple[Outline, ...]
    """True buildings."""
    predicted: tuple[Outline, ...]
    """Predictions."""


@dataclass(frozen=True, slots=True)
class Bin:
    """One bin of the reliability diagram, in SVG units from the top left."""

    x: float
    """Left side of the bar."""
    y: float
    """Top of the bar."""
    height: float
    """Height of the bar."""
    dot_x: float
    """Mean confidence."""
    opacity: float
    """By the number of buildings in the bin."""
    hint: str
    """Shown when pointed at."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of the curve that is named."""

    x: float
    """SVG units."""
    y: float
    """SVG units, down."""
    text: str
    """Beside it; empty where another name is near."""
    hint: str
    """Shown when pointed at."""


@dataclass(frozen=True, slots=True)
class DrawnCurve:
    """Precision against recall."""

    line: str
    """SVG path."""
    marks: list[Mark]
    """Points by their least confidence."""
    table: list[tuple[str, ...]]
    """The numbers of the points, headings first."""


def write_page(result: Evaluation, path: Path) -> None:
    """Draw the page and write it, complete or not at all.

    Raises:
        OutputError: disk full, no permission.
    """
    text = render_page(result)
    with output_errors(path):
        write_text(text, path)


def render_page(result: Evaluation) -> str:
    """The HTML of an evaluation; every value is escaped."""
    drawn = [(miss.kind, _picture(miss)) for miss in worst_misses(result.scores)]
    shown = [column for column in COLUMNS if column.name in HEADLINES]
    curve = curve_of(result.scores)
    return environment(PACKAGE).get_template("evaluation.html").render(
        title="Evaluation: buildings against truth",
        figures=[
            Figure(column.text(result.total) or "unknown", column.label, column.meaning)
            for column in shown
        ]
        + _of_all_ground(result.town),
        curve=None if curve is None else _drawn(curve),
        columns=COLUMNS, rows=result.rows, notes=result.notes,
        bins=_bins(result.reliability), behind_bins=_bin_table(result.reliability), reliability=result.reliability, chart=CHART,
        kinds=[(kind, [picture for of, picture in drawn if of == kind]) for kind in KINDS],
        photos=any(picture.photo for _, picture in drawn), side=PICTURE_PX,
        provenance=result.provenance,
        style=static(PACKAGE, "evaluation.css"), script=table_script(),
    )  # fmt: skip


def _of_all_ground(town: Town | None) -> list[Figure]:
    """What checked plots say of all ground, with intervals."""
    if town is None:
        return []
    named = {"f1": "F1", "precision": "Precision", "recall": "Recall", "area_bias": "Area bias"}
    figures = []
    for name, label in named.items():
        one = getattr(town, name)
        value = "unknown" if one.value is None else f"{one.value:.2f}"
        ends = "no interval" if one.low is None else f"95 %: {one.low:.2f} to {one.high:.2f}"
        figures.append(Figure(value, f"{label}, all ground", ends))
    return figures


def _drawn(curve: Curve) -> DrawnCurve:
    """The curve in SVG units, its marks and the table behind it."""
    steps = np.unique(np.linspace(0, len(curve.recall) - 1, MOST_POINTS).round().astype(int))
    x, y = CHART * curve.recall[steps], CHART * (1 - curve.precision[steps])
    line = "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))
    found = {mark: place for mark in MARKS if (place := curve.at(mark)) is not None}
    marks: list[Mark] = []
    for mark, place in found.items():
        at = float(CHART * curve.recall[place]), float(CHART * (1 - curve.precision[place]))
        close = any(one.text and math.dist(at, (one.x, one.y)) < APART for one in marks)
        hint = (
            f"confidence from {mark:g} on: precision {curve.precision[place]:.2f}, "
            f"recall {curve.recall[place]:.2f}"
        )
        marks.append(Mark(*at, "" if close else f"{mark:g}", hint))
    rows = [
        (f"from {mark:g} on", f"{curve.precision[place]:.3f}", f"{curve.recall[place]:.3f}")
        for mark, place in found.items()
    ]
    every = ("all", f"{curve.precision[-1]:.3f}", f"{curve.recall[-1]:.3f}")
    return DrawnCurve(line, marks, [("Confidence", "Precision", "Recall"), *rows, every])


def _picture(miss: Miss) -> Picture:
    site = miss.score.site
    photo = None if site.photo is None else site.photo.crop(miss.bounds, PICTURE_PX)
    return Picture(
        f"{miss.text} ({site.name})",
        photo,
        _outlines(site.truth, miss.bounds, miss.truth),
        _outlines(site.predicted, miss.bounds, miss.predicted),
    )


def _outlines(shapes: NDArray[np.object_], bounds: Bounds, meant: int) -> tuple[Outline, ...]:
    """The shapes that touch the bounds, in pixels of the picture; the one in question on top."""
    left, bottom, right, top = bounds
    scale = PICTURE_PX / (right - left)
    near = np.flatnonzero(shapely.intersects(shapes, shapely.box(left, bottom, right, top)))

    def place(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([(xy[:, 0] - left) * scale, (top - xy[:, 1]) * scale])

    drawn = shapely.transform(shapes[near], place)
    outlines = [Outline(_path(shape), i == meant) for i, shape in zip(near, drawn, strict=True)]
    return tuple(sorted(outlines, key=lambda outline: outline.meant))


def _path(shape: shapely.Geometry) -> str:
    rings = shapely.get_rings(shapely.get_parts(shape))
    return "".join(
        "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in shapely.get_coordinates(ring)[:-1]) + "Z"
        for ring in rings
    )


def _bins(trust: Reliability | None) -> list[Bin]:
    if trust is None or not trust.count.any():
        return []
    most = trust.count.max()
    return [
        Bin(
            x=CHART * index / BINS,
            y=CHART * (1 - trust.correct[index]),
            height=CHART * trust.correct[index],
            dot_x=CHART * trust.confidence[index],
            opacity=0.25 + 0.75 * float(trust.count[index] / most),
            hint=f"{trust.count[index]:,} buildings of mean confidence "
            f"{trust.confidence[index]:.2f}: {trust.correct[index]:.2f} are right",
        )
        for index in np.flatnonzero(trust.count)
    ]


def _bin_table(trust: Reliability | None) -> list[tuple[str, ...]]:
    """The numbers of the diagram, headings first."""
    if trust is None:
        return []
    rows = [
        (f"{trust.confidence[index]:.2f}", f"{trust.correct[index]:.2f}", f"{trust.count[index]:,}")
        for index in np.flatnonzero(trust.count)
    ]
    return [("Mean confidence", "Share that is right", "Predictions"), *rows]
