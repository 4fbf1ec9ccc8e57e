"""Where long work stands, told while it goes on: one kind of report for every verb."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from time import monotonic
from typing import TYPE_CHECKING

from geoseg.errors import UsageError
from geoseg.languages.counting import counted

if TYPE_CHECKING:
    from rich.console import Console

PIXELS = "pixels"
"""The unit of work over rasters."""
LINE_EVERY_S = 0.5
"""In a notebook the line changes no sooner: every change is a message to the browser."""
PLAIN = "text/plain"
"""What a notebook is sent."""


@dataclass(frozen=True, slots=True)
class ProgressReport:
    """Where a call stands; given to its ``progress`` callback now and then."""

    stage: str
    """What is going on, for people."""
    done: float
    """How much is finished, in ``unit``; what an interrupted run had done is included."""
    total: float
    """How much there is in all; 0 where nobody knows."""
    unit: str
    """What is counted: pixels, buildings, scenes, places, percent."""
    done_before: float = 0
    """Of ``done``, what was finished before this call, by an interrupted one."""
    buildings: int | None = None
    """Buildings found so far; None where the work does not look for any."""
    note: str | None = None
    """What deserves a line of its own, such as the scores in the middle of a training."""

    def seconds_left(self, seconds: float) -> float | None:
        """How long the rest takes after ``seconds`` of this call; None where nobody knows."""
        new = self.done - self.done_before
        if self.total <= 0 or new <= 0:
            return None
        return seconds * max(0.0, self.total - self.done) / new


Progress = Callable[[ProgressReport], None]
"""What every long call takes as ``progress``."""


def ignored(report: ProgressReport) -> None:
    """Take a report where nobody wants to know."""


@contextmanager
def heard(progress: Progress | None) -> Iterator[Progress]:
    """Who is told: the caller's own function, else a line in a notebook, else nobody."""
    if progress is not None and not callable(progress):
        raise UsageError(
            f"progress is a function that takes a geoseg.ProgressReport, or None; got {progress!r}"
        )
    if progress is not None:
        yield progress
    elif _in_notebook():
        with notebook_line() as draw:
            yield draw
    else:
        yield ignored


def _in_notebook() -> bool:
    """Whether a kernel that shows output as it comes runs this; IPython in a terminal is none."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return hasattr(shell, "kernel")


@contextmanager
def notebook_line() -> Iterator[Progress]:
    """A function that keeps one line of a notebook up to date; notes stay, the line goes in the end.

    By IPython alone, which is there: rich's bars want ipywidgets, and warn at every turn without.
    """
    display = import_module("IPython.display").display
    line = display({PLAIN: "starting"}, raw=True, display_id=True)
    began = told = monotonic()

    def draw(report: ProgressReport) -> None:
        nonlocal told
        now = monotonic()
        if report.note is not None:
            display({PLAIN: report.note}, raw=True)
        elif now - told >= LINE_EVERY_S:
            told = now
            line.update({PLAIN: plain_line(report, now - began)}, raw=True)

    try:
        yield draw
    finally:
        line.update({PLAIN: ""}, raw=True)


@contextmanager
def bar(console: Console) -> Iterator[Progress]:
    """A function that draws each report as a bar; notes stay above it."""
    from rich.progress import (
        BarColumn,
        SpinnerColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import (
        Progress as Bars,
    )

    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[figures]}"),
    )
    times = (TimeElapsedColumn(), TextColumn("left"), TimeRemainingColumn())
    # Tiles in a dense town take longer than in open land: the last minutes tell what comes.
    with Bars(*columns, *times, console=console, transient=True, speed_estimate_period=600) as bars:
        task = bars.add_task("starting", total=None, figures="")

        def draw(report: ProgressReport) -> None:
            if report.note is not None:
                bars.console.print(report.note, highlight=False, markup=False, soft_wrap=True)
            seconds = bars.tasks[0].elapsed or 0.0
            bars.update(
                task,
                description=report.stage,
                completed=report.done,
                total=report.total or None,
                figures=figures(report, seconds),
            )

        yield draw


def figures(report: ProgressReport, seconds: float) -> str:
    """Speed and buildings after ``seconds`` of this call, in words; empty where there are none."""
    told = []
    if report.unit == PIXELS and seconds > 0:
        told.append(f"{(report.done - report.done_before) / 1e6 / seconds:.2f} MP/s")
    if report.buildings is not None:
        told.append(counted(report.buildings, "building"))
    return ", ".join(told)


def plain_line(report: ProgressReport, seconds: float) -> str:
    """A report as words."""
    if report.note is not None:
        return report.note
    left = report.seconds_left(seconds)
    told = [f"{report.done / report.total:.0%}"] if report.total else []
    told += [figures(report, seconds)] if figures(report, seconds) else []
    told += [] if left is None else [f"{_duration(left)} left"]
    return ": ".join([report.stage, ", ".join(told)] if told else [report.stage])


def _duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes} min"
    return f"{minutes} min {rest} s" if minutes else f"{rest} s"
