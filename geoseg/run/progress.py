"""Where a run stands, told while it goes on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ProgressReport:
    """Where a run stands; given to the ``progress`` callback after every row of tiles."""

    stage: str
    """What is going on, for people."""
    pixels_done: int
    """Pixels of the grid that are finished, those of an interrupted run included."""
    pixels_new: int
    """Pixels finished by this run."""
    pixels_total: int
    """Pixels of the grid."""
    buildings: int
    """Buildings found so far."""


Progress = Callable[[ProgressReport], None]
