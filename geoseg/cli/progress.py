"""The progress bar of a prediction run."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from geoseg.cli.terminal import terminal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from geoseg.run.progress import ProgressReport


@contextmanager
def progress_bar(*, show: bool) -> Iterator[Callable[[ProgressReport], None] | None]:
    """A function that draws each report on stderr; None where nothing is to be shown."""
    console = terminal(show=show)
    if console is None:
        yield None
        return
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[rate]:.2f} MP/s"),
        TextColumn("{task.fields[buildings]:,} buildings"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None, rate=0.0, buildings=0)

        def draw(report: ProgressReport) -> None:
            elapsed = bar.tasks[0].elapsed or 1e-9
            bar.update(
                task,
                description=report.stage,
                total=report.pixels_total,
                completed=report.pixels_done,
                rate=report.pixels_new / 1e6 / elapsed,
                buildings=report.buildings,
            )

        yield draw
