"""The progress bars of verbs that count what they have done; ``predict`` has its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from geoseg.cli.terminal import terminal


@contextmanager
def stage_bar(first: str, *, show: bool) -> Iterator[Callable[[str, int, int], None] | None]:
    """A function that draws (what, done, in all) on stderr; None where nothing is shown.

    Until it is called the bar says ``first``.
    """
    console = terminal(show=show)
    if console is None:
        yield None
        return
    from rich.progress import Progress

    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(first, total=None)
        yield lambda what, done, total: bar.update(
            task, description=what, completed=done, total=total
        )


@contextmanager
def counting_bar(what: str, *, show: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A function that draws (done, in all) of ``what`` on stderr; None where nothing is shown."""
    with stage_bar(what, show=show) as draw:
        yield None if draw is None else partial(draw, what)
