"""The evaluation as one offline HTML file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from geoseg.accuracy.columns import COLUMNS, Column
from geoseg.accuracy.curve import MARKS, MOST_POINTS, Curve, curve_of
from geoseg.accuracy.evaluation import Evaluation
from geoseg.accuracy.figures import TOTAL
from geoseg.accuracy.misses import KINDS, Miss, worst_misses
from geoseg.accuracy.site import Bounds
from geoseg.accuracy.town import FIGURES, PLAIN, Interval, Town
from geoseg.attributes.reliability import BINS, Reliability
from geoseg.files.atomic import output_errors, write_text
from geoseg.languages.language import ENGLISH, Language
from geoseg.languages.said import Said
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
ALL_GROUND = Said("{figure}, all ground")
ENDS, NO_ENDS = Said("95 %: {low} to {high}"), Said("no interval")
"""Below a figure of all ground."""
POINT = Said("confidence from {mark:g} on: precision {precision:.2f}, recall {recall:.2f}")
FROM, MARK = Said("from {mark:g} on"), Said("{mark:g}")
"""Points of the curve."""
BIN = Said(
    "{count:,} buildings of mean confidence {confidence:.2f}: {correct:.2f} are right",
    one="{count:,} building of confidence {confidence:.2f}: {correct:.2f} are right",
)
"""A bar of the reliability diagram."""
ERRORS = Said("Expected calibration error {ece:.3f}, Brier score {brier:.3f}.")
COUNT, THOUSANDTHS, SIGNED = Said("{value:,}"), Said("{value:.3f}"), Said("{value:+.1f}%")
"""How numbers are written."""


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

    text: str
    """What is wrong."""
    place: str
    """Where."""
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


def write_page(result: Evaluation, path: Path, language: Language = ENGLISH) -> None:
    """Draw the page and write it, complete or not at all.

    Raises:
        OutputError: disk full, no permission.
    """
    text = render_page(result, language)
    with output_errors(path):
        write_text(text, path)


def render_page(result: Evaluation, language: Language = ENGLISH) -> str:
    """The HTML of an evaluation in a language; every value is escaped."""
    drawn = [(miss.kind, _picture(miss)) for miss in worst_misses(result.scores)]
    shown = [column for column in COLUMNS if column.name in HEADLINES]
    curve = curve_of(result.scores)
    return environment(PACKAGE, language).get_template("evaluation.html").render(
        title=Said("Evaluation: buildings against truth"),
        figures=[
            Figure(
                language.marked(column.text(result.total)) or Said("unknown"),
                column.label,
                column.meaning,
            )
            for column in shown
        ]
        + _of_all_ground(result.town),
        curve=None if curve is None else _drawn(curve),
        columns=COLUMNS, rows=result.rows, notes=result.notes,
        bins=_bins(result.reliability), behind_bins=_bin_table(result.reliability), calibration=_calibration(result.reliability), chart=CHART,
        kinds=[(kind, [picture for of, picture in drawn if of == kind]) for kind in KINDS],
        photos=any(picture.photo for _, picture in drawn), side=PICTURE_PX,
        provenance=result.provenance,
        style=static(PACKAGE, "evaluation.css"), script=table_script(),
    )  # fmt: skip


def _of_all_ground(town: Town | None) -> list[Figure]:
    """What checked plots say of all ground, with intervals."""
    if town is None:
        return []
    figures = []
    for column in COLUMNS:
        if column.name not in FIGURES:
            continue
        one: Interval = getattr(town, column.name)
        value, low, high = (_said(end, column) for end in (one.value, one.low, one.high))
        ends = NO_ENDS if one.low is None else ENDS.format(low=low, high=high)
        figures.append(Figure(value, ALL_GROUND.format(figure=column.label), ends))
    return figures


def _said(value: float | None, column: Column) -> Said:
    """A figure of all ground or an end of its interval: a share by the percent where its column is."""
    if value is None:
        return Said("unknown")
    return SIGNED.format(value=100 * value) if column.percent else PLAIN.format(value=value)


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
        hint = POINT.format(
            mark=mark, precision=float(curve.precision[place]), recall=float(curve.recall[place])
        )
        marks.append(Mark(*at, "" if close else MARK.format(mark=mark), hint))
    rows = [
        (FROM.format(mark=mark), *_thousandths(curve.precision[place], curve.recall[place]))
        for mark, place in found.items()
    ]
    every = (TOTAL, *_thousandths(curve.precision[-1], curve.recall[-1]))
    headings = Said("Confidence"), Said("Precision"), Said("Recall")
    return DrawnCurve(line, marks, [headings, *rows, every])


def _thousandths(*values: float) -> tuple[Said, ...]:
    return tuple(THOUSANDTHS.format(value=float(value)) for value in values)


def _picture(miss: Miss) -> Picture:
    site = miss.score.site
    photo = None if site.photo is None else site.photo.crop(miss.bounds, PICTURE_PX)
    return Picture(
        miss.text,
        site.name,
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
            hint=BIN.format(
                count=int(trust.count[index]),
                confidence=float(trust.confidence[index]),
                correct=float(trust.correct[index]),
            ),
        )
        for index in np.flatnonzero(trust.count)
    ]


def _calibration(trust: Reliability | None) -> Said | None:
    return None if trust is None else ERRORS.format(ece=trust.ece, brier=trust.brier)


def _bin_table(trust: Reliability | None) -> list[tuple[str, ...]]:
    """The numbers of the diagram, headings first."""
    if trust is None:
        return []
    rows = [
        (
            PLAIN.format(value=float(trust.confidence[index])),
            PLAIN.format(value=float(trust.correct[index])),
            COUNT.format(value=int(trust.count[index])),
        )
        for index in np.flatnonzero(trust.count)
    ]
    headings = Said("Mean confidence"), Said("Share that is right"), Said("Predictions")
    return [headings, *rows]
