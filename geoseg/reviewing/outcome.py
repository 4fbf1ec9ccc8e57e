"""What was drawn for review."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd

from geoseg.languages.counting import counted
from geoseg.pages.notebook import Shown


@dataclass(frozen=True, slots=True)
class DrawnStratum:
    """A group of cells and the plots drawn from it."""

    name: str
    """What its cells have in common."""
    cells: int
    """How many there are."""
    km2: float
    """Their observed area."""
    predictions: int
    """Predicted buildings in them."""
    plots: int
    """Plots drawn from it."""

    @property
    def told(self) -> str:
        """A line on it."""
        plots, buildings = counted(self.plots, "plot"), counted(self.predictions, "building")
        return f"{plots} of {self.cells:,}, {self.km2:.3g} km², {buildings}"


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Review(Shown):
    """Plots by lot, and the buildings in them."""

    plots: gpd.GeoDataFrame
    """One row per plot, in the order to work in."""
    buildings: gpd.GeoDataFrame
    """The buildings whose representative point lies in a plot, plot by plot."""
    neighbours: gpd.GeoDataFrame
    """Buildings that reach into a plot and belong to none."""
    queue: gpd.GeoDataFrame | None
    """Buildings in the order in which a check teaches most; None where none were asked for."""
    strata: tuple[DrawnStratum, ...]
    """How the ground was divided."""
    side_m: float
    """Side of a whole plot."""
    notes: tuple[str, ...]
    """What the reviewer should know, one sentence each."""
    record: dict[str, Any]
    """How the plots were drawn, as it stands in the file."""
    output: Path | None = None
    """The file that was written; None where none was asked for."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "output": None if self.output is None else str(self.output),
            "plots": len(self.plots),
            "buildings": len(self.buildings),
            "queue": 0 if self.queue is None else len(self.queue),
            "side_m": self.side_m,
            "strata": self.record["strata"],
            "notes": list(self.notes),
        }

    def in_words(self) -> list[tuple[str, str]]:
        """Names and texts for a small table."""
        plots = f"{counted(len(self.plots), 'plot')} of {self.side_m:.0f} m, "
        buildings = counted(len(self.buildings), "building")
        return [
            *((f"stratum {one.name}", one.told) for one in self.strata),
            ("to check", f"{plots if len(self.plots) else ''}{buildings}"),
            ("queue", "" if self.queue is None else counted(len(self.queue), "building")),
            ("output", str(self.output or "")),
        ]
