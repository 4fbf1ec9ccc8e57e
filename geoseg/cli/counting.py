"""The progress bar of verbs that count what they have done; ``predict`` has its own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def counting_bar(what: str, *, show: bool) -> Iterator[Callable[[int, int], None] | None]:
    """A function that draws (done, in all) of ``what`` on stderr; None where nothing is shown."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    if not show or not console.is_terminal:
        yield None
        return
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)
