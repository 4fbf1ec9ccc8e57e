"""What came of writing buildings in another format."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from geoseg.languages.counting import listed
from geoseg.pages.notebook import Shown


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Converted(Shown):
    """Counts of buildings, and what is to be known of the file."""

    output: Path
    """The file that was written."""
    rows: int
    """Buildings given."""
    solids: int
    """Parts of buildings that are solids."""
    without_height: int
    """Parts that have no height; CityJSON holds their footprint."""
    left_out: int
    """Buildings without a geometry or ground, or of no area."""
    shared_walls: int
    """Walls that two buildings share, each counted once per building."""
    outlines: int = 0
    """Buildings that were written as outlines; then nothing else is counted."""
    notes: tuple[str, ...]
    """What is to be known, a sentence each."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "output": str(self.output), "notes": list(self.notes)}

    def in_words(self) -> list[tuple[str, str]]:
        """Names and texts for a small table."""
        return [
            ("buildings", f"{self.rows:,}"),
            (
                "written",
                listed(
                    (self.outlines, "outline", "outlines"),
                    (self.solids, "solid", "solids"),
                    (self.without_height, "without a height"),
                ),
            ),
            ("shared walls", listed((self.shared_walls, "counted from both sides"))),
            ("left out", listed((self.left_out, "without geometry, ground or area"))),
            ("output", str(self.output)),
        ]
