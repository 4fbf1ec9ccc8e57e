"""What came of measuring heights: counts, and what deserves a warning."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geoseg.heights.columns import roof_names
from geoseg.heights.finding import Ground
from geoseg.heights.measuring import COVERAGE, HEIGHT, HIGHEST, OPEN, SLOPE
from geoseg.languages.counting import counted, listed
from geoseg.pages.notebook import Shown

RISES_M = 2.0
"""What is lower does not rise as a building does: pools, courts, car parks."""
HIGHEST_M = 400.0
"""Hardly any building is higher."""
MANY_FLAT = 0.3
"""A larger share of footprints that do not rise is worth a warning."""
FEW = 10
"""With fewer footprints no share is."""
DATUMS_M = 1.0
"""Open ground that lies so far from the terrain model lies in another vertical datum."""


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Heights(Shown):
    """Counts of footprints by what the surface tells of them."""

    output: Path | None
    """The file that was written; None: a frame."""
    rows: int
    """Footprints, all of which are written."""
    measured: int
    """Those with a height."""
    pitched: int
    """Those with a pitched roof."""
    low: int
    """Those measured that rise by less than 2 m: no buildings, or gone when the surface was made."""
    holes: int
    """Those where the surface is known in part."""
    without_surface: int
    """Those where nothing of it is known: off the surface, in a hole, or without a geometry."""
    too_little: int
    """Those where less than a quarter of it is, or no open ground around: they have no height."""
    notes: tuple[str, ...]
    """What deserves a warning, a sentence each."""

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        output = None if self.output is None else str(self.output)
        return {**asdict(self), "output": output, "notes": list(self.notes)}

    def in_words(self) -> list[tuple[str, str]]:
        """Names and texts for a small table."""
        return [
            ("footprints", f"{self.rows:,}"),
            (
                "measured",
                listed((self.measured, "with a height"), (self.pitched, "of pitched roof")),
            ),
            (
                "below 2 m",
                listed(
                    (
                        self.low,
                        "that is no building, or was gone when the surface was made",
                        "that are no building, or were gone when the surface was made",
                    )
                ),
            ),
            ("cut by holes", listed((self.holes, "that the surface holds in part"))),
            (
                "no height",
                listed(
                    (self.without_surface, "off the surface"),
                    (self.too_little, "with too little of it"),
                ),
            ),
            ("output", str(self.output or "")),
        ]


def outcome(
    numbers: NDArray[np.float64], ground: Ground, output: Path | None, *, invalid: int = 0
) -> Heights:
    """Count what was found; ``invalid`` footprints were measured as they are when repaired."""
    coverage, height = numbers[:, COVERAGE], numbers[:, HEIGHT]
    measured = np.isfinite(height)
    return Heights(
        output=output,
        rows=len(numbers),
        measured=int(measured.sum()),
        pitched=int((roof_names(numbers[:, SLOPE]) == "pitched").sum()),
        low=int((height[measured] < RISES_M).sum()),
        holes=int(((coverage > 0) & (coverage < 1)).sum()),
        without_surface=int((np.isnan(coverage) | (coverage == 0)).sum()),
        too_little=int((~measured & (coverage > 0)).sum()),
        notes=tuple(_notes(numbers, ground, invalid)),
    )


def _notes(numbers: NDArray[np.float64], ground: Ground, invalid: int) -> Iterator[str]:
    yield from ground.notes
    if invalid:
        yield (
            f"{counted(invalid, 'footprint is an invalid polygon', 'footprints are invalid polygons')}: measured as "
            "repaired, written as given; geoseg regularize repairs"
        )
    apart = numbers[np.isfinite(numbers[:, OPEN]), OPEN]
    if len(apart) and abs(np.median(apart)) > DATUMS_M:
        yield _datums(float(np.median(apart)), ground)
    measured = numbers[np.isfinite(numbers[:, HEIGHT])]
    huge = int((measured[:, HIGHEST] > HIGHEST_M).sum())
    if huge:
        yield (
            f"{counted(huge, 'building is', 'buildings are')} higher than {HIGHEST_M:.0f} m: are the heights in feet (--height-unit), "
            "or do surface and terrain count from an ellipsoid and from sea level?"
        )
    low = int((measured[:, HEIGHT] < RISES_M).sum())
    if len(measured) >= FEW and low > MANY_FLAT * len(measured):
        yield (
            f"{low} of {len(measured)} footprints rise by less than {RISES_M:g} m: is the surface from "
            "another year, of the ground alone, or shifted?"
        )


def _datums(apart_m: float, ground: Ground) -> str:
    if ground.terrain is None:
        return (
            f"on open ground the heights above ground (--ndsm) are {apart_m:.1f} m, not 0: were a surface "
            "and a terrain of two vertical datums subtracted?"
        )
    return (
        f"on open ground {ground.surface.name} lies {apart_m:.1f} m above {ground.terrain.name}: they "
        "seem to count from two vertical datums, and all heights are off by that"
    )
