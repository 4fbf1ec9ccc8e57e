"""What came of an update: the rows, what to look at, the shifts, and counts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas as gpd
import shapely

from geoseg.export.schema import Column
from geoseg.languages.counting import listed
from geoseg.pages.notebook import Shown
from geoseg.vectors.buildings import DECISIONS


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class Updated(Shown):
    """An old layer, brought up to date."""

    rows: gpd.GeoDataFrame
    """All old rows in order, then the new ones, with ``decision`` and evidence."""
    review: gpd.GeoDataFrame
    """What a person should look at, most worth it first."""
    shifts: gpd.GeoDataFrame
    """The quarters and how far the new layer lies from the old one there."""
    observed: shapely.Geometry | None
    """The ground that the old or the new layer is complete on, in the CRS of the rows; None where rows
    lie beyond what the two files know of."""
    doubtful: int
    """New outlines that are most probably mistakes; they are in no layer."""
    notes: tuple[str, ...]
    """What the reader should know, one sentence each."""
    columns: tuple[Column, ...]
    """What the added columns mean."""
    record: dict[str, Any]
    """How it was made."""
    output: Path | None = None
    """The file that was written."""

    @property
    def counts(self) -> dict[str, int]:
        """Rows by decision."""
        found = Counter(self.rows[self.record["decision_column"]])
        return {name: found[name] for name in DECISIONS}

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "output": None if self.output is None else str(self.output),
            "rows": len(self.rows),
            **self.counts,
            "review": len(self.review),
            "doubtful": self.doubtful,
            "shift_x_m": self.record["shift_x_m"],
            "shift_y_m": self.record["shift_y_m"],
            "notes": list(self.notes),
        }

    def in_words(self) -> list[tuple[str, str]]:
        """Names and texts for a small table."""
        return [
            ("buildings", f"{len(self.rows):,}"),
            ("decisions", listed(*((count, name) for name, count in self.counts.items()))),
            ("to review", listed((len(self.review), "place", "places"))),
            ("left out", listed((self.doubtful, "new but most probably a mistake"))),
            ("output", str(self.output or "")),
        ]
