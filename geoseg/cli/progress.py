"""How a verb tells where it stands: a bar, plain lines, or JSON for other programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING, Literal

from geoseg.progress import ProgressReport, plain_line

if TYPE_CHECKING:
    from geoseg.progress import Progress

ProgressKind = Literal["auto", "bar", "lines", "json", "none"]
FIRST_LINE_S = 10.0
"""Work that is done sooner needs no line."""
LINE_EVERY_S = 30.0
JSON_EVERY_S = 0.25
"""Between two reports of one stage; its last one always comes."""


@contextmanager
def watching(kind: ProgressKind, *, quiet: bool) -> Iterator[Progress | None]:
    """What to give to a call as ``progress``; None where nothing is to be shown.

    Args:
        kind: ``auto``: a bar where stderr is a terminal, else lines now and then.
        quiet: Nothing is shown, JSON that was asked for apart.
    """
    if kind == "json":
        yield Lines(json_line, first_s=0.0, every_s=JSON_EVERY_S, whole_stages=True)
    elif quiet or kind == "none":
        yield None
    elif kind == "bar" or (kind == "auto" and sys.stderr.isatty()):
        from rich.console import Console

        from geoseg.progress import bar

        with bar(Console(stderr=True, force_terminal=kind == "bar" or None)) as draw:
            yield draw
    else:
        yield Lines(plain_line, first_s=FIRST_LINE_S, every_s=LINE_EVERY_S)


class Lines:
    """Writes a line on stderr for some of the reports."""

    def __init__(
        self,
        line: Callable[[ProgressReport, float], str],
        *,
        first_s: float,
        every_s: float,
        whole_stages: bool = False,
        clock: Callable[[], float] = monotonic,
    ) -> None:
        """Begin to count the time.

        Args:
            line: The text for a report and the seconds that have passed.
            first_s: No line before this.
            every_s: Nor sooner than this after the one before.
            whole_stages: But for the first and the last report of a stage.
            clock: Tells seconds.
        """
        self._line, self._every_s, self._whole = line, every_s, whole_stages
        self._clock, self._began = clock, clock()
        self._next, self._stage = self._began + first_s, ""

    def __call__(self, report: ProgressReport) -> None:
        """Write it, or let it pass."""
        now = self._clock()
        turn = report.stage != self._stage or report.done >= report.total > 0
        if report.note is None and now < self._next and not (self._whole and turn):
            return
        self._stage, self._next = report.stage, now + self._every_s
        sys.stderr.write(self._line(report, now - self._began) + "\n")
        sys.stderr.flush()


def json_line(report: ProgressReport, seconds: float) -> str:
    """A report as one JSON object; what is not known is null."""
    left = report.seconds_left(seconds)
    return json.dumps(
        {
            "stage": report.stage,
            "done": report.done,
            "total": report.total or None,
            "unit": report.unit,
            "buildings": report.buildings,
            "seconds": round(seconds, 1),
            "seconds_left": None if left is None else round(left, 1),
            "note": report.note,
        }
    )
