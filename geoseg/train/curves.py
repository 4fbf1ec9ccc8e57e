"""The curves of a training as a picture: losses and scores by step, from its log."""

from __future__ import annotations

import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geoseg.files.atomic import write_text
from geoseg.pages.document import environment

if TYPE_CHECKING:
    from geoseg.train.moments import Moment

SIDE = 300
"""Of a panel, in the picture's units."""
_LEGEND, _LEFT, _ROW = 150, 60, 18
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
"""Told apart by colour-blind people (Okabe and Ito 2008)."""
_DOTS = 40
"""Curves of so many points or fewer show each."""
_TICKS = 4

Curve = list[tuple[float, float]]
"""(step, value), rising in steps."""


def draw_curves(folder: Path, before: Mapping[str, float], last: Moment) -> Path | None:
    """Draw ``curves.svg`` into a training's folder, from the logs of all its calls.

    Args:
        folder: The training's output.
        before: Held-out place to F1 before the first step.
        last: The last step, with F1 after it.

    Returns:
        The picture; None where nothing was logged.
    """
    curves = read_log(folder)
    losses = {name: curve for name, curve in curves.items() if name.startswith("loss")}
    scores = {
        place: _joined(before.get(place), curves.get(f"f1/{place}", []), last.step, f1)
        for place, f1 in last.f1.items()
    }
    shown = [("Loss", losses, None), ("F1 at IoU 0.5, places held out", scores, 1.0)]
    panels = [
        _panel(title, inside, top, _LEFT + number * (SIDE + _LEGEND + _LEFT))
        for number, (title, inside, top) in enumerate(one for one in shown if one[1])
    ]
    if not panels:
        return None
    text = (
        environment("geoseg.train")
        .get_template("curves.svg")
        .render(
            panels=panels,
            side=SIDE,
            width=len(panels) * (SIDE + _LEGEND + _LEFT) + 10,
            height=SIDE + 100,
        )
    )
    path = folder / "curves.svg"
    write_text(text, path)
    return path


def read_log(folder: Path) -> dict[str, Curve]:
    """What the log of a training's folder holds, by the columns' names.

    A call that went on from a checkpoint overrules what an interrupted one had logged beyond it.
    """
    curves: dict[str, dict[float, float]] = defaultdict(dict)
    for path in sorted(folder.glob("log/version_*/metrics.csv"), key=_number):
        rows = list(_rows(path))
        first = min((step for step, _ in rows), default=math.inf)
        for curve in curves.values():
            for step in [step for step in curve if step >= first]:
                del curve[step]
        for step, values in rows:
            for name, value in values.items():
                curves[name][step] = value
    return {name: sorted(curve.items()) for name, curve in sorted(curves.items()) if curve}


def _joined(before: float | None, curve: Curve, step: int, after: float) -> Curve:
    """Scores from the start to the end of a training."""
    first = [] if before is None else [(0.0, before)]
    return [*first, *curve, (float(step), after)]


def _number(path: Path) -> int:
    digits = path.parent.name.removeprefix("version_")
    return int(digits) if digits.isdecimal() else 0


def _rows(path: Path) -> Iterator[tuple[float, dict[str, float]]]:
    """Step and finite values of each row."""
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            values = {name: float(text) for name, text in row.items() if text}
            step = values.pop("step", math.nan)
            finite = {name: value for name, value in values.items() if math.isfinite(value)}
            if math.isfinite(step) and finite:
                yield step, finite


def _panel(
    title: str, curves: Mapping[str, Curve], top: float | None, left: float
) -> dict[str, Any]:
    last = max(step for curve in curves.values() for step, _ in curve) or 1.0
    most = top or max(value for curve in curves.values() for _, value in curve) or 1.0
    drawn = [
        _drawn(name, curve, number, last, most)
        for number, (name, curve) in enumerate(curves.items())
    ]
    return {
        "title": title,
        "left": left,
        "curves": drawn,
        "x_ticks": [{"at": SIDE * share, "text": f"{last * share:.0f}"} for share in _shares()],
        "y_ticks": [
            {"at": SIDE * (1 - share), "text": f"{most * share:.2f}"} for share in _shares()
        ],
    }


def _drawn(name: str, curve: Curve, number: int, last: float, most: float) -> dict[str, Any]:
    at = [(SIDE * step / last, SIDE * (1 - min(1.0, value / most))) for step, value in curve]
    return {
        "name": name,
        "colour": _COLOURS[number % len(_COLOURS)],
        "legend_y": _ROW * number,
        "points": _points(at),
        "dots": _dots(at),
    }


def _points(at: Iterable[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in at)


def _dots(at: Sequence[tuple[float, float]]) -> list[dict[str, float]]:
    if len(at) > _DOTS:
        return []
    return [{"x": round(x, 1), "y": round(y, 1)} for x, y in at]


def _shares() -> list[float]:
    return [number / _TICKS for number in range(_TICKS + 1)]
