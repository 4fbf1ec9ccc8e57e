"""What the stitcher may be told."""

from __future__ import annotations

from dataclasses import dataclass

from geoseg.errors import UsageError


@dataclass(frozen=True, slots=True)
class StitchParams:
    """Thresholds of the stitcher; the defaults suit every model seen so far."""

    agree_iou: float = 0.5
    """Two pieces are one building from this IoU on, taken on the area both tiles saw."""
    contained: float = 0.7
    """Or when one of them is cut by its tile's border and this much of the smaller lies in the
    other, again on the area both tiles saw."""
    duplicate_iou: float = 0.5
    """Within a tile, of two masks with this IoU or more only the surer one is kept."""
    tolerance_px: int = 2
    """How far an outline may be off near a tile's border. Evidence as thin as two such errors
    does not unite, and a piece that ends this close to the border counts as cut."""
    rim_px: int = 16
    """A cut piece that lies within this distance of its tile's border is dropped: the neighbour
    sees that building better. At most half of the margin between core and window is used."""

    def __post_init__(self) -> None:
        for name in ("agree_iou", "contained", "duplicate_iou"):
            value = getattr(self, name)
            if not 0 < value <= 1:
                raise UsageError(f"{name} must lie above 0 and not above 1, got {value}")
        for name in ("tolerance_px", "rim_px"):
            value = getattr(self, name)
            if value < 0:
                raise UsageError(f"{name} must be 0 or more, got {value}")

    @property
    def thick_px(self) -> int:
        """Side of the square that must fit into an overlap to count as evidence."""
        return 2 * self.tolerance_px + 1
