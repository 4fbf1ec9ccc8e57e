"""What came of redrawing a file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from geoseg.languages.counting import listed
from geoseg.pages.notebook import Shown


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Regularized(Shown):
    """Counts of rows by how they were drawn, and of what was repaired before."""

    output: Path
    """The file that was written."""
    rows: int
    """Rows written, as many as were read."""
    regularized: int
    """Rows drawn with straight walls."""
    circle: int
    """Rows drawn as circles."""
    simplified: int
    """Rows that were only thinned: straight walls would have broken a limit."""
    raw: int
    """Rows that came back as they were given, repaired at most: any drawing would have clashed."""
    empty: int
    """Rows without a geometry; they come back as they are."""
    invalid: int
    """Rows whose rings were not valid."""
    overlapping: int
    """Pairs of polygons that overlapped; the overlap went to the smaller one."""
    slivers: int
    """Pieces of less than half a pixel that were dropped beside a larger piece."""
    covered: int
    """Rows of which nothing was left: no area, or a copy of other rows; they come back empty."""
    with_z: int
    """Rows that lost their heights."""
    kept: int
    """Rows that stayed to the last bit: geoseg drew them with the same pixels before."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "output": str(self.output)}

    def in_words(self) -> list[tuple[str, str]]:
        """Names and texts for a small table."""
        return [
            ("footprints", f"{self.rows:,}"),
            (
                "drawn",
                listed(
                    (self.regularized, "with straight walls"),
                    (self.circle, "as a circle", "as circles"),
                    (self.simplified, "simplified"),
                    (self.raw, "as given"),
                ),
            ),
            ("unchanged", listed((self.kept, "drawn by geoseg before"))),
            (
                "mended",
                listed(
                    (self.invalid, "invalid outline", "invalid outlines"),
                    (self.overlapping, "overlap of two", "overlaps of two"),
                    (self.slivers, "sliver dropped", "slivers dropped"),
                    (self.with_z, "without its heights", "without their heights"),
                ),
            ),
            (
                "left empty",
                listed(
                    (self.empty, "without a geometry"),
                    (self.covered, "without an area of their own"),
                ),
            ),
            ("output", str(self.output)),
        ]


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Recomputed(Shown):
    """What came of measuring an edited file anew."""

    output: Path
    """The file that was written."""
    rows: int
    """Rows written, as many as were read."""
    edited: int
    """Rows whose outline was not the one that had been measured, those without measures too."""
    repaired: int
    """Rows whose outline was invalid."""
    new_ids: int
    """Rows that had no id, or that of an earlier row, and got one."""
    empty: int
    """Rows without an area; they stay as they are, without measures."""
    notes: tuple[str, ...] = ()
    """What else the user should know."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "output": str(self.output), "notes": list(self.notes)}

    def in_words(self) -> list[tuple[str, str]]:
        """Names and texts for a small table."""
        return [
            ("buildings", f"{self.rows:,}"),
            ("edited", listed((self.edited, "outline measured anew", "outlines measured anew"))),
            ("mended", listed((self.repaired, "invalid outline", "invalid outlines"))),
            ("new ids", listed((self.new_ids, "building", "buildings"))),
            ("left as is", listed((self.empty, "row without an area", "rows without an area"))),
            ("output", str(self.output)),
        ]
